"""Keeps the zeros of pruned kernels during any training."""

import keras
from keras import ops

from kerastc.compress.masks.kernels import prunable, zeros


class KeepZeros(keras.callbacks.Callback):
    """Keeps the zeros of kernels that were pruned earlier.

    The zeros themselves are the mask: nothing else is saved with a model or checkpoint, nothing is
    stripped afterwards, and they are read again whenever training starts or resumes. A kernel of
    zeros only was never pruned (pruning leaves at least one weight), nor was one with fewer than
    `LEAST`: a padding row, or a weight that happens to be zero.

    The optimizer ignores the masks and moves a masked weight at every update; it is zero again
    before the next batch, evaluation or checkpoint. Costs one multiplication per weight and batch,
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
        # In the kernel's type: multiplying is twice as fast as selecting by a boolean.
        self.masks[id(variable)] = variable, ops.cast(mask, variable.dtype)

    def apply(self, positive: bool = False) -> None:
        """Sets masked weights to zero.

        Args:
            positive: avoids the -0.0 that -1 * 0 leaves: mixed zeros compress worse.
        """
        _ = self.model  # on JAX the variables are empty until the model is asked for
        for variable, mask in self.masks.values():
            masked = ops.multiply(variable, mask)
            variable.assign(ops.add(masked, 0) if positive else masked)
