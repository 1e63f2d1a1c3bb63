"""Folds against scikit-learn's, and what no fold may do: share a group with its training rows."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedKFold

from kerastc.data import FoldedImageData, LabelledTexts, load_images
from kerastc.data.folds import draw_folds
from kerastc.data.texts.text_parts import FoldedTextParts, split_texts
from kerastc.errors import UserError
from kerastc.settings import Config, configure

CLASSES = ("ant", "bee", "cow")


def rows(counts, groups=None):
    labels = np.repeat(np.arange(len(counts)), counts)
    names = [CLASSES[label] for label in labels]
    texts = [f"row {number}" for number in range(len(labels))]
    data = LabelledTexts.of(texts, names, "made", classes=CLASSES[: len(counts)])
    return data, np.arange(len(labels)) if groups is None else groups


@pytest.mark.parametrize("folds", [2, 3, 5, 7])
def test_folds_hold_as_many_rows_of_each_class_as_those_of_scikit_learn(folds):
    data, groups = rows([23, 8, 41])
    ours, _ = draw_folds(data, groups, folds, seed=3)
    theirs = StratifiedKFold(folds).split(np.zeros(len(data)), data.labels)
    for fold, (_, test) in zip(ours, theirs, strict=True):
        counts = [np.bincount(data.labels[r], minlength=3).tolist() for r in (fold.test, test)]
        assert counts[0] == counts[1]


@settings(max_examples=60)
@given(
    labels=st.lists(st.integers(0, 2), min_size=24, max_size=80),
    joined=st.integers(1, 60),
    folds=st.integers(2, 5),
    seed=st.integers(0, 99),
)
def test_each_row_is_held_out_once_and_no_group_is_on_both_sides(labels, joined, folds, seed):
    data, _ = rows([0, 0, 0])
    names = [CLASSES[label] for label in labels]
    data = LabelledTexts.of([str(i) for i in range(len(labels))], names, "made", classes=CLASSES)
    groups = np.random.default_rng(seed).integers(0, joined, len(labels))
    try:
        found, last = draw_folds(data, groups, folds, seed)
    except UserError as error:
        assert "made" in str(error)
        return
    tested = np.concatenate([fold.test for fold in found])
    assert np.sort(tested).tolist() == list(range(len(labels)))
    for fold in (*found, last):
        parts = [set(groups[getattr(fold, part)]) for part in ("train", "validation", "test")]
        assert not (parts[0] & parts[1] or parts[0] & parts[2] or parts[1] & parts[2])
        assert set(data.labels[fold.train]) == set(range(3))
        assert len(fold.validation)
        assert len(fold.train) + len(fold.validation) + len(fold.test) == len(labels)
    assert not len(last.test)


def test_the_same_seed_draws_the_same_folds():
    data, groups = rows([20, 20])
    first, again, other = (draw_folds(data, groups, 4, seed)[0] for seed in (1, 1, 2))
    same = [np.array_equal(a.test, b.test) for a, b in zip(first, again, strict=True)]
    assert all(same)
    assert not all(np.array_equal(a.test, b.test) for a, b in zip(first, other, strict=True))


def test_five_rows_of_a_class_are_enough_for_five_folds():
    data, groups = rows([5, 30])
    folds, _ = draw_folds(data, groups, 5, 0)
    assert all(np.bincount(data.labels[fold.test], minlength=2)[0] == 1 for fold in folds)


def test_more_folds_than_the_rarest_class_has_rows_are_refused():
    data, groups = rows([20, 3])
    with pytest.raises(UserError, match=r"'bee' of made has 3\. *\n?.*Write folds=3") as caught:
        draw_folds(data, groups, 5, 0)
    assert "folds=5 needs 5 different rows of each class" in str(caught.value)
    equal = np.array([*range(20), 20, 21, 21, 21, 21])
    with pytest.raises(UserError, match="has 5 and only 2 different"):
        draw_folds(rows([20, 5])[0], equal, 3, 0)


def test_texts_that_the_model_sees_alike_are_in_one_fold():
    texts = [f"{word} text {'abcdefghijklmnopqrstuvwxyz'[i]}" for i in range(12) for word in
             ("ripe", "green")]  # fmt: skip
    texts += [f"{text} tail {i}" for i, text in enumerate(texts)]
    data = LabelledTexts.of(texts, ["ant", "bee"] * 24, "made")
    seen = lambda given: np.array([t.split(" tail")[0] for t in given], object)  # noqa: E731
    splits = split_texts(data, FoldedTextParts(folds=4), None, 0, seen=seen)
    for number in range(1, 5):
        part = splits.of_fold(number)
        shown = [
            set(seen(getattr(part, name).examples)) for name in ("train", "validation", "test")
        ]
        assert not (shown[0] & shown[2] or shown[1] & shown[2] or shown[0] & shown[1])
    record = splits.as_dict()
    assert [part["test"]["rows"] for part in record["folds"]["splits"]] == [
        record["folds"]["of"].count(number) for number in range(1, 5)
    ]
    assert "test" not in record["splits"]


def test_a_table_with_a_test_part_beside_it_is_refused():
    data = replace(rows([20, 20])[0], parts={"test": "made/test"})
    with pytest.raises(UserError, match="has test rows of its own"):
        split_texts(data, FoldedTextParts(folds=4), None, 0)


def test_part_of_the_training_rows_of_each_fold_may_be_left_out():
    data, groups = rows([40, 40])
    whole, last = draw_folds(data, groups, 4, 0)
    half, last_half = draw_folds(data, groups, 4, 0, train_fraction=0.5)
    for all_of, some in zip((*whole, last), (*half, last_half), strict=True):
        assert np.array_equal(all_of.test, some.test)
        assert np.array_equal(all_of.validation, some.validation)
        assert set(some.train) < set(all_of.train)


class Texts(FoldedTextParts, Config):
    pass


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["test=a.csv"], "test=a.csv"),
        (["test_fraction=0.2"], "test_fraction=0.2"),
        (["validation=a.csv"], "validation_fraction=SHARE"),
        (["test=20"], "test=20"),
    ],
)
def test_other_parts_beside_folds_are_refused(words, told):
    with pytest.raises(UserError, match=told):
        configure(Texts, ["folds=5", *words])
    assert configure(Texts, ["folds=5", "validation_fraction=0.9"]).folds == 5


@pytest.mark.parametrize("word", ["labelled=20", "unlabelled=20", "test=9", "validation=9"])
def test_numbers_of_images_beside_folds_are_refused(word):
    with pytest.raises(UserError, match=word):
        configure(FoldedImageData, ["folds=5", word])


def test_recipes_without_folds_name_those_that_have_them():
    class Other(Config):
        pass

    with pytest.raises(UserError, match="The recipes text, supervised"):
        configure(Other, ["cv=5"])


def test_one_fold_is_none():
    with pytest.raises(UserError, match="folds=1 is not allowed"):
        configure(Texts, ["folds=1"])


def npz(path, **more):
    random = np.random.default_rng(0)
    images = random.integers(0, 255, (40, 4, 4, 1)).astype(np.uint8)
    images[1], images[31] = images[0], images[30]
    images[2::9] = images[2] // 2 + np.arange(5, dtype=np.uint8)[:, None, None, None]
    np.savez(path, x_train=images, y_train=np.arange(40) % 2, **more)
    return images


def test_equal_images_are_in_one_fold(tmp_path):
    images = npz(tmp_path / "images.npz")
    splits = load_images(FoldedImageData(data=str(tmp_path / "images.npz"), folds=4))
    of = splits.as_dict()["folds"]["of"]
    near = splits.notes["held-out images that are nearly a training image of their fold"]
    assert near == 5
    assert of[0] == of[1] and of[30] == of[31]
    assert np.array_equal(splits.tested.examples, images)
    for number in range(1, 5):
        part = splits.of_fold(number)
        pixels = [
            {i.tobytes() for i in p.examples} for p in (part.train, part.validation, part.test)
        ]
        assert not (pixels[0] & pixels[2] or pixels[1] & pixels[2])


def test_a_source_with_a_test_part_of_its_own_is_refused(tmp_path):
    images = np.full((3, 4, 4, 1), 9, np.uint8)
    npz(tmp_path / "images.npz", x_test=images, y_test=np.array([0, 1, 0]))
    with pytest.raises(UserError, match="has a test part of its own, of 3 images"):
        load_images(FoldedImageData(data=str(tmp_path / "images.npz"), folds=4))
