"""The rule of the recommendation: validation alone, and of equals the cheapest."""

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from kerastc.outputs.classes.metrics import classification_metrics
from kerastc.outputs.classes.predictions import Predictions, read_predictions, write_predictions
from kerastc.outputs.classes.scores import Classes
from kerastc.report.comparison.data import compare
from kerastc.scores.figures import named
from kerastc.scores.recommendation import MARGIN, Candidate, difference, recommend
from kerastc.sweep.result import Sweep, Trial

OUTPUT = Classes("abc")


def one(name, accuracy, steps, parameters=100, half=0.006):
    ends = (accuracy - half, accuracy + half)
    return Candidate(name, (name,), accuracy, *ends, steps, parameters, Classes.main)


def said(right, seed=0):
    """Predictions of two classes that are right where they are told to be."""
    labels = np.random.default_rng(99).integers(0, 2, len(right))
    predicted = np.where(right, labels, 1 - labels)
    examples = np.array([f"{seed} text {i}" for i in range(len(right))], object)
    return Predictions(examples, labels, np.eye(2)[predicted], ("a", "b"))


def measured(name, right, steps):
    predictions = said(right)
    accuracy = float(np.mean(right))
    half = 1.96 * (accuracy * (1 - accuracy) / len(right)) ** 0.5
    ends = (accuracy - half, accuracy + half)
    return Candidate(
        name, (name,), accuracy, *ends, steps, 100, Classes.main, OUTPUT, {0: predictions}
    )


def pair_of(rows, accuracy, worse, disagree, rng):
    """Whether two models are right about rows, the second being worse by that on the mean."""
    first = rng.random(rows) < accuracy
    draw = rng.random(rows)
    second = first.copy()
    second[first & (draw < (disagree + worse) / 2 / accuracy)] = False
    second[~first & (draw < (disagree - worse) / 2 / (1 - accuracy))] = True
    return first, second


def test_a_cheaper_model_that_cannot_be_told_apart_is_taken_and_it_is_said():
    right = np.arange(450) % 10 < 8
    other = right.copy()
    other[[0, 1, 2, 8]] = [False, False, False, True]
    found = recommend([measured("all", right, 900), measured("head", other, 20)], "texts")
    assert (found.taken.name, found.best.name) == ("head", "all")
    assert found.equal == ("head", "all")
    assert "on 450 texts it cannot be told apart from all" in found.reason
    assert "20 steps and 100 parameters instead of 900 steps" in found.reason


@pytest.mark.parametrize(("rows", "disagree"), [(2000, 0.04), (2000, 0.2), (450, 0.1)])
def test_a_model_two_points_worse_is_rarely_taken(rows, disagree):
    rng = np.random.default_rng(0)
    taken, unpaired = 0, 0
    for _ in range(100):
        best, worse = pair_of(rows, 0.7, 0.02, disagree, rng)
        candidates = [measured("best", best, 900), measured("worse", worse, 20)]
        found = recommend(candidates)
        taken += found.taken.name == "worse" != found.best.name
        unpaired += candidates[1].value >= candidates[0].low
    assert taken <= 5  # where the separate intervals alone would take it half of the times
    assert unpaired > 30


def test_few_rows_tell_nothing_apart_and_prove_nothing():
    right = np.arange(90) % 10 < 8
    other = right.copy()
    other[[0, 1, 2, 8]] = [False, False, False, True]
    found = recommend([measured("all", right, 900), measured("head", other, 20)], "texts")
    assert (found.taken.name, found.equal) == ("all", ("head", "all"))
    assert "On 90 texts head cannot be told apart from it" in found.reason
    assert "cheaper, 20 steps" in found.reason and "more rows would tell" in found.reason


def test_the_paired_interval_is_that_of_the_normal_approximation():
    best, worse = pair_of(4000, 0.85, 0.01, 0.08, np.random.default_rng(1))
    found = difference(measured("a", best, 1), measured("b", worse, 1))
    steps = best.astype(float) - worse
    half = 1.96 * steps.std() / np.sqrt(len(steps))
    assert found.mean == pytest.approx(steps.mean())
    assert (found.low, found.high) == pytest.approx(
        (steps.mean() - half, steps.mean() + half), abs=0.001
    )


def test_seeds_are_paired_with_seeds():
    rng = np.random.default_rng(2)
    pairs = {seed: pair_of(300, 0.8, 0.0, 0.1, rng) for seed in (0, 1)}
    both = [
        Candidate(
            name,
            (name,),
            0.8,
            0.75,
            0.85,
            1,
            1,
            Classes.main,
            OUTPUT,
            {s: said(p[i], s) for s, p in pairs.items()},
        )
        for i, name in enumerate("ab")
    ]
    assert difference(*both).rows == 600
    alone = replace(both[1], predictions={0: both[1].predictions[0]})
    assert difference(both[0], alone).rows == 0  # a seed has no partner


def test_other_rows_are_compared_by_separate_intervals():
    found = recommend([one("all", 0.80, 900), one("head", 0.795, 20)])
    assert found.taken.name == "head" and "by their separate intervals" in found.reason
    assert recommend([one("all", 0.80, 900), one("head", 0.75, 20)]).taken.name == "all"


def test_the_best_is_taken_where_it_is_the_cheapest_too():
    found = recommend([one("all", 0.795, 900), one("head", 0.80, 20)])
    assert found.taken.name == "head"
    assert "all cannot be told apart from it, and it is the cheapest" in found.reason


def test_of_the_same_steps_the_fewer_parameters_decide_and_unknown_costs_come_last():
    assert recommend([one("a", 0.8, 5, 200), one("b", 0.795, 5, 100)]).taken.name == "b"
    assert recommend([one("a", 0.8, None), one("b", 0.795, 50)]).taken.name == "b"


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
    equal = [c for c in candidates if c.name in found.equal]
    assert found.taken in equal and found.best in equal
    cheaper = [c for c in equal if c.cost < found.taken.cost]
    assert all(difference(found.best, c).high > MARGIN for c in cheaper)
    random.shuffle(candidates)
    assert recommend(candidates) == found


def of_figure(figure, name, judged, steps):
    """A candidate of what models of several seeds say, by seed; its ends play no part."""
    found = {
        seed: Predictions(examples, labels, probabilities, ("a", "b", "c"))
        for seed, (examples, labels, probabilities) in judged.items()
    }
    values = [classification_metrics(p.labels, p.probabilities, p.classes) for p in found.values()]
    mean = float(np.mean([value[figure] for value in values]))
    measure = named(OUTPUT.figures, figure)
    return Candidate(name, (name,), mean, mean, mean, steps, 100, measure, OUTPUT, found)


def seeds_of(rng, labels, names, skill, rare=None):
    """Probabilities of three classes for two seeds; `rare` is the skill for the third class."""
    of_class = np.array([skill, skill, skill if rare is None else rare])
    said = {}
    for seed in (0, 1):
        logits = rng.normal(size=(len(labels), 3)) + of_class[labels, None] * np.eye(3)[labels]
        odds = np.exp(logits)
        said[seed] = (names, labels, odds / odds.sum(1, keepdims=True))
    return said


def nearly(rng, odds):
    """Probabilities that differ a little from others."""
    odds = odds * np.exp(0.03 * rng.normal(size=odds.shape))
    return odds / odds.sum(1, keepdims=True)


@pytest.mark.parametrize("figure", ["macro_f1", "loss"])
def test_macro_f1_and_loss_are_judged_by_pairs_of_seeds_too(figure):
    rng = np.random.default_rng(5)
    labels = rng.choice(3, size=600, p=[0.45, 0.45, 0.1])
    names = np.array([f"text {i}" for i in range(600)], object)
    good = seeds_of(rng, labels, names, 2.5)
    again = {seed: (*rest, nearly(rng, odds)) for seed, (*rest, odds) in good.items()}
    bad = seeds_of(rng, labels, names, 2.5, rare=0.5)  # on a class of few rows alone
    candidates = [
        of_figure(figure, "slow", good, 900),
        of_figure(figure, "fast", again, 100),
        of_figure(figure, "bad", bad, 10),
    ]
    found = recommend(candidates, "texts")
    assert found.taken.name == "fast" and set(found.equal) == {"slow", "fast"}
    words = {"macro_f1": "macro F1", "loss": "loss"}[figure]
    assert f"validation {words}" in found.reason
    assert found.as_dict()["taken"][figure] == found.taken.value
    told = difference(*(c for c in candidates if c.name != "fast"))
    assert told.told and told.rows == 600 and told.mean > 0


def test_a_loss_without_predictions_or_intervals_is_judged_by_its_value():
    candidates = [
        Candidate(name, (name,), value, value, value, steps, 1, named(OUTPUT.figures, "loss"))
        for name, value, steps in (("a", 0.5, 900), ("b", 0.6, 10))
    ]
    assert recommend(candidates).taken.name == "a"


def change(folder, part="validation", steps=None, **figures):
    path = folder / "metrics.json"
    content = json.loads(path.read_text())
    content[part] |= figures
    if steps is not None:
        content["training"]["steps"] = steps
    (folder / "predictions" / "validation.csv").unlink(missing_ok=True)
    path.write_text(json.dumps(content))
    return folder


def within(accuracy, half=0.006):
    return {
        "accuracy": accuracy,
        "intervals": {"accuracy": [accuracy - half, accuracy + half]},
    }


def test_runs_are_chosen_by_validation_never_by_test(make_run):
    runs = [make_run(f"r{rate}", rows=60, epochs=2, learning_rate=rate) for rate in (1, 2)]
    change(runs[0], steps=50, **within(0.80))
    change(runs[1], steps=20, **within(0.70))
    change(runs[0], part="test", **within(0.10))
    assert compare(runs).recommendation.taken.name == "learning_rate=1"
    change(runs[1], **within(0.795))
    found = compare(runs).recommendation
    assert (found.taken.name, found.taken.runs) == ("learning_rate=2", ("r2",))


def test_seeds_are_averaged(make_run):
    """The best single run is of settings that are worse on the mean."""
    runs = []
    for rate, accuracies in ((1, (0.84, 0.86)), (2, (0.60, 0.95))):
        for seed, accuracy in enumerate(accuracies):
            run = make_run(f"{rate}-{seed}", rows=60, epochs=2, learning_rate=rate, seed=seed)
            runs.append(change(run, steps=10 // rate, **within(accuracy)))
    taken = compare(runs).recommendation.taken
    assert taken.name == "learning_rate=1 (mean of 2 runs)"
    assert taken.value == pytest.approx(0.85)
    assert (taken.low, taken.high) == pytest.approx((0.844, 0.856))


def test_a_baseline_that_is_as_good_is_recommended(make_run):
    run = change(make_run("r", rows=60, epochs=2, baseline=1.0), **within(0.80))
    content = json.loads((run / "metrics.json").read_text())
    content["baseline"]["validation"] |= within(0.795)
    (run / "metrics.json").write_text(json.dumps(content))
    found = compare([run]).recommendation
    assert (found.taken.name, found.best.name) == ("bag of words", "r")


def sweep_of(runs, objective, maximize=True):
    """A sweep over `rate` whose trials are these runs."""
    trials = []
    for number, run in enumerate(runs):
        config = json.loads((run / "config.json").read_text())["config"]
        value = json.loads((run / "metrics.json").read_text())["validation"][objective]
        words = (f"rate={config['rate']}", f"seed={config['seed']}")
        trials.append(Trial(number, words, "finished", value, run, None))
    return Sweep(Path(), "s", "sqlite://", "arxiv", "jax", (), objective, maximize, tuple(trials))


@pytest.mark.parametrize(("objective", "maximize"), [("macro_f1", True), ("loss", False)])
def test_a_sweep_takes_the_cheaper_of_equals_by_its_own_figure(make_run, objective, maximize):
    texts = [f"text {i}" for i in range(400)]
    runs = []
    for rate, skill, steps in ((1, 3.0, 900), (2, 3.001, 20), (3, 1.5, 5)):
        for seed in (0, 1):
            what = {"rows": 400, "texts": texts, "seed": seed, "skill": skill, "rate": rate}
            run = make_run(f"{rate}-{seed}", epochs=2, **what)
            content = json.loads((run / "metrics.json").read_text())
            content["training"]["steps"] = steps
            (run / "metrics.json").write_text(json.dumps(content))
            runs.append(run)
    for seed in (0, 1):  # the cheap ones say nearly what the others say
        rows = read_predictions(runs[seed] / "predictions" / "validation.csv")
        odds = rows.probabilities * np.exp(0.2 * np.random.default_rng(seed).normal(size=(400, 3)))
        odds /= odds.sum(1, keepdims=True)
        path = runs[2 + seed] / "predictions" / "validation.csv"
        write_predictions(path, rows.examples, rows.labels, odds, rows.classes)
        bad = runs[4 + seed] / "predictions" / "validation.csv"
        odds = rows.probabilities[:, [1, 2, 0]] * 0.5 + rows.probabilities * 0.5
        write_predictions(bad, rows.examples, rows.labels, odds, rows.classes)
        for run, said in ((runs[2 + seed], path), (runs[4 + seed], bad)):
            found = read_predictions(said)
            content = json.loads((run / "metrics.json").read_text())
            figures = classification_metrics(found.labels, found.probabilities, found.classes)
            content["validation"] = figures
            (run / "metrics.json").write_text(json.dumps(content))
    found = sweep_of(runs, objective, maximize)
    assert found.best.settings == ("rate=2",)
    recommendation = found.comparison.recommendation
    assert recommendation.taken.name == "rate=2 (mean of 2 runs)"
    assert "rate=3 (mean of 2 runs)" not in recommendation.equal
    assert found.as_dict()["recommendation"]["taken"][objective] == recommendation.taken.value


def test_a_sweep_names_the_trial_to_take_where_a_baseline_is_recommended(make_run):
    runs = [make_run(f"r{rate}", rows=60, epochs=2, rate=rate, baseline=1.0) for rate in (1, 2)]
    change(runs[0], steps=50, **within(0.80))
    change(runs[1], steps=20, **within(0.797))
    for run in runs:
        content = json.loads((run / "metrics.json").read_text())
        content["baseline"]["validation"] |= within(0.798)
        (run / "metrics.json").write_text(json.dumps(content))
    found = sweep_of(runs, "accuracy")
    assert found.comparison.recommendation.taken.name.startswith("bag of words")
    assert found.best.settings == ("rate=2",)  # the cheaper of equals


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
