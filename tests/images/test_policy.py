"""Policies: determinism, sizes, what each switch draws and how often."""

import numpy as np
import pydantic
import pytest

from kerastc.errors import UserError
from kerastc.images import CONTRASTIVE, NONE, STANDARD, STRONG, WEAK, Augmentation

EVERYTHING = Augmentation(
    flip=True,
    shift=0.125,
    rotation=15,
    zoom=0.1,
    crop=0.3,
    randaugment=2,
    jitter=1,
    grey=0.5,
    blur=0.5,
    cutout=0.3,
)
POLICIES = [NONE, WEAK, STANDARD, STRONG, CONTRASTIVE, EVERYTHING]


@pytest.mark.parametrize("policy", POLICIES, ids=Augmentation.describe)
def test_the_generator_decides_and_the_source_stays(images, policy):
    before = images.copy()
    one, same = (policy(images, np.random.default_rng(7)) for _ in range(2))
    assert one.dtype == np.uint8 and one.shape == images.shape
    np.testing.assert_array_equal(one, same)
    np.testing.assert_array_equal(images, before)


@pytest.mark.parametrize("policy", POLICIES[1:], ids=Augmentation.describe)
def test_every_image_is_drawn_for_itself(smooth, policy):
    copies = np.repeat(smooth[:1], 40, axis=0)
    found = policy(copies, np.random.default_rng(0))
    assert len(np.unique(found.reshape(40, -1), axis=0)) > 25
    other = policy(copies, np.random.default_rng(1))
    assert (found != other).any(axis=(1, 2, 3)).mean() > 0.8
    assert policy(smooth[:0], np.random.default_rng(0)).shape == (0, 32, 32, 3)


def test_flip_and_shift_make_windows_of_the_reflected_image(smooth):
    random = np.random.default_rng(0)
    found = WEAK(np.repeat(smooth[:1], 4000, axis=0), random)
    padded = np.pad(smooth[0], ((4, 4), (4, 4), (0, 0)), mode="reflect")
    mirrored = np.pad(smooth[0, :, ::-1], ((4, 4), (4, 4), (0, 0)), mode="reflect")
    windows = {
        source[y : y + 32, x : x + 32].tobytes()
        for source in (padded, mirrored)
        for y in range(9)
        for x in range(9)
    }
    counts = np.unique([hash(image.tobytes()) for image in found], return_counts=True)[1]
    assert {image.tobytes() for image in found} == windows and len(windows) == 162
    assert counts.max() < 3 * 4000 / 162


def test_flip_and_shift_are_the_same_beside_a_rotation(images):
    still = WEAK.model_copy(update={"rotation": 1e-9})
    one, same = (policy(images, np.random.default_rng(4)) for policy in (WEAK, still))
    np.testing.assert_array_equal(one, same)


def test_a_share_of_the_images(smooth):
    images = np.repeat(smooth[:1], 1000, axis=0)
    noise = np.random.default_rng(0).integers(0, 256, images.shape, dtype=np.uint8)
    grey = Augmentation(grey=0.2)(images, np.random.default_rng(0))
    colourless = (np.ptp(grey.astype(int), axis=-1) == 0).all(axis=(1, 2))
    assert colourless.mean() == pytest.approx(0.2, abs=0.04)
    # The least of the deviations, one in ten, blur nothing.
    for policy, share in ((Augmentation(blur=0.3), 0.27), (Augmentation(jitter=0.5), 0.8)):
        changed = (policy(noise, np.random.default_rng(0)) != noise).any(axis=(1, 2, 3))
        assert changed.mean() == pytest.approx(share, abs=0.04)


def test_cutout_hides_its_square():
    image = np.zeros((500, 32, 32, 1), np.uint8)
    holes = (Augmentation(cutout=0.3)(image, np.random.default_rng(0)) == 127).sum(axis=(1, 2, 3))
    assert holes.max() == 10 * 10 and holes.min() >= 5 * 5
    digit = Augmentation(cutout=0.3)(np.zeros((99, 8, 8, 1), np.uint8), np.random.default_rng(0))
    assert (digit == 127).sum(axis=(1, 2, 3)).max() == 2 * 2


def test_crops_keep_at_least_their_share():
    # Both coordinates as pixel values: the range that a crop shows is the box that it read.
    y, x = np.mgrid[:64, :64] * 4
    image = np.repeat(np.stack([y, x, 0 * x], axis=-1)[None], 300, axis=0).astype(np.uint8)
    found = Augmentation(crop=0.25)(image, np.random.default_rng(0)).astype(float) / 4
    height, width = ((np.ptp(found[..., axis], axis=(1, 2)) + 1) / 64 for axis in (0, 1))
    areas = height * width
    assert 0.2 < areas.min() < 0.3 and areas.max() > 0.88
    assert np.quantile(areas, 0.5) == pytest.approx(0.6, abs=0.06)  # U(0.25, 1), a bit less
    assert (np.abs(np.log(width / height)) < np.log(4 / 3) + 0.1).all()


def test_rotation_and_zoom_keep_to_their_bounds():
    # A bright dot, 10 pixels to the right of the centre.
    image = np.zeros((300, 33, 33, 1), np.uint8)
    image[:, 16, 26] = 255
    y, x = np.mgrid[:33, :33] - 16

    def polar(policy):
        found = policy(image, np.random.default_rng(0))[..., 0].astype(float)
        row, column = ((found * axis).sum(axis=(1, 2)) / found.sum(axis=(1, 2)) for axis in (y, x))
        return np.rad2deg(np.arctan2(row, column)), np.hypot(row, column)

    angles, distances = polar(Augmentation(rotation=20))
    assert 18 < angles.max() < 21 and -21 < angles.min() < -18
    assert np.abs(distances - 10).max() < 0.5
    angles, distances = polar(Augmentation(zoom=0.2))
    assert np.abs(angles).max() < 1e-6
    assert 11.5 < distances.max() < 12.3 and 7.7 < distances.min() < 8.5


def test_the_presets_are_those_of_the_papers():
    assert WEAK.model_dump(exclude_defaults=True) == {"flip": True, "shift": 0.125}
    assert STRONG.randaugment == 2 and STRONG.cutout == 0.5
    assert (CONTRASTIVE.crop, CONTRASTIVE.jitter, CONTRASTIVE.grey) == (0.08, 0.5, 0.2)


def test_a_policy_is_told_in_words():
    assert NONE.describe() == "none"
    assert STANDARD.describe() == (
        "mirrored left to right with probability 0.5, shifted by up to 12.5% of the side, "
        "a grey square of 30% of the side"
    )
    assert len(EVERYTHING.describe().split(", ")) > len(Augmentation.model_fields)


@pytest.mark.parametrize(
    "wrong", [{"shift": 1}, {"flips": True}, {"jitter": -1}, {"randaugment": 1.5}, {"crop": 2}]
)
def test_wrong_fields_are_refused(wrong):
    with pytest.raises(pydantic.ValidationError):
        Augmentation(**wrong)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((2, 8, 8, 3), np.float32),
        np.zeros((8, 8, 3), np.uint8),
        np.zeros((2, 8, 8, 4), np.uint8),
    ],
    ids=lambda array: f"{array.dtype} {array.shape}",
)
def test_other_arrays_are_refused(array):
    with pytest.raises(UserError, match="uint8"):
        WEAK(array, np.random.default_rng(0))
