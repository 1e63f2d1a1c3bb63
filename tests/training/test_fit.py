"""Fitting, resuming and early stopping on a tiny model, on every backend."""

import csv

import keras
import numpy as np
import pytest

from kerastc.errors import UserError
from kerastc.outputs.classes.head import class_weights, judge, loss, targets_of
from kerastc.outputs.classes.scores import Classes
from kerastc.run import Run
from kerastc.scores.softmax import softmax
from kerastc.training.batching import Batches
from kerastc.training.config import TrainingConfig
from kerastc.training.fit import fit
from kerastc.training.predicting import predict

pytestmark = pytest.mark.backend
CLASSES = ("a", "b", "c")


def data(rows=90, seed=0):
    random = np.random.default_rng(seed)
    labels = random.integers(0, 3, rows)
    inputs = random.normal(size=(rows, 5)).astype("float32")
    inputs[:, :3] += 1.5 * np.eye(3)[labels]
    return inputs, targets_of(labels)


def model(seed=0):
    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [
            keras.Input((5,)),
            keras.layers.Dense(8, activation="relu"),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(3),
        ]
    )


def train(run, config, network=None, seed=0):
    network = network or model(seed)
    inputs, targets = data()
    choice, figures = fit(
        network,
        Batches(inputs, targets, config.batch_size, seed=config.seed),
        Batches(*data(40, seed=1), 16),
        loss(config),
        judge(Classes(CLASSES)),
        config,
        run,
    )
    return network, choice, figures


@pytest.fixture
def new_run(tmp_path):
    names = iter("abcdef")
    return lambda: Run.create(tmp_path / next(names), {"recipe": "text"})


def history(run):
    with run.path("history.csv").open() as file:
        rows = list(csv.DictReader(file))
    return [
        {
            k: v
            for k, v in row.items()
            if k not in ("seconds", "examples_per_second", "val_examples_per_second")
        }
        for row in rows
    ]


class Killed(BaseException):
    """Stands for the end of a process: nothing in the training may catch it."""


class KillAt(Run):
    """A run whose n-th write never comes to its end."""

    def __init__(self, folder, write):
        super().__init__(folder)
        self.left = write

    def writing(self, *parts):
        self.left -= 1
        if self.left < 0:
            raise Killed
        return super().writing(*parts)


CONFIG = TrainingConfig(epochs=5, batch_size=16, learning_rate=0.02, accumulation=2)


def test_it_learns_and_logs_every_figure(new_run):
    run = new_run()
    network, _, figures = train(run, CONFIG.model_copy(update={"epochs": 20}))
    rows = history(run)
    assert float(rows[-1]["loss"]) < float(rows[0]["loss"])
    assert figures["epochs"] == len(rows)
    inputs, targets = data(40, seed=1)
    found = softmax(predict(network, Batches(inputs, targets, 16), ""))
    accuracy = (found.argmax(axis=1) == targets[:, 0]).mean()
    assert accuracy > 0.6  # chance is a third
    best = rows[figures["best_epoch"] - 1]
    assert float(best["val_accuracy"]) == pytest.approx(accuracy)
    expected = -np.log(found[range(40), targets[:, 0]]).mean()
    assert float(best["val_loss"]) == pytest.approx(expected, rel=1e-4)
    for name in ("learning_rate", "macro_f1", "val_recall[b]", "precision[c]", "val_macro_f1"):
        assert name in rows[0]


@pytest.fixture(scope="module")
def never_stopped(tmp_path_factory):
    """A run, and what its training gave."""
    run = Run.create(tmp_path_factory.mktemp("whole") / "run", {"recipe": "text"})
    return run, *train(run, CONFIG)


@pytest.mark.parametrize("write", [1, 2, 3, 5, 8, 9])
def test_killed_at_any_write_it_ends_with_the_same_figures(new_run, never_stopped, write):
    whole, reference, _, figures = never_stopped
    killed = new_run()
    with pytest.raises(Killed):
        train(KillAt(killed.folder, write), CONFIG)
    resumed, _, again = train(killed, CONFIG, seed=99)  # weights come from the checkpoint
    assert history(killed) == history(whole)
    assert again["best_epoch"] == figures["best_epoch"]
    for a, b in zip(reference.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_finished_training_is_not_trained_again(new_run):
    run = new_run()
    reference, _, figures = train(run, CONFIG)
    before = run.path("history.csv").read_bytes()
    again, _, repeated = train(run, CONFIG, seed=5)
    assert (run.path("history.csv").read_bytes(), repeated) == (before, figures)
    np.testing.assert_array_equal(reference.get_weights()[0], again.get_weights()[0])


def stopping(metric="val_loss", **more):
    return CONFIG.model_copy(
        update={
            "epochs": 30,
            "early_stopping": CONFIG.early_stopping.model_copy(update={"metric": metric, **more}),
        }
    )


def test_early_stopping_keeps_the_best_epoch(new_run):
    run = new_run()
    _, _, figures = train(run, stopping(patience=2, min_delta=0.05))
    losses = [float(row["val_loss"]) for row in history(run)]
    assert figures["stopped_early"]
    assert figures["epochs"] < 30
    # The reference that two evaluations did not pass by 0.05, and the best of all.
    assert min(losses[-2:]) > min(losses[:-2]) - 0.05
    assert losses[figures["best_epoch"] - 1] == min(losses)


def test_any_logged_metric_can_stop(new_run):
    run = new_run()
    _, _, figures = train(run, stopping("val_f1[b]", patience=1))
    values = [float(row["val_f1[b]"]) for row in history(run)]
    assert values[figures["best_epoch"] - 1] == max(values[: figures["best_epoch"]])
    assert figures["epochs"] == figures["best_epoch"] + 1


def test_without_a_name_the_main_figure_of_the_task_decides(new_run):
    unnamed, named = new_run(), new_run()
    for run, metric in ((unnamed, None), (named, "val_accuracy")):
        _, _, figures = train(run, stopping(metric, patience=2))
        assert figures["stopped_early"]
    assert history(unnamed) == history(named)


def test_a_class_called_loss_is_no_loss(new_run):
    """The direction comes with the figure, not with its name."""
    assert judge(Classes(("loss", "gain"))).columns["val_f1[loss]"].higher
    assert not judge(Classes(("loss", "gain"))).columns["val_loss"].higher


def test_early_stopping_remembers_through_a_kill(new_run):
    whole, killed = new_run(), new_run()
    _, _, figures = train(whole, stopping(patience=2, min_delta=0.05))
    writes = 2 * (figures["epochs"] - 1)  # of all epochs but the last
    with pytest.raises(Killed):
        train(KillAt(killed.folder, writes - 1), stopping(patience=2, min_delta=0.05))
    _, _, again = train(killed, stopping(patience=2, min_delta=0.05))
    assert history(killed) == history(whole)
    assert again["best_epoch"] == figures["best_epoch"]


def test_an_unlogged_metric_is_refused_before_any_work(new_run):
    run = new_run()
    with pytest.raises(UserError, match="not logged"):
        train(run, stopping("val_lost"))
    assert not run.path("history.csv").exists()


def test_a_diverging_loss_ends_with_a_word(new_run):
    config = CONFIG.model_copy(update={"learning_rate": 1e30, "clip_norm": 0.0})
    with pytest.raises(UserError, match="diverged"):
        train(new_run(), config)


def test_a_checkpoint_of_another_model_is_refused(new_run):
    run = new_run()
    train(run, CONFIG)
    other = keras.Sequential([keras.Input((5,)), keras.layers.Dense(3)])
    with pytest.raises(UserError, match="does not fit"):
        train(run, CONFIG, other)


def test_a_broken_checkpoint_is_refused_with_its_path(new_run):
    run = new_run()
    train(run, CONFIG)
    path = run.path("checkpoints", "step-30.npz")
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(UserError, match=r"step-30\.npz does not fit"):
        train(run, CONFIG)


def test_label_smoothing_raises_the_loss_of_sure_answers(new_run):
    smooth = CONFIG.model_copy(update={"label_smoothing": 0.3, "epochs": 1})
    rows = []
    for config in (CONFIG.model_copy(update={"epochs": 1}), smooth):
        run = new_run()
        train(run, config)
        rows.append(history(run)[0])
    assert rows[0]["loss"] != rows[1]["loss"]


def test_balanced_weights_give_each_class_the_same_sum():
    labels = np.array([0, 0, 0, 0, 1, 1, 2])
    weights = class_weights(labels, 3, "balanced")
    sums = np.bincount(labels, weights)
    np.testing.assert_allclose(sums, 7 / 3, rtol=1e-6)
    assert class_weights(labels, 3, "none") is None


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_trains_and_resumes(new_run, precision):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        run = new_run()
        config = CONFIG.model_copy(update={"precision": precision, "epochs": 2})
        train(run, config)
        train(run, config)
    finally:
        keras.config.set_dtype_policy(before)
    assert len(history(run)) == 2


def test_examples_a_second_count_each_row_once(new_run, monkeypatch):
    """`fit` looks at a batch beforehand, for shapes; it is trained on once."""
    clock = iter(range(1000))
    monkeypatch.setattr("kerastc.training.callbacks.time.perf_counter", lambda: next(clock))
    run = new_run()
    train(run, CONFIG.model_copy(update={"epochs": 2, "evaluate_every": 4}))
    with run.path("history.csv").open() as file:
        rows = list(csv.DictReader(file))
    # 90 rows are 5 batches of 16 and one of 10: each stretch takes a tick of the clock.
    assert [float(row["examples_per_second"]) for row in rows] == [64, 58, 58]
