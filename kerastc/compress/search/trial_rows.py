"""The answers of a trial's file for each validation row: validation.npz, some six bytes per row.

They allow paired comparisons of chains on the same rows; the examples are not stored again.
"""

from typing import Any

import numpy as np

from kerastc.errors import UserError
from kerastc.npz_files import read_arrays
from kerastc.outputs.output import Output
from kerastc.run import Run
from kerastc.scores.pairs import Judged

FILE = "validation.npz"


def write_rows(run: Run, output: Output, truth: Any, answers: Any) -> None:
    """Writes the file of a trial.

    Args:
        run: the trial's folder.
        output: of the task.
        truth, answers: of the validation rows.
    """
    with run.writing(FILE) as path:
        np.savez_compressed(path, **output.kept(truth, answers))


def read_rows(run: Run, output: Output) -> Judged | None:
    """Reads it; None if there is none.

    Raises:
        UserError: it is damaged.
    """
    path = run.path(FILE)
    if not path.is_file():
        return None
    try:
        return Judged(output, output.of_kept(read_arrays(path)))
    except (ValueError, LookupError) as error:
        raise UserError(
            f"{path} cannot be read as a trial's answers: {error}",
            f"Remove it; the search then makes it again: rm {path}",
        ) from None
