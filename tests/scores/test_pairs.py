"""Paired differences against SciPy's bootstrap, McNemar's exact test and scikit-learn's figures."""

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import f1_score

from kerastc.outputs.classes.predictions import Kept
from kerastc.outputs.classes.scores import Classes
from kerastc.scores.figures import named
from kerastc.scores.pairs import Judged, difference, least_differences

CLASSES = 4
OUTPUT = Classes(tuple("abcd"))


def differ(figure, pairs):
    """`difference` of what classifiers said."""
    judged = [tuple(Judged(OUTPUT, said) for said in pair) for pair in pairs]
    return difference(named(OUTPUT.figures, figure), judged)


def bounds(figure, original, others):
    """`least_differences` of what classifiers said."""
    first, *rest = (Judged(OUTPUT, said) for said in (original, *others))
    return least_differences(named(OUTPUT.figures, figure), first, rest)


def drawn(rng, rows, worse=0.0, disagree=0.06, others=1, accuracy=0.8):
    """An original and others that are worse by so much on the mean, all wrong at random."""
    labels = rng.integers(0, CLASSES, rows)
    right = rng.random(rows) < accuracy
    judged = [_judged(labels, right, rng)]
    for _ in range(others):
        draw = rng.random(rows)
        other = right.copy()
        other[right & (draw < (disagree + worse) / 2 / accuracy)] = False
        other[~right & (draw < (disagree - worse) / 2 / (1 - accuracy))] = True
        judged.append(_judged(labels, other, rng))
    return judged


def _judged(labels, right, rng):
    wrong = (labels + rng.integers(1, CLASSES, len(labels))) % CLASSES
    losses = rng.exponential(np.where(right, 0.2, 2.0))
    return Kept(labels, np.where(right, labels, wrong), losses)


def f1(labels, predicted):
    """Macro F1 by its formula; of all classes, which all occur here."""
    matrix = np.zeros((CLASSES, CLASSES))
    np.add.at(matrix, (labels, predicted), 1)
    return np.mean(2 * matrix.diagonal() / (matrix.sum(0) + matrix.sum(1)))


@pytest.mark.parametrize("figure", ["accuracy", "loss", "macro_f1"])
def test_the_interval_is_that_of_scipys_paired_bootstrap(figure):
    one, other = drawn(np.random.default_rng(0), 400)
    mean, interval = differ(figure, [(one, other)])

    def statistic(labels, first, second):
        if figure == "macro_f1":
            return f1(labels, first) - f1(labels, second)
        return first.mean() - second.mean()

    of = {
        "accuracy": [(judged.predicted == judged.truth).astype(float) for judged in (one, other)],
        "loss": [one.losses, other.losses],
        "macro_f1": [one.predicted, other.predicted],
    }[figure]
    data = (one.truth, *of)
    options = {"n_resamples": 500, "paired": True, "vectorized": False, "method": "percentile"}
    found = stats.bootstrap(data, statistic, **options, random_state=1).confidence_interval
    assert mean == pytest.approx(statistic(*data))
    width = found.high - found.low
    assert interval == pytest.approx([found.low, found.high], abs=0.12 * width)


def test_a_difference_beyond_chance_is_one_by_mcnemars_exact_test():
    """Near the edge either may say so first; well on either side of it both say the same."""
    rng = np.random.default_rng(3)
    decided = []
    for worse in np.linspace(0, 0.06, 40):
        one, other = drawn(rng, 600, worse)
        right, other_right = (judged.predicted == judged.truth for judged in (one, other))
        first, second = int((right & ~other_right).sum()), int((other_right & ~right).sum())
        exact = stats.binomtest(first, first + second).pvalue
        low, high = differ("accuracy", [(one, other)])[1]
        if not 0.02 < exact < 0.1:
            decided.append((low > 0 or high < 0) == (exact < 0.05))
    assert all(decided) and len(decided) > 25


def test_a_row_that_stands_in_several_seeds_is_drawn_once():
    one, other = drawn(np.random.default_rng(4), 300)
    names = np.array([f"text {i}" for i in range(300)], object)
    pair = tuple(Kept(j.truth, j.predicted, j.losses, names) for j in (one, other))
    single, alone = differ("loss", [pair])
    mean, interval = differ("loss", [pair] * 5)
    assert mean == pytest.approx(single) and interval == pytest.approx(alone)
    apart = [
        tuple(Kept(j.truth, j.predicted, j.losses, names + f" {seed}") for j in pair)
        for seed in range(5)
    ]
    low, high = differ("loss", apart)[1]
    assert high - low == pytest.approx((alone[1] - alone[0]) / 5**0.5, rel=0.15)


def test_the_mean_of_seeds_is_that_of_their_macro_f1():
    rng = np.random.default_rng(5)
    found = [tuple(drawn(rng, 200, 0.03)) for _ in range(3)]
    scores = [[f1_score(j.truth, j.predicted, average="macro") for j in pair] for pair in found]
    expected = np.mean([one - other for one, other in scores])
    assert differ("macro_f1", found)[0] == pytest.approx(expected)


@pytest.mark.parametrize("figure", ["accuracy", "macro_f1"])
def test_one_bound_is_that_of_a_one_sided_normal_interval_for_many_rows(figure):
    one, other = drawn(np.random.default_rng(6), 3000, 0.01)
    [low] = bounds(figure, one, [other])
    if figure == "accuracy":
        steps = (other.predicted == other.truth) - (one.predicted == one.truth).astype(float)
        mean, error = steps.mean(), steps.std() / 3000**0.5
    else:  # percentiles of the plain paired bootstrap
        mean, (left, right) = differ(figure, [(other, one)])
        error = (right - left) / 2 / 1.96
    assert low == pytest.approx(mean - 1.645 * error, abs=0.2 * error)


def test_bounds_of_many_models_lie_lower_and_hold_for_all_of_them():
    """Of truly equal models, 10 at a time: all bounds lie below 0 in about 95 of 100 cases."""
    rng = np.random.default_rng(7)
    held = alone = 0
    for _ in range(60):
        original, *others = drawn(rng, 600, disagree=0.1, others=10)
        held += max(bounds("accuracy", original, others)) <= 0
        alone += max(bounds("accuracy", original, [one])[0] for one in others) <= 0
    assert held >= 54 and alone < 45


def test_few_rows_on_which_all_agree_prove_little():
    """None of n rows lost bounds the loss by about 3 / n (the rule of three, 95 %)."""
    for rows in (30, 300, 3000):
        labels = np.arange(rows) % CLASSES
        one = Kept(labels, labels, np.zeros(rows))
        for figure in ("accuracy", "macro_f1"):
            [low] = bounds(figure, one, [one])
            assert -5 / rows < low < -1.5 / rows


@pytest.mark.parametrize(
    ("figure", "rows", "disagree", "times"),
    [
        ("accuracy", 2000, 0.03, 100),
        ("accuracy", 450, 0.03, 100),
        ("accuracy", 60, 0.03, 100),
        ("macro_f1", 450, 0.03, 20),
        pytest.param("accuracy", 2000, 0.1, 100, marks=pytest.mark.slow),
        pytest.param("macro_f1", 2000, 0.03, 60, marks=pytest.mark.slow),
        pytest.param("macro_f1", 2000, 0.1, 60, marks=pytest.mark.slow),
    ],
)
def test_models_two_points_worse_are_hardly_ever_shown_to_lose_one_at_most(
    figure, rows, disagree, times
):
    """The rule of a search with 5 such chains, of which any would be taken."""
    rng = np.random.default_rng(8)
    wrong = 0
    for _ in range(times):
        original, *others = drawn(rng, rows, 0.02, disagree, others=5)
        wrong += max(bounds(figure, original, others)) >= -0.01
    assert wrong <= 0.05 * times


def test_on_2000_rows_an_equal_model_is_mostly_shown_to_lose_a_point_at_most():
    rng = np.random.default_rng(9)
    shown = 0
    for _ in range(20):
        original, *others = drawn(rng, 2000, 0.0, 0.02, others=5)
        shown += bounds("accuracy", original, others)[0] >= -0.01
    assert shown >= 12


def test_a_single_class_is_no_matter():
    labels = np.zeros(40, np.int64)
    one = Kept(labels, labels, np.zeros(40))
    assert bounds("macro_f1", one, [one])[0] < 0
    assert bounds("accuracy", one, []) == []
