"""A user's pairs: words of the command line, tables, lines with a tab."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastc.data.tables.reading import Reading
from kerastc.errors import UserError
from kerastc.inputs.reader import piped_lines
from kerastc.inputs.text.read import TextReader, columns_told, require_file
from kerastc.printable import echo
from kerastc.text.given import checked_texts

if TYPE_CHECKING:
    from kerastc.data.pairs.pairs import LabelledPairs

TAB = "\t"
BOTH = "Name both: --text FIRST+SECOND"


class PairReader(TextReader):
    """See `Reader`; a file is read as the run's own was, except for what the user specifies."""

    def named(
        self, words: Sequence[str], path: Path | None, columns: str, run: Path, **form: Any
    ) -> list[tuple[str, str]]:
        texts = checked_texts(words, lambda index: f"Text {index + 1} of the command line")
        require_file(path, columns)
        if len(texts) % 2:
            raise UserError(
                f"{run} takes pairs of texts; the last of {len(texts)} has no partner.",
                f'Give two for each answer: kerastc predict {run} "a text" "another text"',
            )
        pairs = list(zip(texts[::2], texts[1::2], strict=True))
        if path is not None:
            return pairs + self._of_file(path, columns, **form)
        return pairs or [
            _parted(line, n) for n, line in enumerate(piped_lines(form["encoding"]), 1)
        ]

    def _table(self, path: str | Path, wanted: Reading) -> "LabelledPairs":
        from kerastc.data import read_pairs

        with _both_named():
            return read_pairs(
                path,
                *_two(wanted),
                wanted.label,
                wanted.language,
                encoding=wanted.encoding,
                delimiter=wanted.delimiter,
                header=wanted.header,
                sheet=wanted.sheet,
                one_class=True,
            )

    def _of_file(self, path: Path, columns: str, **form: Any) -> list[tuple[str, str]]:
        from kerastc.data.pairs.file import unlabelled_pairs

        wanted = self.wanted(path, columns, **form)
        with columns_told(self.key, labelled=False), _both_named():
            pairs, origin = unlabelled_pairs(path, replace(wanted, text=_two(wanted)))
        echo(f"Read {len(pairs):,} pairs from {origin}.", err=True)
        return list(map(tuple, pairs.tolist()))


def _two(reading: Reading) -> tuple[str, str]:
    """The columns of the two texts; empty if none are known.

    Raises:
        UserError: another number of columns is named.
    """
    if len(reading.text) not in (0, 2):
        raise UserError(
            f"A pair has two texts: {len(reading.text)} columns are named.",
            BOTH,
        )
    return tuple(reading.text) or ("", "")


@contextmanager
def _both_named() -> Iterator[None]:
    """Commands have one option for the columns that two settings of the recipe name."""
    try:
        yield
    except UserError as error:
        if re.search(r"\b(first|second)=", error.hint):
            error.hint = BOTH
        raise


def _parted(line: str, number: int) -> tuple[str, str]:
    """The two texts of a line of standard input."""
    texts = [text.strip() for text in line.split(TAB)]
    if len(texts) != 2 or not all(texts):
        raise UserError(
            f"Line {number} of standard input is not a pair of texts.",
            "Write two texts with a tab between them, one pair per line.",
        )
    return texts[0], texts[1]


READER = PairReader
