"""AdamW as the text recipes use it."""

import keras

from kerastc.training.config import TrainingConfig
from kerastc.training.schedules import schedule_for


def adamw(
    config: TrainingConfig, model: keras.Model, batches_per_epoch: int
) -> keras.optimizers.Optimizer:
    """AdamW (Loshchilov and Hutter 2019) built for a model's trainable weights.

    Weight decay is decoupled and spares every vector: biases, and the scales and shifts of norms.
    """
    optimizer = keras.optimizers.AdamW(
        learning_rate=schedule_for(config, batches_per_epoch),
        weight_decay=config.weight_decay,
        global_clipnorm=config.clip_norm or None,
        gradient_accumulation_steps=config.accumulation if config.accumulation > 1 else None,
    )
    optimizer.exclude_from_weight_decay(
        var_list=[weight for weight in model.trainable_variables if len(weight.shape) < 2]
    )
    if config.precision == "mixed_float16":
        # compile() would wrap it too, but the checkpoint needs the outermost object.
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    optimizer.build(model.trainable_variables)
    return optimizer
