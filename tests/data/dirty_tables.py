"""Files of labelled texts in every form that is read, whole or damaged in ways that are seen."""

import csv
import gzip
import io
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from table_damage import BYTES, CELLS, PACKED, TEXT
from table_form import DELIMITERS, ENCODINGS, ENDS, Form

WORDS = ["oil", "price", "rose", "again", "final,", "won;", "the", "5", "|", "plain", '"quoted"']
WORDS += ["caf\u00e9", "na\u00efve", "#1", "=1+1", "-rf", "{a}", "[b]", "'", "a\\b"]
WIDE_WORDS = ["5\u2033", "\u05e9\u05dc\u05d5\u05dd", "\u4e16\u754c", "\U0001f600", "e\u0301"]
WIDE_WORDS += ["\u200b", "\u2028", "\x85"]
LABELS = ("sport", "business", "NA", "caf\u00e9", "1", "x y", "true")
NUMBERS = (1, 2.0, True, False, 0, -3, 1.5)
WHOLE = 0.3  # of the files


@dataclass
class Dirty:
    """A file's bytes, and what `read_texts` is told of it.

    Args:
        content: the bytes.
        form: as it was meant.
        rows: as they were meant.
        damage: what was done; empty for a whole file.
    """

    content: bytes
    form: Form
    rows: list[list]
    damage: list[str] = field(default_factory=list)

    @property
    def told(self) -> dict[str, Any]:
        """Arguments of `read_texts`: what nobody can guess."""
        form = self.form
        columns = {} if form.header else {"text": ("1",), "label": "2"}
        # Of texts in UTF-16 without a mark nothing is known for sure.
        known = form.encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-32")
        return columns | {"header": form.header, "encoding": "utf-8" if known else form.encoding}

    def write(self, folder: Path) -> Path:
        path = folder / f"table{self.form.extension}{'.gz' if self.form.packed else ''}"
        path.write_bytes(self.content)
        return path


def texts_and_classes(draw: random.Random, form: Form) -> list[list]:
    """Rows below the names of their columns; the first two have different classes."""
    words = WORDS if form.encoding == "cp1252" else WORDS + WIDE_WORDS
    rows: list[list] = [["text", "label"]]
    for number in range(draw.randint(2, 12)):
        text = " ".join([f"row{number}q", *draw.choices(words, k=draw.randint(0, 6))])
        if draw.random() < 0.15 and form.quoting != csv.QUOTE_NONE:
            text = text.replace(" ", draw.choice([form.end, "\t", "  "]), 1)
        label = LABELS[number % 2] if number < 2 else draw.choice(LABELS)
        rows.append([text, draw.choice(NUMBERS) if form.json and draw.random() < 0.2 else label])
    return rows


def dirty(
    seed: int,
    made: Callable[[random.Random, Form], list[list]] = texts_and_classes,
    extensions: Sequence[str] = (*DELIMITERS, ".csv", ".jsonl", ".jsonl"),
) -> Dirty:
    """A file by its number, with the names of the columns that `made` gives in its first row."""
    draw = random.Random(seed)
    form = _form(draw, extensions)
    table = made(draw, form)
    rows = [list(row) for row in table[1:]]
    whole, damage = draw.random() < WHOLE, []
    if not form.header:
        del table[0]
    for hurt in () if whole else draw.sample(CELLS, draw.choice([0, 0, 1, 2])):
        hurt(table, draw, form)
        damage.append(hurt.__name__)
    text = _serialised(table, form, draw)
    for hurt in () if whole else draw.sample(TEXT, draw.choice([0, 0, 1, 2])):
        text = hurt(text, draw, form)
        damage.append(hurt.__name__)
    content = text.encode(form.encoding, "surrogatepass" if "utf" in form.encoding else "replace")
    for hurt in () if whole else draw.sample(BYTES, draw.choice([0, 0, 0, 1, 2])):
        content = hurt(content, draw)
        damage.append(hurt.__name__)
    if form.packed:
        content = gzip.compress(content, 1, mtime=0)
        for hurt in () if whole else draw.sample(PACKED, draw.choice([0, 0, 1])):
            content = hurt(content, draw)
            damage.append(f"packed: {hurt.__name__}")
    return Dirty(content, form, rows, damage)


def _form(draw: random.Random, extensions: Sequence[str]) -> Form:
    extension = draw.choice(extensions)
    form = Form(
        extension,
        draw.choice(("utf-8",) * 6 + ENCODINGS),
        draw.choice(ENDS),
        draw.random() < 0.2,
        draw.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
        extension == ".jsonl" or draw.random() < 0.85,
        draw.random() < 0.8,
    )
    bare = extension == ".tsv" and draw.random() < 0.4
    return replace(form, quoting=csv.QUOTE_NONE) if bare else form


def _serialised(table: list[list], form: Form, draw: random.Random) -> str:
    if form.json:
        keys = table[0]
        lines = [
            json.dumps(dict(zip(keys, row, strict=False)), ensure_ascii=draw.random() < 0.5)
            for row in table[1:]
        ]
        text = form.end.join(lines)
    else:
        delimiter = DELIMITERS[form.extension]
        stream = io.StringIO(newline="")
        if form.quoting == csv.QUOTE_NONE:
            stream.write(form.end.join(delimiter.join(map(str, row)) for row in table) + form.end)
        else:
            csv.writer(
                stream, delimiter=delimiter, quoting=form.quoting, lineterminator=form.end
            ).writerows(table)
        text = stream.getvalue().removesuffix(form.end)
    return text + form.end * form.last_end
