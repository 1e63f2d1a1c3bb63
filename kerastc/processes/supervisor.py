"""Starts several processes on this machine, shows what process 0 tells, and ends them together."""

import contextlib
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from kerastc.printable import echo
from kerastc.processes.exchange import LOST
from kerastc.processes.place import LOOPBACK, PATIENCE, Place

STOPPED = 130
LEFT = 5  # seconds for a process to remove what is temporary
LINES = 20  # of what a failed process told


def start(command: Sequence[str], count: int) -> int:
    """Runs a command in several processes.

    Args:
        command: each gets options that say which it is, and --started.
        count: of processes.

    Returns:
        the exit status that one process would have had.
    """
    with tempfile.TemporaryDirectory(prefix="kerastc-") as logs, _interruptible():
        processes = _started(command, count, Path(logs))
        try:
            status = _waited(processes, Path(logs))
        except KeyboardInterrupt:
            _stop(processes)
            return STOPPED
        finally:
            _end(processes)
        return status


def _started(command: Sequence[str], count: int, logs: Path) -> list[subprocess.Popen]:
    with socket.create_server((LOOPBACK, 0)) as free:
        coordinator = f"{LOOPBACK}:{free.getsockname()[1]}"
    processes = []
    for rank in range(count):
        place = Place(rank, count, coordinator).words
        with _log(logs, rank).open("wb") as log:
            processes.append(
                subprocess.Popen(
                    [*command, *place, "--started"],
                    stdin=subprocess.PIPE,  # it ends when this process does
                    stdout=log if rank else None,
                    stderr=log if rank else None,
                    start_new_session=True,  # Ctrl-C comes from here, once
                )
            )
    return processes


def _waited(processes: list[subprocess.Popen], logs: Path) -> int:
    """The status of process 0, once all have ended or one has failed."""
    while all(process.poll() in (None, 0) for process in processes):
        if all(process.poll() == 0 for process in processes):
            return 0
        time.sleep(0.05)
    with contextlib.suppress(subprocess.TimeoutExpired):  # it says itself how far the run is
        processes[0].wait(PATIENCE)
    status = processes[0].poll()
    silent = status is None or status < 0
    if not silent and status != LOST:
        return status
    for rank in range(len(processes)):
        _explain(rank, processes, logs)
    if silent:
        echo("To go on: the same command with --resume.", err=True)
    return 1


def _explain(rank: int, processes: list[subprocess.Popen], logs: Path) -> None:
    """Says why a process ended, if not because another did."""
    status = processes[rank].poll()
    what = f"Process {rank} of {len(processes)}"
    if status in (None, 0, LOST):
        return
    if status < 0:
        name = signal.Signals(-status).name
        memory = ", perhaps because memory ran out" if -status == signal.SIGKILL else ""
        echo(f"Error: {what} was ended by {name}{memory}.", fg="red", err=True)
    elif rank:
        lines = _log(logs, rank).read_text("utf-8", errors="replace").splitlines()[-LINES:]
        echo("\n".join([f"Error: {what} ended with status {status}:", *lines]), err=True)


def _stop(processes: list[subprocess.Popen]) -> None:
    """Lets process 0 stop first, which then has all that it waits for from the others."""
    with contextlib.suppress(KeyboardInterrupt, subprocess.TimeoutExpired):
        processes[0].terminate()
        processes[0].wait(PATIENCE)


def _end(processes: list[subprocess.Popen]) -> None:
    """Ends those that are left, which have nothing to save."""
    for process in processes:
        process.terminate()
    until = time.monotonic() + LEFT
    for process in processes:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0, until - time.monotonic()))
        process.kill()
        process.wait()
        process.stdin.close()


def _log(logs: Path, rank: int) -> Path:
    return logs / f"{rank}.log"


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """SIGTERM is as good as Ctrl-C."""

    def interrupt(number, frame):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
