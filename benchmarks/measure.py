"""Wall time, CPU time and peak memory of a whole process, from its start to its exit."""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kerastc.errors import UserError


@dataclass(frozen=True)
class Cost:
    """What a process took.

    Args:
        seconds: wall time, interpreter start and imports included.
        cpu_seconds: of all its threads, user and system.
        peak_memory_bytes: greatest resident set.
    """

    seconds: float
    cpu_seconds: float
    peak_memory_bytes: int


def measured(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Cost:
    """Runs a command to its end; what it prints goes to `log`.

    Raises:
        UserError: it fails; the message ends with its last lines.
    """
    with log.open("wb") as file:
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            raise
        seconds = time.perf_counter() - began
    # Popen has not seen the end that wait4 has: without this it would look for it again.
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        lines = log.read_text(errors="replace").splitlines()[-15:]
        raise UserError(
            f"{' '.join(command[:4])} … ended with status {process.returncode}:",
            "\n".join([*lines, f"(all of it: {log})"]),
        )
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)
