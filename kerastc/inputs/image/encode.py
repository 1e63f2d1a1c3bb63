"""Images, from a file or an array to the pixels of a call."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from kerastc.errors import UserError
from kerastc.images.preprocessing import ImagePreprocessing
from kerastc.inputs.input import OWN, Input
from kerastc.npz_files import read_arrays
from kerastc.tensor import Tensor

INPUT_NAME = "images"


class ImageInput(Input):
    """Images as one array of their pixels.

    Args:
        preprocessing: images to pixels.
    """

    sample = "photo.png"
    kept = "images.npz"
    names = {OWN: {INPUT_NAME: INPUT_NAME}}

    def __init__(self, preprocessing: ImagePreprocessing):
        self.preprocessing = preprocessing

    @classmethod
    def read(cls, settings: Mapping[str, Any], folder: Path | None = None) -> Self:
        return cls(ImagePreprocessing.read(settings))

    def tensors(self, batch: int | None, length: int | None = None) -> tuple[Tensor, ...]:
        """Pixels from 0 to 255, (batch, height, width, channels) float32."""
        return (Tensor(INPUT_NAME, (batch, *self.preprocessing.shape), "float32"),)

    def checked(
        self,
        examples: np.ndarray | Sequence[np.ndarray | str | Path],
        where: Callable[[int], str] | None = None,
    ) -> np.ndarray:
        """The pixels, (n, height, width, channels) uint8; see `ImagePreprocessing.pixels`."""
        return self.preprocessing.pixels(examples)

    def rows(
        self,
        examples: np.ndarray | Sequence[np.ndarray | str | Path],
        length: int | None = None,
    ) -> np.ndarray:
        return self.checked(examples)

    def arrays(self, rows: Sequence[np.ndarray], length: int | None = None) -> dict[str, Any]:
        return {INPUT_NAME: np.stack(rows).astype(np.float32)}

    @staticmethod
    def read_kept(path: Path, part: str) -> np.ndarray:
        """The images, (n, height, width, channels) uint8, at least one.

        Raises:
            UserError: the file is broken, or holds anything else.
        """
        try:
            images = read_arrays(path, part)[part]
        except (ValueError, KeyError) as error:
            raise UserError(
                f"{path} cannot be read: {error}", "It was damaged. Copy or write it again."
            ) from None
        if images.dtype != np.uint8 or images.ndim != 4 or not len(images):
            raise UserError(
                f"{path} holds {part} as {images.dtype} of the shape {images.shape}; images are "
                "uint8, (number, height, width, channels), and at least one."
            )
        return images

    @staticmethod
    def write_kept(path: Path, part: str, examples: np.ndarray) -> None:
        with path.open("wb") as file:
            np.savez(file, **{part: examples})

    def probe(self) -> np.ndarray:
        return np.full(self.preprocessing.shape, 255, np.uint8)


INPUT = ImageInput
