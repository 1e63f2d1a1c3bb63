"""The rule of the recommendation: validation alone, and of equals the cheapest."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from kerastc.report.compare import compare
from kerastc.report.recommendation import Candidate, recommend


def one(name, accuracy, seconds, parameters=100, half=0.02):
    ends = (accuracy - half, accuracy + half)
    return Candidate(name, (name,), accuracy, *ends, seconds, parameters)


def test_of_those_within_the_interval_of_the_best_the_cheapest_is_taken():
    found = recommend([one("all", 0.80, 900), one("head", 0.785, 20), one("bag", 0.77, 1)])
    assert (found.taken.name, found.best.name) == ("head", "all")
    assert found.equal == ("head", "all")
    assert found.reason == (
        "Take head: its validation accuracy, 0.785, lies within the 95 % interval of the best, "
        "0.800 [0.780, 0.820] by all, and it is the cheapest of the 2 that do: 20.0 s of training "
        "and 100 parameters instead of 15 min 00 s of training and 100 parameters."
    )


def test_the_best_is_taken_where_nothing_reaches_it():
    found = recommend([one("all", 0.80, 900), one("head", 0.77, 20)])
    assert found.taken.name == "all"
    assert "nothing else reaches" in found.reason


def test_the_best_is_taken_where_it_is_the_cheapest_too():
    found = recommend([one("all", 0.79, 900), one("head", 0.80, 20)])
    assert found.taken.name == "head"
    assert "of the 2 within its 95 % interval it is the cheapest: 20.0 s" in found.reason


def test_the_end_of_the_interval_belongs_to_it():
    assert recommend([one("a", 0.75, 9, half=0.25), one("b", 0.5, 1)]).taken.name == "b"


def test_of_the_same_seconds_the_fewer_parameters_decide_and_unknown_costs_come_last():
    assert recommend([one("a", 0.8, 5, 200), one("b", 0.79, 5, 100)]).taken.name == "b"
    assert recommend([one("a", 0.8, None), one("b", 0.79, 50)]).taken.name == "b"


def test_of_the_same_cost_the_more_accurate_is_taken():
    assert recommend([one("a", 0.79, 5), one("b", 0.80, 5)]).taken.name == "b"


def test_one_candidate_is_no_choice():
    assert recommend([one("a", 0.8, 5)]) is None
    assert recommend([]) is None


@given(
    st.lists(
        st.tuples(st.floats(0, 1), st.floats(0, 100), st.integers(1, 9), st.floats(0, 0.2)),
        min_size=2,
        max_size=6,
    ),
    st.randoms(),
)
def test_nothing_is_both_as_good_and_cheaper_and_the_order_is_nothing(figures, random):
    candidates = [one(str(i), *figure) for i, figure in enumerate(figures)]
    found = recommend(candidates)
    assert found.taken.accuracy >= found.best.low
    better = [c for c in candidates if c.accuracy >= found.best.low and c.cost < found.taken.cost]
    assert not better
    random.shuffle(candidates)
    assert recommend(candidates) == found


def change(folder, part="validation", seconds=None, **figures):
    path = folder / "metrics.json"
    content = json.loads(path.read_text())
    content[part] |= figures
    if seconds is not None:
        content["training"]["seconds"] = seconds
    path.write_text(json.dumps(content))
    return folder


def within(accuracy, half=0.02):
    return {
        "accuracy": accuracy,
        "intervals": {"accuracy": [accuracy - half, accuracy + half]},
    }


def test_runs_are_chosen_by_validation_never_by_test(make_run):
    runs = [make_run(f"r{rate}", rows=60, epochs=2, learning_rate=rate) for rate in (1, 2)]
    change(runs[0], seconds=50, **within(0.80))
    change(runs[1], seconds=20, **within(0.70))
    change(runs[0], part="test", **within(0.10))
    assert compare(runs).recommendation.taken.name == "learning_rate=1"
    change(runs[1], **within(0.79))
    found = compare(runs).recommendation
    assert (found.taken.name, found.taken.runs) == ("learning_rate=2", ("r2",))


def test_seeds_are_averaged(make_run):
    """The best single run is of settings that are worse on the mean."""
    runs = []
    for rate, accuracies in ((1, (0.84, 0.86)), (2, (0.60, 0.95))):
        for seed, accuracy in enumerate(accuracies):
            run = make_run(f"{rate}-{seed}", rows=60, epochs=2, learning_rate=rate, seed=seed)
            runs.append(change(run, seconds=10 / rate, **within(accuracy)))
    taken = compare(runs).recommendation.taken
    assert taken.name == "learning_rate=1 (mean of 2 runs)"
    assert taken.accuracy == pytest.approx(0.85)
    assert (taken.low, taken.high) == pytest.approx((0.83, 0.87))


def test_a_baseline_that_is_as_good_is_recommended(make_run):
    run = change(make_run("r", rows=60, epochs=2, baseline=1.0), **within(0.80))
    content = json.loads((run / "metrics.json").read_text())
    content["baseline"]["validation"] |= within(0.79)
    (run / "metrics.json").write_text(json.dumps(content))
    found = compare([run]).recommendation
    assert (found.taken.name, found.best.name) == ("bag of words", "r")


def test_other_classes_are_another_task(make_run):
    runs = [make_run("a", rows=60, epochs=2), make_run("b", classes=("x", "y"), rows=60, epochs=2)]
    assert compare(runs).recommendation is None


def test_unfinished_runs_are_no_candidates(make_run):
    runs = [
        make_run("a", rows=60, epochs=2),
        make_run("b", rows=60, epochs=2, rate=2, finished=False),
    ]
    assert compare(runs).recommendation is None


def test_terminal_json_and_page_say_which_and_why(make_run, tmp_path):
    runs = [make_run(f"r{rate}", rows=60, epochs=2, learning_rate=rate) for rate in (1, 2)]
    comparison = compare(runs)
    reason = comparison.recommendation.reason
    console = Console(file=io.StringIO(), width=400)
    comparison.print(console)
    assert reason in console.file.getvalue()
    assert json.loads(comparison.to_json())["recommendation"]["reason"] == reason
    comparison.to_html(tmp_path / "page.html")
    assert reason in (tmp_path / "page.html").read_text(encoding="utf-8")
