"""What a run keeps of the examples that it learned from, for figures on others: learned.npz."""

from collections.abc import Mapping

import numpy as np

from kerastc import manifest
from kerastc.errors import UserError
from kerastc.npz_files import read_arrays, write_arrays
from kerastc.run import Run

FILE = "learned.npz"


def keep(run: Run, arrays: Mapping[str, np.ndarray]) -> None:
    """Writes `Output.learned` of a run's training examples, if it is anything."""
    if arrays:
        with run.writing(FILE) as path:
            write_arrays(path, arrays.items())


def kept(run: Run | None) -> Mapping[str, np.ndarray]:
    """The same, read back; empty if the run has none, or is None.

    Raises:
        UserError: the file is damaged.
    """
    if run is None or not run.path(FILE).is_file():
        return {}
    manifest.verify(run.folder, FILE)
    try:
        return read_arrays(run.path(FILE))
    except ValueError as error:
        raise UserError(f"{run.path(FILE)} cannot be read: {error}") from None
