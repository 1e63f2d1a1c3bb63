"""What a user gives to a command to measure a model on: labelled texts or labelled images."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kerastc.data.reading import Reading
from kerastc.errors import UserError
from kerastc.kinds import KINDS
from kerastc.printable import echo

if TYPE_CHECKING:
    from kerastc.data.images import LabelledImages
    from kerastc.data.texts import LabelledTexts
    from kerastc.images.preprocessing import ImagePreprocessing

DATA = (
    "Labelled examples: a table of texts; of images FILE.npz, a folder of class folders, "
    "tfds:NAME or digits."
)


class Examples:
    """Labelled examples, read once it is known what they are for.

    Args:
        data: what --data says.
        columns: of the text, joined by plus signs.
        label: the column of the class.
        form: what is said of the file: its encoding, delimiter, header and sheet, as
            `Reading.given` takes them.
    """

    def __init__(self, data: Path, columns: str, label: str, **form: Any):
        self.data = data
        self.columns = columns
        self.label = label
        self.form = form
        self._read: dict[Any, LabelledTexts | LabelledImages] = {}

    def of(self, kind: str, settings: Mapping[str, Any]) -> "LabelledTexts | LabelledImages":
        """The examples as a model takes them; images in its size.

        Args:
            kind: of the model.
            settings: its preprocessing.json.

        Raises:
            UserError: where they cannot be read.
        """
        key: Any = Reading.of(settings)
        if kind == "image":
            from kerastc.images.preprocessing import ImagePreprocessing

            key = ImagePreprocessing.read(settings)
        if key not in self._read:
            read = self._images(key) if kind == "image" else self._texts(key)
            echo(f"Read {len(read):,} {KINDS[kind]} of {read.source}.", err=True)
            self._read[key] = read
        return self._read[key]

    def _texts(self, run: Reading) -> "LabelledTexts":
        """Texts of the columns that are named, else of those that the run was made of."""
        from kerastc.data import column_names, read_texts
        from kerastc.data.excel_file import known_sheet
        from kerastc.data.table_folder import part_location

        run_here = replace(run, sheet=known_sheet(self.data, run.sheet))
        wanted = run_here.given(column_names(self.columns), self.label, **self.form)
        with columns_told(run):
            read = read_texts(
                part_location(self.data, "test"),
                wanted.text,
                wanted.label,
                separator=wanted.separator,
                encoding=wanted.encoding,
                delimiter=wanted.delimiter,
                header=wanted.header,
                sheet=wanted.sheet,
                one_class=True,
            )
        _tell_notes(read)
        return read

    def _images(self, wanted: "ImagePreprocessing") -> "LabelledImages":
        from kerastc.data.image_sources import read_images
        from kerastc.data.images import blank_images

        if self.columns or self.label:
            raise UserError(
                "--text and --label are columns of texts; images have none.", "Leave them out."
            )
        read = read_images(str(self.data), wanted.shape, wanted.bits)
        _tell_notes(read, blank_images(read.examples))
        return read


def _tell_notes(
    read: "LabelledTexts | LabelledImages", more: Mapping[str, int] | None = None
) -> None:
    for what, count in {**read.notes, **(more or {})}.items():
        echo(f"{what}: {count:,}", err=True)


@contextmanager
def columns_told(run: Reading, labelled: bool = True) -> Iterator[None]:
    """Adds to an error in the block which columns the run was made of, where it knows them.

    Args:
        run: how its rows were read.
        labelled: whether the command takes labels, too.
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


def data_option(required: bool = False):
    """The option --data."""
    return click.option("--data", type=click.Path(path_type=Path), required=required, help=DATA)
