"""Dominance and recommendation: the laws of a front, and the rule as it is stated."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kerastc.outputs.classes.scores import Classes
from kerastc.scores.pareto import advice, choose, deciding_part, dominated, dominators, rule

POINTS = arrays(
    np.float64, st.tuples(st.integers(1, 12), st.integers(1, 3)), elements=st.integers(0, 6)
)

ACCURACY = Classes.main


def model(
    name, validation, size=None, latency=None, test=None, comparable=True, least=None, spread=0.0
):
    """A row of an account with what `pareto` reads; an original of 0.8 differs by nothing more."""
    if least is None and validation is not None:
        least = validation - 0.8
    return {
        "model": name,
        "comparable": comparable,
        "validation": {
            "accuracy": validation,
            "difference": None if validation is None else validation - 0.8,
            "least_difference": least,
            "rows": 450,
        },
        "test": {
            "accuracy": validation if test is None else test,
            "difference": None,
            "difference_interval": None,
            "least_difference": None,
            "rows": 450,
        },
        "bytes": size,
        "latency_p50_ms": latency,
        "latency_spread_ms": spread,
        "peak_memory_bytes": None,
    }


@given(POINTS)
def test_every_dominated_point_is_dominated_by_one_of_the_front_and_none_of_the_front_is(points):
    found = dominators(points)
    front = {i for i, by in enumerate(found) if not by}
    assert front
    assert all(set(by) & front for by in found if by)
    for i, by in enumerate(found):
        for j in by:
            assert (points[j] <= points[i]).all()
            assert (points[j] < points[i]).any()


@given(POINTS)
def test_only_the_order_of_the_figures_counts(points):
    assert dominators(points) == dominators(np.exp(points))


def test_equal_models_do_not_dominate_each_other():
    assert dominators(np.array([[1.0, 2.0], [1.0, 2.0]])) == [[], []]


def test_the_front_comes_cheapest_first_and_names_who_dominates():
    rows = [model("big", 0.9, 100), model("bad", 0.5, 50), model("small", 0.8, 10)]
    assert dominated(rows, ["size"], ACCURACY) == {"small": [], "bad": ["small"], "big": []}


def test_a_model_that_is_faster_is_not_dominated_by_one_that_is_smaller():
    rows = [model("small", 0.9, 10, 5.0), model("fast", 0.9, 50, 1.0)]
    assert dominated(rows, ["size"], ACCURACY)["fast"] == ["small"]
    assert dominated(rows, ["size", "latency"], ACCURACY) == {"small": [], "fast": []}


@pytest.mark.parametrize("row", [model("odd", 0.99, None), model("odd", 0.99, 1, comparable=False)])
def test_what_is_not_measured_or_of_other_data_is_not_on_a_front(row):
    assert "odd" not in dominated([model("big", 0.9, 100), row], ["size"], ACCURACY)


def test_the_smallest_and_the_fastest_within_the_budget_are_taken():
    rows = [
        model("original", 0.80, 100, 5.0),
        model("edge", 0.79, 40, 3.0),
        model("fast", 0.795, 60, 1.0),
        model("tiny", 0.78, 10, 0.5),
        model("better", 0.81, 90, 5.0),
    ]
    choices = choose(rows, 0.0101, ACCURACY)
    taken = {goal: choice.model for goal, choice in choices.items()}
    assert taken == {"size": "edge", "latency": "fast", "accuracy": "better"}
    assert "2.5 times smaller" in choices["size"].reason
    assert choose(rows, 0.0201, ACCURACY)["size"].model == "tiny"
    assert choose(rows, 0.0, ACCURACY)["size"].model == "better"


def test_a_mean_within_the_budget_is_not_enough():
    rows = [
        model("original", 0.80, 100, 5.0),
        model("unsure", 0.80, 10, 1.0, least=-0.02),
        model("sound", 0.795, 60, 3.0, least=-0.009),
    ]
    assert choose(rows, 0.01, ACCURACY)["size"].model == "sound"
    [sentence] = advice([choose(rows[:2], 0.01, ACCURACY)["size"]])
    assert sentence.startswith("For size, keep the original: on 450 validation rows no smaller")
    assert "unsure coming nearest (+0.000, -0.020 at the worst)" in sentence
    assert choose(rows, 0.02, ACCURACY)["size"].model == "unsure"


def test_latencies_within_their_spread_are_decided_by_size_and_never_against_the_original():
    rows = [
        model("original", 0.80, 100, 5.0, spread=0.2),
        model("zeros", 0.80, 100, 4.9, spread=0.2),
        model("thin", 0.80, 60, 5.1, spread=0.2),
    ]
    assert choose(rows[:2], 0.01, ACCURACY)["latency"].model == "original"
    assert choose(rows, 0.01, ACCURACY)["latency"].model == "thin"


def test_validation_decides_and_test_does_not():
    rows = [
        model("original", 0.80, 100),
        model("lucky", 0.70, 10, test=0.95),
        model("sound", 0.80, 20, test=0.60),
    ]
    assert choose(rows, 0.01, ACCURACY)["size"].model == "sound"


def test_test_decides_where_the_original_has_no_validation_and_it_is_said():
    rows = [model("original", None, 100, test=0.8), model("small", None, 10, test=0.8)]
    rows[1]["test"] |= {"least_difference": -0.004, "difference": 0.0}
    rows[1]["test"] |= {"difference_interval": [-0.003, 0.003]}
    part = deciding_part(rows[0], ACCURACY)
    assert (choose(rows, 0.01, ACCURACY)["size"].model, part) == ("small", "test")
    assert "shown to lose at most 1 point of test accuracy" in rule(0.01, part, ACCURACY)
    assert "no part in it" not in rule(0.01, part, ACCURACY)
    assert "no part in it" in rule(0.005, "validation", ACCURACY)


def test_the_original_is_kept_where_nothing_else_is_accurate_enough():
    rows = [model("original", 0.8, 100), model("small", 0.5, 10)]
    assert "keep the original" in choose(rows, 0.01, ACCURACY)["size"].reason


def test_without_another_model_there_is_nothing_to_choose():
    assert choose([model("original", 0.8, 100)], 0.01, ACCURACY) == {}


def test_a_model_that_is_taken_for_several_goals_is_told_once():
    rows = [
        model("original", 0.80, 100, 4.0),
        model("small", 0.80, 40, 2.0),
    ]
    [sentence] = advice(choose(rows, 0.01, ACCURACY).values())
    assert sentence.startswith("For size, latency and accuracy, take small: ")
    assert "2.5 times smaller" in sentence and "2 times faster" in sentence
    assert sentence.count("validation accuracy 0.800") == 1
