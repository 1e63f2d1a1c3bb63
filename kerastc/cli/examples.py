"""Labelled examples that a user gives to a command to measure a model on."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kerastc.printable import echo

if TYPE_CHECKING:
    from kerastc.data.labelled import Labelled
    from kerastc.tasks import Task

DATA = (
    "Labelled examples: a table of texts; for images FILE.npz, a folder of class folders, "
    "tfds:NAME or digits."
)


class Examples:
    """Labelled examples, read once the model they are for is known.

    Args:
        data: the value of --data.
        columns: of the text, joined by plus signs.
        label: the column of the class.
        form: how to read the file: its encoding, delimiter, header and sheet, as
            `Reading.given` takes them.
    """

    def __init__(self, data: Path, columns: str, label: str, **form: Any):
        self.data = data
        self.columns = columns
        self.label = label
        self.form = form
        self._read: dict[Any, Labelled] = {}

    def of(self, task: "Task", settings: Mapping[str, Any]) -> "Labelled":
        """The examples as a model takes them; images in its size.

        Args:
            task: of the model.
            settings: its preprocessing.json.

        Raises:
            UserError: where they cannot be read.
        """
        reader = task.input_part("read").READER(settings)
        if reader.key not in self._read:
            read = reader.labelled(self.data, self.columns, self.label, **self.form)
            echo(f"Read {len(read):,} {task.units} of {read.source}.", err=True)
            self._read[reader.key] = read
        return self._read[reader.key]


def data_option(required: bool = False):
    """The option --data."""
    return click.option("--data", type=click.Path(path_type=Path), required=required, help=DATA)
