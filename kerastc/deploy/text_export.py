"""What is particular to the export of text classifiers: their inputs, and real rows for them."""

import shutil
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerastc.deploy.signature import Tensor, of_length, shortest
from kerastc.errors import UserError
from kerastc.models import compact
from kerastc.predictor import Predictor
from kerastc.report.metrics import read_predictions
from kerastc.run import Run
from kerastc.text.preprocessing import Preprocessing

INPUTS = ("token_ids", "padding_mask")
ROWS = 256  # real texts, for parity and for calibration
BATCH = 32  # where the export takes any


class TextExport:
    """A text run on its way out.

    Args:
        run: with model.keras, tokenizer/, preprocessing.json and labels.txt.
        batch: texts a call; None is any.
        lengths: tokens a text, ascending, of one model each; () is any number.

    Attributes:
        length: the largest; None is any.
        model: from token ids to logits, in float32 whatever it was trained in.
        classes: names in the order of the logits.

    Raises:
        UserError: where a part is missing, or a length is more than the encoder takes.
    """

    kind = "text"

    def __init__(self, run: Run, batch: int | None, lengths: Sequence[int] = ()):
        predictor = Predictor(run)
        self.run = run
        self.batch = batch
        self.lengths = tuple(lengths)
        self.length = length = max(lengths, default=None)
        self.classes = predictor.classes
        self.model = _in_float32(predictor.model)
        self.settings: dict[str, Any] = run.read_json("preprocessing.json")
        self.preprocessing = Preprocessing.read(self.settings, run.path("tokenizer"))
        most = _max_length(self.model)
        if length and most and length > most:
            raise UserError(
                f"length={length} is more than the encoder takes.", f"It takes up to {most} tokens."
            )

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """What the exported model takes."""
        return tuple(Tensor(name, (self.batch, self.length), "int32") for name in INPUTS)

    @property
    def shorter(self) -> dict[str, tuple[Tensor, ...]]:
        """What the model takes in the further signatures of its file, by their names."""
        return {
            of_length(length): tuple(Tensor(name, (self.batch, length), "int32") for name in INPUTS)
            for length in self.lengths[:-1]
        }

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """What it gives."""
        return (Tensor("logits", (self.batch, len(self.classes)), "float32"),)

    @cached_property
    def light_model(self) -> keras.Model:
        """The same function in fewer operations, where its architecture allows that."""
        try:
            return compact(self.model)
        except UserError:  # ALBERT and its like: exported as KerasHub has them
            return self.model

    @cached_property
    def texts(self) -> np.ndarray:
        """Real texts, (n,): validation rows of the run or its nearest ancestor, spread evenly.

        Raises:
            UserError: where none of them has any.
        """
        for run in self.run.line():
            path = run.path("predictions", "validation.csv")
            if path.is_file():
                texts = read_predictions(path).texts
                return texts[np.unique(np.linspace(0, len(texts) - 1, ROWS).astype(int))]
        raise UserError(
            f"{self.run.path('predictions', 'validation.csv')} is missing: an export is compared "
            "with the Keras model on its texts.",
            f"Go on with the run: {self.run.resume_command}",
        )

    @cached_property
    def rows(self) -> dict[str, np.ndarray]:
        """The texts as arrays by input name, (n, length) int32."""
        return self.padded(self.preprocessing.tokens(self.texts, self.length))

    def padded(self, tokens: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """Token ids, (n,) each, as arrays by input name.

        Raises:
            UserError: where a row is no vector of ids, or longer than the export takes.
        """
        size = self.preprocessing.tokenizer.vocabulary_size
        for number, row in enumerate(tokens):
            shape = np.shape(row)
            if len(shape) != 1 or not 0 < shape[0] <= (self.length or shape[0]):
                raise UserError(
                    f"Row {number} has the shape {shape}; token ids of one text are wanted, "
                    f"1 to {self.length or 'any number of'} of them."
                )
            if not 0 <= np.min(row) <= np.max(row) < size:
                raise UserError(f"Row {number} has ids outside of 0 to {size - 1}.")
        return self.preprocessing.tokenizer.pad(tokens, self.length)

    def logits(
        self, call: Callable[[dict[str, np.ndarray]], np.ndarray], batch: int | None = None
    ) -> np.ndarray:
        """What a model says of the rows, (n, classes) float32.

        Args:
            call: the model: arrays by input name to logits.
            batch: rows a call; that of the export by default.
        """
        size, rows = batch or self.batch or BATCH, len(self.texts)
        found = []
        for begin in range(0, rows, size):
            # A model of fixed batch takes no less; the last row fills it up.
            places = np.arange(begin, begin + size).clip(max=rows - 1)
            found.append(call({name: array[places] for name, array in self.rows.items()}))
        return np.concatenate(found)[:rows]

    def by_length(
        self, call: Callable[[dict[str, np.ndarray]], np.ndarray]
    ) -> Callable[[dict[str, np.ndarray]], np.ndarray]:
        """A model that gets no more padding than it must: where there are several lengths."""
        if len(self.lengths) < 2:
            return call

        def shortened(rows):
            tokens = int(rows["padding_mask"].sum(axis=1).max())
            length = shortest(self.lengths, tokens)
            return call({name: array[:, :length] for name, array in rows.items()})

        return shortened

    def expected(self) -> np.ndarray:
        """What the Keras model says of the rows, (n, classes) float32."""
        return self.logits(lambda rows: np.asarray(self.model.predict_on_batch(rows)), BATCH)

    def graph(self) -> tuple[Any, tuple[str, ...]]:
        """Texts to inputs in TensorFlow operations, or None and why there are none."""
        try:
            from kerastc.deploy.text_graph import TextGraph, unsupported
        except ImportError as error:
            return None, (f"No signature takes texts: {error}. pip install tensorflow-text",)
        if why := unsupported(self.preprocessing):
            return None, (f"No signature takes texts, because {why}: serving_default takes ids.",)
        graph = TextGraph(self.preprocessing, self.length)
        return graph, ("serving_default takes texts; to run it, import tensorflow_text.",)

    def copy_tokenizer(self, folder: Path) -> None:
        """Puts the tokenizer where the signature says it is."""
        shutil.copytree(self.run.path("tokenizer"), folder)


def _in_float32(model: keras.Model) -> keras.Model:
    """The model for devices that know no bfloat16: weights are in float32 in any case."""
    for layer in model._flatten_layers():
        if layer.compute_dtype != "float32":
            layer.dtype_policy = "float32"
    return model


def _max_length(model: keras.Model) -> int | None:
    encoder = model.get_layer("encoder")
    backbone = getattr(encoder, "backbone", encoder)
    return getattr(backbone, "max_length", getattr(backbone, "max_sequence_length", None))
