"""Classes as every output: shapes, joined calls, sums that figures are made of."""

import numpy as np
import pytest

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


def test_calls_are_joined_in_their_order():
    calls = [{"logits": np.zeros((2, 3), "float32")}, {"logits": np.ones((1, 3), "float32")}]
    joined = OUTPUT.joined(calls)["logits"]
    assert joined.dtype == np.float32
    assert joined.tolist() == [[0, 0, 0], [0, 0, 0], [1, 1, 1]]
    assert OUTPUT.joined([])["logits"].shape == (0, 3)


def test_answers_are_written_for_programs_and_people():
    answers = OUTPUT.answers({"logits": np.log([[0.25, 0.5, 0.25], [0.8, 0.1, 0.1]])})
    [first, second] = OUTPUT.json_rows([{}, {}], answers)
    assert first == {"predicted": "b", "probabilities": {"a": 0.25, "b": 0.5, "c": 0.25}}
    assert second["predicted"] == "a"
    heads, rows = OUTPUT.table([{}, {}], answers)
    assert heads == ("predicted", "probability", "then")
    assert rows[0] == ("b", "0.500", "a 0.250, c 0.250")
    assert OUTPUT.same(answers, answers[::-1]) == 0
