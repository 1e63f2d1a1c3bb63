"""Uses an exported model where there is no Keras: Python, NumPy and an interpreter.

Texts need the tokenizer's library as well, and image files Pillow.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerastc.deploy import bundle
from kerastc.deploy.sessions import Session, start
from kerastc.deploy.signature import Signature
from kerastc.errors import UserError
from kerastc.kinds import KINDS
from kerastc.progress import progress
from kerastc.scores.softmax import softmax

if TYPE_CHECKING:
    from kerastc.data.images import LabelledImages
    from kerastc.data.texts import LabelledTexts

BATCH = 32  # where the model takes any


def load(path: Path, threads: int = 1) -> "Classifier":
    """Reads FILE.tflite or FILE.onnx with what stands beside it, or a bundle.

    Args:
        path: the model, its signature, or a bundle's .zip.
        threads: that a call may use.

    Raises:
        UserError: where a part is missing, damaged, or does not belong to the others.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"There is no file {path}.", "Write one: kerastc export RUN")
    if path.suffix == bundle.SUFFIX:
        # The model stays mapped into memory when the folder is gone.
        with bundle.unpacked(path) as unpacked:
            return _ready(unpacked.signature, threads)
    return _ready(Signature.read(path), threads)


def classifier_of(signature: Signature) -> "Classifier":
    """What classifies with the model of a signature, which is not loaded yet.

    Raises:
        UserError: for a kind that is not known, and for inputs that are not of that kind.
    """
    if signature.kind not in KINDS:
        raise UserError(
            f"{signature.path} classifies {signature.kind}; here run {', '.join(KINDS)}.",
            "A newer kerastc may know it: pip install --upgrade kerastc",
        )
    if signature.kind == "image":
        from kerastc.deploy.image_runtime import ImageClassifier

        return ImageClassifier(signature)
    from kerastc.deploy.text_runtime import TextClassifier

    return TextClassifier(signature)


def _ready(signature: Signature, threads: int) -> "Classifier":
    signature.verify()
    classifier = classifier_of(signature)
    classifier.start(threads)
    classifier.check()
    return classifier


class Classifier(ABC):
    """An exported model with all that turns a text or an image into its input.

    Args:
        signature: what the model takes and gives; `name`, `kind`, `parameters` and `classes` are
            its own.

    Attributes:
        batch: rows a call; None is any.
        lengths: tokens a text may be padded to, ascending, where None stands for any; images have
            none.
    """

    batch: int | None
    lengths: tuple[int | None, ...] = ()

    def __init__(self, signature: Signature):
        self.signature = signature
        self.kind = signature.kind
        self.classes = signature.classes
        self.name = f"{signature.path.name}, {signature.quantization}"
        self.parameters = signature.parameters
        self._session: Session
        output = signature.outputs[0].shape
        if len(output) != 2 or output[1] not in (None, len(signature.classes)):
            raise UserError(
                f"{signature.path} gives {output[-1]} logits, but its signature names "
                f"{len(signature.classes)} classes."
            )

    def start(self, threads: int = 1) -> None:
        """Loads the model; errors as in `kerastc.deploy.sessions.start`."""
        self._session = start(self.signature, threads)

    @abstractmethod
    def check(self) -> None:
        """Makes sure that the model takes whatever its preprocessing can give.

        Raises:
            UserError: where it does not.
        """

    def matching(self, data: "LabelledTexts | LabelledImages") -> "LabelledTexts | LabelledImages":
        """Labelled examples with their labels renumbered to this model's classes; see there."""
        return data.matching(self.classes, self.name)

    @abstractmethod
    def rows(self, examples: Sequence[Any], length: int | None = None) -> Sequence[np.ndarray]:
        """What the model takes of each example, treated as in training, not yet in batches.

        Args:
            examples: texts; or images, as arrays or files.
            length: the most tokens of a text; by default as many as the model takes.

        Raises:
            UserError: naming an example that cannot be taken.
        """

    @abstractmethod
    def inputs(
        self, rows: Sequence[np.ndarray], length: int | None = None
    ) -> Mapping[str, np.ndarray]:
        """The arrays of one call.

        Args:
            rows: as many as the model takes at a time.
            length: tokens a text where the model leaves a choice; by default as few as hold the
                longest.
        """

    def run(self, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
        """One call: `inputs` to logits, (rows, classes) float32."""
        return self._session.run(arrays)

    def logits(self, rows: Sequence[np.ndarray]) -> np.ndarray:
        """What the model says of each of the `rows`, (rows, classes) float32."""
        size = self.batch or BATCH
        found = np.zeros((len(rows), len(self.classes)), np.float32)
        with progress("Predicting", len(rows)) as advance:
            for begin in range(0, len(rows), size):
                part = [rows[i] for i in range(begin, min(begin + size, len(rows)))]
                # A model of fixed batch takes no less; what fills it up is thrown away.
                filled = part + [part[-1]] * (size - len(part)) if self.batch else part
                found[begin : begin + size] = self.run(self.inputs(filled))[: len(part)]
                advance(len(part))
        return found

    def probabilities(self, examples: Sequence[Any]) -> np.ndarray:
        """The class probabilities, (examples, classes) float64; examples as in `rows`."""
        return softmax(self.logits(self.rows(examples)))
