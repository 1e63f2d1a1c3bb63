"""Damages a file of a run as a fuzzer that knows its structure would: many kinds, each seeded."""

import io
import json
import random
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

VALUES = [None, True, -1, 0, 10**400, 1e308, float("nan"), float("inf"), "", "\x1b[31m", "\ud800"]
VALUES += [[], {}, [[]], "[" * 200, 3.5, ["\u2028"], {"a": {"b": 1}}]


def _whole(path: Path, content: bytes | None) -> None:
    """Replaces a file; with None by a folder."""
    path.unlink()
    path.mkdir() if content is None else path.write_bytes(content)


ANY: dict[str, Callable[[bytes, random.Random], bytes | None]] = {
    "empty": lambda old, draw: b"",
    "folder": lambda old, draw: None,
    "cut short": lambda old, draw: old[: draw.randrange(len(old))],
    "zero bytes": lambda old, draw: bytes(len(old)),
    "a flipped bit": lambda old, draw: _flipped(old, draw),
    "not UTF-8": lambda old, draw: old[: (at := draw.randrange(len(old)))] + b"\xff" + old[at:],
    "a BOM": lambda old, draw: b"\xef\xbb\xbf" + old,
    "UTF-16": lambda old, draw: old.decode("latin-1").encode("utf-16"),
    "doubled": lambda old, draw: old + old,
}
JSON = {
    "brackets": lambda old, draw: b"[" * 100_000,
    "a list": lambda old, draw: b"[]",
    "an object": lambda old, draw: b"{}",
    "a number": lambda old, draw: b"1e999",
    "a missing key": lambda old, draw: _json(old, draw, missing=True),
    "another value": lambda old, draw: _json(old, draw),
}
LINES = {
    "without its last line": lambda old, draw: b"".join(old.splitlines(True)[:-1]),
    "a line twice": lambda old, draw: old + old.splitlines(True)[-1],
    "lines turned round": lambda old, draw: b"".join(reversed(old.splitlines(True))),
    "a line break in a line": lambda old, draw: old[:2] + "\u2028\x85".encode() + old[2:],
    "an escape": lambda old, draw: old[:2] + b"\x1b[2J" + old[2:],
    "empty lines": lambda old, draw: b"\n\n\n",
}
JSON_LINES = LINES | {
    "brackets": lambda old, draw: old + b"[" * 100_000,
    "a missing key": lambda old, draw: _json_line(old, draw, missing=True),
    "another value": lambda old, draw: _json_line(old, draw),
}
TABLE = LINES | {
    "the header alone": lambda old, draw: old.splitlines(True)[0],
    "another cell": lambda old, draw: _cell(old, draw),
    "a cell more": lambda old, draw: b"".join(
        line.rstrip(b"\r\n") + b",x\n" if draw.random() < 0.3 else line
        for line in old.splitlines(True)
    ),
    "a quote": lambda old, draw: old[:-5] + b'"' + old[-5:],
}
ARCHIVE = {
    "another member": lambda old, draw: _archive(old, draw, "add"),
    "a member less": lambda old, draw: _archive(old, draw, "drop"),
    "a damaged member": lambda old, draw: _archive(old, draw, "damage"),
    "an empty archive": lambda old, draw: _zip({}),
    "members exchanged": lambda old, draw: _archive(old, draw, "exchange"),
}


def kinds(path: Path) -> dict[str, Callable[[bytes, random.Random], bytes | None]]:
    """What can be done to a file, by the kind of it."""
    by_suffix = {".json": JSON, ".txt": LINES, ".csv": TABLE, ".npz": ARCHIVE, ".keras": ARCHIVE}
    by_suffix |= {".jsonl": JSON_LINES, ".categories": LINES}
    return ANY | by_suffix.get(path.suffix, {})


def damaged(source: Path, folder: Path, name: str, kind: str, seed: int) -> Path:
    """A copy of a run in which one file is damaged; without kind it is gone.

    Args:
        source: the run.
        folder: of the copy.
        name: of the file.
        kind: of `kinds`, or "gone".
        seed: of what is drawn.
    """
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(source, folder)
    path = folder / name
    if kind == "gone":
        path.unlink()
    else:
        damage(path, kind, seed)
    return folder


def damage(path: Path, kind: str, seed: int) -> None:
    """Damages a file where it is, in a way of `kinds`."""
    _whole(path, kinds(path)[kind](path.read_bytes(), random.Random(f"{path.name} {kind} {seed}")))


def _flipped(old: bytes, draw: random.Random) -> bytes:
    at = draw.randrange(len(old))
    return old[:at] + bytes([old[at] ^ 1 << draw.randrange(8)]) + old[at + 1 :]


def _json(old: bytes, draw: random.Random, missing: bool = False) -> bytes:
    """One value of a JSON file is another one, or is gone."""
    value = json.loads(old)
    holders = [one for one in _nested(value) if one]
    if not holders:
        return b"null"
    holder = draw.choice(holders)
    place = draw.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
    if missing:
        del holder[place]
    else:
        holder[place] = draw.choice(VALUES)
    return json.dumps(value).encode()


def _json_line(old: bytes, draw: random.Random, missing: bool = False) -> bytes:
    lines = old.splitlines(True)
    at = draw.randrange(len(lines))
    lines[at] = _json(lines[at], draw, missing) + b"\n"
    return b"".join(lines)


def _nested(value):
    if isinstance(value, dict | list):
        yield value
        for one in value.values() if isinstance(value, dict) else value:
            yield from _nested(one)


def _cell(old: bytes, draw: random.Random) -> bytes:
    lines = old.splitlines(True)
    at = draw.randrange(len(lines))
    cells = lines[at].rstrip(b"\r\n").split(b",")
    cells[draw.randrange(len(cells))] = draw.choice(
        [b"nan", b"inf", b"-1", b"", b"x", b"1e999", b"9" * 400, b"0.5", b"=1+1"]
    )
    lines[at] = b",".join(cells) + b"\n"
    return b"".join(lines)


def _zip(members: dict[str, bytes]) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return whole.getvalue()


def _archive(old: bytes, draw: random.Random, how: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(old)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name, other = draw.choice(list(members)), draw.choice(list(members))
    if how == "add":
        members["../another.npy"] = b"x"
    elif how == "drop":
        del members[name]
    elif how == "exchange":
        members[name], members[other] = members[other], members[name]
    elif name.endswith(".json"):
        members[name] = _json(members[name], draw)
    else:
        members[name] = _flipped(members[name], draw)
    return _zip(members)
