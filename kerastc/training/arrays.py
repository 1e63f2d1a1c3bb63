"""Arrays in `.npz` files: numbers and names only, never pickles."""

import zipfile
from pathlib import Path

import numpy as np


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """All arrays of a file, by name.

    Raises:
        ValueError: where the file is absent, cut short or no `.npz`.
    """
    try:
        # NumPy leaves a file that it could not read open; opened here, it is closed here.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (OSError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path.name}: {error}") from None
