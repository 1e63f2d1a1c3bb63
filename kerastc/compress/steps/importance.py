"""How much each unit matters: by the size of its weights, or by its effect on the loss."""

from collections.abc import Mapping, Sequence

import keras
import numpy as np
from keras import ops

from kerastc.compress.steps.slicing import first_kernel
from kerastc.compress.steps.units import Units
from kerastc.progress import progress
from kerastc.training.batching import Batches


def magnitude(found: Sequence[Units]) -> dict[str, np.ndarray]:
    """By path, the norm of the weights that write a unit times that of those that read it.

    (units,) float64, divided by the norm over the units, so that layers can be compared.

    References: Li et al. 2017, Pruning Filters for Efficient ConvNets, section 3.1; Molchanov et
    al. 2017, Pruning Convolutional Neural Networks, section 2.2 (the division).
    """
    return {units.path: _unit(units.norms()) for units in found}


def first_order(
    model: keras.Model, found: Sequence[Units], batches: Batches, loss: keras.losses.Loss
) -> dict[str, np.ndarray]:
    """By path, the mean over batches of (gradient of the loss by the unit's gate)^2, (units,).

    Removing a unit turns its gate from 1 to 0; the loss changes by about the gradient. That is the
    sum of gradient * weight over all weights that read the unit, in any layer, so an ordinary
    training step yields it, on every backend. The model is run in inference mode and does not
    change.

    Args:
        model: becomes trainable throughout.
        found: units of the model.
        batches: calibration rows with labels.
        loss: a function of their targets and the model's outputs.

    References: Molchanov et al. 2019, Importance Estimation for Neural Network Pruning, eq. 8;
    Michel et al. 2019, Are Sixteen Heads Really Better than One, section 4.1 (gates of heads);
    Liu et al. 2021, Group Fisher Pruning, eq. 7 (one gate for a group).
    """
    model.trainable = True
    shapes = {
        id(first_kernel(reader.layer)): reader.shape(units.count)[:-1]
        for units in found
        for reader in units.readers
    }
    recorder = GateGradients(shapes)
    measured = _Inference(model)
    measured.compile(
        optimizer=recorder,
        loss=loss,
        jit_compile=keras.backend.backend() == "jax",
    )
    scores = {units.path: np.zeros(units.count) for units in found}
    with progress("Weighing units", total=len(batches)) as advance:
        for index in range(len(batches)):
            measured.train_on_batch(*batches[index])
            for units in found:
                slopes = sum(recorder.slopes_of(reader.layer) for reader in units.readers)
                scores[units.path] += slopes**2 / len(batches)
            advance(1)
    return scores


class GateGradients(keras.optimizers.Optimizer):
    """An optimizer that records the gradients of gates instead of updating weights.

    Args:
        shapes: by id of a kernel, its shape as (positions, before, units, after); the outputs come
            last.
    """

    def __init__(self, shapes: Mapping[int, tuple[int, ...]]):
        super().__init__(learning_rate=0.0)
        self.shapes = shapes

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self.wanted = [self.shapes.get(id(variable)) for variable in variables]
        self.slopes = [
            shape and self.add_variable(shape=(shape[2],), name=f"gates_{i}")
            for i, shape in enumerate(self.wanted)
        ]

    def update_step(self, gradient, variable, learning_rate):
        index = self._get_variable_index(variable)
        shape = self.wanted[index]
        if shape:
            by_unit = ops.reshape(ops.multiply(gradient, variable), (*shape, variable.shape[-1]))
            self.assign(self.slopes[index], ops.sum(by_unit, axis=(0, 1, 3, 4)))

    def slopes_of(self, layer: keras.layers.Layer) -> np.ndarray:
        """Gradient of the last batch's loss by the gates before a layer, (units,) float64."""
        index = self._get_variable_index(first_kernel(layer))
        return ops.convert_to_numpy(self.slopes[index]).astype("float64")


class _Inference(keras.Model):
    """A model in inference mode even during training: no dropout, no batch statistics."""

    def __init__(self, model: keras.Model):
        super().__init__(name="inference")
        self.inner = model

    def call(self, inputs, training=None):
        return self.inner(inputs, training=False)


def _unit(scores: np.ndarray) -> np.ndarray:
    return scores / max(np.linalg.norm(scores), np.finfo(float).tiny)
