"""The kernels that pruning may put zeros into."""

import re

import keras
import numpy as np

from kerastc.models.layer_paths import matcher, replaceable_layers

# Used for every text, whatever its tokens: a zero there saves nothing and costs accuracy.
SPARED = re.compile(r"(^|/)(position|segment|rel_)[^/]*/[^/]*$|bias$")


def prunable(model: keras.Model, exclude: str = "") -> list[tuple[str, keras.Variable]]:
    """Path and variable of each dense or convolution kernel, low-rank factor and token table.

    Biases, normalisations, and position and segment tables are excluded. A path is that of the
    layer, "encoder/block_0/query/kernel", or of the variable in a KerasHub backbone.

    Args:
        model: any Keras model.
        exclude: a regular expression; paths that it matches are left out.

    Raises:
        UserError: the expression is invalid.
    """
    excluded = matcher(exclude)
    layers = replaceable_layers(model)
    paths = {id(w): f"{one.path}/{w.name}" for one in layers for w in one.layer.weights}
    named = [(paths.get(id(variable), variable.path), variable) for variable in kernels(model)]
    return [(path, v) for path, v in named if not SPARED.search(path) and not excluded(path)]


def kernels(model: keras.Model) -> list[keras.Variable]:
    """The variables that compression counts and prunes: kernels and tables, no biases or norms.

    Every real variable of two or more axes.
    """
    return [w for w in model.weights if len(w.shape) > 1 and _real(w)]


def zeros(variable: keras.Variable) -> float:
    """The share of zeros in a variable."""
    array = keras.ops.convert_to_numpy(variable)
    return float(1 - np.count_nonzero(array) / array.size)


def sparsity(model: keras.Model) -> float:
    """The share of zeros in all variables that can be pruned."""
    arrays = [keras.ops.convert_to_numpy(variable) for _, variable in prunable(model)]
    return 1 - sum(map(np.count_nonzero, arrays)) / max(sum(a.size for a in arrays), 1)


def _real(variable: keras.Variable) -> bool:
    return "float" in keras.backend.standardize_dtype(variable.dtype)
