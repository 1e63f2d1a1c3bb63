"""Random tables of every typed kind, most of them damaged: each is read whole, or refused in words.

KERASTC_FUZZ is how many of each kind are tried, 12 by default; the slow test tries 400.
"""

import io
import os
import random
import re
import zipfile
from pathlib import Path

import pytest
from nasty_texts import NASTY
from written_tables import KINDS, write

from kerastc.data.cleaning.cleaning import clean
from kerastc.data.label_names import label_name
from kerastc.data.tables.reading import Reading
from kerastc.data.texts.text_file import joined, read_texts, unlabelled_texts
from kerastc.errors import UserError

COUNT = int(os.environ.get("KERASTC_FUZZ", "12"))
LABELS = (1, 0, -1, 2.5, True, False, "1", "1.0", "x", " x ", "NaN", "null", None, "caf\u00e9")
CONTROL = re.compile("[\0-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")  # no workbook holds them
SIGNS = [b"[", b"{", b'"', b"}", b"]", b",", b"\\"]
XML = {  # what may go wrong inside a part of a workbook
    "a number": lambda xml, draw: _digits(xml, draw, str(draw.choice([0, 99, 10**7, -1])).encode()),
    "an attribute": lambda xml, draw: _at(xml, draw, rb'="[^"]*"', b'=""'),
    "a type": lambda xml, draw: _at(
        xml, draw, rb't="[a-z]+"', b't="' + draw.choice([b's"', b'b"'])
    ),
    "a tag": lambda xml, draw: _at(xml, draw, rb"<[^>]*>", b""),
    "an end": lambda xml, draw: xml[: draw.randrange(len(xml) + 1)],
    "a bit": lambda xml, draw: _flipped(xml, draw),
    "nothing in it": lambda xml, draw: b"",
    "a document type": lambda xml, draw: b'<!DOCTYPE x [<!ENTITY a "b">]>' + xml,
}


def table(draw: random.Random, kind: str) -> list[dict]:
    """Rows whose labels are of one type, as in columns of Arrow, or in JSON and Excel of any."""
    labels = LABELS
    if kind not in ("a.json", "one_line.json", "a.jsonl", "a.xlsx"):
        wanted = draw.choice([int, float, bool, str])
        labels = [label for label in LABELS if type(label) is wanted] + [None]
    texts = [CONTROL.sub("", text)[:300] for text in NASTY] + ["a plain text", "", None]
    size = draw.randrange(1, 30)
    rows = [{"text": draw.choice(texts), "label": draw.choice(labels)} for _ in range(size)]
    return [{"text": "first", "label": next(iter(labels))}, *rows]


def damaged(path: Path, draw: random.Random) -> None:
    """Changes one place of a file, in a workbook most often inside one of its parts."""
    files = [path] if path.is_file() else sorted(path.iterdir())
    file = draw.choice(files)
    content = file.read_bytes()
    if path.suffix == ".xlsx" and draw.random() < 0.8:
        file.write_bytes(_part_damaged(content, draw))
        return
    at = draw.randrange(len(content) + 1)
    rest = content[at + draw.randrange(1, 9) :]
    changes = [
        lambda: content[:at],
        lambda: content[:at] + rest,
        lambda: content[:at] + draw.randbytes(draw.randrange(1, 9)) + rest,
        lambda: content[:at] + bytes(8) + content[at + 8 :],
        lambda: content[:at] + b"\xff" * 8 + content[at + 8 :],
        lambda: _flipped(content, draw),
        lambda: _digits(content, draw, b"9" * draw.randrange(1, 30)),
        lambda: content[:at] + draw.choice(SIGNS) + content[at:],
        lambda: content + content,
        lambda: b"",
    ]
    file.write_bytes(draw.choice(changes)())


def _part_damaged(content: bytes, draw: random.Random) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = draw.choice(["xl/worksheets/sheet1.xml"] * 4 + sorted(parts))
    parts[name] = XML[draw.choice(sorted(XML))](parts[name], draw)
    if draw.random() < 0.1:
        del parts[draw.choice(sorted(parts))]
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for part, data in parts.items():
            archive.writestr(part, data)
    return file.getvalue()


def _at(content: bytes, draw: random.Random, pattern: bytes, other: bytes) -> bytes:
    """Another thing in the place of one that the pattern finds."""
    places = list(re.finditer(pattern, content))
    if not places:
        return content
    place = draw.choice(places)
    return content[: place.start()] + other + content[place.end() :]


def _digits(content: bytes, draw: random.Random, other: bytes) -> bytes:
    return _at(content, draw, rb"[0-9]+", other)


def _flipped(content: bytes, draw: random.Random) -> bytes:
    if not content:
        return content
    at = draw.randrange(len(content))
    return content[:at] + bytes([content[at] ^ 1 << draw.randrange(8)]) + content[at + 1 :]


def read(read_it, path: Path):
    """What was read, or None where it was refused in a few lines that name the file."""
    try:
        return read_it(path)
    except UserError as error:
        assert path.name in error.message and "\n" not in error.message
        assert len(str(error)) < 3000
        return None


def check(path: Path, rows: list[dict] | None) -> None:
    """Reads a table by every entrance; `rows` are what is in it, None where it is damaged."""
    data = read(lambda path: read_texts(path, one_class=True), path)
    texts = read(lambda path: unlabelled_texts(path, Reading(("text",))), path)
    cleaned = read(lambda path: clean(path, duplicates="keep", conflicts="keep"), path)
    if cleaned:
        report = cleaned.report
        assert report.rows_in == report.rows_kept + report.rejected.total()
        assert len(report.rejections) == report.rejected.total()
    if data is not None:
        assert len(data) == len(texts[0])
        assert all(data.examples) and all(data.classes)
    if rows is None:
        return
    rows = [row for row in rows if _filled(path, row)]
    expected = [(joined([row["text"]]), label_name(row["label"])) for row in rows]
    assert (data is not None) == all(text and name for text, name in expected)
    if data is not None:
        names = [data.classes[label] for label in data.labels]
        assert list(zip(data.examples, names, strict=True)) == expected
    assert cleaned is None or cleaned.report.rows_in == len(rows)


def _filled(path: Path, row: dict) -> bool:
    """Whether it is a row: of Excel, one in which nothing is is none."""
    return path.suffix != ".xlsx" or any(value not in (None, "") for value in row.values())


def tried(folder: Path, kind: str, seeds) -> None:
    for seed in seeds:
        draw = random.Random(f"{kind} {seed}")
        place = folder / f"{kind} {seed}"
        place.mkdir()
        rows = table(draw, kind)
        path = write(place / kind, rows)
        if draw.random() < 0.75:
            damaged(path, draw)
            rows = None
        try:
            check(path, rows)
        except Exception as error:
            error.add_note(f"{kind}, seed {seed}: {path}")
            raise


@pytest.mark.parametrize("kind", KINDS)
def test_every_table_is_read_whole_or_refused_in_words(tmp_path, kind):
    tried(tmp_path, kind, range(COUNT))


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_many_more_tables(tmp_path, kind):
    tried(tmp_path, kind, range(1000, 1400))
