"""An exported model of images, used where there is no Keras."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from kerastc.deploy.runtime import Classifier
from kerastc.deploy.signature import Signature
from kerastc.errors import UserError
from kerastc.images.preprocessing import ImagePreprocessing

INPUT = "images"


class ImageClassifier(Classifier):
    """As `Classifier`, of images.

    Attributes:
        preprocessing: images to pixels.
    """

    def __init__(self, signature: Signature):
        super().__init__(signature)
        self.preprocessing = ImagePreprocessing.read(signature.preprocessing)
        wanted = self.preprocessing.shape
        fits = len(signature.inputs) == 1 and (
            signature.inputs[0].name,
            signature.inputs[0].shape[1:],
            signature.inputs[0].dtype,
        ) == (INPUT, wanted, "float32")
        if not fits:
            found = ", ".join(
                f"{tensor.name} {tensor.dtype} {tensor.shape}" for tensor in signature.inputs
            )
            raise UserError(
                f"{signature.path} has the inputs {found}; a classifier of such images has "
                f"{INPUT}, float32, (batch, {', '.join(map(str, wanted))})."
            )
        self.batch = signature.inputs[0].shape[0]

    def check(self) -> None:
        white = np.full(self.preprocessing.shape, 255, np.uint8)
        self.run(self.inputs([white] * (self.batch or 1)))

    def rows(
        self, images: np.ndarray | Sequence[np.ndarray | str | Path], length: None = None
    ) -> np.ndarray:
        """The pixels, (n, height, width, channels) uint8; see `ImagePreprocessing.pixels`."""
        return self.preprocessing.pixels(images)

    def inputs(self, rows: Sequence[np.ndarray], length: None = None) -> Mapping[str, np.ndarray]:
        """The array of one call, (rows, height, width, channels) float32."""
        return {INPUT: np.stack(rows).astype(np.float32)}
