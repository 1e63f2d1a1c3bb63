"""Progressive resizing in the methods that take it: every model they call sees every size."""

import csv

import numpy as np
import pytest

from kerastc import data, methods
from kerastc.run import Run

TINY = dict(
    width=0.25, epochs=4, first_side=0.5, least_images=40, batch_size=20, labelled=40,
    unlabelled=120, validation=30,
)  # fmt: skip
METHODS = {
    "fixmatch": (methods.FixMatchConfig, {"supervised_epochs": 2, "threshold": 0.2}),
    "simclr": (methods.SimclrConfig, {"pretraining_epochs": 3, "pretraining_batch": 40}),
    "joint_simclr": (methods.JointSimclrConfig, {"ratio": 2, "average": 0.9}),
}


@pytest.mark.backend
@pytest.mark.parametrize("method", METHODS)
def test_small_images_train_a_model_of_large_ones(method, large_digits, tmp_path):
    kind, own = METHODS[method]

    class Config(data.ImageData, kind):
        """As in the recipe."""

    config = Config(**TINY, **own, data=str(large_digits))
    run = Run.create(tmp_path / "run", {"recipe": method}, tmp_path / "cache")
    trained = getattr(methods, method)(data.load_images(config), config, run)
    with run.path("history.csv").open() as file:
        losses = [float(row["loss"]) for row in csv.DictReader(file)]
    assert len(losses) == 4 and np.isfinite(losses).all()
    assert trained.test.shape == (60, 10)
