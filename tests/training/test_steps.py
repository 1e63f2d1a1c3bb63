"""Evaluation every N steps: resuming, bounded checkpoints, finalists and child runs."""

import keras
import numpy as np
import pytest
from test_fit import CONFIG, KillAt, Killed, data, history, model, new_run, train

from kerastc.errors import UserError
from kerastc.run import Run
from kerastc.scores.softmax import softmax
from kerastc.training.batching import Batches, Stretches
from kerastc.training.checkpoints import read_weights
from kerastc.training.predicting import predict
from kerastc.training.variable_names import model_variables

pytestmark = pytest.mark.backend
__all__ = ["new_run"]

# 90 rows in batches of 16 are 6 steps an epoch, 30 in all: 4 does not divide 30, nor 6.
STEPS = CONFIG.model_copy(update={"evaluate_every": 4, "keep_checkpoints": 3})


def changed(**fields):
    return STEPS.model_copy(update=fields)


def steps(run):
    return [int(row["step"]) for row in history(run)]


def child_of(parent, step, folder):
    checkpoint = f"step-{step}.npz"
    named = {"run": str(parent.folder), "checkpoint": checkpoint, "step": step}
    return Run.create(folder, {"recipe": "text", "parent": named})


def test_stretches_give_the_batches_of_all_epochs_once():
    def batches():
        return Batches(*data(), 16, seed=3)

    stretches = Stretches(batches(), epochs=3, every=4)
    assert [stretches.steps, stretches.count] == [18, 5]
    found = []
    for index in range(stretches.count):
        stretches.begin(index)
        found += [stretches[i][0] for i in range(len(stretches))]
        assert stretches.rows == sum(map(len, found[-len(stretches) :]))
    whole = batches()
    expected = []
    for epoch in range(3):
        whole.begin_epoch(epoch)
        expected += [whole[i][0] for i in range(len(whole))]
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)


def test_stretches_go_on_in_the_middle_of_one():
    stretches = Stretches(Batches(*data(), 16, seed=3), epochs=3, every=4)
    stretches.go_on(6)
    assert stretches.index == 1
    assert (stretches.first, stretches.end) == (6, 8)
    stretches.begin(2)
    assert (stretches.first, len(stretches)) == (8, 4)
    stretches.go_on(18)
    assert stretches.index == stretches.count


@pytest.fixture(scope="module")
def never_stopped(tmp_path_factory):
    """A run, and what its training gave."""
    run = Run.create(tmp_path_factory.mktemp("whole") / "run", {"recipe": "text"})
    return run, *train(run, STEPS)


def test_every_n_steps_there_is_a_row_and_the_last_one_is_shorter(never_stopped):
    run, _, _, figures = never_stopped
    assert steps(run) == [4, 8, 12, 16, 20, 24, 28, 30]
    assert [row["epoch"] for row in history(run)][2:4] == ["2", str(16 / 6)]
    assert (figures["steps"], figures["epochs"]) == (30, 5)


@pytest.mark.skipif(
    keras.backend.backend() == "torch",
    reason="each reader of data draws a seed there, from the generator that dropout uses",
)
def test_where_it_is_evaluated_changes_nothing_in_the_training(new_run):
    rare, often = new_run(), new_run()
    train(rare, CONFIG.model_copy(update={"evaluate_every": 30}))
    train(often, changed(keep_checkpoints=1))
    last = [read_weights(run.checkpoints()[30]) for run in (rare, often)]
    for name, array in last[0].items():
        np.testing.assert_array_equal(array, last[1][name])


@pytest.mark.parametrize("write", [1, 4, 7, 14])
def test_killed_between_two_evaluations_it_ends_with_the_same_figures(
    new_run, never_stopped, write
):
    whole, reference, choice, figures = never_stopped
    killed = new_run()
    with pytest.raises(Killed):
        train(KillAt(killed.folder, write), STEPS)
    resumed, again, repeated = train(killed, STEPS, seed=99)
    assert history(killed) == history(whole)
    assert again.table == choice.table
    timed = dict.fromkeys(("seconds", "examples_per_second", "val_examples_per_second"))
    assert repeated | timed == figures | timed
    for a, b in zip(reference.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_newest_and_the_best_checkpoints_are_kept(never_stopped):
    run = never_stopped[0]
    rows = history(run)
    best = sorted(rows, key=lambda row: float(row["val_loss"]))[:3]
    assert set(run.checkpoints()) == {30, *(int(row["step"]) for row in best)}


def test_the_finalists_are_measured_on_all_validation_rows_and_the_best_is_kept(new_run):
    run = new_run()
    network, choice, _ = train(run, changed(evaluation_rows=10))
    inputs, targets = data(40, seed=1)
    validation = Batches(inputs, targets, 16)
    labels = targets[:, 0]
    assert [row["checkpoint"] for row in choice.table][-1] == "mean of 3"
    assert len(choice.table) == 4
    losses = {row["checkpoint"]: row["loss"] for row in choice.table}
    assert choice.name == min(losses, key=losses.get)
    assert [row["chosen"] for row in choice.table].count(True) == 1
    # Keras sees the same on the network that was left.
    found = predict(network, validation, "")
    np.testing.assert_allclose(found, choice.outputs, atol=1e-6)
    found = softmax(found)
    assert losses[choice.name] == pytest.approx(-np.log(found[range(40), labels]).mean(), rel=1e-5)
    # Ten rows on the way, forty at the end.
    way = {int(row["step"]): float(row["val_loss"]) for row in history(run)}
    single = choice.table[0]
    assert single["loss"] != pytest.approx(way[single["step"]], rel=1e-4)


def test_the_mean_candidate_has_the_mean_of_the_weights(never_stopped):
    run, _, choice, _ = never_stopped
    weights = [read_weights(run.checkpoints()[row["step"]]) for row in choice.table[:-1]]
    other = model()
    for name, variable in model_variables(other).items():
        arrays = [part[name] for part in weights]
        mean = np.mean(arrays, axis=0) if arrays[0].dtype == np.float32 else arrays[0]
        variable.assign(mean)
    inputs, targets = data(40, seed=1)
    found = softmax(predict(other, Batches(inputs, targets, 16), ""))
    loss = -np.log(found[range(40), targets[:, 0]]).mean()
    assert choice.table[-1]["loss"] == pytest.approx(loss, rel=1e-4)


def test_one_checkpoint_needs_no_table(new_run):
    _, choice, _ = train(new_run(), changed(keep_checkpoints=1))
    assert choice.table == []
    assert choice.name.startswith("step ")


def test_a_child_goes_on_from_a_checkpoint_with_other_regularisation(never_stopped, tmp_path):
    parent = never_stopped[0]
    start = min(parent.checkpoints())
    child = child_of(parent, start, tmp_path / "child")
    same = child_of(parent, start, tmp_path / "same")
    train(child, changed(weight_decay=0.9))
    train(same, STEPS, seed=7)
    # Unchanged, it comes to the parent's figures; changed, it leaves them behind its beginning.
    assert history(same) == history(parent)
    cut = steps(parent).index(start) + 1
    assert history(child)[:cut] == history(parent)[:cut]
    assert history(child)[cut:] != history(parent)[cut:]


def test_a_child_is_patient_anew(new_run, tmp_path):
    impatient = STEPS.early_stopping.model_copy(update={"patience": 2, "min_delta": 0.2})
    config = changed(early_stopping=impatient, epochs=10)
    parent = new_run()
    _, _, figures = train(parent, config)
    assert figures["stopped_early"]
    child = child_of(parent, figures["steps"], tmp_path / "child")
    _, _, further = train(child, config)
    assert further["steps"] >= figures["steps"] + 2 * 4


def test_a_child_of_a_training_at_its_end_wants_more_epochs(never_stopped, tmp_path):
    parent = never_stopped[0]
    with pytest.raises(UserError, match=r"epochs=\d ends at step 30") as caught:
        train(child_of(parent, 30, tmp_path / "child"), STEPS)
    assert "epochs=6" in caught.value.hint
    longer = child_of(parent, 30, tmp_path / "longer")
    train(longer, changed(epochs=6))
    assert steps(longer)[-3:] == [30, 32, 36]


def test_a_child_whose_beginning_is_gone_says_so(new_run, tmp_path):
    parent = new_run()
    train(parent, STEPS)
    child = child_of(parent, 1, tmp_path / "child")
    with pytest.raises(UserError, match="is gone"):
        train(child, STEPS)
