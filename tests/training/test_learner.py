"""Learners and pretraining: a method's own losses in the one resumable loop, on every backend."""

import keras
import numpy as np
import pytest
from keras import ops
from test_fit import CLASSES, KillAt, Killed, data, history, model

from kerastc.outputs.classes.head import judge, loss
from kerastc.outputs.classes.scores import Classes
from kerastc.run import Run
from kerastc.training.batching import Batches
from kerastc.training.config import TrainingConfig
from kerastc.training.fit import fit
from kerastc.training.learner import Learner, MovingAverage
from kerastc.training.predicting import predict
from kerastc.training.pretraining import Pretrainer, fit_unlabelled

pytestmark = pytest.mark.backend
CONFIG = TrainingConfig(epochs=3, batch_size=16, learning_rate=0.02)


class Small(Learner):
    """Adds a penalty on the logits, and counts nothing else."""

    def __init__(self, classifier, average=0.0):
        super().__init__(classifier, average, ("penalty",))

    def further(self, inputs, outputs):
        return {"penalty": 0.1 * ops.mean(ops.square(outputs["logits"]))}


def train(folder, learner, kill_at=None):
    run = Run(folder) if kill_at is None else KillAt(folder, kill_at)
    folder.mkdir(exist_ok=True)
    run.write_json("config.json", {})
    batches = Batches(*data(), CONFIG.batch_size, seed=0)
    validation = Batches(*data(40, seed=1), 16)
    choice, _ = fit(
        learner, batches, validation, loss(CONFIG), judge(Classes(CLASSES)), CONFIG, run
    )
    learner.keep()
    return run, choice


def test_the_history_has_the_terms_and_the_loss_contains_them(tmp_path):
    run, _ = train(tmp_path / "run", Small(model()))
    for row in history(run):
        assert 0 < float(row["penalty"]) < float(row["loss"])


@pytest.mark.parametrize("average", [0.0, 0.9])
def test_what_was_evaluated_is_kept(tmp_path, average):
    classifier = model()
    _, choice = train(tmp_path / "run", Small(classifier, average))
    found = predict(classifier, Batches(*data(40, seed=1), 16), "")
    np.testing.assert_allclose(found, choice.outputs, atol=1e-6)


def test_a_killed_training_goes_on_to_the_same_average(tmp_path):
    whole = model()
    train(tmp_path / "whole", Small(whole, 0.9))
    with pytest.raises(Killed):
        train(tmp_path / "killed", Small(model(), 0.9), kill_at=5)
    again = model(seed=3)
    train(tmp_path / "killed", Small(again, 0.9))
    for mine, expected in zip(again.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_allclose(mine, expected, atol=1e-6)


def test_the_average_follows_by_its_formula():
    network = model()
    average = MovingAverage(network, 0.5)
    first = np.ones_like(network.get_weights()[0])
    expected = None
    for number in range(1, 5):
        network.weights[0].assign(first * number)
        average.follow(network)
        share = min(0.5, 1 - 1 / number)
        expected = number if expected is None else share * expected + (1 - share) * number
        np.testing.assert_allclose(average.model.get_weights()[0], first * expected, rtol=1e-6)
    assert not average.trainable_variables


class ToZero(Pretrainer):
    """Learns to give zeros."""

    def __init__(self, encoder):
        super().__init__(encoder, ("size",))

    def call(self, inputs, training=False):
        return self.encoder(inputs, training=training)

    def losses_of(self, inputs, outputs):
        return {"size": ops.mean(ops.square(outputs))}


def pretrain(folder, encoder, kill_at=None):
    run = Run(folder) if kill_at is None else KillAt(folder, kill_at)
    folder.mkdir(exist_ok=True)
    run.write_json("config.json", {})
    return run, fit_unlabelled(ToZero(encoder), Batches(*data(), 16, seed=0), CONFIG, run)


def test_pretraining_resumes_to_the_same_weights(tmp_path):
    whole = model()
    run, figures = pretrain(tmp_path / "whole", whole)
    rows = history(run)
    assert float(rows[-1]["size"]) == pytest.approx(figures["loss"], rel=0.1)  # by batch, by row
    assert figures["loss"] < float(rows[0]["size"])
    with pytest.raises(Killed):
        pretrain(tmp_path / "killed", model(), kill_at=5)
    again = model(seed=3)
    pretrain(tmp_path / "killed", again)
    for mine, expected in zip(again.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_allclose(mine, expected, atol=1e-6)


def test_regularisers_are_paid_once(tmp_path):
    layer = keras.layers.Dense(3, kernel_regularizer=keras.regularizers.L2(0.1))
    network = keras.Sequential([keras.Input((5,)), layer])
    learner = Learner(network, 0.9)
    assert len(learner.losses) == 1
