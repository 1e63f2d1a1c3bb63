import gc
import hashlib
import json
import pickle
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerastc.data import ImageData, hidden_labels, load_images
from kerastc.data.image_sources import ImageSource, read_source
from kerastc.data.image_splits import ImageSplits, split_images
from kerastc.data.images import LabelledImages, row_names
from kerastc.errors import UserError
from kerastc.run import Run
from kerastc.settings import configure

PARTS = ("train", "validation", "test", "unlabelled")


def part(counts: list[int], word: str, seed: int) -> LabelledImages:
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.arange(len(counts), dtype=np.int32), counts))
    images = rng.integers(0, 256, (len(labels), 3, 3, 1), dtype=np.uint8)
    classes = tuple(f"class {i}" for i in range(len(counts)))
    return LabelledImages(images, labels, classes, row_names(word, range(len(labels))), "a test")


def source(counts: list[int], test: list[int] | None = None, seed: int = 0) -> ImageSource:
    if test is None:
        return ImageSource(part(counts, "image", seed))
    return ImageSource(part(counts, "train", seed), part(test, "test", seed + 1))


def written(path, data: ImageSource) -> str:
    """The source as a file of arrays."""
    arrays = {"x_train": data.train.images, "y_train": data.train.labels}
    if data.test is not None:
        arrays |= {"x_test": data.test.images, "y_test": data.test.labels}
    np.savez(path, label_names=np.array(data.train.classes), **arrays)
    return str(path)


def test_the_default_shares_are_those_of_the_study():
    splits = split_images(source([500] * 10, [20] * 10), seed=0)
    rows = {name: found["rows"] for name, found in splits.summary().items()}
    assert rows == {"train": 900, "validation": 100, "test": 200, "unlabelled": 4000}
    assert splits.summary()["train"]["counts"] == [90] * 10
    assert splits.summary()["validation"]["counts"] == [10] * 10
    assert "counts" not in splits.summary()["unlabelled"]


def test_a_source_without_a_test_part_gives_a_fifth_of_all():
    splits = split_images(source([200, 300]), seed=0)
    assert splits.summary()["test"] == {"rows": 100, "counts": [40, 60]}
    assert splits.summary()["train"]["rows"] == 72
    assert splits.summary()["unlabelled"]["rows"] == 500 - 100 - 72 - 8


def test_the_digits_are_split_without_being_told_how():
    splits = load_images(ImageData())
    assert [len(getattr(splits, name)) for name in PARTS] == [60, 200, 450, 1087]
    assert splits.train.class_counts().tolist() == [6] * 10
    assert splits.train.images.shape == (60, 8, 8, 1)
    assert splits.unlabelled.images.max() == 255


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(30, 60), min_size=2, max_size=5),
    st.booleans(),
    st.integers(5, 30),
    st.integers(0, 20),
    st.integers(1, 9),
    st.integers(0, 5),
)
def test_every_count_is_as_asked_and_no_row_is_used_twice(
    counts, official, labelled, unlabelled, others, seed
):
    data = source(counts, [others] * len(counts) if official else None)
    splits = split_images(data, seed, labelled, unlabelled, others, others)
    assert [len(getattr(splits, name)) for name in PARTS] == [labelled, others, others, unlabelled]
    assert [len(getattr(splits, f"{name}_rows")) for name in PARTS] == [
        *(labelled, others, others, unlabelled)
    ]
    drawn = PARTS if not official else ("train", "validation", "unlabelled")
    rows = np.concatenate([getattr(splits, f"{name}_rows") for name in drawn])
    assert len(set(rows.tolist())) == len(rows)
    for name in PARTS:
        of = data.test if official and name == "test" else data.train
        found, rows = getattr(splits, name), getattr(splits, f"{name}_rows")
        np.testing.assert_array_equal(found.images, of.images[rows])
        if name != "unlabelled":
            np.testing.assert_array_equal(found.labels, of.labels[rows])


def test_the_seed_decides_and_the_number_of_labels_does_not_move_the_judging_rows():
    data = source([80, 80])
    one, again, other = (split_images(data, seed) for seed in (3, 3, 4))
    for name in PARTS:
        rows = [getattr(splits, f"{name}_rows") for splits in (one, again, other)]
        np.testing.assert_array_equal(rows[0], rows[1])
        assert set(rows[0].tolist()) != set(rows[2].tolist())
    more = split_images(data, 3, labelled=60, unlabelled=20)
    np.testing.assert_array_equal(more.test_rows, one.test_rows)
    np.testing.assert_array_equal(more.validation_rows, one.validation_rows)
    assert set(one.train_rows) < set(more.train_rows)


def test_equal_images_never_stand_in_two_parts():
    data = source([100, 100], [30, 30])
    data.train.images[10:30] = data.train.images[30:50]
    data.train.images[60:64] = data.test.images[5]
    data.train.images[70] = data.test.images[9]
    for seed in range(5):
        splits = split_images(data, seed)
        pixels = [{image.tobytes() for image in getattr(splits, name).images} for name in PARTS]
        assert sum(map(len, pixels)) == len(set.union(*pixels))
        rows = np.concatenate([getattr(splits, f"{n}_rows") for n in PARTS if n != "test"])
        assert sorted(rows) == [row for row in range(200) if row not in (60, 61, 62, 63, 70)]
        found = splits.duplicates
        assert (found.exact, found.left_out) == (20, 5)
        assert any(set(names) == {"train 70", "test 9"} for names, _ in found.examples)


def test_the_record_of_a_run(tmp_path):
    data = source([60, 60], [10, 10])
    run, splits = Run.create(tmp_path / "run", {}), split_images(data, 0)
    run.describe_data(splits)
    record = run.read_json("data.json")
    assert record == json.loads(json.dumps(splits.as_dict()))
    assert record["fingerprint"] == data.fingerprint
    assert record["splits"]["unlabelled"] == {"rows": len(splits.unlabelled)}
    assert run.path("labels.txt").read_text() == "class 0\nclass 1\n"
    data.train.images[3, 0, 0, 0] ^= 1
    with pytest.raises(UserError, match="The data changed"):
        run.describe_data(split_images(replace(data, train=replace(data.train)), 0))


# The unlabelled part


def reachable(thing: object) -> list[np.ndarray]:
    """All arrays that some chain of references from `thing` leads to."""
    found, seen, waiting = [], set(), [thing]
    while waiting:
        one = waiting.pop()
        # Classes and modules lead to everything that is loaded.
        if id(one) in seen or isinstance(one, type | type(gc)):
            continue
        seen.add(id(one))
        waiting += gc.get_referents(one)
        if isinstance(one, np.ndarray):
            found.append(one)
            waiting += [one.base] if one.dtype != object else [one.base, *one.ravel().tolist()]
    return found


def test_no_reference_leads_from_the_splits_to_the_hidden_labels(tmp_path):
    data = source([300, 200, 100], [9, 9, 9])
    config = ImageData(data=written(tmp_path / "a.npz", data))
    splits = load_images(config)
    arrays = reachable(splits)
    for own in (splits.unlabelled.images, splits.train.labels, splits.unlabelled_rows):
        assert any(array is own for array in arrays)  # the walk finds what there is
    allowed = [getattr(splits, f"{name}_rows") for name in PARTS]
    allowed += [getattr(splits, name).labels for name in PARTS[:3]]
    numbers = [a for a in arrays if a.dtype.kind in "iuf" and a.dtype != np.uint8]
    for array in numbers:  # NumPy gives rows as another view of an array of the same size
        assert any(
            array is own or (array is own.base and array.size == own.size) for own in allowed
        )
    images = [array for array in arrays if array.dtype == np.uint8]
    assert sum(map(len, images)) == sum(len(getattr(splits, name)) for name in PARTS)
    assert [field.name for field in fields(splits.unlabelled)] == ["images", "names", "source"]
    assert not any("class" in name for name in splits.unlabelled.names)


@pytest.mark.parametrize("official", [True, False])
def test_nothing_in_the_splits_depends_on_the_hidden_labels(tmp_path, official):
    """Other labels of unlabelled images give the same splits, to the last byte."""
    data = source([100, 100, 100], [9, 9, 9] if official else None)
    data.train.images[50:60] = data.train.images[60:70]  # equal ones are told of, too
    path = tmp_path / "a.npz"
    config = ImageData(data=written(path, data), labelled=12, validation=6, unlabelled=200)
    before = load_images(config)
    labels, rng = data.train.labels.copy(), np.random.default_rng(1)
    for _ in range(150):
        # Labels are exchanged in pairs, as the number of a class's images decides its share; an
        # exchange that moves a row is taken back.
        pair = rng.choice(before.unlabelled_rows, 2, replace=False)
        labels[pair] = labels[pair[::-1]]
        other = replace(data, train=replace(data.train, labels=labels))
        if not same_rows(split_images(other, 0, 12, 200, 6), before):
            labels[pair] = labels[pair[::-1]]
    data = replace(data, train=replace(data.train, labels=labels))
    written(path, data)
    after = load_images(config)
    differ = labels[before.unlabelled_rows] != hidden_labels(config, after)
    assert not differ.any()
    assert (hidden_of(before, source([100, 100, 100])) != hidden_labels(config, after)).sum() > 60
    assert after.fingerprint != before.fingerprint  # which tells that something changed, not what
    assert content(after) == content(before)


def hidden_of(splits: ImageSplits, data: ImageSource) -> np.ndarray:
    return data.train.labels[splits.unlabelled_rows]


def same_rows(one: ImageSplits, other: ImageSplits) -> bool:
    names = [f"{name}_rows" for name in PARTS]
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)


def content(splits: ImageSplits) -> str:
    """A hash of everything in the splits but the fingerprint of their source."""
    return hashlib.sha256(pickle.dumps(replace(splits, fingerprint=""))).hexdigest()


def test_the_order_of_the_unlabelled_images_tells_nothing_of_a_source_sorted_by_class():
    data = source([200, 200])
    order = np.argsort(data.train.labels, kind="stable")
    sorted_data = ImageSource(data.train.take(order))
    splits = split_images(sorted_data, 0)
    labels = sorted_data.train.labels[splits.unlabelled_rows]
    changes = (np.diff(labels) != 0).mean()
    assert 0.4 < changes < 0.6


def test_hidden_labels_are_those_of_the_source(tmp_path):
    data = source([100, 50], [9, 9])
    path = tmp_path / "a.npz"
    config = ImageData(data=written(path, data))
    splits = load_images(config)
    hidden = hidden_labels(config, splits)
    label_of = {i.tobytes(): n for i, n in zip(data.train.images, data.train.labels, strict=True)}
    assert [label_of[image.tobytes()] for image in splits.unlabelled.images] == hidden.tolist()
    assert hidden.dtype == np.int32
    written(path, source([100, 50], [9, 9], seed=5))
    with pytest.raises(UserError, match="have changed since they were split"):
        hidden_labels(config, splits)


# Bad input


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (dict(labelled=150), r"labelled=150 \+ validation=2 make 152, and there are 99; 1 more eq"),
        (dict(labelled=10, unlabelled=88), r"unlabelled=88 make 100, and there are 99"),
        (dict(test=21), r"test=21 images are asked for; the test part of a test has 20"),
        (dict(labelled=1), r"none of the 1 labelled images is of class 'class 1'"),
    ],
)
def test_more_than_there_is_is_refused(asked, said):
    data = source([90, 10], [10, 10])
    data.train.images[0] = data.test.images[0]
    with pytest.raises(UserError, match=said):
        split_images(data, 0, **asked)


def test_empty_classes_are_named():
    data = source([50, 0, 50, 0])
    with pytest.raises(UserError, match="no training image of classes 'class 1', 'class 3'"):
        split_images(data, 0)
    with pytest.raises(UserError, match="all images have one class, 'class 0'"):
        split_images(source([50]), 0)


def test_the_fields_are_set_by_words():
    config = configure(ImageData, ["data=a.npz", "labelled=40", "unlabelled=none", "seed=3"])
    assert (config.data, config.labelled, config.unlabelled, config.seed) == ("a.npz", 40, None, 3)
    with pytest.raises(UserError, match="labelled=0 is not allowed"):
        configure(ImageData, ["labelled=0"])


def test_a_source_that_is_not_there_is_named_with_the_nearest(tmp_path):
    (tmp_path / "photos.npz").touch()
    with pytest.raises(UserError, match=r"(?s)no file or folder .*phots.npz.*'photos.npz'"):
        read_source(str(tmp_path / "phots.npz"))
    with pytest.raises(UserError, match="Did you mean 'digits'"):
        read_source("digit")
