"""Retention against closed forms: a ratio of shares on the same rows, and of means over seeds."""

import numpy as np
import pytest
from scipy.stats import t

from kerastc.outputs.classes.predictions import Predictions
from kerastc.outputs.classes.scores import Classes
from kerastc.scores.figures import Figure
from kerastc.scores.pairs import Judged
from kerastc.scores.retention import average, by_rows, by_seeds

ACCURACY = Figure("accuracy", of_rows=True)
ROWS = 400


def judged(right, rows=None) -> Judged:
    """A model that is right on some of the rows."""
    truth = np.zeros(len(right), int)
    said = np.where(right, 0, 1)
    names = np.array([f"text {n}" for n in rows or range(len(right))], object)
    return Judged(Classes("ab"), Predictions(names, truth, np.eye(2)[said] * 0.8 + 0.1, ("a", "b")))


def rights(share: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random(ROWS) < share


def test_on_the_same_rows_a_ratio_has_the_interval_of_its_delta_method():
    teacher, student = rights(0.9), rights(0.7, 1)
    found = by_rows(ACCURACY, [judged(student)], [judged(teacher)])
    ratio = student.mean() / teacher.mean()
    assert found.by == "rows" and found.ratio == pytest.approx(ratio)
    # Var(s/t) of means of paired rows, linearised.
    error = (student - ratio * teacher).std() / teacher.mean() / ROWS**0.5
    low, high = found.interval
    assert (low, high) == pytest.approx((ratio - 1.96 * error, ratio + 1.96 * error), abs=0.006)


def test_equal_answers_keep_all_and_drawing_together_narrows_the_interval():
    teacher = rights(0.8)
    same = by_rows(ACCURACY, [judged(teacher)], [judged(teacher)])
    assert same.ratio == 1 and same.interval == [1, 1]
    near = teacher.copy()
    near[np.flatnonzero(teacher)[:8]] = False
    low, high = by_rows(ACCURACY, [judged(near)], [judged(teacher)]).interval
    assert high - low < 0.045  # of two separate models of 0.8 it would be 0.14


def test_seeds_are_averaged_on_both_sides():
    students, teachers = [judged(rights(s)) for s in (0.6, 0.7)], [judged(rights(0.9))]
    found = by_rows(ACCURACY, students, teachers)
    expected = (rights(0.6).mean() + rights(0.7).mean()) / 2 / rights(0.9).mean()
    assert found.ratio == pytest.approx(expected)


def test_other_rows_are_not_paired():
    others = judged(rights(0.9), rows=range(1, ROWS + 1))
    assert by_rows(ACCURACY, [judged(rights(0.7))], [others]) is None
    assert by_rows(ACCURACY, [judged(rights(0.7))], [judged(np.zeros(ROWS, bool))]) is None


def test_seeds_give_welchs_interval_of_the_ratio():
    students, teachers = [0.80, 0.82, 0.81], [0.90, 0.91, 0.89]
    found = by_seeds(students, teachers)
    parts = [np.var(v, ddof=1) / 3 / np.mean(v) ** 2 for v in (students, teachers)]
    freedom = sum(parts) ** 2 / sum(p**2 / 2 for p in parts)
    reach = t.ppf(0.975, freedom) * sum(parts) ** 0.5
    ratio = np.mean(students) / np.mean(teachers)
    assert found.by == "seeds" and found.ratio == pytest.approx(ratio)
    low, high = found.interval
    assert np.log([low / ratio, high / ratio]) == pytest.approx([-reach, reach], rel=0.15)


def test_one_seed_has_no_interval_and_an_average_needs_all():
    alone = by_seeds([0.8], [0.9])
    assert alone.ratio == pytest.approx(0.8 / 0.9) and alone.interval is None
    assert by_seeds([0.0], [0.9]) is None
    known = by_seeds([0.8, 0.82], [0.9, 0.92], seed=1)
    assert average([alone, known]).interval is None
    assert average([alone, known]).ratio == pytest.approx((alone.ratio + known.ratio) / 2)


def test_the_average_of_two_tasks_is_surer_than_one():
    parts = [by_rows(ACCURACY, [judged(rights(0.7, n))], [judged(rights(0.9))], n) for n in (1, 2)]
    both = average(parts)
    widths = [np.ptp(one.interval) for one in (*parts, both)]
    # Of independent tasks: the root of the sum of squares, halved.
    assert widths[2] == pytest.approx(np.hypot(*widths[:2]) / 2, rel=0.1)
