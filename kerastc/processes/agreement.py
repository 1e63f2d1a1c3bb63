"""Whether all processes are about to do the same: compared before the work begins."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import kerastc
from kerastc import settings
from kerastc.environment import moving, versions
from kerastc.errors import UserError
from kerastc.locations import ENCODERS
from kerastc.processes.exchange import Told, everyone
from kerastc.processes.place import here
from kerastc.run import Run
from kerastc.settings import Config

SMALL = 1 << 20  # bytes of a file that is compared by its content, not by its size alone
SAME = "Give all processes the same command, versions and data."


_awaited = False


def agree(facts: Mapping[str, Any]) -> None:
    """Goes on if all processes have the same facts.

    Args:
        facts: JSON by name, what this process is about to do.

    Raises:
        UserError: in all processes, with the first fact that differs; or what one was refused for.
    """
    global _awaited
    _awaited = False
    told = everyone({"facts": dict(facts)})
    for rank, one in enumerate(told):
        if "refused" in one:
            message, hint = one["refused"]
            raise Told(f"Process {rank}: {message}", hint)
    common = told[0]["facts"]
    for rank, one in enumerate(told):
        for name, value in one["facts"].items():
            if value != common.get(name):
                raise Told(f"Process {rank} {_differs(name, value, common.get(name))}", SAME)


@contextmanager
def awaited() -> Iterator[None]:
    """Tells the others, who wait at `agree`, what keeps this process from coming there.

    Raises:
        UserError: `Told`, if one is raised in the block before.
    """
    global _awaited
    _awaited = not here().alone
    try:
        yield
    except Exception as error:
        if not _awaited or isinstance(error.__context__, KeyboardInterrupt):
            raise
        if not isinstance(error, UserError):
            everyone({"refused": [f"{type(error).__name__}: {error}", ""]})
            raise
        everyone({"refused": [error.message, error.hint]})
        raise Told(error.message, error.hint) from None


def agree_on(config: Config, run: Run, backend: str) -> None:
    """Goes on if all processes are about to train the same.

    What a setting names counts by its content: it may be elsewhere in each process.

    Args:
        config, backend: of the training.
        run: whose data are described.

    Raises:
        UserError: as `agree`.
    """
    if here().alone:
        return
    values, now = settings.flat(config), versions()
    places = {field.key for field in settings.fields(type(config)) if field.location}
    encoders = {key: Path(values[key]).expanduser() for key in places & {*ENCODERS}}
    there = {key: path for key, path in encoders.items() if path.exists()}
    named = encoders.keys() - there.keys()
    agree(
        {f"{key}=": v for key, v in values.items() if key not in places or key in named}
        | {f"{package} ": now.get(package) for package in moving(backend)}
        | {f"files at {key}=": _content(path) for key, path in there.items()}
        | {
            "data": run.read_json("data.json")["fingerprint"],
            "recipe": run.config["recipe_sha256"],
            "code of kerastc": _code(),
        }
    )


def _content(path: Path) -> str:
    """A SHA-256 of the names and sizes of files, and of what is in the small ones."""
    found = []
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        name = file.relative_to(path).as_posix()
        if file.is_file() and not any(part.startswith(".") for part in Path(name).parts):
            size = file.stat().st_size
            held = hashlib.sha256(file.read_bytes()).hexdigest() if size <= SMALL else ""
            found.append([name, size, held])
    return hashlib.sha256(json.dumps(found).encode()).hexdigest()


def _code() -> str:
    """A SHA-256 of the code of this package."""
    found = hashlib.sha256()
    for path in sorted(Path(kerastc.__file__).parent.rglob("*.py")):
        found.update(path.read_bytes())
    return found.hexdigest()


def _differs(name: str, own: Any, common: Any) -> str:
    """How a process differs from process 0, after its name."""
    own, common = (one if isinstance(one, str) else json.dumps(one) for one in (own, common))
    if name.endswith(("=", " ")) and not name.startswith("files"):
        return f"has {name}{own}, process 0 {name}{common}."
    return f"has other {name} than process 0: SHA-256 {own[:12]}…, there {common[:12]}…"
