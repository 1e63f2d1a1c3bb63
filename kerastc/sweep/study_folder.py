"""A study's folder of data: its paths lie there, and a trial begins once all files are there."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kerastc.data.tables.patterns import is_pattern
from kerastc.errors import UserError, nearest
from kerastc.locations import ENCODERS
from kerastc.setting_fields import Field, IsLocation
from kerastc.sweep.study_file import Study

WORD = "folder"  # the word that names it


def named(study: Study, words: Sequence[str]) -> tuple[Path | None, list[str]]:
    """The folder of a study's data, from the words or its file, and the other words.

    Raises:
        UserError: there is no such folder, or it is given twice.
    """
    if study.contents.folder is None:
        return None, list(words)
    asked = [word.partition("=")[2] for word in words if word.startswith(f"{WORD}=")]
    if len(asked) > 1:
        raise UserError(f"{WORD} is given twice.", "A study has one folder of data.")
    name = asked[0] if asked else study.contents.folder
    folder = Path(name).expanduser()
    if not name or not folder.is_dir():
        beside = [path.name for path in folder.parent.iterdir()] if folder.parent.is_dir() else []
        raise UserError(f"{WORD}={name}: there is no folder {name}.", nearest(folder.name, beside))
    return folder, [word for word in words if not word.startswith(f"{WORD}=")]


def placed(
    folder: Path, values: Mapping[str, Sequence[Any]], fields: Iterable[Field]
) -> dict[str, list[Any]]:
    """A study's settings with each path of data in the folder; links in it may lead elsewhere.

    Args:
        folder: of the data.
        values: of each dotted key.
        fields: of the recipe.

    Raises:
        UserError: a path leaves the folder.
    """
    located = _located(fields)
    return {
        key: [_inside(folder, key, v) if _is_path(located.get(key), v) else v for v in few]
        for key, few in values.items()
    }


def missing(values: Mapping[str, Sequence[Any]], fields: Iterable[Field]) -> dict[str, str]:
    """The first path of data, for each dotted key, at which there is nothing."""
    located = _located(fields)
    return {
        key: value
        for key, few in values.items()
        for value in reversed(few)
        if _is_path(located.get(key), value)
        and not Path(value).exists()
        and not is_pattern(Path(value))
    }


def refuse_missing(folder: Path, gone: Mapping[str, Mapping[str, str]], others: list[str]) -> None:
    """Refuses a study of which files are missing.

    Args:
        folder: of its data.
        gone: what `missing` returns, by recipe; those with all their files have no entry.
        others: the recipes with all their files.

    Raises:
        UserError: which names each file with its recipe.
    """
    if not gone:
        return
    told = "; ".join(
        f"{recipe} has no {key}, {path}"
        for recipe, paths in gone.items()
        for key, path in paths.items()
    )
    leave = f", or leave {', '.join(gone)} out: recipe={','.join(others)}" if others else ""
    raise UserError(
        f"Files are missing in the folder {folder}: {told}.",
        f"Put them there, name another folder with {WORD}=DIR{leave}.",
    )


def _located(fields: Iterable[Field]) -> dict[str, IsLocation]:
    """The fields that name data; an encoder that is no folder may be a preset."""
    return {f.key: f.location for f in fields if f.location and f.key not in ENCODERS}


def _is_path(location: IsLocation | None, value: Any) -> bool:
    return bool(location) and isinstance(value, str) and location.is_path(value)


def _inside(folder: Path, key: str, value: str) -> str:
    parts = Path(value).parts
    if Path(value).is_absolute() or ".." in parts or value.startswith("~"):
        raise UserError(
            f"{key}={value} leaves the folder of the study's data.",
            "Paths in the study begin in that folder and stay in it.",
        )
    return str(folder / value)
