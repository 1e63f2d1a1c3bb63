"""Parts of a model whose gradients compute them again, rather than keep in memory what they need.

All this is TensorFlow's; other backends differentiate as usual.
"""

from collections.abc import Callable
from typing import Any

import keras


def recomputed(function: Callable[..., Any], *inputs: Any) -> Any:
    """`function(*inputs)`, whose gradient computes it again from the inputs.

    Between the two, TensorFlow keeps nothing but the inputs. The gradient is the same.

    Args:
        function: of tensors to a tensor; it has no variables, and the same result each time.
        inputs: tensors.

    Reference: Chen et al. 2016, Training Deep Nets with Sublinear Memory Cost.
    """
    if keras.backend.backend() != "tensorflow":
        return function(*inputs)
    import tensorflow as tf

    @tf.custom_gradient
    def forward(*inputs):
        def gradient(upstream):
            # Without this order TensorFlow would compute the function early, and keep its parts.
            with tf.control_dependencies([upstream]):
                again = [tf.identity(x) for x in inputs]
            with tf.GradientTape() as tape:
                tape.watch(again)
                result = function(*again)
            return tape.gradient(result, again, upstream)

        return function(*inputs), gradient

    return forward(*inputs)


def repeatable(dropout: keras.layers.Dropout, training: bool | None) -> Callable[[Any], Any]:
    """A layer of dropout as a function, which on TensorFlow drops the same in each of its calls."""
    if keras.backend.backend() != "tensorflow" or not training or not dropout.rate:
        return lambda x: dropout(x, training=training)
    seed = _DrawnSeed(dropout.seed_generator)
    return lambda x: keras.random.dropout(x, dropout.rate, seed=seed)


class _DrawnSeed(keras.random.SeedGenerator):
    """The next seed of a generator, the same each time it is asked for."""

    def __init__(self, generator: keras.random.SeedGenerator):
        self.drawn = generator.next()

    def next(self, ordered: bool = True):
        return self.drawn
