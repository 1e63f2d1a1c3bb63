"""Prunes a model during training."""

from collections.abc import Callable, Sequence

import keras
import numpy as np

from kerastc.compress.masks.keep_zeros import KeepZeros
from kerastc.compress.masks.kernels import prunable, zeros
from kerastc.compress.masks.schedules import Schedule

Choose = Callable[[Sequence[np.ndarray], float], list[np.ndarray]]


class Pruning(KeepZeros):
    """Chooses masks on a schedule, from the weights after the last update, and applies them.

    So a zero weight may return at the next choice if its update was large enough, as in TF-MOT.
    Unlike TF-MOT, this also chooses masks at the schedule's last step, which the frequency may
    miss, so the final sparsity is always reached.

    Args:
        schedule: when to prune, and how much.
        choose: the masks of kernels for a sparsity, such as `magnitude_masks`.
        exclude: regular expression for paths that are not pruned; zeros they already have are kept.
    """

    def __init__(self, schedule: Schedule, choose: Choose, exclude: str = ""):
        super().__init__()
        self.schedule = schedule
        self.choose = choose
        self.exclude = exclude

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        optimizer = self.model.optimizer
        optimizer = getattr(optimizer, "inner_optimizer", optimizer)
        self.step = int(optimizer._iterations)  # batches so far, including those before a resume
        self.variables = [variable for _, variable in prunable(self.model, self.exclude)]
        for variable in self.variables:
            if 0 < zeros(variable) < 1:  # also the few of a schedule's first steps
                self.hold(variable, keras.ops.not_equal(variable, 0))

    def on_train_batch_begin(self, batch, logs=None):
        self.step += 1
        due, sparsity = self.schedule(self.step)
        if due or self.step == self.schedule.end_step:
            self.prune(float(sparsity))
        super().on_train_batch_begin(batch, logs)

    def prune(self, sparsity: float) -> None:
        """Chooses new masks."""
        _ = self.model
        arrays = [keras.ops.convert_to_numpy(variable) for variable in self.variables]
        for variable, mask in zip(self.variables, self.choose(arrays, sparsity), strict=True):
            self.hold(variable, mask)
