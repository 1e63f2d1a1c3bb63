"""What a user gives to a command to measure a model on: labelled texts or labelled images."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kerastc.errors import UserError

if TYPE_CHECKING:
    from kerastc.data.images import LabelledImages
    from kerastc.data.texts import LabelledTexts

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
        encoding: of the file.
    """

    def __init__(self, data: Path, columns: str, label: str, encoding: str):
        self.data = data
        self.columns = columns
        self.label = label
        self.encoding = encoding
        self._read: dict[Any, LabelledTexts | LabelledImages] = {}

    def of(self, kind: str, settings: Mapping[str, Any]) -> "LabelledTexts | LabelledImages":
        """The examples as a model takes them; images in its size.

        Args:
            kind: of the model.
            settings: its preprocessing.json.

        Raises:
            UserError: where they cannot be read.
        """
        key = None
        if kind == "image":
            from kerastc.images.preprocessing import ImagePreprocessing

            key = ImagePreprocessing.read(settings).shape
        if key not in self._read:
            self._read[key] = self._texts() if key is None else self._images(key)
        return self._read[key]

    def _texts(self) -> "LabelledTexts":
        from kerastc.data import column_names, read_texts

        names = column_names(self.columns)
        return read_texts(self.data, names, self.label, encoding=self.encoding, one_class=True)

    def _images(self, shape: tuple[int, int, int]) -> "LabelledImages":
        from kerastc.data.image_sources import read_images

        if self.columns or self.label:
            raise UserError(
                "--text and --label are columns of texts; images have none.", "Leave them out."
            )
        return read_images(str(self.data), shape[:2])


def data_option(required: bool = False):
    """The option --data."""
    return click.option("--data", type=click.Path(path_type=Path), required=required, help=DATA)
