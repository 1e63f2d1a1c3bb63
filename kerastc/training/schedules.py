"""Learning-rate schedules with warm-up that count optimizer updates, not batches."""

import math

import keras
from keras import ops

from kerastc.training.config import TrainingConfig

RATIO = 32.0  # of the peak of a slanted triangle and its least rate


@keras.saving.register_keras_serializable("kerastc")
class Schedule(keras.optimizers.schedules.LearningRateSchedule):
    """Linear warm-up from zero, then constant, linear or cosine to zero; or a slanted triangle.

    Keras passes a schedule the number of batches, even if the gradients of several are
    accumulated into one update; this one divides, so that the rate changes per update.

    Args:
        peak: the highest rate.
        shape: `constant`, `linear`, `cosine` (Loshchilov and Hutter 2017, eq. 5, one cycle) or
            `slanted` (Howard and Ruder 2018, eq. 3): in equal steps from the 32nd part of the peak
            to the peak, and back to that part at update `updates`.
        updates: optimizer updates in the whole training.
        warmup: updates until the peak; update k < warmup runs at peak * (k + 1) / warmup.
        accumulation: batches per update.
    """

    def __init__(self, peak, shape, updates, warmup=0, accumulation=1):
        self.peak = peak
        self.shape = shape
        self.updates = updates
        self.warmup = warmup
        self.accumulation = accumulation

    def __call__(self, step):
        update = ops.cast(ops.floor_divide(step, self.accumulation), "float32")
        if self.shape == "slanted":
            return self.peak * self._slanted(update)
        left = max(self.updates - self.warmup, 1)
        progress = ops.clip((update - self.warmup) / left, 0.0, 1.0)
        if self.shape == "constant":
            rate = ops.ones_like(progress)
        elif self.shape == "linear":
            rate = 1.0 - progress
        else:
            rate = 0.5 * (1.0 + ops.cos(3.141592653589793 * progress))
        if self.warmup:
            rising = (update + 1.0) / self.warmup
            rate = ops.where(update < self.warmup, rising, rate)
        return self.peak * rate

    def _slanted(self, update):
        rising = update / max(self.warmup, 1)
        falling = 1.0 - (update - self.warmup) / max(self.updates - self.warmup, 1)
        share = ops.where(update < self.warmup, rising, ops.maximum(falling, 0.0))
        return (1.0 + share * (RATIO - 1.0)) / RATIO

    def get_config(self):
        return {
            "peak": self.peak,
            "shape": self.shape,
            "updates": self.updates,
            "warmup": self.warmup,
            "accumulation": self.accumulation,
        }


def schedule_for(config: TrainingConfig, batches_per_epoch: int) -> Schedule:
    """The schedule of a config over `config.epochs` epochs."""
    updates = max(config.epochs * batches_per_epoch // config.accumulation, 1)
    whole = math.floor if config.schedule == "slanted" else round
    warmup = config.warmup_steps or whole(config.warmup_fraction * updates)
    return Schedule(config.learning_rate, config.schedule, updates, warmup, config.accumulation)
