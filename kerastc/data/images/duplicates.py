"""Images that are equal pixel by pixel."""

from hashlib import sha256
from math import prod

import numpy as np

from kerastc.data.images.stored import Images, StoredImages
from kerastc.data.texts.duplicates import EXAMPLES, Duplicates


def equal_groups(*parts: Images) -> list[np.ndarray]:
    """A number for each image, the same for equal images, across arrays too.

    Args:
        *parts: (n, height, width, channels) uint8, of equal shape except for n.

    Returns:
        An (n,) int64 array for each. Numbers count from 0 in the order of first appearance.
    """
    number_of: dict[bytes, int] = {}

    def numbered(images: Images) -> np.ndarray:
        if isinstance(images, StoredImages):
            digests = images.looks.digests
        else:
            pixels = np.ascontiguousarray(images).reshape(len(images), prod(images.shape[1:]))
            digests = (sha256(row.data).digest() for row in pixels)
        return np.array([number_of.setdefault(d, len(number_of)) for d in digests], dtype=np.int64)

    return [numbered(images) for images in parts]


def describe_duplicates(
    groups: np.ndarray,
    labels: np.ndarray,
    names: np.ndarray,
    classes: tuple[str, ...],
    exact: int,
    left_out: int,
) -> Duplicates:
    """The equal images among those whose classes may be known.

    Args:
        groups: (n,) from `equal_groups`.
        labels: (n,) indices into `classes`.
        names: (n,) names of the images.
        classes: names of the classes.
        exact, left_out: as in `Duplicates`; they count further rows, too.
    """
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
    several = [rows for rows in np.split(order, starts[1:]) if len(rows) > 1]
    class_sets = [sorted(set(labels[rows].tolist())) for rows in several]
    examples = [
        (tuple(names[rows[:2]].tolist()), tuple(classes[i] for i in found))
        for rows, found in zip(several[:EXAMPLES], class_sets, strict=False)
    ]
    conflicting = sum(
        len(rows) for rows, found in zip(several, class_sets, strict=True) if len(found) > 1
    )
    return Duplicates(None, exact, conflicting, tuple(examples), left_out=left_out, units="images")
