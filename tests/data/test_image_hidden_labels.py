"""No code path leads from what a recipe gets to the labels of its unlabelled images."""

import ast
import gc
import hashlib
import pickle
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from made_images import source

import kerastc
from kerastc.data import ImageData, hidden_labels, load_images
from kerastc.data.images.sources import ImageSource
from kerastc.data.images.splits import split_images
from kerastc.data.splits import Splits
from kerastc.errors import UserError

PACKAGE = Path(kerastc.__file__).parent
TRAINING = {
    *("concluded", "fit", "fit_classifier", "fit_images", "phase", "train_image_classifier"),
}
PARTS = ("train", "validation", "test", "unlabelled")


def written(path, data: ImageSource) -> str:
    """The source as a file of arrays."""
    arrays = {"x_train": data.train.examples, "y_train": data.train.labels}
    if data.test is not None:
        arrays |= {"x_test": data.test.examples, "y_test": data.test.labels}
    np.savez(path, label_names=np.array(data.train.classes), **arrays)
    return str(path)


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
    for own in (splits.unlabelled.examples, splits.train.labels, splits.unlabelled_rows):
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
    known = ["examples", "names", "source", "notes"]
    assert [field.name for field in fields(splits.unlabelled)] == known
    assert not any("class" in name for name in splits.unlabelled.names)


@pytest.mark.parametrize("official", [True, False])
def test_nothing_in_the_splits_depends_on_the_hidden_labels(tmp_path, official):
    """Other labels of unlabelled images give the same splits, to the last byte."""
    data = source([100, 100, 100], [9, 9, 9] if official else None)
    data.train.examples[50:60] = data.train.examples[60:70]  # equal ones are told of, too
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


def hidden_of(splits: Splits, data: ImageSource) -> np.ndarray:
    return data.train.labels[splits.unlabelled_rows]


def same_rows(one: Splits, other: Splits) -> bool:
    names = [f"{name}_rows" for name in PARTS]
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)


def content(splits: Splits) -> str:
    """A hash of everything in the splits but the fingerprints of their source and its parts."""
    known = replace(splits, fingerprint="", sources={})
    return hashlib.sha256(pickle.dumps(known)).hexdigest()


def test_the_order_of_the_unlabelled_images_tells_nothing_of_a_source_sorted_by_class():
    data = source([200, 200])
    order = np.argsort(data.train.labels, kind="stable")
    sorted_data = ImageSource(data.train.take(order))
    splits = split_images(sorted_data, 0, labelled=60)
    labels = sorted_data.train.labels[splits.unlabelled_rows]
    changes = (np.diff(labels) != 0).mean()
    assert 0.4 < changes < 0.6


def test_hidden_labels_are_those_of_the_source(tmp_path):
    data = source([100, 50], [9, 9])
    path = tmp_path / "a.npz"
    config = ImageData(data=written(path, data))
    splits = load_images(config)
    hidden = hidden_labels(config, splits)
    label_of = {i.tobytes(): n for i, n in zip(data.train.examples, data.train.labels, strict=True)}
    assert [label_of[image.tobytes()] for image in splits.unlabelled.examples] == hidden.tolist()
    assert hidden.dtype == np.int32
    written(path, source([100, 50], [9, 9], seed=5))
    with pytest.raises(UserError, match="have changed since they were split"):
        hidden_labels(config, splits)


def calls(tree: ast.AST) -> dict[str, int]:
    """The last line on which each name is called."""
    found: dict[str, int] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            found[name] = max(node.lineno, found.get(name, 0))
    return found


def test_methods_read_hidden_labels_only_behind_all_of_their_training():
    readers = 0
    for path in [*PACKAGE.rglob("*.py"), *PACKAGE.parent.glob("recipes/*.py")]:
        if PACKAGE / "data" in path.parents:
            continue
        tree = ast.parse(path.read_bytes())
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        readers_here = [f for f in functions if "hidden_labels" in calls(f)]
        mentions = path.read_text().count("hidden_labels(")
        assert mentions == len(readers_here), f"{path}: one call a function, and no other"
        for function in readers_here:
            lines = calls(function)
            behind = [
                name for name in TRAINING & set(lines) if lines[name] > lines["hidden_labels"]
            ]
            assert not behind, f"{path}, {function.name}: {behind} could use hidden labels"
        readers += len(readers_here)
    assert readers, "nothing reads them: this test looks in the wrong place"


def test_only_the_room_of_data_reads_whole_sources():
    for path in PACKAGE.rglob("*.py"):
        if PACKAGE / "data" not in path.parents:
            text = path.read_text()
            assert "read_source" not in text and "ImageSource" not in text, path
