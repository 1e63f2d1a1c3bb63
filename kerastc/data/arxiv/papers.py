"""A paper on arXiv, and papers read from a metadata file: CSV, JSON Lines or another table."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerastc.data.label_names import written
from kerastc.data.tables.columns import NamedColumns
from kerastc.data.tables.flaws import doubled
from kerastc.data.tables.json_lines import objects
from kerastc.data.tables.json_table import begins_as_array
from kerastc.data.tables.plain_file import PlainFile
from kerastc.data.tables.reading import Reading
from kerastc.data.tables.table_file import Table
from kerastc.data.tables.table_kinds import kind_of, open_table
from kerastc.errors import UserError

FILE_HINT = (
    "From a file instead: `kerastc train arxiv data=FILE`, FILE being CSV, TSV, JSON (.gz too), "
    ".xlsx or Parquet with the columns arxiv_id, primary_cat, categories, title, abstract. arXiv's "
    "own metadata snapshot (arxiv-metadata-oai-snapshot.json, CC0, on Kaggle as "
    "Cornell-University/arxiv) can be used as it is."
)

# Each field and its names, ours first; the snapshot and the API use the others.
COLUMNS = {
    "arxiv_id": ("arxiv_id", "id"),
    "primary_cat": ("primary_cat", "primary_category"),
    "categories": ("categories",),
    "title": ("title",),
    "abstract": ("abstract", "summary"),
}
DELIMITERS = {".csv": ",", ".tsv": "\t"}
JSON_LINES = (".jsonl", ".ndjson", ".json")

# Identifiers of the form yymm.number: five digits after the point since January 2015, four before.
_FIVE_DIGITS_SINCE = 1501
_NUMBERED = re.compile(r"(\d{3,4})\.(\d+)")
_WITHDRAWN = re.compile(
    r"^withdrawn\b|\b(?:is|was|been|be) (?:withdrawn|retracted|superseded)\b|^no abstract\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Paper:
    """arXiv's metadata of one paper.

    Args:
        arxiv_id: the identifier without its version, e.g. `1706.03762` or `math/9306201`.
        primary_cat: the category that the paper is filed under.
        categories: all of its categories, including the primary one.
        title: the title.
        abstract: the abstract, with white space as in the source.
    """

    arxiv_id: str
    primary_cat: str
    categories: tuple[str, ...]
    title: str
    abstract: str

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Paper":
        """From the result of `asdict`, written to a file and read again.

        Raises:
            TypeError, KeyError, ValueError: the values are not those of a paper.
        """
        categories = tuple(values["categories"])
        for text in {**values, "categories": " ".join(categories)}.values():
            str.encode(text)  # fails for other types and for halves of surrogate pairs
        return cls(**{**values, "categories": categories})

    @property
    def is_withdrawn(self) -> bool:
        """Whether the abstract opens with a notice that there is no paper (any more)."""
        # With a note at its end it is still a real abstract, so only the opening counts.
        return bool(_WITHDRAWN.search(" ".join(self.abstract.split())[:100]))

    @property
    def has_abstract(self) -> bool:
        return bool(self.abstract.strip()) and not self.is_withdrawn


def canonical_id(text: str) -> str:
    """The identifier without version, repaired if a spreadsheet took it for a number.

    `0908.3545` and `908.3545`, `1607.07957` and `1607.0795699999999` are the same paper; files
    that went through a table of numbers hold both.
    """
    text = re.sub(r"v\d+$", "", text.strip())
    numbered = _NUMBERED.fullmatch(text)
    if not numbered:
        return text
    month, number = int(numbered[1]), float(f"0.{numbered[2]}")
    digits = 5 if month >= _FIVE_DIGITS_SINCE else 4
    return f"{month:04d}.{f'{number:.{digits}f}'[2:]}"


def read_papers(path: Path) -> Iterator[Paper]:
    """Papers from a metadata file, one at a time.

    Raises:
        UserError: no such file, unknown format, not text, a column missing, a broken row.
    """
    if path.exists() and _is_other_table(path):
        yield from map(_paper, _table_rows(open_table(path, Reading())))
        return
    suffixes = [suffix for suffix in path.suffixes if suffix != ".gz"]
    form = suffixes[-1].lower() if suffixes else ""
    if form not in (*DELIMITERS, *JSON_LINES):
        raise UserError(f"{path}: cannot tell its form from its name; .csv, .tsv, .jsonl (.gz)")
    if not path.is_file():
        raise UserError(f"No file {path}", FILE_HINT)
    file = PlainFile.at(path)
    if form in JSON_LINES:
        rows = _json_rows(file)
    else:
        rows = _table_rows(Table.open(file, DELIMITERS[form]))
    with closing(rows):
        yield from map(_paper, rows)


def _is_other_table(path: Path) -> bool:
    """Whether it is a workbook, a Parquet or Arrow file, a folder of such, or a JSON array."""
    if kind_of(path) != "text":
        return True
    with suppress(UserError):  # flaws of a text file are reported below
        file = PlainFile.at(path)
        return file.extension in JSON_LINES and begins_as_array(file)
    return False


def _table_rows(table: NamedColumns) -> Iterator[dict[str, Any]]:
    names = _names(table.path, table.columns)
    columns = [table.require(name, field) for field, name in names.items()]
    with closing(table.rows(columns)) as rows:
        for _, values in rows:
            yield dict(zip(names, values, strict=True))


def _json_rows(file: PlainFile) -> Iterator[dict[str, Any]]:
    with closing(objects(file)) as rows:
        for number, row in rows:
            place = f"{file.path}, line {number}"
            names = _names(place, row)
            if flaw := doubled(row, list(names.values())):
                raise UserError(f"{place}: {flaw.told}", flaw.hint)
            values = {field: row[name] for field, name in names.items()}
            for field, value in values.items():
                listed = field == "categories" and isinstance(value, list)
                if any(isinstance(one, list | dict) for one in (value if listed else [value])):
                    raise UserError(f"{place}: a list or object where the {field} belongs.")
            yield values


def _names(place: object, present: Iterable[str]) -> dict[str, str]:
    """The name that each field has here; one of primary_cat and categories is enough."""
    names = {
        field: next(name for name in known if name in present)
        for field, known in COLUMNS.items()
        if any(name in present for name in known)
    }
    missing = [field for field in ("arxiv_id", "title", "abstract") if field not in names]
    if "primary_cat" not in names and "categories" not in names:
        missing.append("primary_cat or categories")
    if missing:
        raise UserError(
            f"{place}: no {' and no '.join(missing)}; there is: {', '.join(present) or 'nothing'}",
            FILE_HINT,
        )
    return names


def _paper(row: dict[str, Any]) -> Paper:
    listed = row.get("categories")
    listed = " ".join(map(written, listed if isinstance(listed, list) else [listed]))
    categories = tuple(name for name in re.split(r"[,\s]+", listed) if name)
    # The snapshot has no column for it: its first category is the primary one.
    primary = written(row.get("primary_cat")).strip() or next(iter(categories), "")
    return Paper(
        canonical_id(written(row["arxiv_id"])),
        primary,
        categories if primary in categories else (primary, *categories),
        written(row["title"]),
        written(row["abstract"]),
    )
