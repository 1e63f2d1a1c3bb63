"""The contrastive loss against NumPy and finite differences; chunks against the whole batch."""

import keras
import numpy as np
import pytest
from keras import ops

from kerastc.methods.contrastive import (
    PairBatches,
    encoded,
    nt_xent,
    pairs_found,
    projector_of,
)
from kerastc.models import encoder_of, image_classifier
from kerastc.training.config import TrainingConfig
from kerastc.training.optimizer import adamw


def plain(first, second, temperature):
    """Equation 1 as it is written, a view at a time."""
    views = np.concatenate([first, second]).astype("float64")
    views /= np.linalg.norm(views, axis=1, keepdims=True)
    n, losses = len(first), []
    for i in range(2 * n):
        exponentials = np.exp(views @ views[i] / temperature)
        losses.append(-np.log(exponentials[(i + n) % (2 * n)] / np.delete(exponentials, i).sum()))
    return np.mean(losses)


def draw(n, width, seed=0):
    return np.random.default_rng(seed).normal(size=(2, n, width)).astype("float32")


@pytest.mark.backend
@pytest.mark.parametrize("temperature", [0.05, 0.5, 1.0])
def test_the_loss_is_that_of_the_paper(temperature):
    first, second = draw(9, 5)
    found = ops.convert_to_numpy(nt_xent(first, second, temperature))
    assert found == pytest.approx(plain(first, second, temperature), rel=1e-5)


@pytest.mark.backend
def test_the_loss_is_a_number_at_any_temperature():
    first, _ = draw(6, 4)
    same = float(nt_xent(first * 1e6, first * 1e-3, 1e-3))
    assert same == pytest.approx(0.0, abs=1e-4)  # twins alike, others not: nothing to learn
    assert np.isfinite(float(nt_xent(first, -first, 1e-3)))
    assert np.isfinite(float(nt_xent(first * 0, first, 0.05)))


@pytest.mark.backend
def test_views_that_are_all_alike_cost_the_log_of_the_others():
    same = np.ones((8, 3), "float32")
    assert float(nt_xent(same, same, 0.1)) == pytest.approx(np.log(15), rel=1e-5)


@pytest.mark.backend
def test_the_gradient_is_that_of_finite_differences():
    first, second = draw(4, 3)
    found = gradient_of_first(first, second, 0.2)
    for row, column in ((0, 0), (1, 2), (3, 1)):
        step = np.zeros_like(first, dtype="float64")
        step[row, column] = 1e-5
        near = [plain(first + sign * step, second, 0.2) for sign in (1, -1)]
        assert found[row, column] == pytest.approx((near[0] - near[1]) / 2e-5, abs=1e-4)


def gradient_of_first(first, second, temperature):
    """By one step of plain gradient descent on the kernel of a dense layer, fed the identity."""
    rows, width = first.shape
    model = keras.Sequential([keras.Input((rows,)), keras.layers.Dense(width, use_bias=False)])
    model.set_weights([first])
    model.compile(
        keras.optimizers.SGD(1.0), loss=lambda y, z: nt_xent(z, y, temperature), jit_compile=False
    )
    model.train_on_batch(np.eye(rows, dtype="float32"), second)
    return first - model.get_weights()[0]


@pytest.mark.backend
def test_pairs_found_are_those_whose_twin_is_nearest():
    first = np.eye(4, dtype="float32")
    second = first.copy()
    assert float(pairs_found(first, second)) == 1.0
    second[[0, 1]] = second[[1, 0]]  # each of these four views has another that is nearer
    assert float(pairs_found(first, second)) == 0.5


class Contrasted(keras.Model):
    """One contrastive step of a projector."""

    def __init__(self, projector, chunks):
        super().__init__()
        self.projector = projector
        self.chunks = chunks
        self.built = True

    def call(self, inputs, training=False):
        return encoded(self.projector, inputs, self.chunks)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        half = ops.shape(y_pred)[0] // 2
        return nt_xent(y_pred[:half], y_pred[half:], 0.2)


def network(norms):
    images = keras.Input((8, 8, 1), name="images")
    x = keras.layers.Conv2D(4, 3, kernel_initializer=keras.initializers.HeNormal(1))(images)
    x = keras.layers.BatchNormalization()(x) if norms else x
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.ReLU()(x))
    x = keras.layers.Dense(6, kernel_initializer=keras.initializers.HeNormal(2))(x)
    return keras.Model(images, x)


def stepped(model, chunks, images):
    learner = Contrasted(model, chunks)
    learner.compile(keras.optimizers.SGD(1.0), jit_compile=keras.backend.backend() == "jax")
    loss = float(learner.train_on_batch(images))
    return loss, model.get_weights()


@pytest.mark.backend
def test_the_gradient_in_chunks_is_that_of_the_whole_batch():
    images = np.random.default_rng(0).normal(size=(16, 8, 8, 1)).astype("float32")
    whole, cached = (stepped(network(norms=False), chunks, images) for chunks in (1, 4))
    assert cached[0] == pytest.approx(whole[0], rel=1e-5)
    for one, other in zip(whole[1], cached[1], strict=True):
        np.testing.assert_allclose(one, other, atol=2e-6)
    before = network(norms=False).get_weights()
    assert max(np.abs(a - b).max() for a, b in zip(before, cached[1], strict=True)) > 1e-3


@pytest.mark.backend
def test_with_norms_each_chunk_is_normalised_by_itself_and_remembered_once():
    images = np.random.default_rng(0).normal(size=(16, 8, 8, 1)).astype("float32") + 2
    model = network(norms=True)
    before = {v.path: v.numpy().copy() for v in model.non_trainable_variables}
    found = ops.convert_to_numpy(encoded(model, ops.convert_to_tensor(images), 4))
    after = [v.numpy() for v in model.non_trainable_variables]
    other = network(norms=True)
    parts = [ops.convert_to_numpy(other(part, training=True)) for part in np.split(images, 4)]
    np.testing.assert_allclose(found, np.concatenate(parts), atol=1e-5)
    for one, two in zip(after, other.non_trainable_variables, strict=True):
        np.testing.assert_allclose(one, two.numpy(), rtol=1e-5)
    encoded(model, ops.convert_to_tensor(images), 4, statistics=False)
    for one, variable in zip(after, model.non_trainable_variables, strict=True):
        np.testing.assert_array_equal(one, variable.numpy())
    assert any(np.any(variable.numpy() != before[variable.path])
               for variable in model.non_trainable_variables)  # fmt: skip


def test_the_projector_shares_its_encoder_and_is_the_same_for_a_seed():
    classifier = image_classifier((8, 8, 1), 3, width=0.25)
    one, two = (projector_of(classifier, 16, seed=5) for _ in range(2))
    assert one.output.shape == (None, 16)
    shared = {id(variable) for variable in encoder_of(classifier).variables}
    assert shared < {id(variable) for variable in one.variables}
    for a, b in zip(one.get_weights(), two.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_every_batch_is_full_and_every_image_has_two_views_of_its_own():
    images = np.arange(22, dtype="uint8").repeat(64).reshape(22, 8, 8, 1)
    noisy = lambda batch, random: batch + random.integers(0, 2, batch.shape, "uint8") * 100  # noqa: E731
    batches = PairBatches(images, 10, 4, noisy, seed=3)
    assert (batches.batch_size, batches.chunks, len(batches)) == (8, 2, 2)
    seen = []
    for index in range(len(batches)):
        views, targets = batches[index]
        first, second = views["first"], views["second"]
        assert first.dtype == "float32" and len(first) == len(targets) == 8
        np.testing.assert_array_equal(first % 100, second % 100)
        assert (first != second).any()
        seen += list(first[:, 0, 0, 0] % 100)
    assert len(set(seen)) == 16
    again = PairBatches(images, 10, 4, noisy, seed=3)
    np.testing.assert_array_equal(batches[1][0]["second"], again[1][0]["second"])
    again.begin_epoch(1)
    assert (batches[1][0]["second"] != again[1][0]["second"]).any()


def test_an_epoch_of_several_passes_has_no_image_twice_in_a_batch_of_one_pass():
    images = np.arange(16, dtype="uint8").repeat(64).reshape(16, 8, 8, 1)
    batches = PairBatches(images, 8, 8, lambda batch, _: batch, seed=0, times=3)
    assert len(batches) == 6
    rows = [batches[i][0]["first"][:, 0, 0, 0].astype(int) for i in range(6)]
    assert all(len(set(batch)) == 8 for batch in rows)
    assert np.bincount(np.concatenate(rows)).tolist() == [3] * 16


def test_fewer_images_than_a_batch_are_one_batch():
    batches = PairBatches(np.zeros((5, 8, 8, 1), "uint8"), 64, 16, lambda batch, _: batch, 0)
    assert (len(batches), batches.batch_size, batches.chunks) == (1, 5, 1)


def test_the_projection_is_not_decayed_on_its_norms():
    projector = projector_of(image_classifier((8, 8, 1), 3, width=0.25), 16, seed=0)
    optimizer = adamw(TrainingConfig(), projector, 1)
    decayed = [v.path for v in projector.trainable_variables if optimizer._use_weight_decay(v)]
    assert decayed and not any("norm" in path for path in decayed)
