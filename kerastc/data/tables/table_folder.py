"""Folders that are tables: saved by `datasets`, or of Parquet files as on the Hugging Face Hub.

Such a folder may have parts (train, validation, test), each of which is a table.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerastc.data.tables.arrow_table import ArrowTable, names_in_features
from kerastc.data.tables.patterns import PARQUET, is_pattern
from kerastc.errors import UserError

NAMES = {  # usual names of parts
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validation", "valid", "val", "dev", "eval"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
}
ORDER = {"train": 0, "validation": 1, "test": 2}
SHARD = re.compile(r"(?P<part>.+?)-(?P<number>\d{5})-of-(?P<count>\d{5})(-[0-9a-f]+)?")
UNNUMBERED = re.compile("[^0-9]*")  # the beginning of a name, before numbers and dates
STATE, PARTS, INFO = "state.json", "dataset_dict.json", "dataset_info.json"
DEPTH = 3  # levels of folders in which Parquet files are looked for
LARGEST = 2**24  # bytes of a description
LISTED = 10


@dataclass(frozen=True)
class Part:
    """A table in a folder.

    Args:
        name: "train", "validation", "test", or the folder's own name for it; "" if it has none.
        location: the location of this table alone: a folder, a file, or a pattern of files.
    """

    name: str
    location: str


def open_folder(path: Path) -> ArrowTable:
    """The table in a folder; if there are parts, the training part.

    Raises:
        UserError: there is none, or there are several and none is for training.
    """
    if (path / STATE).is_file():
        return _saved(path)
    parts = parts_of(path)
    part = _chosen(path, parts, "train")
    names = [other.name for other in parts]
    return _located(part.location, f"part {part.name} of {', '.join(names)}" if names[1:] else "")


def open_pattern(pattern: Path) -> ArrowTable:
    """The Parquet files in a folder that match a pattern such as test-*.parquet, as one table."""
    return _shards(pattern, _fitting(pattern))


def part_location(location: str | Path, wanted: str) -> str:
    """The part of a folder that a user means who gives a folder of parts as one of them.

    Args:
        location: a file, or a folder of any kind.
        wanted: "train", "validation" or "test".

    Raises:
        UserError: the folder has several parts, and none has this name.
    """
    path = Path(location).expanduser()
    if not path.is_dir() or (path / STATE).is_file():
        return str(location)
    parts = parts_of(path)
    return _chosen(path, parts, wanted).location if len(parts) > 1 else str(location)


def own_parts(location: str | Path) -> dict[str, str]:
    """Where the validation and test rows in the same folder as training rows are."""
    path = Path(location).expanduser()
    if not path.is_dir() or (path / STATE).is_file():
        return {}
    parts = parts_of(path)
    there = {part.name for part in parts} & {"validation", "test"} if len(parts) > 1 else set()
    return {name: _chosen(path, parts, name).location for name in sorted(there)}


def parts_of(path: Path) -> list[Part]:
    """The parts of a folder; just one if it is itself a table.

    Raises:
        UserError: it holds no tables, or tables that are not parts of one data set.
    """
    if (path / STATE).is_file():
        return [Part("", str(path))]
    if (path / PARTS).is_file():
        names = _described(path / PARTS).get("splits")
        if not isinstance(names, list) or not names:
            raise UserError(f"{path / PARTS}: no list of splits.", "Save the data set again.")
        return [Part(_called(name), str(path / _plain(path / PARTS, name))) for name in names]
    files = _parquet_files(path)
    if not files:
        raise UserError(
            f"{path} is a folder; a table is needed.{_found(path)}",
            "Give a file, or a folder of Parquet files or one saved by `datasets`.",
        )
    parts: dict[tuple[Path, str], list[Path]] = {}
    for file in files:
        parts.setdefault(_place(file), []).append(file)
    if len({folder for folder, _ in parts}) > 1:
        folders = dict.fromkeys(str(folder) for folder, _ in parts)
        raise UserError(
            f"{path} holds the tables of several data sets: {_listed(folders)}.",
            "Give one of these folders.",
        )
    found = [Part(_called(name), _together(name, files)) for (_, name), files in parts.items()]
    if not any(part.name in ORDER for part in found):
        if len(found) > 1:
            raise UserError(
                f"{path} holds several tables, none of which is called train, validation or test: "
                f"{_listed(part.location for part in found)}.",
                "Give one of them.",
            )
        return [Part("", found[0].location)]
    return sorted(found, key=lambda part: ORDER.get(part.name, len(ORDER)))


def _chosen(path: Path, parts: Sequence[Part], wanted: str) -> Part:
    found = [part for part in parts if part.name == wanted]
    if len(found) == 1:
        return found[0]
    if len(parts) == 1:
        return parts[0]
    raise UserError(
        f"{path} has the parts {', '.join(part.name for part in parts)}; "
        f"{'several are' if found else 'none is'} for {wanted}.",
        f"Give one of them: {_listed([part.location for part in parts])}.",
    )


def _located(location: str, remark: str) -> ArrowTable:
    path = Path(location)
    if is_pattern(path) and not path.exists():
        return _shards(path, _fitting(path), remark)
    if (path / STATE).is_file():
        return _saved(path, remark)
    if path.is_dir():
        return _shards(path, _parquet_files(path), remark)
    return ArrowTable(path, [path], remark=remark)


def _saved(path: Path, remark: str = "") -> ArrowTable:
    """A table written by `Dataset.save_to_disk`."""
    state = _described(path / STATE)
    if state.get("_indices_files") or state.get("_indices_data_files"):
        raise UserError(
            f"{path} was saved with rows chosen by indices, as old versions of datasets did.",
            "Save it again: load_from_disk(...).flatten_indices().save_to_disk(...)",
        )
    listed = state.get("_data_files")
    if not isinstance(listed, list):
        raise UserError(f"{path / STATE}: no list of data files.", "Save the data set again.")
    names = [entry.get("filename") if isinstance(entry, dict) else None for entry in listed]
    files = [path / _plain(path / STATE, name) for name in names]
    missing = [file.name for file in files if not file.is_file()]
    if missing:
        raise UserError(
            f"{path} lacks {_listed(missing)}, of the files that its {STATE} lists.",
            "Copy or save the whole folder again.",
        )
    features = _described(path / INFO).get("features") if (path / INFO).is_file() else None
    return ArrowTable(path, files, names_in_features(features), remark)


def _shards(path: Path, files: Sequence[Path], remark: str = "") -> ArrowTable:
    """Parquet files as one table; none of those numbered in their names may be missing."""
    counted: dict[tuple[str, int], set[int]] = {}
    for file in files:
        if match := SHARD.fullmatch(file.stem):
            key = match["part"], int(match["count"])
            counted.setdefault(key, set()).add(int(match["number"]))
    for (part, count), numbers in counted.items():
        if missing := sorted(set(range(min(count, 10**5))) - numbers):
            raise UserError(
                f"{path}: {len(missing):,} of the {count:,} files of {part} missing, the first "
                f"with the number {missing[0]:05d}.",
                "Download the whole data set.",
            )
    if not files:
        raise UserError(f"{path}: there is no such Parquet file.", "Check the path.")
    return ArrowTable(path, files, remark=remark)


def _fitting(pattern: Path) -> list[Path]:
    found = pattern.parent.glob(pattern.name)
    return sorted(file for file in found if not file.name.startswith((".", "_")))


def _parquet_files(path: Path) -> list[Path]:
    """Those in a folder and its subfolders, except hidden ones, sorted."""
    found = []
    for depth in range(DEPTH):
        found += path.glob("*/" * depth + f"*{PARQUET}")
    names = (file.relative_to(path).parts for file in found)
    hidden = [any(part.startswith((".", "_")) for part in parts) for parts in names]
    return sorted(f for f, h in zip(found, hidden, strict=True) if not h and f.is_file())


def _place(file: Path) -> tuple[Path, str]:
    """The folder of a Parquet file's data set, and the name of its part."""
    match = SHARD.fullmatch(file.stem)
    name = match["part"] if match else file.stem
    words = [word for word in re.split(r"[-_. ]", name) if word.casefold() in NAMES]
    if len(words) == 1:
        return file.parent, words[0]
    if file.parent.name.casefold() in NAMES:
        return file.parent.parent, file.parent.name
    return file.parent, name if match else UNNUMBERED.match(name)[0]


def _together(name: str, files: Sequence[Path]) -> str:
    """The pattern that matches these files in a folder, and no others."""
    if len(files) == 1 and not files_beside(files[0]):
        return str(files[0])
    folder = files[0].parent
    if folder.name == name and _parquet_files(folder) == files:
        return str(folder)
    for start in (f"{name}-", _common_start([file.name for file in files])):
        pattern = folder / f"{start}*{PARQUET}"
        if _fitting(pattern) == files:
            return str(pattern)
    raise UserError(
        f"{folder}: the names of its Parquet files do not show which make up one table: "
        f"{_listed(file.name for file in files)}.",
        "Give a folder with the files of one table alone.",
    )


def _common_start(names: Sequence[str]) -> str:
    start = names[0]
    while not all(name.startswith(start) for name in names):
        start = start[:-1]
    return start


def files_beside(file: Path) -> int:
    """The number of files that a Parquet file's name states, as in -00000-of-00002."""
    match = SHARD.fullmatch(file.stem)
    return int(match["count"]) - 1 if match else 0


def _called(name: Any) -> str:
    return NAMES.get(str(name).casefold(), str(name))


def _plain(source: Path, name: Any) -> str:
    """The name of a file or folder given in data, refused if it leads elsewhere."""
    if not isinstance(name, str) or name in ("", ".", "..") or re.search(r"[/\\\0]", name):
        raise UserError(
            f"{source} names {str(name)[:80]!r}, which is not a file or folder next to it.",
            "Save the data set again.",
        )
    return name


def _described(path: Path) -> Mapping[str, Any]:
    try:
        if path.stat().st_size > LARGEST:
            raise ValueError(f"over {LARGEST:,} bytes")
        found = json.loads(path.read_bytes())
        if not isinstance(found, dict):
            raise ValueError("no JSON object")
    except (OSError, ValueError, RecursionError) as error:
        said = getattr(error, "strerror", None) or error
        raise UserError(
            f"{path} is damaged ({said}).", "Copy or save the whole folder again."
        ) from None
    return found


def _found(path: Path) -> str:
    names = sorted(entry.name for entry in path.iterdir() if not entry.name.startswith("."))
    return f" It holds {_listed(names)}." if names else " It is empty."


def _listed(names: Any) -> str:
    names = list(names)
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more
