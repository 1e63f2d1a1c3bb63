"""Self-training: what is chosen, what a round leaves, and what it may not see."""

import csv
from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pytest

from kerastc import data, methods
from kerastc.errors import UserError
from kerastc.methods.phases import join_histories
from kerastc.methods.self_training import Selection, select
from kerastc.run import Run

training_images = import_module("kerastc.training.images")
module = import_module("kerastc.methods.self_training")  # the function has its name


class Config(data.ImageData, methods.SelfTrainingConfig):
    """As in the recipe."""


TINY = dict(
    architecture="cnn", depth=1, width=0.25, epochs=2, round_epochs=2, rounds=2, threshold=0.2,
    least_images=192, batch_size=32, unlabelled=192, validation=64, test=64,
)  # fmt: skip


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"step,epoch,loss\n",
        b"step,epoch,loss\n8,1\n",
        b"step,epoch,loss\n8,1,0.5,7\n",
        b"step,epoch,loss\nx,1,0.5\n",
        b"step,epoch,loss\nnan,1,0.5\n",
        b"step,loss\n8,0.5\n",
        b"step,epoch,accuracy\n8,1,0.5\n",
        b"step,epoch,loss\n8,1,\xff\n",
        b'step,epoch,loss\n8,1,"0.5\n',
        None,
    ],
)
def test_a_damaged_history_of_a_phase_is_named(tmp_path, damage):
    run = Run(tmp_path)
    run.write_rows("phases/one/history.csv", [{"step": 4, "epoch": 1.0, "loss": float("nan")}])
    run.write_rows("phases/two/history.csv", [{"step": 8, "epoch": 2.0, "loss": 0.5}])
    join_histories(run, ["one", "two"])
    assert run.path("history.csv").read_text() == "step,epoch,loss\n4,1,nan\n12,3,0.5\n"
    path = run.path("phases", "two", "history.csv")
    path.unlink() if damage is None else path.write_bytes(damage)
    with pytest.raises(UserError, match=r"two/history\.csv") as error:
        join_histories(run, ["one", "two"])
    assert "Remove" in error.value.hint


def options(**changed):
    return SimpleNamespace(**{"threshold": 0.6, "balanced": False} | changed)


PROBABILITIES = np.array(
    [[0.9, 0.1], [0.55, 0.45], [0.2, 0.8], [0.61, 0.39], [0.7, 0.3], [0.3, 0.7]]
)


def test_what_is_sure_enough_is_chosen():
    chosen = select(PROBABILITIES, np.array([1, 1]), options())
    assert chosen.rows.tolist() == [0, 2, 3, 4, 5]
    assert chosen.labels.tolist() == [0, 1, 0, 0, 1]


def test_balanced_a_class_keeps_its_share_the_surest_first():
    chosen = select(PROBABILITIES, np.array([1, 1]), options(threshold=0.5, balanced=True))
    assert chosen.rows.tolist() == [0, 2, 3, 4, 5]  # 3 of 6 a class, 0.55 goes
    few = select(PROBABILITIES, np.array([1, 2]), options(threshold=0.5, balanced=True))
    assert few.rows.tolist() == [0, 2, 4, 5]  # 2 of the first class


def test_none_is_sure_enough():
    assert len(select(PROBABILITIES, np.array([1, 1]), options(threshold=0.95, balanced=True))) == 0


def test_pseudo_labels_weigh_what_they_are_sure_of():
    config = Config(**TINY, weighting="certainty", labelled_weight=2.0)
    splits = data.load_images(config)
    found = np.full((1, 10), 0.05)
    found[0, 3] = 0.55
    batches = module._batches(splits, config, Selection(np.array([7]), found))
    assert batches.weights[:-1].tolist() == [2.0] * 20
    assert batches.weights[-1] == pytest.approx(0.55)
    np.testing.assert_array_equal(batches.inputs[-1], splits.unlabelled.examples[7])
    assert batches.targets[-1].tolist() == [3]
    soft = module._batches(splits, config.model_copy(update={"targets": "soft"}), Selection(
        np.array([7]), found))  # fmt: skip
    np.testing.assert_allclose(soft.targets[-1], found, rtol=1e-6)
    np.testing.assert_array_equal(soft.targets[:-1, 0].argmax(axis=-1), splits.train.labels)
    assert (soft.targets[:-1].max(axis=-1) == 1).all()


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rounds") / "run"
    run = Run.create(folder, {"recipe": "self_training"})
    config = Config(**TINY)
    read, there = module.hidden_labels, []

    def late(config, splits):
        files = (run.path("model.keras"), run.path("phases", "round-2", "phase.json"))
        there.append([file.is_file() for file in files])
        return read(config, splits)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "hidden_labels", late)
        result = methods.self_training(data.load_images(config), config, run)
    return run, result, there


def test_rounds_are_told_with_the_share_that_was_right(trained):
    run, result, _ = trained
    rows = result.method["rounds"]
    assert [row["round"] for row in rows] == [0, 1, 2]
    assert rows[0]["pseudo-labels"] == 0 and rows[0]["right"] is None
    for row in rows[1:]:
        assert row["pseudo-labels"] > 0 and 0 < row["right"] <= 1
    best = max(row["validation accuracy"] for row in rows)
    labels = data.load_images(Config(**TINY)).validation.labels
    assert (result.validation.argmax(axis=1) == labels).mean() == pytest.approx(best)
    history = run.path("history.csv").read_text().splitlines()
    assert [row.split(",")[1] for row in history] == ["epoch", *"123456"]
    assert result.figures["images"] == 20 + len(data.load_images(Config(**TINY)).unlabelled)


def test_hidden_labels_are_read_when_all_training_is_over(trained):
    *_, there = trained
    assert there == [[True, True]]


class Killed(BaseException):
    """Stands for the end of the process."""


def test_a_killed_run_goes_on_in_the_round_it_was_in(trained, tmp_path, monkeypatch):
    _, whole, _ = trained
    config = Config(**TINY)
    run = Run.create(tmp_path / "run", {"recipe": "self_training"})
    train = module._trained
    begun = []

    def dies(model, batches, splits, settings, folder):
        begun.append(folder.folder.name)
        if folder.folder.name == "round-1":
            raise Killed
        return train(model, batches, splits, settings, folder)

    monkeypatch.setattr(module, "_trained", dies)
    with pytest.raises(Killed):
        methods.self_training(data.load_images(config), config, run)
    monkeypatch.setattr(module, "_trained", train)
    again = methods.self_training(data.load_images(config), config, run)
    assert begun == ["round-0", "round-1"]
    np.testing.assert_allclose(again.test, whole.test, atol=1e-6)


def test_an_opinion_is_what_the_model_says_of_image_and_mirror_image():
    config = Config(**TINY, mirror=True)
    splits = data.load_images(config)
    model = training_images.build_classifier(splits, config)
    images = splits.unlabelled.examples
    both = [training_images.probabilities(model, view, "") for view in (images, images[:, :, ::-1])]
    encoder = module.encoder_of(model)
    found = module._opinion(model, encoder, splits, config)
    np.testing.assert_allclose(found.probabilities, np.mean(both, axis=0), atol=1e-5)
    assert found.vectors is None
    alone = module._opinion(model, encoder, splits, config.model_copy(update={"mirror": False}))
    np.testing.assert_allclose(alone.probabilities, both[0], atol=1e-5)


def test_an_opinion_sees_labelled_images_before_unlabelled_ones():
    config = Config(**TINY, neighbours=3)
    splits = data.load_images(config)
    model = training_images.build_classifier(splits, config)
    encoder = module.encoder_of(model)
    found = module._opinion(model, encoder, splits, config)
    assert len(found.probabilities) == len(splits.unlabelled)
    assert len(found.vectors) == len(splits.train) + len(splits.unlabelled)
    np.testing.assert_allclose(np.linalg.norm(found.vectors, axis=1), 1, rtol=1e-5)
    seen = encoder.predict_on_batch(splits.train.examples[:2].astype("float32"))
    centre = encoder.predict(module.training_images(splits).astype("float32"), verbose=0).mean(0)
    np.testing.assert_allclose(found.vectors[:2], module.unit(seen - centre), atol=1e-4)


def opinion(probabilities, angles=None):
    """Of two unlabelled images, behind two labelled ones, on a circle."""
    vectors = None
    if angles is not None:
        vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype("float32")
    return module.Opinion(np.array(probabilities), vectors)


def test_each_round_of_a_committee_has_the_same_weight():
    first = [opinion([[1.0, 0.0], [0.5, 0.5]]), opinion([[0.0, 1.0], [0.5, 0.5]])]
    second = [opinion([[0.9, 0.1], [0.1, 0.9]])]
    found = module._labels([first, second], None, Config())
    np.testing.assert_allclose(found, [[0.7, 0.3], [0.3, 0.7]])


def test_a_committee_sees_images_by_all_its_features():
    seen = opinion([[0.5, 0.5], [0.5, 0.5]], np.array([0.0, 3.0, 0.1, 3.1]))
    splits = SimpleNamespace(train=SimpleNamespace(labels=np.array([1, 0])))
    config = Config(neighbours=1)
    found = module._labels([[seen, seen], [seen]], splits, config)
    alone = module._labels([[seen]], splits, config)
    assert found.argmax(axis=1).tolist() == [1, 0]  # as their labelled neighbours
    np.testing.assert_allclose(found, alone, atol=1e-6)


def trained_for_rounds(tmp_path, monkeypatch, **changed):
    """A result, its run, who labelled for each round (how many, and the first ones), and splits."""
    config = Config(**TINY | changed)
    splits = data.load_images(config)
    run = Run.create(tmp_path / "run", {"recipe": "self_training"})
    labels, asked = module._labels, []

    def remembered(opinions, splits, config):
        asked.append(([len(some) for some in opinions], opinions[0]))
        return labels(opinions, splits, config)

    monkeypatch.setattr(module, "_labels", remembered)
    return methods.self_training(splits, config, run), run, asked, splits


@pytest.mark.parametrize(("rate", "expected"), [(1e-4, 1e-4), (None, 3e-3)])
def test_rounds_can_have_a_rate_of_their_own(rate, expected, tmp_path):
    rates = dict(learning_rate=3e-3, round_rate=rate, schedule="constant", warmup_fraction=0)
    config = Config(**TINY | {"rounds": 1, "threshold": 0.0, "epochs": 1} | rates)
    run = Run.create(tmp_path / "run", {"recipe": "self_training"})
    methods.self_training(data.load_images(config), config, run)
    for phase, there in (("round-0", 3e-3), ("round-1", expected)):
        rows = csv.DictReader(run.path("phases", phase, "history.csv").read_text().splitlines())
        assert {float(row["learning_rate"]) for row in rows} == {float(np.float32(there))}


def test_a_committee_is_of_all_rounds_so_far(tmp_path, monkeypatch):
    changed = {"teachers": 2, "rounds": 2, "committee": True, "neighbours": 5}
    result, _, asked, _ = trained_for_rounds(tmp_path, monkeypatch, **changed)
    assert [counts for counts, _ in asked] == [[2], [2, 1]]
    assert [row["round"] for row in result.method["rounds"]] == [0, 1, 2]


def test_several_teachers_label_by_the_mean_of_their_probabilities(tmp_path, monkeypatch):
    selecting, told = module.select, []

    def selected(found, counts, config):
        told.append(found)
        return selecting(found, counts, config)

    monkeypatch.setattr(module, "select", selected)
    result, run, asked, splits = trained_for_rounds(tmp_path, monkeypatch, teachers=2, rounds=1)
    [(counts, (one, other))] = asked
    assert counts == [2]
    assert np.abs(one.probabilities - other.probabilities).max() > 0.01
    np.testing.assert_allclose(told[0], (one.probabilities + other.probabilities) / 2)
    names = ["round-0", "round-0-teacher-2", "round-1"]
    phases = [Run(run.path("phases", name)).read_json("phase.json") for name in names]
    assert result.figures["epochs"] == 6
    assert result.figures["seconds"] == pytest.approx(
        sum(row["seconds"] for row in phases), abs=0.01
    )
    rows = result.method["rounds"]
    assert rows[0]["validation accuracy"] == pytest.approx(
        np.mean([row["validation_accuracy"] for row in phases[:2]])
    )
    best = max(row["validation_accuracy"] for row in phases)
    found = result.validation.argmax(axis=1) == splits.validation.labels
    assert found.mean() == pytest.approx(best)
