"""A user's texts: words of the command line, tables, lines."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastc.data.tables.reading import Reading
from kerastc.errors import UserError
from kerastc.inputs.reader import Reader, piped_lines, tell_notes
from kerastc.printable import echo
from kerastc.tasks import TASKS
from kerastc.text.given import checked_texts

if TYPE_CHECKING:
    from kerastc.data.labelled import Labelled


class TextReader(Reader):
    """See `Reader`; a file is read as the run's own was, except for what the user specifies.

    An output whose labels are in no table has a module `read` with `labelled(path, reading)` and
    `unlabelled(path, reading)`, which is None for a table or a text per line.
    """

    key: Reading

    def __init__(self, settings: Mapping[str, Any]):
        self.key = Reading.of(settings)
        task = TASKS.get(settings.get("task"))
        self._own = task and task.optional_output_part("read")

    def named(
        self, words: Sequence[str], path: Path | None, columns: str, run: Path, **form: Any
    ) -> list[str]:
        texts = checked_texts(words, lambda index: f"Text {index + 1} of the command line")
        require_file(path, columns)
        if path is not None:
            return texts + self._of_file(path, columns, **form)
        return texts or piped_lines(form["encoding"])

    def labelled(self, data: Path, columns: str, label: str, **form: Any) -> "Labelled":
        from kerastc.data.tables.table_folder import part_location

        wanted = self.wanted(data, columns, label, **form)
        if self._own:
            read = self._own.labelled(data, wanted)
        else:
            with columns_told(self.key):
                read = self._table(part_location(data, "test"), wanted)
        tell_notes(read.notes)
        return read

    def _table(self, path: str | Path, wanted: Reading) -> "Labelled":
        """The labelled rows of a table."""
        from kerastc.data import read_texts

        return read_texts(
            path,
            wanted.text,
            wanted.label,
            separator=wanted.separator,
            encoding=wanted.encoding,
            delimiter=wanted.delimiter,
            header=wanted.header,
            sheet=wanted.sheet,
            one_class=True,
        )

    def wanted(self, path: Path, columns: str, label: str = "", **form: Any) -> Reading:
        """How a file is read: as the run's own was, except where specified; see `labelled`."""
        from kerastc.data import column_names
        from kerastc.data.tables.excel_file import known_sheet

        run_here = replace(self.key, sheet=known_sheet(path, self.key.sheet))
        return run_here.given(column_names(columns), label, **form)

    def _of_file(self, path: Path, columns: str, **form: Any) -> list[str]:
        """The texts in a file: from the columns that are named, else from the run's."""
        from kerastc.data.tables.table_kinds import is_table, kind_of
        from kerastc.data.texts.text_file import unlabelled_texts

        wanted = self.wanted(path, columns, **form)
        plain = not form["delimiter"] and form["header"] is None and kind_of(path) == "text"
        if self._own and plain and (texts := self._own.unlabelled(path, wanted)) is not None:
            return texts
        if not (columns or form["delimiter"] or form["header"] is not None or is_table(path)):
            texts, _ = unlabelled_texts(path, Reading(encoding=wanted.encoding))
            return texts
        with columns_told(self.key, labelled=False):
            texts, origin = unlabelled_texts(path, wanted, table=True)
        echo(f"Read {len(texts):,} texts from {origin}.", err=True)
        return texts


def require_file(path: Path | None, columns: str) -> None:
    """Raises a `UserError` for columns that are those of no file."""
    if columns and path is None:
        raise UserError(
            f"--text {columns} names a column of a file.", "Name the file, too: --file FILE"
        )


@contextmanager
def columns_told(run: Reading, labelled: bool = True) -> Iterator[None]:
    """Adds the columns that the run was made from, if known, to an error in the block.

    Args:
        run: how its rows were read.
        labelled: whether the command also takes labels.
    """
    try:
        yield
    except UserError as error:
        if run.text:
            label = f", its classes from {run.label}" if run.label else ""
            form = f", of a file with {run.form}" if run.form else ""
            options = ", another form with --delimiter and --header" if run.form else ""
            error.hint = (
                f"The run's texts came from {run.words}{label}{form}; name other columns with "
                f"--text{' and --label' if run.label and labelled else ''}{options}.\n{error.hint}"
            ).rstrip()
        raise


READER = TextReader
