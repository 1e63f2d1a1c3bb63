"""What counts as the same as the Keras model."""

import numpy as np
import pytest

from kerastc.deploy.convert import parity
from kerastc.errors import UserError
from kerastc.outputs.classes.scores import Classes
from kerastc.outputs.spans.scores import Spans
from kerastc.text.encoded import Encoded, Row

EXPECTED = np.array([[4.0, 0.0], [1.0, -1.0], [0.0, 2.0], [0.5, 0.4]])


def compare(found, expected, quantization, what):
    outputs = {"logits": found}, {"logits": expected}
    return parity.compare(*outputs, Classes("ab"), range(len(found)), quantization, what)


def test_the_figures_are_those_of_the_logits():
    found = EXPECTED + np.array([[1e-4, 0], [0, 0], [0, -2e-4], [0, 0]])
    figures = compare(found, EXPECTED, "float32", "model")
    assert figures.max_difference == pytest.approx(2e-4)
    assert figures.mean_difference == pytest.approx(3e-4 / 8)
    assert (figures.rows, figures.agreement) == (4, 1.0)
    assert figures.tolerance == pytest.approx(4e-4)  # 1e-4 of the largest logit


def test_a_float32_file_may_not_differ_visibly():
    with pytest.raises(UserError, match=r"differs by 0\.001; 0\.0004 is allowed"):
        compare(EXPECTED + 1e-3, EXPECTED, "float32", "model")
    assert compare(EXPECTED + 1e-3, EXPECTED, "float16", "model").agreement == 1


def test_a_quantised_file_is_judged_by_its_decisions():
    assert compare(EXPECTED + 0.5, EXPECTED, "int8", "model").tolerance is None
    changed = EXPECTED.copy()
    changed[3] = changed[3, ::-1]  # one of four texts changes its class
    assert compare(changed, EXPECTED, "int4", "model").agreement == 0.75
    with pytest.raises(UserError, match="only 75% of 4 rows keep their class; 90% must"):
        compare(changed, EXPECTED, "int8", "model")


@pytest.mark.parametrize("quantization", ["float32", "float16", "int8", "int4"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_logits_that_are_no_numbers_are_refused(quantization, value):
    found = EXPECTED.copy()
    found[2, 1] = value
    with pytest.raises(UserError, match="lost weights"):
        compare(found, EXPECTED, quantization, "model")


def test_another_shape_is_refused():
    with pytest.raises(UserError, match=r"shape \(4, 1\), not \(4, 2\)"):
        compare(EXPECTED[:, :1], EXPECTED, "int8", "model")


def test_what_is_counted_are_questions_and_no_windows():
    offsets = np.array([(0, 0), (0, 2), (3, 5), (0, 0)], np.int32)
    row = Row(np.arange(4, dtype=np.int32), special=np.array([True] + [False] * 3), offsets=offsets)
    windows = Encoded(
        [row.ids] * 3, None, [row.special] * 3, [row.offsets] * 3, texts=np.array([0, 0, 1])
    )
    said = {"logits": [np.eye(4, 2)] * 3}
    figures = parity.compare(
        said, said, Spans(("answer", "no answer")), windows, "float32", "model"
    )
    assert (figures.rows, figures.agreement) == (2, 1.0)
