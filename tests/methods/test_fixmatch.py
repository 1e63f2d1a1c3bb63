"""FixMatch and FlexMatch's thresholds against plain NumPy."""

import csv
from importlib import import_module

import numpy as np
import pytest
from keras import ops

from kerastc import data, methods
from kerastc.inputs.image.batches import training_batches
from kerastc.methods.fixmatch import FixMatch, FixMatchBatches
from kerastc.models import image_classifier
from kerastc.run import Run
from kerastc.scores.softmax import softmax

module = import_module("kerastc.methods.fixmatch")  # the function has its name


class Config(data.ImageData, methods.FixMatchConfig):
    """As in the recipe."""


TINY = dict(
    architecture="cnn", depth=1, width=0.25, epochs=2, supervised_epochs=2, threshold=0.2,
    least_images=192, batch_size=32, unlabelled=192, validation=64, test=64,
)  # fmt: skip
CLASSES = 4


def learner(rows=6, **changed):
    settings = {"threshold": 0.5, "consistency": 2.0, "width": 0.25} | changed
    return FixMatch(image_classifier((8, 8, 1), CLASSES, width=0.25), rows, CLASSES,
                    Config(**settings))  # fmt: skip


def inputs(rows, seed=0):
    random = np.random.default_rng(seed)
    found = {name: random.uniform(0, 255, (len(rows), 8, 8, 1)).astype("float32")
             for name in ("images", "weak", "strong")}  # fmt: skip
    return found | {"rows": np.array(rows, "int32")}


@pytest.mark.backend
@pytest.mark.parametrize("flexible", [False, True])
def test_the_loss_is_that_of_the_paper(flexible):
    model = learner(flexible=flexible)
    model.last.assign([0, 0, 0, 1, CLASSES, CLASSES])
    batch = inputs([4, 5, 2])
    weak = softmax(np.asarray(model.average.model.predict_on_batch(batch["weak"])))
    strong = np.random.default_rng(3).normal(size=(3, CLASSES)).astype("float32")
    learned = np.ones(CLASSES)
    if flexible:
        # Three were certain of class 0, one of class 1, two never: FlexMatch, eqs. 6, 7, 10.
        share = np.array([3, 1, 0, 0]) / 3
        learned = share / (2 - share)
    labels = weak.argmax(axis=1)
    certain = weak.max(axis=1) >= 0.5 * learned[labels]
    losses = -np.log(softmax(strong))[np.arange(3), labels]
    [found] = model.further(batch, {"strong": ops.convert_to_tensor(strong)}).values()
    assert float(found) == pytest.approx(2.0 * (certain * losses).mean(), rel=1e-4)
    expected = np.array([0, 0, 0, 1, CLASSES, CLASSES])
    expected[[4, 5, 2]] = np.where(weak.max(axis=1) >= 0.5, labels, expected[[4, 5, 2]])
    np.testing.assert_array_equal(ops.convert_to_numpy(model.last), expected)


def test_batches_name_their_rows():
    config = Config(**TINY)
    splits = data.load_images(config)
    same = {"weak": lambda images, random: images, "strong": lambda images, random: images}
    batches = FixMatchBatches(training_batches(splits.train, config), splits.unlabelled.examples, 2,
                              same)  # fmt: skip
    batch, targets = batches[1]
    assert len(batch["images"]) == len(targets) == 32 and len(batch["rows"]) == 64
    np.testing.assert_array_equal(batch["weak"], splits.unlabelled.examples[batch["rows"]])


def test_the_beginning_has_a_rate_of_its_own(tmp_path):
    rates = dict(learning_rate=1e-4, supervised_rate=3e-3, schedule="constant", warmup_fraction=0)
    config = Config(**TINY, **rates)
    run = Run.create(tmp_path / "run", {"recipe": "fixmatch"})
    methods.fixmatch(data.load_images(config), config, run)
    for path, expected in (
        (("phases", "supervised", "history.csv"), 3e-3),
        (("history.csv",), 1e-4),
    ):
        rows = csv.DictReader(run.path(*path).read_text().splitlines())
        assert {float(row["learning_rate"]) for row in rows} == {float(np.float32(expected))}


@pytest.mark.backend
def test_it_trains_resumes_and_tells_how_much_was_right(tmp_path, monkeypatch):
    config = Config(**TINY)
    splits = data.load_images(config)
    whole = Run.create(tmp_path / "whole", {"recipe": "fixmatch"})
    result = methods.fixmatch(splits, config, whole)
    assert result.figures["images"] == 212
    assert 0 < result.method["unlabelled"]["accuracy"] <= 1
    assert 0 <= result.method["unlabelled"]["certain"] <= 1
    header = whole.path("history.csv").read_text().splitlines()[0].split(",")
    assert {"consistency", "certain"} <= set(header)

    class Killed(BaseException):
        """Stands for the end of the process."""

    fit = module.fit_images

    def dies(learner, *arguments):
        if isinstance(learner, FixMatch):
            raise Killed
        return fit(learner, *arguments)

    run = Run.create(tmp_path / "killed", {"recipe": "fixmatch"})
    monkeypatch.setattr(module, "fit_images", dies)
    with pytest.raises(Killed):
        methods.fixmatch(splits, config, run)
    monkeypatch.setattr(module, "fit_images", fit)
    again = methods.fixmatch(splits, config, run)
    np.testing.assert_allclose(again.test, result.test, atol=1e-5)
