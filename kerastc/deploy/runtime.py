"""Uses an exported model where there is no Keras: Python, NumPy, a tokenizer and an interpreter."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from kerastc.data.texts import LabelledTexts
from kerastc.deploy import bundle
from kerastc.deploy.sessions import Session, start
from kerastc.deploy.signature import Signature, shortest
from kerastc.errors import UserError
from kerastc.progress import progress
from kerastc.softmax import softmax
from kerastc.text.preprocessing import Preprocessing
from kerastc.text.ragged import Ragged

BATCH = 32  # where the model takes any
INPUTS = {"token_ids", "padding_mask"}


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
            return Classifier.of(unpacked.signature, threads)
    return Classifier.of(Signature.read(path), threads)


class Classifier:
    """An exported model with all that turns a text into its input.

    Args:
        signature: what the model takes and gives; `name`, `parameters` and `classes` are its own.
        preprocessing: texts to token ids.
        session: the model, loaded.
    """

    def __init__(self, signature: Signature, preprocessing: Preprocessing, session: Session):
        self.signature = signature
        self.classes = signature.classes
        self.preprocessing = preprocessing
        self._session = session
        self.name = f"{signature.path.name}, {signature.quantization}"
        self.parameters = signature.parameters
        self.batch, self.length = text_shape(signature)

    @classmethod
    def of(cls, signature: Signature, threads: int = 1) -> "Classifier":
        """Loads the parts that a signature names, and tries them together."""
        signature.verify()
        preprocessing = preprocessing_of(signature)
        classifier = cls(signature, preprocessing, start(signature, threads))
        classifier.try_largest_id()
        return classifier

    def try_largest_id(self) -> None:
        """Makes sure that the model knows every token that the tokenizer can give.

        Raises:
            UserError: where the tokenizer is of another, larger vocabulary.
        """
        largest = self.preprocessing.tokenizer.vocabulary_size - 1
        row = np.full(3, largest, np.int32)
        try:
            self._session.run(self.inputs([row] * (self.batch or 1)))
        except UserError as error:
            raise UserError(
                f"The tokenizer in {self.signature.tokenizer_path} gives ids up to {largest}, "
                f"which {self.signature.path} does not take: {error.message}",
                "Copy the model and its tokenizer from one export.",
            ) from None

    def matching(self, texts: LabelledTexts) -> LabelledTexts:
        """Labelled texts with their labels renumbered to this model's classes; see there."""
        return texts.matching(self.classes, self.name)

    def tokens(self, texts: Sequence[str]) -> Ragged:
        """Token ids of each text, as long as the model takes them."""
        return self.preprocessing.tokens(texts, self.length)

    def inputs(
        self, rows: Sequence[np.ndarray], length: int | None = None
    ) -> Mapping[str, np.ndarray]:
        """The arrays of one call, (rows, length) int32, padded.

        Args:
            rows: token ids, as many as the model takes at a time; longer ones lose their end.
            length: tokens a row where the model leaves a choice; by default as few as hold the
                longest row.

        Raises:
            UserError: for ids that the tokenizer cannot give.
        """
        if self.length is not None:
            rows = [row[: self.length] for row in rows]
            lengths = self.signature.lengths or (self.length,)
            length = length or shortest(lengths, max(map(len, rows)))
        if length is not None:
            rows = [row[:length] for row in rows]
        size = self.preprocessing.tokenizer.vocabulary_size
        for row in rows:
            if len(row) and not 0 <= row.min() <= row.max() < size:
                wrong = int(row.min() if row.min() < 0 else row.max())
                raise UserError(f"There is no token {wrong}: ids go from 0 to {size - 1}.")
        arrays = self.preprocessing.tokenizer.pad(rows, length)
        return {
            tensor.name: arrays[tensor.name].astype(tensor.dtype, copy=False)
            for tensor in self.signature.inputs
        }

    def logits(self, rows: Sequence[np.ndarray]) -> np.ndarray:
        """What the model says of each row of token ids, (rows, classes) float32."""
        size = self.batch or BATCH
        found = np.zeros((len(rows), len(self.classes)), np.float32)
        with progress("Predicting", len(rows)) as advance:
            for begin in range(0, len(rows), size):
                part = [rows[i] for i in range(begin, min(begin + size, len(rows)))]
                # A model of fixed batch takes no less; what fills it up is thrown away.
                filled = part + [part[-1]] * (size - len(part)) if self.batch else part
                found[begin : begin + size] = self._session.run(self.inputs(filled))[: len(part)]
                advance(len(part))
        return found

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """The class probabilities, (texts, classes) float64, of texts treated as in training."""
        return softmax(self.logits(self.tokens(texts)))


def preprocessing_of(signature: Signature) -> Preprocessing:
    """What turns a text into the input of the model of this signature.

    Raises:
        UserError: where the tokenizer is missing, or a setting is wrong.
    """
    if signature.kind != "text":
        raise UserError(f"{signature.path} classifies {signature.kind}; here run texts only.")
    if not signature.tokenizer_path.is_dir():
        raise UserError(
            f"{signature.tokenizer_path} is missing: {signature.path} needs its tokenizer.",
            "Copy the folder from where `kerastc export` wrote it, or take a bundle.",
        )
    return Preprocessing.read(signature.preprocessing, signature.tokenizer_path)


def text_shape(signature: Signature) -> tuple[int | None, int | None]:
    """Texts a call and tokens a text, of several lengths the largest; None is any.

    Raises:
        UserError: where the inputs and output are not those of a text classifier.
    """
    shapes = {tensor.shape for tensor in signature.inputs}
    names = {tensor.name for tensor in signature.inputs}
    whole = all(tensor.dtype in ("int32", "int64") for tensor in signature.inputs)
    if names != INPUTS or len(shapes) != 1 or not whole or len(next(iter(shapes))) != 2:
        raise UserError(
            f"{signature.path} has the inputs {', '.join(sorted(names))}; a text classifier has "
            f"{' and '.join(sorted(INPUTS))}, whole numbers, (batch, length)."
        )
    [(batch, length)] = shapes
    if signature.lengths and signature.lengths[-1] != length:
        raise UserError(
            f"{signature.path} takes {length or 'any number of'} tokens, but its signature has the "
            f"lengths {', '.join(map(str, signature.lengths))}."
        )
    output = signature.outputs[0].shape
    if len(output) != 2 or output[1] not in (None, len(signature.classes)):
        raise UserError(
            f"{signature.path} gives {output[-1]} logits, but its signature names "
            f"{len(signature.classes)} classes."
        )
    return batch, length
