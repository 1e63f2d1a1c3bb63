"""Finds the files and folders that a run names: they, or the run, may have moved.

config.json keeps `locations`: for each setting that named a file or folder, its absolute `path`,
the `working_folder` in which it was named, and the relative path `from_run`; if a resumed run was
given a new location, also that: `moved`, and `moved_from_run`.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastc import settings
from kerastc.data.tables.patterns import is_pattern
from kerastc.errors import UserError, nearest
from kerastc.parents import way

if TYPE_CHECKING:
    from kerastc.run import Run

ENCODERS = ("backbone", "teacher")  # settings whose value may also be a name, such as e5


def recorded(config: settings.Config, folder: Path) -> dict[str, dict[str, str]]:
    """The entry in config.json for the files and folders that the settings name.

    Args:
        config: settings that name nothing existing have no entry.
        folder: of the run.
    """
    found = {}
    for key, value in _named(config):
        path = Path(value).expanduser()
        if path.exists():
            absolute = os.path.abspath(path)  # noqa: PTH100  (links stay as given)
            found[key] = {
                "path": absolute,
                "working_folder": str(Path.cwd()),
                "from_run": way(folder, absolute),
            }
    return found


def located(config: settings.Config, run: "Run", moved: Sequence[str] = ()) -> settings.Config:
    """The config of a run with the current path of every file and folder.

    Tried in this order: the path given on an earlier resume, the path when the run was made, the
    path if it moved along with the run, and the setting's own words from the current folder.
    Unchanged settings keep their words.

    Args:
        config: as config.json has it.
        run: whose config.json it is.
        moved: new locations from the user: `NEW` for `data`, or `KEY=NEW`.

    Raises:
        UserError: if something is in none of these places, or not where the user says.
    """
    values = settings.flat(config)
    changes = _given(type(config), moved)
    for key, place in _entries(run.config):
        value = values.get(key)
        if key in changes or not isinstance(value, str) or _edited(value, place):
            continue
        path = _found(run, value, place)
        if path is None:
            raise _gone(run, key, value, place)
        changes[key] = path
    return with_values(config, changes)


def remember(config: settings.Config, run: "Run", moved: Sequence[str]) -> None:
    """Lets a resumed run record where its data are now, once they are verified to be the same.

    Args:
        config: of the run.
        run: writes it to config.json in `describe_data`, next to the previous location.
        moved: as in `located`.
    """
    known = dict(_entries(run.config))
    run.moved = {
        key: {"moved": _absolute(value), "moved_from_run": way(run.folder, _absolute(value))}
        for key, value in _given(type(config), moved).items()
        if key in known and Path(value).expanduser().exists()
    }


def with_values(config: settings.Config, changes: Mapping[str, str]) -> settings.Config:
    """The config with other values, by dotted key."""
    if not changes:
        return config
    values = config.model_dump(mode="json")
    for key, value in changes.items():
        *groups, last = key.split(".")
        place = values
        for group in groups:
            place = place[group]
        place[last] = value
    return settings.validate(type(config), values)


def configured(
    config_class: type[settings.Config], overrides: Sequence[str], moved: Sequence[str]
) -> settings.Config:
    """The config of a new run, where `--data NEW` means the same as `data=NEW`, and overrides it.

    Raises:
        UserError: as `settings.configure` does; if there is no NEW, or no such setting.
    """
    words = [settings.word(key, value) for key, value in _given(config_class, moved).items()]
    return settings.configure(config_class, [*overrides, *words])


def require(config: settings.Config) -> None:
    """Refuses a missing file or folder, before anything heavy is imported.

    Encoders are left out: a name that is not a folder may be a preset.

    Raises:
        UserError: with the nearest name.
    """
    for key, value in _named(config):
        path = Path(value).expanduser()
        if key in ENCODERS or path.exists() or is_pattern(path):
            continue
        beside = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        raise UserError(
            f"{key}={value}: there is no file or folder {value}.",
            nearest(path.name, beside) or "Check the path.",
        )


def gone(run: "Run") -> dict[str, str]:
    """The files and folders that a run names and that cannot be found, by setting."""
    found = {}
    for key, place in _entries(run.config):
        value = run.config.get("config", {})
        for name in key.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
        if isinstance(value, str) and not _edited(value, place) and not _found(run, value, place):
            found[key] = place["path"]
    return found


def same(run: "Run", key: str, value: Any) -> bool:
    """Whether a setting's value is another spelling of the file or folder that the run names."""
    place = dict(_entries(run.config)).get(key)
    if place is None or not isinstance(value, str):
        return False
    return _absolute(value) in (place["path"], place.get("moved"))


def _named(config: settings.Config) -> Iterator[tuple[str, str]]:
    values = settings.flat(config)
    for field in settings.fields(type(config)):
        value = values[field.key]
        if field.location and isinstance(value, str) and field.location.is_path(value):
            yield field.key, value


def _entries(config: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    locations = config.get("locations")
    for key, place in (locations if isinstance(locations, Mapping) else {}).items():
        if isinstance(place, Mapping) and isinstance(place.get("path"), str):
            yield key, {name: str(text) for name, text in place.items()}


def _edited(value: str, place: Mapping[str, str]) -> bool:
    """Whether the value in config.json was changed since, so that the stored location is void."""
    path = Path(place.get("working_folder", "/"), Path(value).expanduser())
    return os.path.normpath(path) != place["path"]


def _found(run: "Run", value: str, place: Mapping[str, str]) -> str | None:
    ways = ("moved", "moved_from_run", "path", "from_run")
    candidates = [
        os.path.normpath(run.folder.absolute() / place[key]) for key in ways if place.get(key)
    ]
    found = next((path for path in candidates if Path(path).exists()), None)
    if found == _absolute(value) or (found is None and Path(value).expanduser().exists()):
        return value
    return found


def _gone(run: "Run", key: str, value: str, place: Mapping[str, str]) -> UserError:
    told = f'{run.folder} was made with "{key}={value}"'  # quoted: the run's words, not a command
    if not Path(value).expanduser().is_absolute():
        told += f", a relative path, in the folder {place.get('working_folder', '?')}"
    word = "NEW" if key == "data" else f"{key}=NEW"
    gone = f"{place['path']} any more" + (f", and no {place['moved']}" if "moved" in place else "")
    return UserError(
        f"{told}. There is no {gone}, and it did not move along with the run.",
        f"Say where it is now: add --data {word} to the command.",
    )


def _given(config_class: type[settings.Config], moved: Sequence[str]) -> dict[str, str]:
    keys = {field.key: field.location for field in settings.fields(config_class) if field.location}
    found = {}
    for word in moved:
        key, equals, value = word.partition("=")
        if not equals or key not in keys:
            key, value = "data", word
        if key not in keys:
            others = ", ".join(f"--data {key}=NEW" for key in keys)
            raise UserError(
                f"--data {word}: {config_class.called} has no setting data.",
                f"It has: {others}." if others else "It reads no file.",
            )
        if keys[key].is_path(value) and not Path(value).expanduser().exists():
            raise UserError(f"--data {word}: there is no file or folder {value}.")
        found[key] = value
    return found


def _absolute(value: str) -> str:
    return os.path.abspath(Path(value).expanduser())  # noqa: PTH100
