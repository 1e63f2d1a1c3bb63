"""Metrics against scikit-learn, closed forms and bins counted by hand."""

import json
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    accuracy_score,
    log_loss,
    precision_recall_fscore_support,
    top_k_accuracy_score,
)

from kerastc.errors import UserError
from kerastc.outputs.classes.metrics import among_top, classification_metrics, confusion_matrix
from kerastc.outputs.classes.predictions import read_predictions, write_predictions
from kerastc.scores.calibration import (
    expected_calibration_error,
    reliability_bins,
    wilson_interval,
)


def random_predictions(rows: int, classes: int, seed: int, skill: float = 1.5):
    """Labels (rows,) and probabilities (rows, classes) that are right more often than chance."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, rows)
    logits = rng.normal(size=(rows, classes)) + skill * np.eye(classes)[labels]
    odds = np.exp(logits)
    return labels, odds / odds.sum(axis=1, keepdims=True)


def agree_with_scikit_learn(labels, probabilities, classes):
    ours = classification_metrics(labels, probabilities, classes, intervals_seed=None)
    predicted = probabilities.argmax(axis=1)
    every = range(len(classes))
    precision, recall, f1, support = precision_recall_fscore_support(
        labels, predicted, labels=every, zero_division=0
    )
    for i, name in enumerate(classes):
        assert ours["per_class"][name] == pytest.approx(
            {"precision": precision[i], "recall": recall[i], "f1": f1[i], "support": support[i]}
        )
    macro = precision_recall_fscore_support(labels, predicted, average="macro", zero_division=0)
    assert [ours["macro_precision"], ours["macro_recall"], ours["macro_f1"]] == pytest.approx(
        macro[:3]
    )
    assert ours["accuracy"] == pytest.approx(accuracy_score(labels, predicted))


@settings(max_examples=40)
@given(st.integers(1, 60), st.integers(2, 7), st.integers(0, 10_000))
def test_figures_are_those_of_scikit_learn(rows, classes, seed):
    labels, probabilities = random_predictions(rows, classes, seed)
    agree_with_scikit_learn(labels, probabilities, [f"class {i}" for i in range(classes)])


def test_classes_that_never_occur_do_not_lower_the_macro_average():
    labels, probabilities = random_predictions(50, 3, seed=1)
    wider = np.hstack([probabilities, np.zeros((50, 2))])
    agree_with_scikit_learn(labels, wider, list("abcde"))


def test_loss_is_the_cross_entropy():
    labels, probabilities = random_predictions(80, 4, seed=2)
    ours = classification_metrics(labels, probabilities, list("abcd"), None)["loss"]
    assert ours == pytest.approx(log_loss(labels, probabilities, labels=range(4)))


def test_a_probability_of_zero_gives_a_finite_loss():
    metrics = classification_metrics(np.array([0]), np.array([[0.0, 1.0]]), ["a", "b"], None)
    assert metrics["loss"] == pytest.approx(-np.log(1e-7))


def test_the_interval_of_accuracy_is_near_the_binomial_one():
    labels, probabilities = random_predictions(400, 3, seed=3)
    metrics = classification_metrics(labels, probabilities, list("abc"), samples=4000)
    share = metrics["accuracy"]
    half = 1.96 * np.sqrt(share * (1 - share) / 400)
    assert metrics["intervals"]["accuracy"] == pytest.approx(
        [share - half, share + half], abs=0.006
    )


def test_the_intervals_are_those_of_resampled_rows():
    labels, probabilities = random_predictions(120, 3, seed=4)
    ours = classification_metrics(labels, probabilities, list("abc"), samples=3000)["intervals"]
    rng = np.random.default_rng(9)
    predicted = probabilities.argmax(axis=1)
    macro, recall = [], []
    for _ in range(1500):
        rows = rng.integers(0, 120, 120)
        matrix = confusion_matrix(labels[rows], predicted[rows], 3)
        per_class = 2 * np.diagonal(matrix) / (matrix.sum(axis=0) + matrix.sum(axis=1))
        macro.append(per_class.mean())
        recall.append(matrix[1, 1] / matrix[1].sum())
    assert ours["macro_f1"] == pytest.approx(np.quantile(macro, [0.025, 0.975]), abs=0.015)
    assert ours["per_class"]["b"]["recall"] == pytest.approx(
        np.quantile(recall, [0.025, 0.975]), abs=0.03
    )


def test_every_figure_lies_in_its_interval():
    labels, probabilities = random_predictions(150, 4, seed=5)
    metrics = classification_metrics(labels, probabilities, list("abcd"))
    intervals = metrics["intervals"]
    for key in ("accuracy", "macro_precision", "macro_recall", "macro_f1"):
        assert intervals[key][0] <= metrics[key] <= intervals[key][1]
    for name, bounds in intervals["per_class"].items():
        for key, (low, high) in bounds.items():
            assert low <= metrics["per_class"][name][key] <= high


def test_the_seed_decides_the_intervals():
    labels, probabilities = random_predictions(60, 3, seed=6)
    first, again, other = (
        classification_metrics(labels, probabilities, list("abc"), seed)["intervals"]
        for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_a_hundred_classes_of_many_rows_are_told_in_json():
    labels, probabilities = random_predictions(5000, 100, seed=7, skill=3)
    names = [str(i) for i in range(100)]
    metrics = json.loads(
        json.dumps(classification_metrics(labels, probabilities, names), allow_nan=False)
    )
    assert list(metrics["per_class"]) == list(metrics["intervals"]["per_class"]) == names


def test_diverged_probabilities_are_refused():
    probabilities = np.array([[0.5, 0.5], [np.nan, np.nan]])
    with pytest.raises(UserError, match="1 of 2 rows") as error:
        classification_metrics(np.array([0, 1]), probabilities, ["a", "b"])
    assert "learning rate" in error.value.hint


def test_no_rows_are_refused():
    with pytest.raises(UserError, match="no rows"):
        classification_metrics(np.zeros(0, int), np.zeros((0, 2)), ["a", "b"])


@pytest.mark.parametrize("labels", [[0, 2], [-1, 0], [0]])
def test_arrays_that_do_not_fit_are_a_bug(labels):
    with pytest.raises(ValueError):
        classification_metrics(np.array(labels), np.full((2, 2), 0.5), ["a", "b"])


# Confidences 0.95 (wrong), 0.91 (right), 0.6 (right: the border belongs to the lower bin), 0.55
# (wrong).
HAND_LABELS = np.array([1, 0, 1, 0])
HAND = np.array([[0.95, 0.05], [0.91, 0.09], [0.4, 0.6], [0.45, 0.55]])


def test_bins_counted_by_hand():
    table = reliability_bins(HAND_LABELS, HAND, bins=10)
    assert table.counts.tolist() == [0, 0, 0, 0, 0, 2, 0, 0, 0, 2]
    assert table.confidence[[5, 9]] == pytest.approx([0.575, 0.93])
    assert table.accuracy[[5, 9]] == pytest.approx([0.5, 0.5])
    assert np.isnan(table.accuracy[0])


def test_calibration_error_by_hand():
    expected = (2 * abs(0.5 - 0.575) + 2 * abs(0.5 - 0.93)) / 4
    assert expected_calibration_error(HAND_LABELS, HAND, bins=10) == pytest.approx(expected)


def test_wilson_interval_by_a_published_value():
    # Newcombe 1998, table I: 81 of 263 gives 0.2553 to 0.3662, and 0 of 20 gives 0 to 0.1611.
    low, high = wilson_interval(np.array([81, 0]), np.array([263, 20]))
    assert low == pytest.approx([0.2553, 0.0], abs=5e-5)
    assert high == pytest.approx([0.3662, 0.1611], abs=5e-5)


@pytest.mark.parametrize("classes", [6, 100])
def test_top_5_accuracy_is_scikit_learns_with_a_wilson_like_interval(classes):
    labels, probabilities = random_predictions(400, classes, seed=2, skill=2.0)
    metrics = classification_metrics(labels, probabilities, [f"c{i}" for i in range(classes)])
    share = top_k_accuracy_score(labels, probabilities, k=5, labels=range(classes))
    assert metrics["top_5_accuracy"] == pytest.approx(share)
    low, high = wilson_interval(round(share * 400), 400)
    assert metrics["intervals"]["top_5_accuracy"] == pytest.approx([low, high], abs=0.02)


def test_few_classes_have_no_top_5_accuracy():
    metrics = classification_metrics(*random_predictions(30, 5, seed=2), list("abcde"))
    assert "top_5_accuracy" not in metrics
    assert "top_5_accuracy" not in metrics["intervals"]


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.integers(1, 8))
def test_among_top_counts_as_argmax_does_where_probabilities_are_equal(seed, guesses):
    """Coarse probabilities tie often, as those of a model that knows nothing."""
    labels, probabilities = random_predictions(50, 8, seed)
    coarse = probabilities.round(1)
    one = among_top(labels, coarse, 1)
    np.testing.assert_array_equal(one, coarse.argmax(axis=1) == labels)
    assert (among_top(labels, coarse, guesses) >= one).all()
    constant = among_top(np.arange(8), np.full((8, 8), 1 / 8), guesses)
    assert constant.sum() == guesses


NASTY = [
    'comma, "quoted"',
    "two\nlines",
    "return\r alone",
    "NA",
    "",
    "שלום",
    " spaced ",
    "'",
    "=1+1",
]


def test_predictions_come_back_as_written(tmp_path):
    classes = ("NA", "a,b", 'c"d', "1")
    labels = np.arange(len(NASTY)) % 4
    _, probabilities = random_predictions(len(NASTY), 4, seed=8)
    write_predictions(tmp_path / "test.csv", NASTY, labels, probabilities, classes)
    back = read_predictions(tmp_path / "test.csv")
    assert back.texts.tolist() == NASTY
    assert back.classes == classes
    np.testing.assert_array_equal(back.labels, labels)
    np.testing.assert_array_equal(back.probabilities, probabilities)
    np.testing.assert_array_equal(back.predicted, probabilities.argmax(axis=1))


def test_predictions_of_images_have_a_column_of_their_own(tmp_path):
    path = tmp_path / "test.csv"
    write_predictions(path, ["test 7"], [1], np.array([[0.25, 0.75]]), ["a", "b"], ["image"])
    assert path.read_bytes() == b"image,label,predicted,p[a],p[b]\r\ntest 7,b,b,0.25,0.75\r\n"
    back = read_predictions(path)
    assert (back.columns, back.examples.tolist()) == (("image",), ["test 7"])


def test_examples_of_several_columns_have_one_each(tmp_path):
    path = tmp_path / "test.csv"
    pairs = np.array([["a dog", "an animal"]], object)
    write_predictions(path, pairs, [0], np.array([[0.75, 0.25]]), ["a", "b"], ["first", "second"])
    assert path.read_bytes().startswith(b"first,second,label,predicted")
    back = read_predictions(path)
    assert (back.columns, back.examples.tolist()) == (("first", "second"), pairs.tolist())


@settings(max_examples=60)
@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=12), min_size=1, max_size=5))
def test_any_text_survives_the_file(tmp_path_factory, texts):
    path = tmp_path_factory.mktemp("any") / "test.csv"
    count = len(texts)
    write_predictions(path, texts, np.zeros(count, int), np.full((count, 2), 0.5), ["a", "b"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_predictions(path).texts.tolist() == texts


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("", "a header and no rows"),
        ("x,a,a,nan,1\r\n", "not between 0 and 1"),
        ("x,a,a,-1,2\r\n", "not between 0 and 1"),
        ("x,a,a,inf,0\r\n", "not between 0 and 1"),
    ],
)
def test_what_are_no_predictions_is_refused(tmp_path, rows, said):
    path = tmp_path / "test.csv"
    path.write_text(f"text,label,predicted,p[a],p[b]\r\n{rows}")
    with pytest.raises(UserError, match=f"cannot be read as predictions: .*{said}"):
        read_predictions(path)


def test_half_precision_probabilities_are_written_readably(tmp_path):
    path = tmp_path / "test.csv"
    write_predictions(path, ["x"], [0], np.array([[0.7, 0.3]], dtype=np.float32), ["a", "b"])
    assert path.read_bytes() == b"text,label,predicted,p[a],p[b]\r\nx,a,a,0.7,0.3\r\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read"),
        ("", "cannot be read"),
        ("text,label\nx,a\n", "has the columns text, label"),
        ("text,label,p[a],p[b]\nx,c,0.5,0.5\n", "has the label 'c'"),
    ],
)
def test_a_file_that_is_no_predictions_is_named(tmp_path, content, message):
    path = tmp_path / "test.csv"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UserError, match=message) as error:
        read_predictions(path)
    assert str(path) in error.value.message
