"""Texts in an export: what its encoder takes, and TensorFlow operations from a string to ids."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from kerastc.errors import UserError
from kerastc.inputs.text.encode import TextInput
from kerastc.models import compact, encoder_layer
from kerastc.text.encoded import Encoded, Row
from kerastc.text.worded import Worded


def most_tokens(model: keras.Model) -> int:
    """The most tokens that the model takes."""
    return encoder_layer(model).max_length


def light(model: keras.Model) -> keras.Model:
    """The same function in fewer operations, if its architecture allows that."""
    try:
        return compact(model)
    except UserError:  # ALBERT and its like: exported as KerasHub has them
        return model


def given(examples: Sequence[str]) -> dict[str, Any]:
    """The arguments of the graph; words that are given have spaces between them."""
    return {"texts": [" ".join(e.words) if isinstance(e, Worded) else e for e in examples]}


def checked(
    input: TextInput, rows: Encoded | Sequence[Row | np.ndarray], length: int | None
) -> Encoded | Sequence[Row | np.ndarray]:
    """A caller's own rows of tokens, or of ids alone, (n,) each.

    Raises:
        UserError: a row is not a vector of ids, or is longer than the export takes.
    """
    size = input.preprocessing.tokenizer.vocabulary_size
    for number, row in enumerate(rows.ids if isinstance(rows, Encoded) else rows):
        row = row.ids if isinstance(row, Row) else row
        shape = np.shape(row)
        if len(shape) != 1 or not 0 < shape[0] <= (length or shape[0]):
            raise UserError(
                f"Row {number} has the shape {shape}; token ids of one text are needed, "
                f"1 to {length or 'any number of'} of them."
            )
        if not 0 <= np.min(row) <= np.max(row) < size:
            raise UserError(f"Row {number} has ids outside of 0 to {size - 1}.")
    return rows


def graph(input: TextInput, length: int | None) -> tuple[Any, tuple[str, ...]]:
    """See `kerastc.deploy.convert.run_export.RunExport.graph`."""
    try:
        from kerastc.inputs.text.graph import TextGraph, unsupported
    except ImportError as error:
        return None, (f"No signature takes texts: {error}. pip install tensorflow-text",)
    if why := unsupported(input.preprocessing):
        return None, (f"No signature takes texts, because {why}: serving_default takes ids.",)
    graph = TextGraph(input.preprocessing, length)
    return graph, ("serving_default takes texts; to run it, import tensorflow_text.",)
