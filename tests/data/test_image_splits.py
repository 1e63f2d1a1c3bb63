import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_images import source
from PIL import Image

from kerastc.data import ImageData, hidden_labels, load_images
from kerastc.data.images.images import UnlabelledImages, row_names
from kerastc.data.images.sources import read_source
from kerastc.data.images.splits import split_images
from kerastc.errors import UserError
from kerastc.run import Run
from kerastc.settings import configure

PARTS = ("train", "validation", "test", "unlabelled")


def test_by_default_no_label_is_wasted():
    splits = split_images(source([500] * 10, [20] * 10), seed=0)
    rows = {name: found["rows"] for name, found in splits.summary().items()}
    assert rows == {"train": 4250, "validation": 750, "test": 200, "unlabelled": 0}
    assert splits.summary()["train"]["counts"] == [425] * 10
    assert "counts" not in splits.summary()["unlabelled"]
    few = split_images(source([500] * 10, [20] * 10), seed=0, labelled=900)
    rows = {name: found["rows"] for name, found in few.summary().items()}
    assert rows == {"train": 900, "validation": 750, "test": 200, "unlabelled": 3350}
    large = split_images(source([4000] * 2), seed=0)
    assert large.summary()["validation"]["rows"] == 960
    assert split_images(source([9000] * 2), seed=0).summary()["validation"]["rows"] == 1000


def test_a_source_without_a_test_part_gives_a_fifth_of_all():
    splits = split_images(source([200, 300]), seed=0)
    assert splits.summary()["test"] == {"rows": 100, "counts": [40, 60]}
    assert splits.summary()["validation"]["rows"] == 60
    assert splits.summary()["train"]["rows"] == 500 - 100 - 60


def test_the_digits_are_split_without_being_told_how():
    splits = load_images(ImageData())
    assert [len(getattr(splits, name)) for name in PARTS] == [20, 200, 450, 1127]
    assert splits.train.class_counts().tolist() == [2] * 10
    assert splits.train.examples.shape == (20, 8, 8, 1)
    assert splits.unlabelled.examples.max() == 255


@settings(max_examples=40)
@given(
    st.lists(st.integers(35, 60), min_size=2, max_size=5),
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
        np.testing.assert_array_equal(found.examples, of.examples[rows])
        if name != "unlabelled":
            np.testing.assert_array_equal(found.labels, of.labels[rows])


def test_the_seed_decides_and_the_number_of_labels_does_not_move_the_judging_rows():
    data = source([80, 80])
    one, again, other = (split_images(data, seed, labelled=30) for seed in (3, 3, 4))
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
    data.train.examples[10:30] = data.train.examples[30:50]
    data.train.examples[60:64] = data.test.examples[5]
    data.train.examples[70] = data.test.examples[9]
    for seed in range(5):
        splits = split_images(data, seed, labelled=36, validation=4)
        pixels = [{image.tobytes() for image in getattr(splits, name).examples} for name in PARTS]
        assert sum(map(len, pixels)) == len(set.union(*pixels))
        rows = np.concatenate([getattr(splits, f"{n}_rows") for n in PARTS if n != "test"])
        assert sorted(rows) == [row for row in range(200) if row not in (60, 61, 62, 63, 70)]
        found = splits.duplicates
        assert (found.exact, found.left_out) == (20, 5)
        assert any(set(names) == {"train 70", "test 9"} for names, _ in found.examples)


def test_parts_that_are_given_are_taken_and_nothing_of_them_is_trained_on():
    data = source([100, 100], [30, 30])
    validation = source([10, 10]).train
    data.train.examples[:4] = validation.examples[:4]
    more = UnlabelledImages(
        np.concatenate([data.test.examples[:3], source([9]).train.examples[:5]]),
        row_names("extra", range(8)),
        "more",
    )
    more.examples[3:, 0, 0, 0] ^= 1
    splits = split_images(replace(data, validation=validation, unlabelled=more), 0)
    rows = {name: found["rows"] for name, found in splits.summary().items()}
    assert rows == {"train": 196, "validation": 20, "test": 60, "unlabelled": 5}
    assert splits.duplicates.left_out == 4
    assert splits.unlabelled_rows.tolist() == [203, 204, 205, 206, 207]


def test_parts_are_files_and_folders_of_their_own(tmp_path):
    def folder(name: str, classes: dict[str, int]) -> str:
        for subject, count in classes.items():
            for i in range(count):
                path = tmp_path / name / subject / f"deep/{subject}{i}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                shade = sum(map(ord, f"{name}{subject}{i}")) * 7919 % 251
                Image.fromarray(np.full((6, 6, 3), (shade, i, 9), np.uint8)).save(path)
        return str(tmp_path / name)

    config = ImageData(
        data=folder("photos", {"cat": 30, "dog": 30}),
        validation=folder("val", {"cat": 4, "dog": 4}),
        test=folder("held-out", {"cat": 5, "dog": 5}),
        unlabelled=folder("heap", {"any": 7}),
    )
    splits = load_images(config)
    rows = {name: found["rows"] for name, found in splits.summary().items()}
    assert rows == {"train": 60, "validation": 8, "test": 10, "unlabelled": 7}
    assert hidden_labels(config, splits).tolist() == [-1] * 7
    shares = load_images(ImageData(data=config.data, validation_fraction=0.25, test_fraction=0.5))
    assert [len(p) for p in (shares.train, shares.validation, shares.test)] == [22, 8, 30]
    with pytest.raises(UserError, match="give only one"):
        configure(ImageData, ["validation=3", "validation_fraction=0.1"])
    with pytest.raises(UserError, match="at least 1"):
        configure(ImageData, ["test=0"])
    assert configure(ImageData, ["validation=20"]).validation == 20


def test_the_record_of_a_run(tmp_path):
    data = source([60, 60], [10, 10])
    run, splits = Run.create(tmp_path / "run", {}), split_images(data, 0)
    run.describe_data(splits)
    record = run.read_json("data.json")
    assert record == json.loads(json.dumps(splits.as_dict()))
    assert record["fingerprint"] == data.fingerprint
    assert record["splits"]["unlabelled"] == {"rows": len(splits.unlabelled)}
    assert run.path("labels.txt").read_text() == "class 0\nclass 1\n"
    data.train.examples[3, 0, 0, 0] ^= 1
    with pytest.raises(UserError, match="The data changed"):
        run.describe_data(split_images(replace(data, train=replace(data.train)), 0))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (dict(labelled=150), r"labelled=150 \+ validation=15 make 165, and there are 99; 1 more"),
        (dict(labelled=10, unlabelled=75), r"unlabelled=75 make 100, and there are 99"),
        (dict(test=21), r"test=21 images are asked for; the test part of a test has 20"),
        (dict(labelled=1), r"none of the 1 labelled images is of class 'class 1'"),
    ],
)
def test_more_than_there_is_is_refused(asked, said):
    data = source([90, 10], [10, 10])
    data.train.examples[0] = data.test.examples[0]
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
