"""AdamW for all variables: fused on TensorFlow, and with a rate for each of several groups."""

from collections.abc import Sequence

import keras
from keras import ops

from kerastc.training.config import TrainingConfig
from kerastc.training.groups import Group, partition
from kerastc.training.schedules import schedule_for
from kerastc.training.variable_names import model_variables

SPARED = ("bias", "gamma", "beta", "scale")  # names, or their ends


@keras.saving.register_keras_serializable("kerastc")
class FusedAdamW(keras.optimizers.AdamW):
    """Keras's AdamW with TensorFlow's single kernel for the update of a variable.

    The formula is the same (Kingma and Ba 2015, the reordering before section 2.1). Keras uses
    a dozen operations, each of which passes over the whole embedding table.
    """

    def update_step(self, gradient, variable, learning_rate):
        _fused(self, gradient, variable, learning_rate, self.iterations + 1)


class GroupedAdamW(keras.optimizers.AdamW):
    """AdamW whose variables have factors of the rate and times to thaw.

    Its state has the same variables and names as AdamW's. A frozen variable gets no update and
    no decay: its gradient counts as zero, also in joint clipping, so that its moments stay zero.
    When it thaws, its own AdamW begins: bias correction counts from there. Counted from the start
    of training, the first updates would be up to (1 - beta_1) / sqrt(1 - beta_2), three times, as
    large as the rate allows.
    """

    def assign_groups(self, groups: Sequence[Group]) -> None:
        """Assigns a group to each variable that it was built for, in order."""
        self.groups = list(groups)

    def _backend_apply_gradients(self, grads, trainable_variables):
        moving = [self._moves(self._group(variable)) for variable in trainable_variables]
        grads = [_times(gradient, factor) for gradient, factor in zip(grads, moving, strict=True)]
        super()._backend_apply_gradients(grads, trainable_variables)

    def _apply_weight_decay(self, variables):
        for variable in variables:
            if self.weight_decay and self._use_weight_decay(variable):
                group = self._group(variable)
                rate = self.learning_rate * group.rate * self._moves(group)
                rate = ops.cast(rate, variable.dtype)
                self.assign_sub(variable, variable * self.weight_decay * rate)

    def update_step(self, gradient, variable, learning_rate):
        group = self._group(variable)
        step = ops.maximum(self.iterations - group.thaw, 0) + 1
        update = _fused if keras.backend.backend() == "tensorflow" else _plain
        update(self, gradient, variable, learning_rate * group.rate, step)

    def _group(self, variable) -> Group:
        return self.groups[self._get_variable_index(variable)]

    def _moves(self, group: Group):
        """1.0 once a group has thawed, 0.0 before."""
        return ops.cast(self.iterations >= group.thaw, "float32") if group.thaw else 1.0


def _times(gradient, factor):
    """A gradient times a scalar; on TensorFlow a table's can be sparse."""
    if isinstance(factor, float):
        return gradient
    if hasattr(gradient, "dense_shape"):
        values = _times(gradient.values, factor)
        return type(gradient)(values, gradient.indices, gradient.dense_shape)
    return gradient * ops.cast(factor, gradient.dtype)


def _fused(optimizer, gradient, variable, rate, step) -> None:
    """Adam's update of a variable by TensorFlow's single kernel.

    Args:
        optimizer: has the moments.
        gradient, variable: of the variable.
        rate: the learning rate.
        step: the number of this update, from 1.
    """
    import tensorflow as tf

    step = tf.cast(step, variable.dtype)
    index = optimizer._get_variable_index(variable)
    tf.raw_ops.ResourceApplyAdam(
        var=_handle(variable),
        m=_handle(optimizer._momentums[index]),
        v=_handle(optimizer._velocities[index]),
        beta1_power=tf.pow(tf.cast(optimizer.beta_1, variable.dtype), step),
        beta2_power=tf.pow(tf.cast(optimizer.beta_2, variable.dtype), step),
        lr=tf.cast(rate, variable.dtype),
        beta1=tf.cast(optimizer.beta_1, variable.dtype),
        beta2=tf.cast(optimizer.beta_2, variable.dtype),
        epsilon=tf.cast(optimizer.epsilon, variable.dtype),
        grad=tf.convert_to_tensor(gradient),
    )


def _plain(optimizer, gradient, variable, rate, step) -> None:
    """The same spelled out, on every backend."""
    cast = lambda value: ops.cast(value, variable.dtype)  # noqa: E731
    gradient, rate, step = cast(gradient), cast(rate), cast(step)
    index = optimizer._get_variable_index(variable)
    first, second = optimizer._momentums[index], optimizer._velocities[index]
    correction = ops.sqrt(1 - ops.power(cast(optimizer.beta_2), step)) / (
        1 - ops.power(cast(optimizer.beta_1), step)
    )
    optimizer.assign_add(first, (gradient - first) * (1 - optimizer.beta_1))
    optimizer.assign_add(second, (ops.square(gradient) - second) * (1 - optimizer.beta_2))
    update = rate * correction * first / (ops.sqrt(second) + optimizer.epsilon)
    optimizer.assign_sub(variable, update)


def _handle(variable):
    """TensorFlow's handle of a variable; Keras's trainer passes either kind."""
    return (variable.value if isinstance(variable, keras.Variable) else variable).handle


def decays(weight: keras.Variable) -> bool:
    """Whether weight decay shrinks a variable: kernels and tables, no biases, no norms.

    The name decides, not the rank: the bias of an attention's query has a row for each head. As in
    Devlin et al. 2018, https://github.com/google-research/bert, optimization.py, where the tables
    of tokens, positions and segments decay, too.
    """
    return len(weight.shape) > 1 and weight.name.rsplit("_", 1)[-1] not in SPARED


def adamw(
    config: TrainingConfig,
    model: keras.Model,
    batches_per_epoch: int,
    groups: Sequence[Group] = (),
) -> keras.optimizers.Optimizer:
    """AdamW (Loshchilov and Hutter 2019) built for a model's trainable weights.

    Weight decay is decoupled and spares biases and the scales and shifts of norms; see `decays`.

    Args:
        config: hyperparameters.
        model: the model to train.
        batches_per_epoch: for the schedule.
        groups: an ordered partition of the model's trainable weights; none: all are alike.
    """
    weights = model.trainable_variables
    alike = FusedAdamW if keras.backend.backend() == "tensorflow" else keras.optimizers.AdamW
    optimizer = (GroupedAdamW if groups else alike)(
        learning_rate=schedule_for(config, batches_per_epoch),
        weight_decay=config.weight_decay,
        global_clipnorm=config.clip_norm or None,
        gradient_accumulation_steps=config.accumulation if config.accumulation > 1 else None,
    )
    spared = [weight for weight in weights if not decays(weight)]
    if groups:
        names = {id(variable): name for name, variable in model_variables(model).items()}
        of_weights = partition(groups, [names[id(weight)] for weight in weights])
        optimizer.assign_groups(of_weights)
        spared += [w for w, group in zip(weights, of_weights, strict=True) if not group.decay]
    optimizer.exclude_from_weight_decay(var_list=spared)
    if config.precision == "mixed_float16":
        # compile() would wrap it too, but the checkpoint needs the outermost object.
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    optimizer.build(weights)
    return optimizer
