"""AdamW as the text recipes use it."""

import keras

from kerastc.training.config import TrainingConfig
from kerastc.training.schedules import schedule_for

SPARED = ("bias", "gamma", "beta", "scale")  # names, or their ends


@keras.saving.register_keras_serializable("kerastc")
class FusedAdamW(keras.optimizers.AdamW):
    """Keras's AdamW with TensorFlow's one kernel for the update of a variable.

    The formula is the same (Kingma and Ba 2015, the reordering before section 2.1). Keras spells
    it in a dozen operations, each of which passes over the whole embedding table.
    """

    def update_step(self, gradient, variable, learning_rate):
        import tensorflow as tf

        step = tf.cast(self.iterations + 1, variable.dtype)
        index = self._get_variable_index(variable)
        tf.raw_ops.ResourceApplyAdam(
            var=_handle(variable),
            m=_handle(self._momentums[index]),
            v=_handle(self._velocities[index]),
            beta1_power=tf.pow(tf.cast(self.beta_1, variable.dtype), step),
            beta2_power=tf.pow(tf.cast(self.beta_2, variable.dtype), step),
            lr=tf.cast(learning_rate, variable.dtype),
            beta1=tf.cast(self.beta_1, variable.dtype),
            beta2=tf.cast(self.beta_2, variable.dtype),
            epsilon=tf.cast(self.epsilon, variable.dtype),
            grad=tf.convert_to_tensor(gradient),
        )


def _handle(variable):
    """TensorFlow's handle of a variable; Keras's trainer hands over either kind."""
    return (variable.value if isinstance(variable, keras.Variable) else variable).handle


def decays(weight: keras.Variable) -> bool:
    """Whether weight decay shrinks a variable: kernels and tables, no biases, no norms.

    The name tells, not the rank: the bias of an attention's query has a row for each head. So in
    Devlin et al. 2018, https://github.com/google-research/bert, optimization.py, where the tables
    of tokens, positions and segments decay, too.
    """
    return len(weight.shape) > 1 and weight.name.rsplit("_", 1)[-1] not in SPARED


def adamw(
    config: TrainingConfig, model: keras.Model, batches_per_epoch: int
) -> keras.optimizers.Optimizer:
    """AdamW (Loshchilov and Hutter 2019) built for a model's trainable weights.

    Weight decay is decoupled and spares biases and the scales and shifts of norms; see `decays`.
    """
    optimizer = (FusedAdamW if keras.backend.backend() == "tensorflow" else keras.optimizers.AdamW)(
        learning_rate=schedule_for(config, batches_per_epoch),
        weight_decay=config.weight_decay,
        global_clipnorm=config.clip_norm or None,
        gradient_accumulation_steps=config.accumulation if config.accumulation > 1 else None,
    )
    optimizer.exclude_from_weight_decay(
        var_list=[weight for weight in model.trainable_variables if not decays(weight)]
    )
    if config.precision == "mixed_float16":
        # compile() would wrap it too, but the checkpoint needs the outermost object.
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    optimizer.build(model.trainable_variables)
    return optimizer
