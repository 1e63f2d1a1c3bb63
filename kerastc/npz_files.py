"""Arrays in `.npz` files: numbers and names only, never pickles."""

import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from kerastc.forms import BROKEN


def read_arrays(path: Path, prefix: str = "") -> dict[str, np.ndarray]:
    """The arrays of a file whose names begin with `prefix`, by name.

    Raises:
        ValueError: if the file is absent, truncated or not an `.npz`.
    """
    try:
        # NumPy leaves a file that it could not read open; opened here, it is closed here.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files if name.startswith(prefix)}
    except BROKEN as error:
        raise ValueError(f"{path.name}: {str(error) or type(error).__name__}") from None


def is_finite_of(array: np.ndarray | None, shape: tuple[int | None, ...]) -> bool:
    """Whether an array from a cache is valid: finite floats of a given shape.

    Args:
        array: None is not valid.
        shape: None means any length.
    """
    return (
        array is not None
        and array.dtype.kind == "f"
        and array.ndim == len(shape)
        and all(want in (None, have) for have, want in zip(array.shape, shape, strict=True))
        and bool(np.isfinite(array).all())
    )


def write_arrays(path: Path, arrays: Iterable[tuple[str, np.ndarray]]) -> None:
    """Writes the same as `numpy.savez`, holding one array at a time in memory."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays:
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, np.asanyarray(array), allow_pickle=False)
