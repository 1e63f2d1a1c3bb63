"""What is particular to the export of text classifiers: their inputs, and real rows for them."""

import shutil
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerastc.deploy.run_export import Arrays, RunExport, spread
from kerastc.deploy.signature import TEXT_INPUTS, Tensor, of_length, shortest
from kerastc.errors import UserError
from kerastc.models import compact, encoder_layer
from kerastc.outputs.classes.predictions import read_predictions
from kerastc.predictor import Predictor
from kerastc.run import Run
from kerastc.text.encoded import Encoded
from kerastc.text.preprocessing import Preprocessing

INPUTS = TEXT_INPUTS["keras"]


class TextExport(RunExport):
    """A text run on its way out.

    Args:
        run: as in `RunExport`, with tokenizer/.
        batch: texts a call; None is any.
        lengths: tokens a text, ascending, of one model each; () is any number.

    Attributes:
        length: the largest; None is any.

    Raises:
        UserError: where a part is missing, or a length is more than the encoder takes.
    """

    kind = "text"
    tokenizer = "tokenizer"

    def __init__(self, run: Run, batch: int | None, lengths: Sequence[int] = ()):
        super().__init__(run, batch, Predictor(run))
        self.lengths = tuple(lengths)
        self.length = length = max(lengths, default=None)
        self.preprocessing = Preprocessing.read(self.settings, run.path("tokenizer"))
        most = encoder_layer(self.model).max_length
        if length and length > most:
            raise UserError(
                f"length={length} is more than the encoder takes.", f"It takes up to {most} tokens."
            )

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        return tuple(Tensor(name, (self.batch, self.length), "int32") for name in INPUTS)

    @property
    def shorter(self) -> dict[str, tuple[Tensor, ...]]:
        return {
            of_length(length): tuple(Tensor(name, (self.batch, length), "int32") for name in INPUTS)
            for length in self.lengths[:-1]
        }

    @cached_property
    def light_model(self) -> keras.Model:
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
                return texts[spread(len(texts))]
        raise UserError(
            f"{self.run.path('predictions', 'validation.csv')} is missing: an export is compared "
            "with the Keras model on its texts.",
            self.run.how_to_go_on,
        )

    @cached_property
    def rows(self) -> Arrays:
        """The texts as arrays by input name, (n, length) int32."""
        return self.calibration(self.preprocessing.tokens(self.texts, self.length))

    def notes(self) -> tuple[str, ...]:
        found = self.preprocessing.unseen(self.texts, self.length)
        return tuple(f"Of the texts that it was compared on: {line}" for line in found.lines())

    def given(self) -> dict[str, Any]:
        return {"texts": list(self.texts)}

    def calibration(self, tokens: Encoded | Sequence[np.ndarray]) -> Arrays:
        """Rows of tokens, or of ids alone, (n,) each, as arrays by input name.

        Raises:
            UserError: where a row is no vector of ids, or longer than the export takes.
        """
        size = self.preprocessing.tokenizer.vocabulary_size
        for number, row in enumerate(tokens.ids if isinstance(tokens, Encoded) else tokens):
            shape = np.shape(row)
            if len(shape) != 1 or not 0 < shape[0] <= (self.length or shape[0]):
                raise UserError(
                    f"Row {number} has the shape {shape}; token ids of one text are wanted, "
                    f"1 to {self.length or 'any number of'} of them."
                )
            if not 0 <= np.min(row) <= np.max(row) < size:
                raise UserError(f"Row {number} has ids outside of 0 to {size - 1}.")
        return self.preprocessing.tokenizer.pad(tokens, self.length)

    def by_length(self, call: Callable[[Arrays], np.ndarray]) -> Callable[[Arrays], np.ndarray]:
        if len(self.lengths) < 2:
            return call

        def shortened(rows):
            tokens = int(rows["padding_mask"].sum(axis=1).max())
            length = shortest(self.lengths, tokens)
            return call({name: array[:, :length] for name, array in rows.items()})

        return shortened

    def graph(self) -> tuple[Any, tuple[str, ...]]:
        try:
            from kerastc.deploy.text_graph import TextGraph, unsupported
        except ImportError as error:
            return None, (f"No signature takes texts: {error}. pip install tensorflow-text",)
        if why := unsupported(self.preprocessing):
            return None, (f"No signature takes texts, because {why}: serving_default takes ids.",)
        graph = TextGraph(self.preprocessing, self.length)
        return graph, ("serving_default takes texts; to run it, import tensorflow_text.",)

    def copy_tokenizer(self, folder: Path) -> None:
        shutil.copytree(self.run.path("tokenizer"), folder)
