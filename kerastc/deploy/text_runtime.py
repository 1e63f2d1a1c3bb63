"""An exported model of texts, used where there is no Keras."""

from collections.abc import Mapping, Sequence

import numpy as np

from kerastc.deploy.runtime import Classifier
from kerastc.deploy.signature import TEXT_INPUTS, Signature, shortest
from kerastc.errors import UserError
from kerastc.text.encoded import Encoded, Row
from kerastc.text.given import checked_texts
from kerastc.text.preprocessing import Preprocessing
from kerastc.text.unseen import Unseen


class TextClassifier(Classifier):
    """As `Classifier`, of texts.

    Attributes:
        preprocessing: texts to token ids.
        length: tokens a text, of several lengths the largest; None is any.
    """

    def __init__(self, signature: Signature):
        super().__init__(signature)
        self.preprocessing = preprocessing_of(signature)
        self.batch, self.length = text_shape(signature)
        self.lengths = signature.lengths or (self.length,)

    def check(self) -> None:
        largest = self.preprocessing.tokenizer.vocabulary_size - 1
        row = np.full(3, largest, np.int32)
        try:
            self.run(self.inputs([row] * (self.batch or 1)))
        except UserError as error:
            raise UserError(
                f"The tokenizer in {self.signature.tokenizer_path} gives ids up to {largest}, "
                f"which {self.signature.path} does not take: {error.message}",
                "Copy the model and its tokenizer from one export.",
            ) from None

    def rows(self, texts: Sequence[str], length: int | None = None) -> Encoded:
        return self.preprocessing.tokens(checked_texts(texts), length or self.length)

    def unseen(self, texts: Sequence[str]) -> Unseen:
        """What the model does not see of the texts; errors as in `rows`."""
        return self.preprocessing.unseen(checked_texts(texts), self.length)

    def inputs(
        self, rows: Encoded | Sequence[Row | np.ndarray], length: int | None = None
    ) -> Mapping[str, np.ndarray]:
        """The arrays of one call, (rows, length) int32, padded; longer rows lose their end.

        Raises:
            UserError: for ids that the tokenizer cannot give.
        """
        rows = Encoded.of(rows)
        if self.length is not None:
            rows = rows.first(self.length)
            length = length or shortest(self.lengths, int(rows.lengths.max()))
        if length is not None:
            rows = rows.first(length)
        size, ids = self.preprocessing.tokenizer.vocabulary_size, rows.ids.values
        if len(ids) and not 0 <= ids.min() <= ids.max() < size:
            wrong = int(ids.min() if ids.min() < 0 else ids.max())
            raise UserError(f"There is no token {wrong}: ids go from 0 to {size - 1}.")
        arrays = self.preprocessing.tokenizer.pad(rows, length)
        own = _own_names(self.signature)
        return {
            tensor.name: arrays[own[tensor.name]].astype(tensor.dtype, copy=False)
            for tensor in self.signature.inputs
        }


def preprocessing_of(signature: Signature) -> Preprocessing:
    """What turns a text into the input of the model of this signature.

    Raises:
        UserError: where the tokenizer is missing, or a setting is wrong.
    """
    if not signature.tokenizer_path.is_dir():
        raise UserError(
            f"{signature.tokenizer_path} is missing: {signature.path} needs its tokenizer.",
            "Copy the folder from where `kerastc export` wrote it, or take a bundle.",
        )
    return Preprocessing.read(signature.preprocessing, signature.tokenizer_path)


def _own_names(signature: Signature) -> dict[str, str]:
    """What the tokenizer calls each input; empty where they are not those of a text classifier."""
    given = {tensor.name for tensor in signature.inputs}
    known = (names for names in TEXT_INPUTS.values() if set(names) == given)
    return dict(zip(next(known, ()), TEXT_INPUTS["keras"], strict=False))


def text_shape(signature: Signature) -> tuple[int | None, int | None]:
    """Texts a call and tokens a text, of several lengths the largest; None is any.

    Raises:
        UserError: where the inputs are not those of a text classifier.
    """
    shapes = {tensor.shape for tensor in signature.inputs}
    names = sorted(tensor.name for tensor in signature.inputs)
    whole = all(tensor.dtype in ("int32", "int64") for tensor in signature.inputs)
    if not _own_names(signature) or len(shapes) != 1 or not whole or len(next(iter(shapes))) != 2:
        raise UserError(
            f"{signature.path} has the inputs {', '.join(names)}; a text classifier has "
            f"{' and '.join(sorted(TEXT_INPUTS['keras']))}, whole numbers, (batch, length)."
        )
    [(batch, length)] = shapes
    if signature.lengths and signature.lengths[-1] != length:
        raise UserError(
            f"{signature.path} takes {length or 'any number of'} tokens, but its signature has the "
            f"lengths {', '.join(map(str, signature.lengths))}."
        )
    return batch, length
