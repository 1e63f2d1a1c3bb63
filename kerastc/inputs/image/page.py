"""How a report shows images, and which images a run keeps for it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerastc.formatting import shown_text
from kerastc.images import contact_sheet
from kerastc.inputs.image.kept import read_images, write_images
from kerastc.report.input_page import InputPage, Shown
from kerastc.report.page.method_pictures import thumbnail, write_picture
from kerastc.run import Run

if TYPE_CHECKING:
    from kerastc.training.trained import Trained


class ImagePage(InputPage):
    """See `InputPage`."""

    pictures = True
    duplicates = {
        "exact": "Training rows that repeat an image exactly",
        "left_out": "Training rows left out because a test image equals theirs",
        "conflicting": "Rows whose image has more than one class",
    }

    def shown(
        self, folder: Path, part: str, examples: np.ndarray, rows: Sequence[int]
    ) -> dict[int, Shown]:
        images = read_images(folder, part, rows)
        return {
            row: Shown((shown_text(examples[row]),), thumbnail(image))
            for row, image in zip(rows, images, strict=True)
        }

    def keep(
        self,
        run: Run,
        parts: Mapping[str, Any],
        shown: Mapping[str, Sequence[int]],
        trained: "Trained",
    ) -> None:
        """Images of each part, and some as seen in training, a picture per policy."""
        write_images(run, {part: rows.examples for part, rows in parts.items()}, shown)
        for number, (policy, seen) in enumerate(trained.augmented.items(), 1):
            columns = seen.shape[1]
            write_picture(
                run,
                f"augmented-{number}",
                contact_sheet(seen.reshape(-1, *seen.shape[2:]), columns),
                "Augmented images",
                "The first column has images as they are, the others how they may be seen: "
                f"{policy}.",
            )


PAGE = ImagePage
