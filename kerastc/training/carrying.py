"""Trains a model with a state: the one after a batch is the one before the next."""

import keras
from keras import ops

from kerastc.inputs.causal.batches import BEGINS
from kerastc.models.causal_model import LOGITS, STATE


class Carrying(keras.Model):
    """A causal language model whose state is kept, and is in checkpoints.

    Gradients end with a batch. Training and evaluations have a state each.

    Args:
        core: of `causal_model`.
        rows: of a batch of training.
        judged: of a batch of an evaluation.
    """

    def __init__(self, core: keras.Model, rows: int, judged: int):
        super().__init__(name="carrying")
        self.core = core
        size = core.output[STATE].shape[-1]
        self.trained = self._state(rows, size, "trained_state")
        self.judged = self._state(judged, size, "judged_state")
        self.built = True

    def _state(self, rows: int, size: int, name: str) -> keras.Variable:
        return self.add_weight((rows, size), "zeros", "float32", trainable=False, name=name)

    def call(self, inputs, training=False):
        given = dict(inputs)
        carried = self.trained if training else self.judged
        goes_on = 1.0 - ops.cast(given.pop(BEGINS), "float32")[:, None]
        rows, size = carried.shape
        if goes_on.shape[0] in (None, rows):
            # The number of rows is then known to the graph, as loops ask for.
            given = {name: ops.reshape(of, (rows, -1)) for name, of in given.items()}
            found = self.core({**given, STATE: carried * goes_on}, training=training)
            carried.assign(ops.cast(ops.stop_gradient(found[STATE]), "float32"))
        else:  # on JAX and PyTorch Keras first tries a batch of training as in an evaluation
            nothing = ops.zeros((goes_on.shape[0], size))
            found = self.core({**given, STATE: nothing}, training=training)
        return found[LOGITS]
