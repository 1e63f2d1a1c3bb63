"""Conversion of pixels of any number type to the eight bits that all models take."""

import numpy as np

from kerastc.errors import UserError
from kerastc.images.decoding import DEPTHS


def eight_bits(
    images: np.ndarray, place: object, name: str, bounds: tuple[float, float] | None = None
) -> np.ndarray:
    """Images as uint8, however they were saved.

    Whole numbers from 0 to 255 are kept, whatever their type; other values from 0 to 1 are
    multiplied by 255 and rounded.

    Args:
        images: of any type.
        place: where they are, for the error.
        name: what the array is called there.
        bounds: the lowest and the highest value of all images, if these are only some of them.

    Raises:
        UserError: values are out of range or not numbers.
    """
    kind = images.dtype
    if kind == np.uint8 or not images.size:
        return images.astype(np.uint8, copy=False) if kind.kind in "iuf" else images
    if kind.kind not in "iuf":
        raise UserError(
            f"{place}: {name} is {kind}; pixels are uint8, 0 to 255.",
            f"Write np.rint({name}{' * 255' * (kind.kind == 'b')}).astype('uint8').",
        )
    low, high = bounds or (images.min(), images.max())
    if not 0 <= low <= high <= 255:  # NaN fails, too
        bits = next((bits for bits in DEPTHS if kind.kind != "f" and high < 2**bits), None)
        raise UserError(
            f"{place}: {name} is {kind} with values from {low} to {high}; pixels are 0 to "
            "255, or 0 to 1 with decimals.",
            f"For images of {bits} bits write ({name} * (255 / {2**bits - 1})).round()."
            "astype('uint8')."
            if bits and low >= 0
            else "Bring them to that range, and leave out images with values that are missing.",
        )
    if high <= 1 and kind.kind == "f":
        return np.rint(images * images.dtype.type(255)).astype(np.uint8)
    whole = images.astype(np.uint8)
    if kind.kind == "f" and (whole != images).any():
        raise UserError(
            f"{place}: {name} is {kind} with values up to {high} that are not whole; "
            "pixels are 0 to 255, or 0 to 1 with decimals.",
            f"Write np.rint({name}).astype('uint8') if these are pixels.",
        )
    return whole
