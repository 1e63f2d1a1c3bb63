"""The machine that a model was measured on, and this process's memory."""

import os
import platform
import resource
import sys
from pathlib import Path

STATUS = Path("/proc/self/status")


def machine() -> dict[str, str | int]:
    """Processor, cores, system and Python."""
    return {
        "cpu": _processor(),
        "cores": len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def peak_memory() -> int:
    """The most bytes that this process ever held in memory."""
    # Linux hands a parent's peak down to its children in `ru_maxrss`, but not in VmHWM.
    return _status("VmHWM") or _maximum()


def memory() -> int:
    """The bytes that this process holds in memory now; if unknown, its peak so far."""
    return _status("VmRSS") or _maximum()


def _status(field: str) -> int | None:
    """A field of Linux's status of this process, in bytes."""
    try:
        lines = STATUS.read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        name, _, value = line.partition(":")
        if name == field:
            return int(value.split()[0]) * 1024
    return None


def _maximum() -> int:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _processor() -> str:
    """The name of the processor, if the system reports it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    found = dict(line.split(":", 1) for line in lines if ":" in line)
    names = {name.strip(): value.strip() for name, value in found.items()}
    return names.get("model name") or names.get("Model") or platform.processor() or "unknown"
