"""SimCLR in two steps and in one: what they leave, resuming, and that they learn."""

import json
from importlib import import_module

import numpy as np
import pytest

from kerastc import data, methods
from kerastc.errors import UserError
from kerastc.run import Run
from kerastc.settings import configure

module = import_module("kerastc.methods.simclr")  # the function has its name


class Config(data.ImageData, methods.SimclrConfig):
    """As in the recipe."""


class JointConfig(data.ImageData, methods.JointSimclrConfig):
    """As in the recipe."""


TINY = dict(
    architecture="cnn", depth=1, width=0.25, epochs=1, least_images=64, projection=8,
    pretraining_epochs=2, pretraining_batch=64, at_once=32,
    batch_size=32, labelled=64, unlabelled=64, validation=32, test=32,
)  # fmt: skip


def new_run(folder, name="run", cache="cache"):
    return Run.create(folder / name, {"recipe": "simclr"}, folder / cache)


class Killed(BaseException):
    """Stands for the end of a process: nothing in the training may catch it."""


@pytest.mark.backend
def test_it_trains_resumes_and_shares_its_pretraining(tmp_path, monkeypatch):
    config = Config(**TINY)
    splits = data.load_images(config)
    whole = new_run(tmp_path, cache="whole")
    trained = methods.simclr(splits, config, whole)
    assert trained.figures["images"] == 128
    assert trained.method["contrastive"]["steps"] == 4  # two batches of 64, twice
    [row] = [row for row in trained.method["judged"] if row["classifier"] == "fine-tuned"]
    assert row["test accuracy"] == (trained.test.argmax(axis=1) == splits.test.labels).mean()
    assert [row["classifier"] for row in trained.method["judged"]] == [
        "linear probe of random weights", "linear probe", "neighbour probe", "fine-tuned",
    ]  # fmt: skip
    json.dumps(trained.method)
    names = [entry["name"] for entry in whole.read_json("pictures.json")]
    assert names == ["similarities", "features"]

    fit = module.fit_classifier
    pretraining = module.fit_unlabelled

    def dies(*arguments):
        raise Killed

    run = new_run(tmp_path, "killed")
    monkeypatch.setattr(module, "fit_classifier", dies)
    with pytest.raises(Killed):
        methods.simclr(splits, config, run)
    monkeypatch.setattr(module, "fit_classifier", fit)
    monkeypatch.setattr(module, "fit_unlabelled", dies)  # it is done: not again
    again = methods.simclr(splits, config, run)
    np.testing.assert_allclose(again.test, trained.test, atol=1e-5)
    other = Config(**TINY | {"temperature": 0.1})
    with pytest.raises(Killed):  # another temperature is another encoder
        methods.simclr(splits, other, new_run(tmp_path, "other"))
    monkeypatch.setattr(module, "fit_unlabelled", pretraining)


@pytest.mark.backend
def test_one_step_adds_the_contrastive_loss(tmp_path):
    settings = {name: value for name, value in TINY.items() if "pretraining" not in name}
    config = JointConfig(**settings | {"ratio": 2, "average": 0.9})
    splits = data.load_images(config)
    run = new_run(tmp_path)
    trained = methods.joint_simclr(splits, config, run)
    assert trained.test.shape == (32, 10) and trained.figures["steps"] == 2  # of 32 labelled
    header, row = run.path("history.csv").read_text().splitlines()
    told = dict(zip(header.split(","), row.split(","), strict=True))
    # Of 128 views, near the logarithm of the 127 others at the start, and above the labels' loss.
    assert 3.5 < float(told["contrastive"]) < 5.5
    assert float(told["loss"]) > float(told["contrastive"])


def test_a_batch_that_does_not_part_into_chunks_is_refused():
    with pytest.raises(UserError, match=r"batch_size=48 times ratio=3 is 144.*at_once=64"):
        configure(JointConfig, ["batch_size=48", "ratio=3", "at_once=64"])


def test_a_batch_of_more_images_than_there_are_is_refused(tmp_path):
    config = JointConfig(**{"batch_size": 128, "ratio": 4, "unlabelled": 200, "labelled": 60})
    with pytest.raises(UserError, match=r"512 unlabelled images, .*; there are 200") as told:
        methods.joint_simclr(data.load_images(config), config, new_run(tmp_path))
    assert told.value.hint == "Give batch_size=50, or a smaller ratio."
    config = config.model_copy(update={"labelled": 1147, "unlabelled": 0})
    with pytest.raises(UserError, match="all training images are labelled"):  # not how many
        methods.joint_simclr(data.load_images(config), config, new_run(tmp_path, "other"))


@pytest.mark.slow
def test_the_encoder_learns_without_labels(tmp_path):
    config = Config(epochs=8)
    splits = data.load_images(config)
    trained = methods.simclr(splits, config, new_run(tmp_path))
    found = {row["classifier"]: row["test accuracy"] for row in trained.method["judged"]}
    assert found["linear probe"] > found["linear probe of random weights"] + 0.07
    assert found["neighbour probe"] > found["linear probe of random weights"]
    assert found["fine-tuned"] > found["linear probe"] - 0.03
