"""Progressive resizing in the methods that take it: every model they call sees every size."""

import csv

import numpy as np
import pytest

from kerastc import data, methods
from kerastc.run import Run
from kerastc.training import growing, images

TINY = dict(
    architecture="cnn", depth=1, width=0.25, epochs=4, first_side=0.5, least_images=40,
    batch_size=20, labelled=40, unlabelled=120, validation=30,
)  # fmt: skip
METHODS = {
    "fixmatch": (methods.FixMatchConfig, {"supervised_epochs": 2, "threshold": 0.2}),
    "simclr": (methods.SimclrConfig, {"pretraining_epochs": 3, "pretraining_batch": 40}),
    "joint_simclr": (methods.JointSimclrConfig, {"ratio": 2, "average": 0.9}),
    "self_training": (
        methods.SelfTrainingConfig,
        {"rounds": 1, "round_epochs": 1, "threshold": 0.0},
    ),
}


@pytest.fixture
def grown(monkeypatch):
    """Whether images grow in each training, in their order."""
    found = []

    def noting(batches, config):
        result = growing.growing(batches, config)
        found.append(isinstance(result, growing.Growing))
        return result

    monkeypatch.setattr(images, "growing", noting)
    return found


def train(method: str, data_file, folder, **changed):
    """A run of a method, and what it trained."""
    kind, own = METHODS[method]

    class Config(data.ImageData, kind):
        """As in the recipe."""

    config = Config(**TINY | own | changed, data=str(data_file))
    run = Run.create(folder / "run", {"recipe": method}, folder / "cache")
    return run, getattr(methods, method)(data.load_images(config), config, run)


# A training from weights that know large images begins with large ones: small ones would make it
# forget. SimCLR's fine-tuning on CIFAR-100 had 0.18 of validation right after eleven epochs from
# small images, 0.29 from whole ones, both before the other causes of forgetting were mended.
@pytest.mark.parametrize(("start", "expected"), [("last", [True, False]), ("new", [True, True])])
def test_images_grow_in_the_first_training_of_some_weights(
    start, expected, large_digits, tmp_path, grown
):
    train("self_training", large_digits, tmp_path, epochs=1, average=0.5, start=start)
    assert grown == expected


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("fixmatch", [True, False]),
        ("simclr", [False]),
        pytest.param("joint_simclr", [True], marks=pytest.mark.backend),
    ],
)
def test_small_images_train_a_model_of_large_ones_and_grow_at_first_alone(
    method, expected, large_digits, tmp_path, grown
):
    run, trained = train(method, large_digits, tmp_path)
    with run.path("history.csv").open() as file:
        losses = [float(row["loss"]) for row in csv.DictReader(file)]
    assert len(losses) == 4 and np.isfinite(losses).all()
    assert trained.test.shape == (60, 10)
    assert grown == expected
