from dataclasses import replace

import numpy as np
import pytest

from kerastc.data import LabelledImages, UnlabelledImages, channel_statistics
from kerastc.data.images.images import check_class_names, row_names
from kerastc.errors import UserError


def some(n=6, shape=(4, 5, 3), classes=("cat", "dog"), seed=0) -> LabelledImages:
    images = np.random.default_rng(seed).integers(0, 256, (n, *shape), dtype=np.uint8)
    labels = np.arange(n, dtype=np.int32) % len(classes)
    return LabelledImages(
        images, labels, classes, "a test", {"n": 1}, names=row_names("train", range(n))
    )


def test_rows_are_taken_by_index_or_by_mask():
    data = some()
    for rows in (np.array([1, 4]), np.arange(6) % 3 == 1):
        taken = data.take(rows)
        np.testing.assert_array_equal(taken.examples, data.examples[[1, 4]])
        assert taken.labels.tolist() == [1, 0]
        assert taken.names.tolist() == ["train 1", "train 4"]
        assert (taken.classes, taken.source, taken.notes) == (data.classes, "a test", {"n": 1})
        assert len(taken) == 2


def test_what_is_taken_holds_nothing_of_the_rest():
    data = some()
    everything = UnlabelledImages(data.examples, data.names, data.source)
    for taken in (data.take(np.arange(6)), everything.take(np.arange(6))):
        assert not np.shares_memory(taken.examples, data.examples)
    assert not hasattr(everything, "labels")
    assert len(everything.take(np.array([3]))) == 1


def test_labels_follow_the_classes_of_a_model():
    data = some()
    matched = data.matching(["dog", "bird", "cat"], "the run")
    assert matched.labels.tolist() == [2, 0] * 3
    assert matched.class_counts().tolist() == [3, 0, 3]
    read = replace(data, classes=("ca\u0301t", "dog ")).matching(["dog", "c\u00e1t"], "the run")
    assert read.classes == ("dog", "c\u00e1t") and read.labels.tolist() == [1, 0] * 3
    with pytest.raises(UserError, match="classes that the run does not know: cat"):
        data.matching(["dog", "bird"], "the run")


def test_the_fingerprint_sees_images_labels_classes_order_and_shape():
    data = some()
    same = LabelledImages(
        data.examples, data.labels, data.classes, "another", names=data.names[::-1]
    )
    assert same.fingerprint == data.fingerprint
    brighter = data.examples.copy()
    brighter[5, 3, 4, 2] ^= 1
    others = [
        data.take(np.arange(5)),
        data.take(np.arange(6)[::-1]),
        LabelledImages(brighter, data.labels, data.classes, "", names=data.names),
        LabelledImages(data.examples, 1 - data.labels, data.classes, "", names=data.names),
        LabelledImages(data.examples, data.labels, ("dog", "cat"), "", names=data.names),
        LabelledImages(
            data.examples.reshape(6, 5, 4, 3), data.labels, data.classes, "", names=data.names
        ),
    ]
    assert len({one.fingerprint for one in [data, *others]}) == 7


@pytest.mark.parametrize("channels", [1, 3])
def test_channel_statistics_are_those_of_all_pixels(channels):
    parts = [some(n, (9, 7, channels), seed=n).examples for n in (3, 1500)]
    parts[1] //= 3
    pixels = np.concatenate([part.reshape(-1, channels) for part in parts]).astype(np.float64)
    mean, deviation = channel_statistics(*parts)
    np.testing.assert_allclose(mean, pixels.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(deviation, pixels.std(axis=0), rtol=1e-9)


def test_white_images_do_not_overflow_and_can_be_divided_by():
    white = np.full((1025, 8, 8, 3), 255, np.uint8)
    assert channel_statistics(white) == ((255.0,) * 3, (1.0,) * 3)


@pytest.mark.parametrize("names", [["a", "a"], ["a", ""], ["a", " "], ["a", "b\nc"], ["\udcff"]])
def test_class_names_that_a_list_of_lines_cannot_hold_are_refused(names):
    with pytest.raises(UserError, match=r"FILE: (two classes|the name of class)"):
        check_class_names(names, "FILE")
