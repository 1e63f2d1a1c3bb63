"""How to resume a run: the command, with options for what has changed since."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastc.errors import UserError
from kerastc.found_runs import is_run
from kerastc.parents import parent_folder
from kerastc.processes.place import here

if TYPE_CHECKING:
    from kerastc.run import Run

COPIED = "Copy the run again from where it was made, or make a new one."


def command(run: "Run", options: tuple[str, ...] = ()) -> str:
    """The command line that resumes a run.

    Args:
        run: an unfinished one.
        options: further words; by default those it needs, as far as that is known.
    """
    verb = "compress" if run.path("config.json").is_file() and run.steps else "train"
    words = ["kerastc", verb, "--resume", "--run", str(run.folder)]
    return shlex.join([*words, *(options or _needed(run)[0]), *_processes(run)])


def hint(run: "Run") -> str:
    """What to do about a run that lacks something."""
    whole = _whole(run)
    if whole is None:
        return f"Remove {run.folder}; it is made again where it is needed."
    if whole.finished:
        return COPIED
    told = [] if whole.resume_options else _needed(whole)[1]
    return " ".join([*told, f"Go on with it: {whole.resume_command}"])


def backend_of(run: "Run", given: str | None) -> str | None:
    """The backend on which a run resumes: the one that it began on.

    Raises:
        UserError: if another is given.
    """
    if not run.path("environment.json").is_file():
        return given
    before = run.read_json("environment.json")["backend"]
    if given not in (None, before):
        raise UserError(
            f"{run.folder} began on {before}; on {given} its figures would differ.",
            f"Leave --backend out, or start a new run with --backend {given}.",
        )
    return before


def given(moved: Sequence[str], despite_changes: bool) -> tuple[str, ...]:
    """The options to resume a run with here; arguments as of `launch.train`."""
    words = [word for place in moved for word in ("--data", place)]
    return (*words, *(["--despite-changes"] if despite_changes else []))


def look(run: "Run") -> str:
    """The command line that shows a finished run."""
    return shlex.join(["kerastc", "compare", str(run.folder)])


def taken(run: "Run", wanted: Mapping[str, Any]) -> UserError:
    """Why a folder cannot take a new run.

    Args:
        run: of that folder.
        wanted: the config.json of the new run.
    """

    folder, see = run.folder, f"(see: ls {shlex.quote(str(run.folder))})"
    if not is_run(folder):
        message = f"{folder} already holds something; a new run needs a new folder."
        return UserError(message, f"Give another --run {see}.")
    if not _same(run.config, wanted):
        message = f"{folder} already holds another run: its recipe, settings or steps differ."
        return UserError(message, f"Give another --run {see}.")
    if run.finished:
        return UserError(
            f"{folder} already holds this run, and it is finished.",
            f"Give another --run, or look at it: {look(run)}",
        )
    message = f"{folder} already holds this run, which is not finished."
    return UserError(message, f"{hint(run)}\nOr give another --run {see}.")


def nearby(folder: Path) -> str:
    """Names the run that a path is in, else the newest runs near it."""

    *_, root = (path for path in (*reversed(folder.absolute().parents), folder) if path.is_dir())
    around = next((path for path in (root, *root.parents) if is_run(path)), None)
    found = [*root.glob("*/config.json"), *root.glob("*/*/config.json")]
    found = [path for path in found if is_run(path.parent)]
    if found and around != root:
        newest = sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)[:3]
        return "Runs near there: " + ", ".join(str(path.parent) for path in newest)
    return (
        f"It is inside of a run: {around}" if around else "A run is made by: kerastc train RECIPE"
    )


def _whole(run: "Run") -> "Run | None":
    """The run itself, or the one that a phase or step belongs to; None for a phase in the cache."""
    from kerastc.run import Run

    inside = run.folder.absolute()
    if is_run(inside) or not run.path("config.json").is_file():
        return run
    known = run.config
    if not {"phase", "step"} & set(known):
        return run
    parent = inside.parent.parent  # RUN/phases/NAME, RUN/steps/NUMBER
    return Run(parent, run.cache) if is_run(parent) else None


def _processes(run: "Run") -> list[str]:
    """The options by which as many processes go on as began."""
    if not run.path("environment.json").is_file():
        return []
    with suppress(UserError):
        if (count := run.read_json("environment.json").get("processes", 1)) > 1:
            place = here()
            by_hand = [] if place.alone or place.started else place.words
            return ["--processes", str(count), *by_hand]
    return []


def _needed(run: "Run") -> tuple[tuple[str, ...], list[str]]:
    """The options needed to resume a run, and sentences that explain why."""
    from kerastc import locations, provenance

    options: list[str] = []
    told: list[str] = []
    if not run.path("config.json").is_file():
        return (), []
    for key, place in locations.gone(run).items():
        options += ["--data", "NEW" if key == "data" else f"{key}=NEW"]
        told.append(f"There is no {place} any more; NEW is where it is now.")
    if differences := provenance.differences(run):
        options.append("--despite-changes")
        told.append(f"Since it began, {', '.join(differences)}.")
    config = run.config
    if config.get("parent") and parent_folder(run.folder, config) is None:
        told.append(f"It was made from {run.parent.get('run')}, which is gone: put it back first.")
    return tuple(options), told


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether an existing run has the recipe and settings of another; its files may have moved.

    Args:
        one: config.json of the existing run.
        other: config.json of the other.
    """
    before, now = (config.get("locations", {}) for config in (one, other))
    both = {*before} & {*now}
    if any(before[key]["path"] != now[key]["path"] and _exists(before[key]) for key in both):
        return False

    def known(config: Mapping[str, Any]) -> list[Any]:
        parent = dict(config.get("parent") or {})
        parent.pop("from_run", None)
        values = {key: v for key, v in _flat(config.get("config", {})) if key not in both}
        return [Path(str(config.get("recipe"))).stem, values, config.get("steps") or [], parent]

    return known(one) == known(other)


def _exists(place: Mapping[str, str]) -> bool:
    return Path(place["path"]).exists()


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value
