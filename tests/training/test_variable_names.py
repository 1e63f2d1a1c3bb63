"""Checkpoints hold variables by name: the order of layers and Keras's numbering do not matter."""

import keras
import numpy as np
import pytest

from kerastc.npz_files import write_arrays
from kerastc.training.checkpoints import assign_weights, read_weights
from kerastc.training.config import TrainingConfig
from kerastc.training.optimizer import adamw
from kerastc.training.variable_names import model_variables, optimizer_variables

pytestmark = pytest.mark.backend


def two_branches(names):
    """Two layers of one shape, made in the order of `names`; "left" leads into the sum first."""
    made = {name: keras.layers.Dense(3, name=name) for name in names}
    inputs = keras.Input((3,))
    found = [made[name](inputs) for name in names]
    return keras.Model(inputs, keras.layers.Concatenate()(found))


def numbered():
    """Layers that Keras names, one of them nested."""
    inner = keras.Sequential([keras.layers.Dense(4), keras.layers.Dropout(0.5)])
    inputs = keras.Input((4,))
    outputs = keras.layers.Dense(4)(keras.layers.Dropout(0.1)(inner(inputs)))
    return keras.Model(inputs, keras.layers.BatchNormalization()(outputs))


def test_layers_of_one_shape_in_another_order_get_their_own_weights(tmp_path):
    first, second = two_branches(["left", "right"]), two_branches(["right", "left"])
    values = model_variables(first)
    write_arrays(tmp_path / "step-1.npz", [(n, np.array(v)) for n, v in values.items()])
    assign_weights(second, read_weights(tmp_path / "step-1.npz"))
    for name in ("left", "right"):
        ours, theirs = (m.get_layer(name).get_weights()[0] for m in (first, second))
        np.testing.assert_array_equal(ours, theirs)


def test_weights_of_layers_with_other_names_are_refused():
    weights = {n: np.array(v) for n, v in model_variables(two_branches(["a", "b"])).items()}
    with pytest.raises(ValueError, match="model/b/"):
        assign_weights(two_branches(["a", "c"]), weights)


def test_names_do_not_depend_on_what_was_made_before(tmp_path):
    def names(model):
        model.compile(optimizer=adamw(TrainingConfig(accumulation=2), model, 4))
        return [*model_variables(model), *optimizer_variables(model)]

    keras.backend.clear_session()
    first = numbered()
    expected = names(first)
    keras.layers.Dense(1)  # takes a number
    assert names(numbered()) == expected
    first.save(tmp_path / "model.keras")
    assert names(keras.saving.load_model(tmp_path / "model.keras", compile=False)) == expected
    assert len(set(expected)) == len(expected) == len(first.variables + first.optimizer.variables)


def test_each_slot_of_the_optimizer_has_the_name_of_its_weight():
    model = two_branches(["a", "b"])
    model.compile(optimizer=adamw(TrainingConfig(), model, 4))
    slots = optimizer_variables(model)
    for index, weight in enumerate(model.trainable_variables):
        name = next(n for n, v in model_variables(model).items() if v is weight)
        assert slots[f"optimizer/momentum/{name}"] is model.optimizer._momentums[index]
