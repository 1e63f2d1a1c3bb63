"""Progressive resizing: sizes, what stays, and a training that goes on where it was killed."""

import numpy as np
import pytest
from test_fit import KillAt, Killed

from kerastc.data import ImageData, load_images
from kerastc.images import NONE, WEAK
from kerastc.inputs.image.batches import Beside, ImageBatches, training_batches
from kerastc.run import Run
from kerastc.training import ImageClassifierConfig
from kerastc.training.batching import Stretches
from kerastc.training.growing import Growing, side_of
from kerastc.training.images import build_classifier, fit_classifier


class Config(ImageData, ImageClassifierConfig):
    """As in the recipe."""


TINY = dict(
    width=0.25, batch_size=16, least_images=64, first_side=0.5, labelled=40, unlabelled=0,
    validation=30,
)  # fmt: skip


def test_sides_grow_evenly_to_the_full_one():
    sides = [side_of(32, epoch, 20, 0.5) for epoch in range(20)]
    assert sides[0] == 16 and set(sides) == {16, 20, 24, 28, 32}
    assert sides == sorted(sides) and sides[15:] == [32] * 5
    assert [side_of(32, epoch, 20, 1.0) for epoch in (0, 19)] == [32, 32]
    assert side_of(32, 0, 4, 0.1) == 8  # three halvings leave one pixel


def test_a_side_that_is_no_multiple_of_four_is_reached():
    assert [side_of(30, epoch, 4, 0.5) for epoch in (0, 3)] == [16, 30]


def batches(**changed):
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (24, 16, 16, 3)).astype("uint8")
    return ImageBatches(images, np.arange(24)[:, None], 8, seed=1, augment=NONE, **changed)


def test_every_image_of_a_batch_shrinks_and_nothing_else_changes():
    plain = Beside(batches(), np.zeros((32, 16, 16, 3), "uint8"), 2, {"weak": WEAK})
    growing = Growing(plain, epochs=4, first=0.5)
    assert len(growing) == len(plain)
    for epoch, side in [(0, 8), (3, 16)]:
        growing.begin_epoch(epoch)
        inputs, targets = growing[1]
        assert inputs["images"].shape[1:] == inputs["weak"].shape[1:] == (side, side, 3)
        np.testing.assert_array_equal(targets, plain[1][1])


def test_an_evaluation_inside_an_epoch_may_see_two_sizes():
    stretches = Stretches(Growing(batches(), epochs=2, first=0.5), epochs=2, every=2)
    sides = []
    for index in range(stretches.count):
        stretches.begin(index)
        sides.append([stretches[place][0].shape[1] for place in range(len(stretches))])
    assert sides == [[8, 8], [8, 12], [12, 12]]


@pytest.mark.parametrize("average", [0.0, pytest.param(0.9, marks=pytest.mark.backend)])
def test_a_killed_training_goes_on_to_the_same_weights(large_digits, tmp_path, average):
    config = Config(**TINY, epochs=3, average=average, data=str(large_digits))
    splits = load_images(config)
    found = []
    for name, kill_at in [("whole", None), ("killed", 2), ("killed", None)]:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        run = KillAt(folder, kill_at) if kill_at else Run(folder)
        run.write_json("config.json", {})
        model = build_classifier(splits, config)
        train = training_batches(splits.train, config)
        if kill_at:
            with pytest.raises(Killed):
                fit_classifier(model, train, splits, config, run)
        else:
            choice, _ = fit_classifier(model, train, splits, config, run)
            found.append((choice.outputs, model.get_weights()))
    (expected, weights), (again, same) = found
    np.testing.assert_allclose(again, expected, atol=1e-5)
    for mine, other in zip(weights, same, strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-5)
