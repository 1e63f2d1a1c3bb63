"""Autoencoders: the losses against plain NumPy, frozen and fine-tuned, what is done once."""

from importlib import import_module

import numpy as np
import pytest
from keras import ops

from kerastc import data, methods
from kerastc.errors import UserError
from kerastc.methods.autoencoder import Autoencoder, features_of, fit_head, pretrain
from kerastc.methods.joint_autoencoder import JointAutoencoder, labelled_batches
from kerastc.models import encoder_of, image_classifier, maps_of
from kerastc.models.decoder import HiddenPatches, decoder
from kerastc.outputs.classes.head import CrossEntropy
from kerastc.run import Run
from kerastc.scores.softmax import softmax
from kerastc.training.images import build_classifier, probabilities

module = import_module("kerastc.methods.autoencoder")  # the function has its name


class Config(data.ImageData, methods.AutoencoderConfig):
    """As in the recipe."""


class JointConfig(data.ImageData, methods.JointAutoencoderConfig):
    """As in the recipe."""


TINY = dict(width=0.25, epochs=1, least_images=100, batch_size=50, unlabelled=100, test=50)
TWO_STEPS = TINY | dict(pretraining_epochs=2, frozen_epochs=2)


@pytest.fixture
def run(tmp_path):
    return Run.create(tmp_path / "run", {}, tmp_path / "cache")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run of both steps, its splits and what it gave."""
    folder = tmp_path_factory.mktemp("autoencoder")
    run = Run.create(folder / "run", {}, folder / "cache")
    splits = data.load_images(Config(**TWO_STEPS))
    return run, splits, methods.autoencoder(splits, Config(**TWO_STEPS), run)


def right(found, images):
    return (found.argmax(axis=1) == images.labels).mean()


def pixels(seed=0, count=6, shape=(8, 8, 1)):
    return np.random.default_rng(seed).integers(0, 256, (count, *shape)).astype("float32")


def classifier(**settings):
    return image_classifier((8, 8, 1), 3, width=0.25, statistics=([100], [50]), **settings)


@pytest.mark.backend
def test_the_loss_is_the_squared_difference_on_the_models_scale():
    maps = maps_of(classifier())
    learner = Autoencoder(maps, decoder(maps), HiddenPatches(0.0))
    given, found = pixels(), np.random.default_rng(1).normal(size=(6, 8, 8, 1)).astype("float32")
    [loss] = learner.losses_of(ops.convert_to_tensor(given), ops.convert_to_tensor(found)).values()
    expected = np.mean((found - (given - 100) / 50) ** 2)
    assert float(loss) == pytest.approx(expected, rel=1e-5)


@pytest.mark.backend
def test_hidden_patches_are_no_part_of_the_target():
    maps = maps_of(classifier())
    learner = Autoencoder(maps, decoder(maps), HiddenPatches(0.9))
    given = pixels()
    perfect = ops.convert_to_tensor((given - 100) / 50)
    assert float(learner.losses_of(given, perfect)["reconstruction"]) == pytest.approx(0, abs=1e-6)


@pytest.mark.backend
@pytest.mark.parametrize("alpha", [0.5, 0.0, -1.0])
def test_the_joint_loss_weighs_labels_and_pixels_by_alpha(alpha, monkeypatch):
    config = JointConfig(**TINY, alpha=alpha, label_smoothing=0.0, hidden=0.0)
    splits = data.load_images(config)
    model = build_classifier(splits, config)
    learner = JointAutoencoder(model, config)
    learner.compile(loss=CrossEntropy(), auto_scale_loss=False)
    images, targets, weights = labelled_batches(splits, config)[0]
    inputs = {"images": images, "unlabelled": pixels(count=10)}
    both = np.concatenate([images, inputs["unlabelled"]])
    random = np.random.default_rng(0)
    logits = random.normal(size=(len(targets), 10)).astype("float32")
    found = random.normal(size=both.shape).astype("float32")
    outputs = {"logits": ops.convert_to_tensor(logits)}
    outputs["reconstruction"] = ops.convert_to_tensor(found)
    loss = learner.compute_loss(inputs, targets, outputs, weights)
    entropy = -np.log(np.take_along_axis(softmax(logits), targets, axis=1)).mean()
    scaled = ops.convert_to_numpy(model.get_layer("scaling")(both))
    error = np.mean((found - scaled) ** 2)
    assert float(loss) == pytest.approx((1 - alpha) * entropy + (1 + alpha) * error, rel=1e-4)


def test_both_kinds_of_images_are_reconstructed_and_labelled_ones_classified():
    learner = JointAutoencoder(classifier(), JointConfig(**TINY))
    outputs = learner.learn({"images": pixels(count=4), "unlabelled": pixels(1, count=7)})
    assert outputs["logits"].shape == (4, 3)
    assert outputs["reconstruction"].shape == (11, 8, 8, 1)


def test_unlabelled_images_move_the_encoder():
    import tensorflow as tf

    learner = JointAutoencoder(classifier(), JointConfig(**TINY))
    inputs = {"images": pixels(count=2), "unlabelled": pixels(1)}
    with tf.GradientTape() as tape:
        [loss] = learner.further(inputs, learner.learn(inputs)).values()
    stem, head = (learner.classifier.get_layer(n).kernel.value for n in ("stem", "classifier"))
    stem_gradient, head_gradient = tape.gradient(loss, [stem, head])
    assert float(ops.max(ops.abs(stem_gradient))) > 0 and head_gradient is None


def test_the_head_is_fitted_to_features_and_fits_the_classifier(run):
    config = Config(**TWO_STEPS)
    splits = data.load_images(config)
    model = build_classifier(splits, config)
    encoder = encoder_of(model)
    before = encoder.get_weights()
    figures = fit_head(model, splits, config, run)
    for a, b in zip(before, encoder.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    found = probabilities(model, splits.validation.examples, "")
    assert right(found, splits.validation) == pytest.approx(figures["validation_accuracy"])


def test_features_are_those_of_inference():
    model = classifier(dropout=0.9)
    images = pixels().astype("uint8")
    found = features_of(encoder_of(model), images)
    logits = found @ model.get_layer("classifier").kernel.numpy()
    expected = ops.convert_to_numpy(model(images.astype("float32"), training=False))
    np.testing.assert_allclose(logits, expected, atol=1e-5)


def test_both_classifiers_are_told_and_the_better_is_kept(whole):
    run, splits, trained = whole
    told = trained.method
    both = {name: told[name]["validation accuracy"] for name in ("frozen", "fine_tuned")}
    assert told["kept"] == max(both, key=both.get)
    assert right(trained.validation, splits.validation) == pytest.approx(both[told["kept"]])
    kept = told[told["kept"]]["test accuracy"]
    assert right(trained.test, splits.test) == pytest.approx(kept)
    assert trained.figures["images"] == 120
    assert run.path("plots", "reconstructions.png").is_file()


def test_another_run_finds_the_encoder_and_goes_on_when_killed(whole, tmp_path, monkeypatch):
    first, splits, trained = whole
    killed = Run.create(tmp_path / "killed", {}, first.cache)
    monkeypatch.setattr(module, "fit_unlabelled", None)  # lies in the cache
    with monkeypatch.context() as patch:
        patch.setattr(module, "fit_classifier", None)
        with pytest.raises(TypeError):
            methods.autoencoder(splits, Config(**TWO_STEPS), killed)
    monkeypatch.setattr(module, "fit_head", None)  # is not done again
    resumed = methods.autoencoder(splits, Config(**TWO_STEPS), killed)
    np.testing.assert_array_equal(resumed.test, trained.test)
    assert resumed.method["autoencoder"] == trained.method["autoencoder"]


def test_the_joint_history_has_the_reconstruction(run):
    config = JointConfig(**TINY | dict(epochs=2))
    splits = data.load_images(config)
    trained = methods.joint_autoencoder(splits, config, run)
    header, *rows = run.path("history.csv").read_text().splitlines()
    column = header.split(",").index("reconstruction")
    first, last = (float(row.split(",")[column]) for row in (rows[0], rows[-1]))
    assert last < first
    assert trained.figures["images"] == 120
    assert run.path("plots", "reconstructions.png").is_file()


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_frozen_features_beat_those_of_random_weights(run, tmp_path, seed):
    config = Config(seed=seed)
    splits = data.load_images(config)
    model = build_classifier(splits, config)
    random = fit_head(model, splits, config, Run.create(tmp_path / "random", {}))
    pretrain(model, splits, config, run)
    learned = fit_head(model, splits, config, run)
    assert learned["validation_accuracy"] > random["validation_accuracy"] + 0.05


@pytest.mark.slow
def test_both_ways_learn_what_the_supervised_baseline_learns(run, tmp_path):
    runs = {name: Run.create(tmp_path / name, {}) for name in ("supervised", "joint")}
    config = Config(seed=0, epochs=20)
    splits = data.load_images(config)
    baseline = right(methods.supervised(splits, config, runs["supervised"]).test, splits.test)
    two = right(methods.autoencoder(splits, config, run).test, splits.test)
    joint = methods.joint_autoencoder(splits, JointConfig(seed=0), runs["joint"])
    # One draw of 60 labels: they are no better than the baseline, and not far from it.
    assert min(two, right(joint.test, splits.test)) > max(0.5, baseline - 0.1)


@pytest.mark.parametrize("method", ["autoencoder", "joint_autoencoder"])
def test_a_decoder_draws_one_size(method, run):
    kind = JointConfig if method.startswith("joint") else Config
    config = kind(**TINY, first_side=0.5)
    with pytest.raises(UserError, match=r"first_side=0\.5"):
        getattr(methods, method)(data.load_images(config), config, run)
