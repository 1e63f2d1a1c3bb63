"""Classes as every output: shapes, joined calls, sums that figures are made of."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, log_loss

from kerastc.errors import UserError
from kerastc.outputs.classes.predictions import Predictions
from kerastc.outputs.classes.scores import Classes
from kerastc.scores.softmax import softmax

NAMES = ("a", "b", "c")
OUTPUT = Classes(NAMES)


@pytest.fixture(scope="module")
def said() -> Predictions:
    random = np.random.default_rng(0)
    probabilities = softmax(random.normal(size=(50, 3)))
    rows = np.array([f"row {n}" for n in range(50)], object)
    return Predictions(rows, random.integers(3, size=50), probabilities, NAMES)


@pytest.mark.parametrize("figure", [figure.name for figure in Classes.figures])
def test_the_figures_are_those_of_the_sums(said, figure):
    sums = OUTPUT.counts(figure, said).sum(axis=0)
    wanted = OUTPUT.metrics(said.labels, said.probabilities)[figure]
    assert OUTPUT.of_counts(figure, sums) == pytest.approx(wanted, rel=1e-12)
    several = OUTPUT.of_counts(figure, np.stack([sums, 2 * sums]))
    np.testing.assert_allclose(several, [wanted, wanted])


@pytest.mark.parametrize(
    ("shapes", "fit"),
    [
        ({"logits": (None, 3)}, True),
        ({"logits": (1, 3)}, True),
        ({"logits": (None, None)}, True),
        ({"logits": (None, 4)}, False),
        ({"logits": (None, 7, 3)}, False),
        ({"classes": (None, 3)}, False),
    ],
)
def test_outputs_of_another_shape_do_not_fit(shapes, fit):
    assert OUTPUT.fit(shapes) is fit


def test_calls_are_merged_in_their_order():
    calls = [{"logits": np.zeros((2, 3), "float32")}, {"logits": np.ones((1, 3), "float32")}]
    merged = OUTPUT.merged([OUTPUT.cut(call) for call in calls])
    assert merged["logits"].dtype == np.float32
    assert merged["logits"].tolist() == [[0, 0, 0], [0, 0, 0], [1, 1, 1]]
    assert OUTPUT.taken(merged, [2, 0])["logits"].tolist() == [[1, 1, 1], [0, 0, 0]]
    assert OUTPUT.merged([])["logits"].shape == (0, 3)


def test_answers_are_written_for_programs_and_people():
    answers = OUTPUT.answers({"logits": np.log([[0.25, 0.5, 0.25], [0.8, 0.1, 0.1]])})
    [first, second] = OUTPUT.json_rows([{}, {}], answers)
    assert first == {"predicted": "b", "probabilities": {"a": 0.25, "b": 0.5, "c": 0.25}}
    assert second["predicted"] == "a"
    heads, rows = OUTPUT.table([{}, {}], answers)
    assert heads == ("predicted", "probability", "then")
    assert rows[0] == ("b", "0.500", "a 0.250, c 0.250")
    assert OUTPUT.same(answers, answers[::-1]) == 0


@pytest.mark.parametrize("classes", [2, 5])
def test_figures_of_weighted_rows_are_scikit_learns(classes):
    """A resample of the rows is a weight for each."""
    random = np.random.default_rng(classes)
    names = tuple(map(str, range(classes)))
    labels = random.integers(classes, size=60)
    said = Predictions(None, labels, softmax(random.normal(size=(60, classes))), names)
    weights = random.integers(0, 4, size=60)
    wanted = {
        "accuracy": accuracy_score(labels, said.predicted, sample_weight=weights),
        "macro_f1": f1_score(
            labels, said.predicted, average="macro", sample_weight=weights, zero_division=0
        ),
        "loss": log_loss(labels, said.probabilities, sample_weight=weights, labels=range(classes)),
    }
    output = Classes(names)
    for figure, value in wanted.items():
        sums = weights @ output.counts(figure, said)
        assert output.of_counts(figure, sums) == pytest.approx(value)


def test_rows_of_one_kind_have_equal_counts(said):
    for figure in ("accuracy", "macro_f1"):
        counts = OUTPUT.counts(figure, said)
        counts = counts if isinstance(counts, np.ndarray) else counts.toarray()
        kinds = OUTPUT.row_kinds(figure, said)
        for kind in np.unique(kinds):
            assert len(np.unique(counts[kinds == kind], axis=0)) == 1


def test_extremes_are_rows_of_the_best_and_the_worst_figure(said):
    for figure in ("accuracy", "macro_f1"):
        right, wrong = OUTPUT.extremes(figure, said)
        assert OUTPUT.of_counts(figure, right.sum(axis=0)) == 1
        assert OUTPUT.of_counts(figure, wrong.sum(axis=0)) == 0
    assert OUTPUT.extremes("loss", said) is None


def test_what_is_kept_of_rows_has_their_figures(said):
    arrays = OUTPUT.kept(said.labels, said.probabilities)
    assert sum(array.itemsize for array in arrays.values()) == 6
    kept = OUTPUT.of_kept(arrays)
    for figure in ("accuracy", "macro_f1", "loss"):
        found, wanted = (OUTPUT.counts(figure, rows).sum(axis=0) for rows in (kept, said))
        np.testing.assert_allclose(found, wanted, rtol=1e-6)


def test_predictions_of_other_classes_are_refused(said, tmp_path):
    path = tmp_path / "test.csv"
    OUTPUT.write_predictions(path, ("text",), said.examples, said.labels, said.probabilities)
    np.testing.assert_array_equal(OUTPUT.read_predictions(path).labels, said.labels)
    with pytest.raises(UserError, match="is of the classes a, b, c, the run of a, b, d"):
        Classes(("a", "b", "d")).read_predictions(path)
