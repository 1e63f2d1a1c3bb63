"""Files of texts, most of them broken: each row is kept, or told; or the file is refused by name.

KERASTC_FUZZ is how many files are tried, in fifties; the slow test tries 40,000.
"""

import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from dirty_tables import Dirty, dirty
from rfc4180 import LINE, decoded, rows_of

from kerastc.data.cleaning.cleaning import Cleaned, clean
from kerastc.data.cleaning.prepared import write_prepared
from kerastc.data.label_names import class_name, label_name, written
from kerastc.data.tables import lenient_rows
from kerastc.data.tables.plain_file import PlainFile
from kerastc.data.tables.reading import Reading
from kerastc.data.tables.table_file import Table
from kerastc.data.tables.table_kinds import open_table
from kerastc.data.texts.text_file import read_texts, unlabelled_texts
from kerastc.data.texts.text_parts import TextParts, split_texts
from kerastc.data.texts.texts import LabelledTexts
from kerastc.errors import LONGEST, UserError

COUNT = 50 * int(os.environ.get("KERASTC_FUZZ", "5"))
OF_A_LINE = (  # what costs a row its first line only
    *(lenient_rows.NUL, lenient_rows.UNDECODABLE, lenient_rows.LONG_LINE, lenient_rows.LONG_FIELD),
    *(lenient_rows.WIDTH, lenient_rows.UNCLOSED, lenient_rows.AFTER_QUOTE),
)


def refused(error: UserError, path: Path) -> None:
    assert str(path) in error.message
    assert len(error.message) < LONGEST + 10


def read_strictly(case: Dirty, path: Path) -> LabelledTexts | None:
    """Every row of the file is in the result, or there is none."""
    try:
        data = read_texts(path, **case.told, one_class=True)
    except UserError as error:
        assert case.damage, str(error)
        refused(error, path)
        return None
    columns = [*data.reading.text, data.reading.label]
    rows = rows_of(path, columns, case.told["encoding"], case.form.header)
    assert pairs(data) == [(" ".join(written(row[0]).split()), label_name(row[1])) for row in rows]
    if not case.damage:
        assert pairs(data) == [(" ".join(t.split()), label_name(name)) for t, name in case.rows]
    assert all(data.examples)
    for name in data.classes:
        assert name and class_name(name) == name and [name] == name.splitlines() and name.encode()
    return data


def pairs(data: LabelledTexts) -> list[tuple[str, str]]:
    return [(t, data.classes[i]) for t, i in zip(data.examples, data.labels, strict=True)]


def clean_all(case: Dirty, path: Path) -> Cleaned | None:
    """Every row is kept or rejected under a reason; each line belongs to one row."""
    try:
        cleaned = clean(path, **case.told, fallback_encoding="" if len(case.rows) % 2 else "cp1252")
    except UserError as error:
        refused(error, path)
        return None
    report = cleaned.report
    rejected = {line: reason for line, reason, _ in report.rejections}
    starts = {*cleaned.lines.tolist(), *rejected}
    assert report.rows_kept == len(cleaned.texts) == len(cleaned.lines)
    assert report.rows_in == report.rows_kept + report.rejected.total() == len(starts)
    if not case.damage:
        assert set(report.rejected) <= {"duplicate of an earlier row"}
    reading = Reading(encoding=case.told["encoding"], header=case.form.header)
    table = open_table(path, reading, lenient=True)
    whole = True  # whether the row that we are in may go on
    lines = table.file.lines(show_progress=False) if isinstance(table, Table) else ()
    for number, line in enumerate(lines, 1):
        if number in starts:
            whole = bool(table.delimiter) and rejected.get(number) not in OF_A_LINE
        else:
            assert whole or line.isspace(), (number, line[:50])
    return cleaned


def read_to_predict(case: Dirty, path: Path) -> None:
    """An answer for every line, in their order."""
    told = case.told
    reading = Reading(told.get("text", ()), "", " ", told["encoding"], "", told["header"])
    for table in (False, True):
        try:
            texts, _ = unlabelled_texts(path, reading, table=table)
        except UserError as error:
            refused(error, path)
            continue
        assert all(texts)
    plain = path.with_name("plain.text")
    plain.write_bytes(case.content)
    try:
        texts, _ = unlabelled_texts(plain, Reading(encoding=told["encoding"]))
    except UserError as error:
        refused(error, plain)
    else:
        lines = LINE.split(decoded(PlainFile.at(plain, told["encoding"])))
        while not lines[-1].strip():
            lines.pop()
        assert texts == [" ".join(line.split()) for line in lines]


def split_as_own_part(part: LabelledTexts, name: str, training: LabelledTexts) -> None:
    """Rows of all files are in a part, or counted."""
    try:
        splits = split_texts(training, TextParts(**{name: "part.csv"}), lambda _: part, seed=0)
    except UserError as error:
        assert error.message
        return
    rows = sum(map(len, (splits.train, splits.validation, splits.test)))
    left_out = sum(splits.data.notes.values()) - sum(part.notes.values())
    assert rows + left_out == len(part) + len(training)


def attack(folder: Path, seeds: range) -> Counter:
    words = [f"{a} {b} {c}" for a in "uvw" for b in "xyz" for c in "kl"]
    names = np.repeat(["business", "sport", "1"], 6).tolist()
    training = LabelledTexts.of(words, names, "training")
    found = Counter()
    for seed in seeds:
        case = dirty(seed)
        path = case.write(folder)
        try:
            data = read_strictly(case, path)
            cleaned = clean_all(case, path)
            if cleaned and not seed % 5:
                prepared, *_ = write_prepared(cleaned, folder / "out.csv")
                assert pairs(read_texts(prepared, one_class=True)) == pairs(cleaned.texts)
            read_to_predict(case, path)
            if data is not None:
                split_as_own_part(data, "test" if seed % 2 else "validation", training)
        except Exception as error:
            error.add_note(f"seed {seed}: {case.form}, {case.damage}")
            raise
        found["read" if data is not None else "refused"] += 1
    return found


def test_every_row_is_kept_or_told(tmp_path):
    found = attack(tmp_path, range(COUNT))
    assert min(found["read"], found["refused"]) > COUNT / 5


@pytest.mark.slow
def test_every_row_is_kept_or_told_however_long_one_tries(tmp_path):
    attack(tmp_path, range(100_000, 140_000))
