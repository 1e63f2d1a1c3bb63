"""The preprocessing of a user's image for a model, as defined in a run's preprocessing.json."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np

from kerastc.errors import UserError
from kerastc.images.decoding import DEPTHS, Fit
from kerastc.images.parallel import decoded_all


@dataclass(frozen=True)
class ImagePreprocessing:
    """Images to the pixels that a model takes, the same in prediction and on a device.

    Args:
        shape: height, width and channels.
        bits: bits in use in grey 16-bit files, if training had any; see `decoded`.
        fit: how files get that shape; see `decoded`.
    """

    shape: tuple[int, int, int]
    bits: int | None = None
    fit: Fit = "stretch"

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> "ImagePreprocessing":
        """From the content of preprocessing.json.

        Raises:
            UserError: the shape, the bits or the fit are missing or wrong.
        """
        shape = values.get("shape")
        numbers = isinstance(shape, list | tuple) and all(type(n) is int and n > 0 for n in shape)
        if not numbers or len(shape) != 3 or shape[2] not in (1, 3):
            raise UserError(
                f"preprocessing.shape={shape!r} is not allowed: it takes height, width and 1 or 3 "
                "channels."
            )
        bits = values.get("bits")
        if bits is not None and (type(bits) is not int or bits not in DEPTHS):
            raise UserError(
                f"preprocessing.bits={bits!r} is not allowed: it takes "
                f"{', '.join(map(str, DEPTHS))} or null."
            )
        fit = values.get("fit", "stretch")
        if fit not in get_args(Fit):
            raise UserError(
                f"preprocessing.fit={fit!r} is not allowed: it takes {' or '.join(get_args(Fit))}."
            )
        return cls(tuple(shape), bits, fit)

    def pixels(self, examples: np.ndarray | Sequence[np.ndarray | str | Path]) -> np.ndarray:
        """Images as one array, (n, height, width, channels) uint8.

        Args:
            examples: such an array, in memory or in files, or images from one; or image files,
                which are resized.

        Raises:
            UserError: a file is not an image, or an array has another shape or type.
        """
        if hasattr(examples, "dtype"):
            self._check(examples[:1], examples.dtype, "The images have")
            return examples if isinstance(examples, np.ndarray) else examples[:]
        given = [one if isinstance(one, str | Path) else np.asarray(one) for one in examples]
        for number, image in enumerate(given):
            if isinstance(image, np.ndarray):
                self._check(image[None], image.dtype, f"Image {number} has")
        return decoded_all(given, self.shape, self.bits, self.fit)

    def _check(self, images: np.ndarray, dtype: np.dtype, whose: str) -> None:
        if images.ndim != 4 or (images.shape[1:] != self.shape and len(images)):
            raise UserError(
                f"{whose} the shape {_by(images.shape[1:])}; the model takes {_by(self.shape)}.",
                "That is height, width and channels. Image files are resized, arrays are not.",
            )
        if dtype != np.uint8:
            raise UserError(
                f"{whose} the type {dtype}; the model takes pixels of 0 to 255 as uint8.",
                "Scale them to that range: images.round().astype('uint8')",
            )


def _by(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape)) or "of a number"
