"""Writes the rows that `clean` kept, and next to them a record of the others."""

import csv
import gzip
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import numpy as np

from kerastc.data.cleaning.cleaning import Cleaned
from kerastc.data.cleaning.report import printable
from kerastc.errors import UserError
from kerastc.files import writing

GZIP_LEVEL = 5  # nearly all the gain of level 9, in a third of its time
CHUNK = 50_000  # rows written at once


def write_prepared(cleaned: Cleaned, out: str | Path) -> tuple[Path, Path, Path]:
    """Writes three files, either all of them or none, and returns their paths.

    OUT has the columns year, month, day (if the source has dates; empty if a row has none),
    category (as written), primary_category, text (prepared), original (as in the source), which
    `read_texts` and `clean` guess correctly. NAME.report.json holds the report and the options,
    NAME.rejected.csv each rejected row: line, reason, text.

    Args:
        cleaned: from `clean`.
        out: a path that ends in .csv or .csv.gz.

    Raises:
        UserError: another ending, or `out` is the file that was cleaned.
    """
    out = Path(out).expanduser()
    refuse_target(cleaned.options["file"], out)
    stem = out.name.removesuffix(".gz").removesuffix(".csv")
    names = out.name, f"{stem}.report.json", f"{stem}.rejected.csv"
    with (
        writing(out) as table,
        writing(out.with_name(names[1])) as summary,
        writing(out.with_name(names[2])) as rejected,
    ):
        with cleaned.report.step("write", len(cleaned.lines)):
            _write_table(cleaned, table)
            with _text(rejected) as stream:
                writer = csv.writer(stream, lineterminator="\n")
                writer.writerow(("line", "reason", "text"))
                for line, reason, text in sorted(cleaned.report.rejections):
                    writer.writerow((line, reason, printable(text.strip())))
        report = {"options": cleaned.options, **cleaned.report.as_dict()}
        text = json.dumps(report, indent=2, ensure_ascii=False)
        summary.write_text(f"{text}\n", encoding="utf-8")
    return tuple(out.with_name(name) for name in names)


def refuse_target(source: str | Path, out: Path) -> None:
    """Raises a `UserError` if the result cannot be written to a path; call it before the work."""
    if not out.name.endswith((".csv", ".csv.gz")):
        raise UserError(
            f"{out} does not end in .csv or .csv.gz.", "The result is such a table: name it so."
        )
    if out.exists() and Path(source).expanduser().samefile(out):
        raise UserError(
            f"{out} is the file that is read; it stays as it is.", "Give another name with --out."
        )


def _write_table(cleaned: Cleaned, path: Path) -> None:
    texts = cleaned.texts
    dated = texts.dates is not None
    classes = np.array(texts.classes, object)
    columns = ["category", "primary_category", "text", "original"]
    with _text(path) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["year", "month", "day", *columns] if dated else columns)
        for start in range(0, len(texts), CHUNK):
            part = slice(start, start + CHUNK)
            values = [
                *(_days(texts.dates[part]) if dated else ()),
                cleaned.categories[part],
                classes[texts.labels[part]],
                texts.examples[part],
                cleaned.originals[part],
            ]
            writer.writerows(zip(*values, strict=True))


def _days(dates: np.ndarray) -> Iterator[list[str]]:
    """Three columns, year, month and day, from (n,) int32 day numbers; empty where one is 0."""
    for values in (dates // 10000, dates // 100 % 100, dates % 100):
        yield [str(value) if value else "" for value in values.tolist()]


@contextmanager
def _text(path: Path) -> Iterator[TextIO]:
    """A UTF-8 stream to a file, compressed if its name says so; same rows, same bytes."""
    with path.open("wb") as file:
        if path.suffix != ".gz":
            with io.TextIOWrapper(file, "utf-8", newline="") as stream:
                yield stream
            return
        with (
            gzip.GzipFile("", "wb", GZIP_LEVEL, file, mtime=0) as data,
            io.TextIOWrapper(io.BufferedWriter(data, 2**16), "utf-8", newline="") as stream,
        ):
            yield stream
