"""The images that an image run keeps with its predictions: predictions/images.npz.

`validation` and `test` hold the first images of the part in the order of its CSV file, uint8
(n, height, width, channels): for export parity and calibration as well as for the report. Images
of later rows that the report shows are in `PART_shown`, and their rows in `PART_shown_rows`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from kerastc import manifest
from kerastc.errors import UserError
from kerastc.npz_files import read_arrays
from kerastc.run import Run

MOST = 2000  # images of a part
_MOST_BYTES = 64 * 2**20  # of a part; fewer images if they are large


def write_images(
    run: Run, images: Mapping[str, np.ndarray], shown: Mapping[str, Sequence[int]]
) -> None:
    """Writes predictions/images.npz.

    Args:
        run: the run.
        images: all images of `validation` and of `test`, (n, height, width, channels) uint8.
        shown: the rows of each part that the report shows.
    """
    arrays = {}
    for part, every in images.items():
        first = every[: min(MOST, max(1, _MOST_BYTES // max(1, every[:1].nbytes)))]
        later = np.array(sorted({row for row in shown[part] if row >= len(first)}), dtype=np.int64)
        arrays |= {part: first, f"{part}_shown": every[later], f"{part}_shown_rows": later}
    with run.writing("predictions", "images.npz") as path:
        np.savez_compressed(path, **arrays)


def read_images(folder: Path, part: str, rows: Sequence[int]) -> list[np.ndarray | None]:
    """The images of some rows in a part; None for those that were not kept.

    Args:
        folder: the run's folder.
        part: validation or test.
        rows: indices in predictions/PART.csv.

    Raises:
        UserError: the file is broken.
    """
    path = Path(folder) / "predictions" / "images.npz"
    if not path.is_file():
        return [None] * len(rows)
    manifest.verify(Path(folder), "predictions/images.npz")
    try:
        arrays = read_arrays(path, part)
        first, later = arrays[part], arrays.get(f"{part}_shown", ())
        places = [*range(len(first)), *arrays.get(f"{part}_shown_rows", ())]
        kept = dict(zip(map(int, places), [*first, *later], strict=True))
        if any(
            i.dtype != np.uint8 or i.ndim != 3 or i.shape[2] not in (1, 3) for i in kept.values()
        ):
            raise ValueError("it holds something that is not an image")
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise UserError(
            f"{path} cannot be read as the images of predictions: {error}",
            "Remove the file: the report leaves out what it lacks.",
        ) from error
    return [kept.get(row) for row in rows]
