"""Sets in TFDS's own layout, prepared here: nothing is downloaded.

KERASTC_FUZZ is how many damaged sets are tried, in threes; the slow test tries 300.
"""

import os
import random
from pathlib import Path

import numpy as np
import pytest
from damage import damaged, kinds

from kerastc.data import ImageData, hidden_labels, load_images
from kerastc.data.images.tfds import read_tfds
from kerastc.errors import UserError

tfds = pytest.importorskip("tensorflow_datasets", reason="kerastc[images] is not installed")

SHAPES = ("disc", "ring", "bar")


def pixels(number: int, size: tuple[int, int] = (6, 5)) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 256, (*size, 3), dtype=np.uint8)


def prepare(folder: Path, examples: dict[str, list[dict]], **info) -> None:
    """Writes a set called `shapes`; its class is forgotten, so that only the files tell of it."""
    with tfds.core.registered.skip_registration():

        class Shapes(tfds.core.GeneratorBasedBuilder):
            VERSION = tfds.core.Version("1.2.0")

            def _info(self):
                return tfds.core.DatasetInfo(builder=self, **info)

            def _split_generators(self, dl_manager):
                return {part: self._generate_examples(rows) for part, rows in examples.items()}

            def _generate_examples(self, rows):
                yield from enumerate(rows)

        Shapes(data_dir=str(folder)).download_and_prepare()


def features(shape: tuple, **more) -> object:
    image = tfds.features.Image(shape=shape)
    label = tfds.features.ClassLabel(names=SHAPES)
    return tfds.features.FeaturesDict({"image": image, "label": label, **more})


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("tfds")
    rows = [{"image": pixels(i), "label": i % 3, "coarse": 0} for i in range(66)]
    prepare(
        folder,
        {"train": rows[:60], "test": rows[60:]},
        features=features((6, 5, 3), coarse=tfds.features.ClassLabel(num_classes=2)),
        supervised_keys=("image", "label"),
    )
    return folder


@pytest.fixture
def kept(data_dir, monkeypatch) -> Path:
    monkeypatch.setenv("TFDS_DATA_DIR", str(data_dir))
    return data_dir


def test_a_set_is_read_by_name(kept):
    source = read_tfds("shapes")
    assert source.train.classes == SHAPES
    assert source.train.source == "shapes 1.2.0 of TensorFlow Datasets"
    assert (source.train.names[3], source.test.names[2]) == ("train 3", "test 2")
    number = {pixels(i).tobytes(): i for i in range(66)}
    train, test = ([number[im.tobytes()] for im in p.examples] for p in (source.train, source.test))
    assert (sorted(train), sorted(test)) == (list(range(60)), list(range(60, 66)))
    assert source.train.labels.tolist() == [i % 3 for i in train]


def test_a_recipe_gets_splits_of_it_and_the_same_ones_again(kept):
    config = ImageData(data="tfds:shapes:1.2.0", labelled=9, image_size=4)
    splits = load_images(config)
    assert [len(p) for p in (splits.train, splits.test, splits.unlabelled)] == [9, 6, 42]
    assert splits.train.examples.shape == (9, 4, 4, 3)
    np.testing.assert_array_equal(np.bincount(hidden_labels(config, splits)), [14] * 3)
    assert load_images(config).fingerprint == splits.fingerprint


def test_images_of_several_sizes_and_no_named_pair(tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    rows = [{"image": pixels(i, (7 + i, 9)), "label": i % 3} for i in range(6)]
    prepare(tmp_path, {"train": rows}, features=features((None, None, 3)))
    source = read_tfds("shapes")
    assert source.test is None
    assert source.train.examples.shape == (6, 32, 32, 3)
    assert read_tfds("shapes", (8, 9)).train.examples.shape == (6, 8, 9, 3)


def test_splits_without_labels_and_of_validation_are_parts_and_others_are_told(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    rows = [{"image": pixels(i), "label": i % 3} for i in range(60)]
    without = [{"image": pixels(i), "label": -1} for i in range(100, 120)]
    splits = {"train": rows[:30], "validation": rows[30:39], "test": rows[39:45]}
    splits |= {"extra": rows[45:], "unlabelled": [*without, rows[39]]}
    prepare(tmp_path, splits, features=features((6, 5, 3)))
    splits = load_images(ImageData(data="tfds:shapes"))
    parts = (splits.train, splits.validation, splits.test, splits.unlabelled)
    assert [len(part) for part in parts] == [30, 9, 6, 20]
    assert {im.tobytes() for im in splits.unlabelled.examples} == {
        pixels(i).tobytes() for i in range(100, 120)
    }
    assert splits.notes == {
        "images in the part extra, which is not read": 15,
        "unlabelled images left out as equal to a test or validation image": 1,
    }
    with pytest.raises(UserError, match="3 channels, not 1"):
        load_images(ImageData(data="digits", unlabelled="tfds:shapes"))
    digits = load_images(ImageData(data="digits", unlabelled="digits", labelled=30))
    assert set(digits.unlabelled.names[-900:]) <= {f"unlabelled {i}" for i in range(1797)}


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_pixels_of_sixteen_bits_are_scaled_by_what_all_hold(tmp_path, monkeypatch, bits):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    draws = np.random.default_rng(bits)
    values = draws.integers(0, 2 ** (bits - 1), (12, 6, 5, 1)).astype(np.uint16)
    values[11, 0, 0, 0] = 2**bits - 1  # of the test part alone
    rows = [{"image": image, "label": i % 3} for i, image in enumerate(values)]
    prepare(
        tmp_path,
        {"train": rows[:9], "test": rows[9:]},
        features=tfds.features.FeaturesDict(
            {
                "image": tfds.features.Image(shape=(6, 5, 1), dtype=np.uint16),
                "label": tfds.features.ClassLabel(names=SHAPES),
            }
        ),
    )
    source = read_tfds("shapes")
    scaled = {np.rint(v * (255 / (2**bits - 1))).astype(np.uint8).tobytes() for v in values}
    assert {im.tobytes() for p in (source.train, source.test) for im in p.examples} == scaled
    assert source.train.bits == bits
    assert source.train.notes == {f"images of 16 bits, of which {bits} are in use": 12}
    assert read_tfds("shapes", (4, 4)).train.examples.shape == (9, 4, 4, 1)
    if bits > 8:
        with pytest.raises(UserError, match=f"values up to {2**bits - 1:,}.*have 8 bits"):
            read_tfds("shapes", bits=8)


@pytest.mark.parametrize(("factor", "fits"), [(1, True), (255, False), (1000, False)])
def test_pixels_with_decimals_are_of_zero_to_one_or_refused(tmp_path, monkeypatch, factor, fits):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    values = np.random.default_rng(0).random((9, 6, 5, 1), dtype=np.float32)
    rows = [{"image": image * factor, "label": i % 3} for i, image in enumerate(values)]
    prepare(
        tmp_path,
        {"train": rows},
        features=tfds.features.FeaturesDict(
            {
                "image": tfds.features.Image(shape=(6, 5, 1), dtype=np.float32),
                "label": tfds.features.ClassLabel(names=SHAPES),
            }
        ),
    )
    if not fits:
        with pytest.raises(UserError, match="tfds:shapes: image is float32"):
            read_tfds("shapes")
        return
    found = {image.tobytes() for image in read_tfds("shapes").train.examples}
    assert found == {np.rint(v * 255).astype(np.uint8).tobytes() for v in values}


def test_a_set_of_no_labelled_images_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    texts = tfds.features.FeaturesDict({"text": tfds.features.Text()})
    prepare(tmp_path, {"train": [{"text": "a"}]}, features=texts)
    with pytest.raises(UserError, match=r"not a set of grey or RGB images .* it has text \(Text\)"):
        read_tfds("shapes")


def test_a_name_that_nobody_knows_gets_the_nearest(kept):
    with pytest.raises(UserError, match=r"(?s)has no set 'cifar_100'.*Did you mean 'cifar100'"):
        read_tfds("cifar_100")
    with pytest.raises(UserError, match=r"has no set 'shapes:9.9.9'"):
        read_tfds("shapes:9.9.9")


@pytest.mark.parametrize("name", ["", "../x", "huggingface:mnist", "Cifar", "cifar10/a b", "x:1"])
def test_names_that_load_from_elsewhere_or_are_none_are_refused(kept, name):
    with pytest.raises(UserError, match=r"(is not the name of a set|has no set)"):
        read_tfds(name)


def test_without_network_it_says_how_to_bring_the_set(tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    for variable in ("https_proxy", "http_proxy", "HTTPS_PROXY", "HTTP_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")  # nobody listens there
    for variable in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(UserError) as caught:
        read_tfds("cifar100")
    assert "cannot be fetched from https://www.cs.toronto.edu" in caught.value.message
    assert "tfds build cifar100" in caught.value.hint
    assert not list(tmp_path.rglob("*.tfrecord*"))


def attack(data_dir: Path, tmp_path: Path, monkeypatch, count: int) -> None:
    """Damages a file of a set: all its images come out, or it is refused by name."""
    names = [p.relative_to(data_dir).as_posix() for p in data_dir.rglob("*") if p.is_file()]
    cases = [(name, kind) for name in sorted(names) for kind in ["gone", *kinds(Path(name))]]
    draw = random.Random(count)
    for number in range(count):
        folder = tmp_path / str(number)  # TFDS remembers what it read, by path
        name, kind = draw.choice(cases)
        monkeypatch.setenv("TFDS_DATA_DIR", str(damaged(data_dir, folder, name, kind, number)))
        try:
            source = read_tfds("shapes")
            assert (len(source.train), len(source.test)) == (60, 6)
        except UserError as error:
            assert "shapes" in error.message
        except Exception as error:
            error.add_note(f"{name}: {kind}, seed {number}")
            raise


def test_a_damaged_set_is_read_whole_or_refused(data_dir, tmp_path, monkeypatch):
    attack(data_dir, tmp_path, monkeypatch, 3 * int(os.environ.get("KERASTC_FUZZ", "5")))


@pytest.mark.slow
def test_a_damaged_set_is_refused_however_long_one_tries(data_dir, tmp_path, monkeypatch):
    attack(data_dir, tmp_path, monkeypatch, 300)
