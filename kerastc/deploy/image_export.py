"""What is particular to the export of image classifiers: their input, and real images for it."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import keras
import numpy as np

from kerastc.deploy.run_export import Arrays, RunExport, spread
from kerastc.deploy.sample_images import images_of
from kerastc.deploy.signature import Tensor
from kerastc.errors import UserError
from kerastc.predictor import ImagePredictor
from kerastc.run import Run

INPUT = "images"


class ImageExport(RunExport):
    """An image run on its way out: pixels from 0 to 255 in float32 to logits.

    Args:
        run, batch: as in `RunExport`.

    Raises:
        UserError: where a part of the run is missing.
    """

    kind = "image"

    def __init__(self, run: Run, batch: int | None):
        predictor = ImagePredictor(run)
        super().__init__(run, batch, predictor)
        self.preprocessing = predictor.preprocessing
        # By name, as models of texts take their inputs.
        self.model = keras.Model({INPUT: self.model.input}, self.model.output)

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        return (Tensor(INPUT, (self.batch, *self.preprocessing.shape), "float32"),)

    @cached_property
    def images(self) -> np.ndarray:
        """Real images, (n, height, width, channels) uint8: validation rows, spread evenly.

        Raises:
            UserError: where neither the run nor an ancestor kept any.
        """
        found = images_of(self.run, "validation")
        if found is None:
            raise UserError(
                f"{self.run.path('predictions', 'images.npz')} is missing: an export is compared "
                "with the Keras model on its images.",
                self.run.how_to_go_on,
            )
        return found[spread(len(found))]

    @cached_property
    def rows(self) -> Arrays:
        return self.calibration(self.images)

    def given(self) -> dict[str, Any]:
        return {INPUT: self.images}

    def calibration(self, rows: Sequence[np.ndarray]) -> Arrays:
        """Images, (height, width, channels) uint8 each, by input name.

        Raises:
            UserError: for an image of another shape or type, by its number.
        """
        return {INPUT: self.preprocessing.pixels(rows).astype("float32")}

    def graph(self) -> tuple[Any, tuple[str, ...]]:
        from kerastc.deploy.image_graph import ImageGraph

        return ImageGraph(self.preprocessing.shape), ("serving_default takes images as uint8.",)
