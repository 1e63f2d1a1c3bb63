"""Images that stand beside predictions: in a run's predictions/images.npz, and in a bundle."""

from pathlib import Path

import numpy as np

from kerastc.errors import UserError
from kerastc.npz_files import read_arrays
from kerastc.run import Run


def images_of(run: Run, part: str) -> np.ndarray | None:
    """The first images of a part, in the order of predictions/PART.csv.

    Args:
        run: or the nearest of its ancestors that kept any; a child has the rows of its parent.
        part: "validation" or "test".

    Returns:
        (n, height, width, channels) uint8, or None where no run of the line kept any.

    Raises:
        UserError: where the file is broken.
    """
    for one in run.line():
        path = one.path("predictions", "images.npz")
        if path.is_file():
            return read_images(path, part)
    return None


def read_images(path: Path, name: str) -> np.ndarray:
    """An array of images out of an .npz, (n, height, width, channels) uint8.

    Raises:
        UserError: where the file is broken, or holds anything else.
    """
    try:
        images = read_arrays(path, name)[name]
    except (ValueError, KeyError) as error:
        raise UserError(
            f"{path} cannot be read: {error}", "It was damaged. Copy or write it again."
        ) from None
    if images.dtype != np.uint8 or images.ndim != 4 or not len(images):
        raise UserError(
            f"{path} holds {name} as {images.dtype} of the shape {images.shape}; images are uint8, "
            "(number, height, width, channels), and at least one."
        )
    return images
