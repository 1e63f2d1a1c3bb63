"""Keeps the zeros of pruned kernels through any training."""

import keras
from keras import ops

from kerastc.compress.masks.kernels import prunable, zeros


class KeepZeros(keras.callbacks.Callback):
    """Holds the zeros of kernels that were pruned before.

    The zeros themselves are the mask: nothing else is saved with a model or checkpoint, nothing is
    stripped afterwards, and they are read anew whenever a training begins or goes on. A kernel of
    zeros only was never pruned (pruning leaves one weight at least), nor was one with fewer than
    `LEAST`: a padding row, or a weight that happens to be zero.

    The optimizer moves a masked weight at every update, for it knows of no mask; before the next
    batch, evaluation or checkpoint it is zero again. Costs one multiplication a weight and batch,
    and as much memory as the kernels.
    """

    LEAST = 0.01

    def on_train_begin(self, logs=None):
        self.masks = {}
        for _, variable in prunable(self.model):
            if self.LEAST < zeros(variable) < 1:
                self.hold(variable, ops.not_equal(variable, 0))

    def on_train_batch_begin(self, batch, logs=None):
        self.apply()

    def on_test_begin(self, logs=None):
        self.apply()

    def on_epoch_end(self, epoch, logs=None):
        self.apply(positive=True)

    def hold(self, variable: keras.Variable, mask) -> None:
        """Keeps a kernel's weights at zero where the mask, of its shape, is False."""
        # In the kernel's type: to multiply is twice as fast as to select by a boolean.
        self.masks[id(variable)] = variable, ops.cast(mask, variable.dtype)

    def apply(self, positive: bool = False) -> None:
        """Puts masked weights to zero.

        Args:
            positive: without the minus that -1 * 0 leaves: zeros of two kinds compress worse.
        """
        _ = self.model  # on JAX the variables are empty until the model is asked for
        for variable, mask in self.masks.values():
            masked = ops.multiply(variable, mask)
            variable.assign(ops.add(masked, 0) if positive else masked)
