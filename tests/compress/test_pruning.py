"""Pruning in training: masks that hold, are resumed and reach their sparsity, on every backend."""

import io

import keras
import numpy as np
import pytest

from kerastc.compress.masks.callback import Pruning
from kerastc.compress.masks.keep_zeros import KeepZeros
from kerastc.compress.masks.kernels import prunable, zeros
from kerastc.compress.masks.magnitude import magnitude_masks
from kerastc.compress.masks.schedules import ConstantSparsity, PolynomialDecay
from kerastc.errors import UserError

pytestmark = pytest.mark.backend


def network(seed=0):
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [
            keras.Input((8,)),
            keras.layers.Dense(10, activation="relu", name="hidden"),
            keras.layers.Dense(3, name="classifier"),
        ]
    )
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.AdamW(0.01), loss)
    return model


def data():
    random = np.random.default_rng(0)
    inputs = random.normal(size=(48, 8)).astype("float32")
    return inputs, np.eye(3, dtype="float32")[inputs[:, :3].argmax(axis=1)]


def train(model, epochs, *callbacks, **more):
    inputs, targets = data()
    model.fit(
        inputs, targets, batch_size=8, epochs=epochs, shuffle=False, verbose=0,
        callbacks=list(callbacks), **more,
    )  # fmt: skip
    return model


def polynomial(sparsity=0.75, begin=1, end=18, frequency=4):
    return Pruning(PolynomialDecay(0.0, sparsity, begin, end, frequency=frequency), magnitude_masks)


class Watch(keras.callbacks.Callback):
    """The share of zeros in each kernel where it is called."""

    def __init__(self):
        super().__init__()
        self.at = {"batch": [], "test": [], "epoch": []}

    def on_train_batch_begin(self, batch, logs=None):
        self._see("batch")

    def on_test_begin(self, logs=None):
        self._see("test")

    def on_epoch_end(self, epoch, logs=None):
        self._see("epoch")

    def _see(self, where):
        self.at[where].append([zeros(v) for _, v in prunable(self.model)])


def shares(model):
    return [zeros(variable) for _, variable in prunable(model)]


def test_sparsity_rises_with_the_schedule_and_holds_at_every_batch_evaluation_and_epoch():
    watch = Watch()
    model = train(network(), 4, polynomial(), watch, validation_data=data())
    seen = np.array(watch.at["batch"])[:, 0]  # of the hidden kernel, 80 weights
    schedule = PolynomialDecay(0.0, 0.75, 1, 18, frequency=4)
    for step, share in enumerate(seen, 1):
        last = 18 if step >= 18 else step - (step - 1) % 4
        assert share == pytest.approx(schedule(last)[1], abs=0.5 / 80)
    assert watch.at["test"] == watch.at["epoch"]
    assert watch.at["epoch"][-1] == shares(model)


@pytest.mark.parametrize("frequency", [1, 4, 5, 100])
def test_the_final_sparsity_is_reached_though_the_frequency_misses_the_end(frequency):
    model = train(network(), 4, polynomial(frequency=frequency))
    assert shares(model) == [0.75, pytest.approx(0.75, abs=0.5 / 30)]


def test_no_zero_has_a_sign():
    model = train(network(), 4, polynomial())
    for _, variable in prunable(model):
        array = keras.ops.convert_to_numpy(variable)
        assert not np.signbit(array[array == 0]).any()


def test_training_in_two_halves_ends_with_the_same_weights():
    whole = train(network(), 4, polynomial())
    first = train(network(), 2, polynomial())
    # A checkpoint holds weights and optimizer; what is resumed begins with others.
    second = network(seed=5)
    second.optimizer.build(second.trainable_variables)
    for new, old in zip(second.variables, first.variables, strict=True):
        new.assign(old)
    for new, old in zip(second.optimizer.variables, first.optimizer.variables, strict=True):
        new.assign(old)
    train(second, 2, polynomial())
    for a, b in zip(whole.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_excluded_kernels_stay_and_a_model_saved_has_the_same_zeros(tmp_path):
    pruning = Pruning(ConstantSparsity(0.5, 1), magnitude_masks, exclude="classifier")
    model = train(network(), 2, pruning)
    assert shares(model) == [0.5, 0]
    model.save(tmp_path / "pruned.keras")
    again = keras.saving.load_model(tmp_path / "pruned.keras", safe_mode=True)
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert [layer.name for layer in again.layers] == ["hidden", "classifier"]


def test_a_later_training_keeps_the_zeros():
    model = train(network(), 2, Pruning(ConstantSparsity(0.5, 1), magnitude_masks))
    before = [v.numpy() == 0 for _, v in prunable(model)]
    kept, lost = keras.models.clone_model(model), keras.models.clone_model(model)
    for copy, callbacks in ((kept, [KeepZeros()]), (lost, [])):
        copy.set_weights(model.get_weights())
        copy.compile(keras.optimizers.AdamW(0.01), "mse")
        train(copy, 2, *callbacks)
    for mask, (_, variable) in zip(before, prunable(kept), strict=True):
        np.testing.assert_array_equal(variable.numpy() == 0, mask)
    assert max(shares(lost)) < 0.5


def test_a_padding_row_and_a_kernel_of_zeros_are_trained():
    model = network()
    hidden, classifier = (layer.kernel for layer in model.layers)
    hidden.assign(np.where(np.arange(80).reshape(8, 10) == 7, 0, hidden.numpy()))
    classifier.assign(np.zeros(classifier.shape))
    keep = KeepZeros()
    keep.LEAST = 0.02  # one weight of eighty is less than this, as a row of thousands is less
    train(model, 1, keep)
    assert shares(model)[0] == 0
    assert shares(model)[1] < 1


def test_weights_may_come_back_until_the_last_choice():
    """A mask is chosen by magnitude after the update, so a zero with a large gradient returns."""
    model = network()
    model.optimizer.learning_rate = 0.3
    seen = []

    class Mask(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            seen.append(self.model.layers[0].kernel.numpy() == 0)

    train(model, 1, Pruning(ConstantSparsity(0.5, 1, frequency=1), magnitude_masks), Mask())
    assert (seen[0] & ~seen[-1]).any()
    assert all(mask.mean() == 0.5 for mask in seen)


def test_kernels_are_found_under_their_paths_and_a_broken_pattern_is_refused():
    model = network()
    assert [path for path, _ in prunable(model)] == ["hidden/kernel", "classifier/kernel"]
    assert [path for path, _ in prunable(model, "hid")] == ["classifier/kernel"]
    with pytest.raises(UserError, match=r"exclude=\( is not a regular expression"):
        prunable(model, "(")


def test_a_pruned_file_is_smaller_once_it_is_zipped():
    import gzip

    sizes = []
    for sparsity in (0.0, 0.8):
        kernel = np.random.default_rng(0).normal(size=(100, 100)).astype("float32")
        (mask,) = magnitude_masks([kernel], sparsity)
        buffer = io.BytesIO()
        np.save(buffer, np.where(mask, kernel, 0))
        sizes.append(len(gzip.compress(buffer.getvalue())))
    assert sizes[1] < sizes[0] / 3
