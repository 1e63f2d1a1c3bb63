"""What a run was computed on: versions, backend, device, machine, commit."""

import importlib.metadata
import os
import platform
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kerastc.processes.place import here

PACKAGES = ("kerastc", "keras", "keras-hub", "tensorflow", "jax", "torch", "numpy", "scikit-learn")


def environment(seed: int) -> dict[str, Any]:
    """The content of `environment.json`; call it once Keras has chosen its backend."""
    import keras

    return {
        "backend": keras.backend.backend(),
        "device": _device(),
        "seed": seed,
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "git_commit": _git_commit(),
        "versions": versions(),
    } | ({} if here().alone else {"processes": here().count})


def changed_versions(before: Mapping[str, str], backend: str) -> list[str]:
    """Installed packages with another version than before that can change a training's figures.

    Args:
        before: versions by package, as in environment.json; packages missing here do not count.
        backend: of the run.
    """
    now = versions()
    return [
        f"{name} {before[name]} became {now.get(name, 'absent')}"
        for name in moving(backend)
        if name in before and before[name] != now.get(name)
    ]


def moving(backend: str) -> tuple[str, ...]:
    """The packages whose version can change the figures of a training on a backend."""
    return tuple(dict.fromkeys(("python", "kerastc", "keras", "keras-hub", "numpy", backend)))


def versions() -> dict[str, str]:
    """The version of Python and of each package that is installed."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _device() -> str:
    """The device that the backend computes on, in its own words."""
    import keras

    try:
        return ", ".join(keras.distribution.list_devices())
    except (AttributeError, NotImplementedError, ValueError):  # PyTorch has no such list
        return "cpu"


def _git_commit() -> str | None:
    """The commit of the checkout that kerastc runs from, with a + if files differ."""
    git = ["git", "-C", str(Path(__file__).parent)]
    try:
        commit = subprocess.run(
            [*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True, timeout=5
        ).stdout.strip()
        changed = subprocess.run(
            [*git, "status", "--porcelain", "-uno"], capture_output=True, text=True, timeout=5
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
    return commit + ("+" if changed else "")
