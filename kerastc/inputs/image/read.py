"""A user's images: files, folders, arrays."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerastc.errors import UserError
from kerastc.images.preprocessing import ImagePreprocessing
from kerastc.inputs.image.encode import ImageInput
from kerastc.inputs.reader import Reader, piped_lines, tell_notes

if TYPE_CHECKING:
    from kerastc.data.labelled import Labelled


class ImageReader(Reader):
    """See `Reader`; images are resized to the size that the model takes."""

    takes_test = True

    def __init__(self, settings: Mapping[str, Any]):
        self.key = ImagePreprocessing.read(settings)

    def named(
        self, words: Sequence[str], path: Path | None, columns: str, run: Path, **form: Any
    ) -> list[str]:
        """The names of image files, of all in a folder that is named; see `Reader`."""
        hint = f"kerastc predict {shlex.quote(str(run))} {ImageInput.sample}"
        if path is not None or columns:
            raise UserError(
                f"{run} is for images; --file and --text are for texts.",
                f"Give it image files: {hint}",
            )
        given = list(words) or piped_lines(form["encoding"])
        return [file for word in given for file in _files(word)]

    def seen(self, examples: Sequence[str]) -> np.ndarray:
        """The pixels of the files."""
        from kerastc.data.images.images import blank_images

        pixels = self.key.pixels(examples)
        tell_notes(blank_images(pixels))
        return pixels

    def labelled(self, data: Path, columns: str, label: str, **form: Any) -> "Labelled":
        from kerastc.data.images.images import blank_images
        from kerastc.data.images.photos import read_photos_to_measure
        from kerastc.data.images.sources import read_images

        if columns or label:
            raise UserError(
                "--text and --label are columns of texts; images have none.", "Leave them out."
            )
        shape, fit = self.key.shape, self.key.fit
        read = None if fit == "stretch" else read_photos_to_measure(data, shape, fit)
        if read is None:
            read = read_images(str(data), shape, self.key.bits)
        tell_notes({**read.notes, **blank_images(read.examples)})
        return read


def _files(word: str) -> list[str]:
    """The file of that name, or the images in a folder, in the order of their paths.

    Raises:
        UserError: the folder has none.
    """
    from kerastc.data.images.folder import unlabelled_files

    path = Path(word)
    return list(map(str, unlabelled_files(path).class_of)) if path.is_dir() else [word]


READER = ImageReader
