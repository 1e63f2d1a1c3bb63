"""Which chains a search tries, and which it takes, where the figures are known for all of them."""

import itertools
from dataclasses import replace
from statistics import fmean
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerastc.compress.search.budget import Budget
from kerastc.compress.search.chain_study import ChainStudy
from kerastc.compress.search.result import Search, Trial
from kerastc.compress.search.space import Axis, Space
from kerastc.compress.search.terminal import search_tables
from kerastc.errors import UserError
from kerastc.inputs.text.compression import CompressedText
from kerastc.outputs.classes.predictions import Kept
from kerastc.outputs.classes.scores import Classes
from kerastc.run import Run
from kerastc.scores.pairs import Judged, least_differences

SPACE = Space(
    ("vocabulary",),
    (
        Axis("embedding", ("", "low-rank:embedding=8", "low-rank:embedding=4")),
        Axis("layers", ("", "structured:layers=1", "structured:layers=2", "structured:layers=3")),
        Axis("recover", ("", "recover:epochs=1")),
        Axis("quantize", ("quantize:float16", "quantize:int8", "quantize:int4")),
    ),
    CompressedText.beginnings,
)
ORIGINAL = {"accuracy": 0.9, "macro_f1": 0.8}


LABELS = np.arange(2000) % 2
OUTPUT = Classes("ab")


def judged(accuracy) -> Judged:
    """What a model said that is wrong on the first rows, as many as its accuracy leaves."""
    wrong = np.arange(len(LABELS)) < round((1 - accuracy) * len(LABELS))
    return said(LABELS, np.where(wrong, 1 - LABELS, LABELS))


def said(labels, predicted) -> Judged:
    return Judged(OUTPUT, Kept(labels, predicted, np.zeros(len(labels))))


def trial(words, accuracy, size, folder=None, **more) -> Trial:
    figures = {"accuracy": accuracy, "accuracy_interval": [0.5, 0.95], "macro_f1": accuracy}
    more = {"judged": judged(accuracy)} | more
    return Trial(tuple(words), folder, figures, size, size / 1e3, 9 * size, 10, 1.0, **more)


def search_of(trials, loss=0.02, goal="size", result=None, original=None) -> Search:
    original = original or judged(0.9)
    budget = Budget("accuracy", loss)
    return Search(None, ORIGINAL, original, budget, goal, tuple(trials), {}, result)


class Known:
    """Carries out trials whose figures follow from their words."""

    def __init__(self, folder, broken=()):
        self.chains = SimpleNamespace(source=Run(folder), original=Run(folder), subject=None)
        self.done = {}
        self.count = 0
        self.broken = broken
        folder.mkdir(exist_ok=True)
        self.chains.source.write_json("metrics.json", {"validation": ORIGINAL})

    def known(self, words):
        return self.done.get(words)

    def carry_out(self, words):
        if words in self.done:
            return self.done[words]
        self.count += 1
        if words[-1] in self.broken:
            raise UserError("The file differs.")
        harm, size = 0.0, 1000
        for word in words:
            number = float(word.partition("=")[2] or 0)
            if "embedding" in word:
                harm, size = harm + 0.1 / number, size - 3000 / (number + 4)
            if "layers" in word:
                harm, size = harm + 0.01 * number**2, size - 150 * number
        harm /= 5 if "recover:epochs=1" in words else 1
        harm += {"float16": 0, "int8": 0.001, "int4": 0.008}[words[-1].partition(":")[2]]
        size *= {"float16": 2, "int8": 1, "int4": 0.6}[words[-1].partition(":")[2]]
        self.done[words] = trial(words, 0.9 - harm, int(size), self.chains.source.folder)
        return self.done[words]


def study(folder, tried, within="accuracy=0.02", space=SPACE) -> ChainStudy:
    budget = Budget.parse(within, OUTPUT.figures)
    return ChainStudy(Run(folder), tried, space, budget, "size", judged(0.9))


def test_more_trials_go_on_as_if_they_had_been_asked_for_at_once(tmp_path):
    parts, whole = Known(tmp_path / "parts"), Known(tmp_path / "whole")
    study(tmp_path / "parts", parts).search(7)
    study(tmp_path / "parts", parts).search(12)
    study(tmp_path / "whole", whole).search(12)
    assert list(parts.done) == list(whole.done) and parts.count == whole.count == 12


def test_no_chain_is_tried_twice_and_a_small_space_is_tried_whole(tmp_path):
    tried = Known(tmp_path)
    small = Space((), SPACE.axes[2:], CompressedText.beginnings)
    found = study(tmp_path, tried, space=small)
    found.search(20)
    assert tried.count == len(found.found.trials) <= small.size == 6
    assert len(found.found.trials) >= 5


def test_what_the_sampler_draws_is_cheaper_than_chance_and_so_is_what_is_chosen(tmp_path):
    every = Known(tmp_path / "every")
    indices = itertools.product(*(range(len(axis.words)) for axis in SPACE.axes))
    names = [axis.name for axis in SPACE.axes]
    chance = [
        every.carry_out(SPACE.words(dict(zip(names, drawn, strict=True)))) for drawn in indices
    ]
    work = study(tmp_path, Known(tmp_path))
    work.search(18)
    drawn = work.found.trials[len(SPACE.first) :]
    assert len(drawn) == 12 and len(chance) == SPACE.size
    assert fmean(t.bytes for t in drawn) < fmean(t.bytes for t in chance)
    sizes = {t.words: t.bytes for t in chance if work.found.least_alone(t) >= -0.02}
    draws = np.random.default_rng(0)
    by_chance = [
        min(sizes.get(chance[i].words, 2000) for i in draws.permutation(len(chance))[:18])
        for _ in range(200)
    ]
    assert work.found.chosen.bytes <= fmean(by_chance)


def test_failed_trials_are_told_tried_again_and_never_chosen(tmp_path, capsys):
    tried = Known(tmp_path, broken=["quantize:int8"])
    work = study(tmp_path, tried)
    work.search(8)
    assert work.found.failed and all("differs" in error for error in work.found.failed.values())
    assert "failed: The file differs." in capsys.readouterr().err
    assert all(found.words[-1] != "quantize:int8" for found in work.found.trials)
    tried.broken = ()
    study(tmp_path, tried).search(8)
    assert "quantize:int8" in {words[-1] for words in tried.done}


def test_where_every_trial_fails_the_first_reason_is_told(tmp_path):
    kinds = [word for word in SPACE.axes[-1].words]
    with pytest.raises(UserError, match=r"Each of the 3 trials failed.*The file differs"):
        study(tmp_path, Known(tmp_path, broken=kinds)).search(3)


def test_the_fastest_are_timed_side_by_side_once(tmp_path):
    tried = Known(tmp_path)
    calls = []

    def measure(paths, texts):
        calls.append(len(paths))
        return [{"latency_ms": {"p50": 5.0 - i}, "spread_ms": 0.1} for i in range(len(paths))]

    tried.measure = measure
    tried.chains.subject = lambda: SimpleNamespace(splits=SimpleNamespace(validation=None))

    def searched():
        budget = Budget.parse("accuracy=0.5", OUTPUT.figures)
        found = ChainStudy(Run(tmp_path), tried, SPACE, budget, "latency", judged(0.9))
        found.search(8)
        return found

    work = searched()
    fastest = work.found.within[:5]
    assert work.timed_together().chosen.words == fastest[-1].words  # timed last: 1 ms
    assert searched().timed_together().chosen.words == fastest[-1].words and calls == [5]
    [kept] = tmp_path.glob("*.timed.json")
    for content in ('{"vocabulary": 1.0}', "[", '{"vocabulary": {"latency_p50_ms": null}}'):
        kept.write_text(content)
        with pytest.raises(UserError, match=kept.name):
            searched().timed_together()


def test_a_trial_whose_files_are_gone_is_made_again(tmp_path):
    tried = Known(tmp_path)
    study(tmp_path, tried).search(4)
    words = next(iter(tried.done))
    del tried.done[words]
    again = study(tmp_path, tried)
    again.search(4)
    assert words in tried.done and len(again.found.trials) == 4 and tried.count == 5


points = st.tuples(st.sampled_from([0.86, 0.88, 0.885, 0.89, 0.9]), st.integers(1, 6))


@given(st.lists(points, min_size=1, max_size=12))
def test_front_and_choice_are_those_of_brute_force(figures):
    trials = [trial([f"step-{i}"], *point) for i, point in enumerate(figures)]
    found = search_of(trials)
    front = {
        t.words
        for t, (accuracy, size) in zip(trials, figures, strict=True)
        if not any(a >= accuracy and s <= size and (a, s) != (accuracy, size) for a, s in figures)
    }
    assert {t.words for t in found.front} == front
    bounds = least_differences(OUTPUT.main, judged(0.9), [t.judged for t in trials])
    shown = [point for point, low in zip(figures, bounds, strict=True) if low >= -0.02]
    assert all(accuracy > 0.88 for accuracy, _ in shown)
    assert (found.chosen and found.chosen.bytes) == min((size for _, size in shown), default=None)
    if found.chosen:
        assert found.value(found.chosen) == max(a for a, s in shown if s == found.chosen.bytes)
        assert found.refusal is None
    else:
        assert f"{100 * max(bounds):+.1f} at the worst" in found.refusal.message


def drawn(rng, rows, worse, disagree):
    """An original of accuracy 0.8 and a model that is worse by so much on the mean."""
    labels = np.zeros(rows, np.int64)
    right, draw = rng.random(rows) < 0.8, rng.random(rows)
    other = right.copy()
    other[right & (draw < (disagree + worse) / 2 / 0.8)] = False
    other[~right & (draw < (disagree - worse) / 2 / 0.2)] = True
    return [said(labels, np.where(r, 0, 1)) for r in (right, other)]


def chosen_of(rng, rows, worse, disagree):
    """What is chosen where an expensive equal stands beside cheap ones that are worse."""
    original, same = drawn(rng, rows, 0.0, 0.0)
    others = []
    for number in range(8):
        draw = rng.random(rows)
        right = original.said.predicted == 0
        wrong = right & (draw < (disagree + worse) / 2 / 0.8)
        mended = ~right & (draw < (disagree - worse) / 2 / 0.2)
        predicted = np.where(wrong, 1, np.where(mended, 0, original.said.predicted))
        others.append((f"cheap-{number}", said(original.said.truth, predicted), 10 + number))
    trials = [
        trial([name], float((j.said.predicted == 0).mean()), size, judged=j)
        for name, j, size in (("same", same, 1000), *others)
    ]
    figures = {"accuracy": float((original.said.predicted == 0).mean())}
    found = Search(None, figures, original, Budget("accuracy", 0.01), "size", tuple(trials), {})
    return found.chosen and str(found.chosen)


def test_cheap_chains_two_points_worse_are_not_taken_on_2000_rows():
    rng = np.random.default_rng(0)
    taken = [chosen_of(rng, 2000, 0.02, 0.06) for _ in range(100)]
    assert sum(name != "same" for name in taken) <= 5


def test_cheap_chains_that_are_as_good_are_taken_on_2000_rows():
    rng = np.random.default_rng(1)
    taken = [chosen_of(rng, 2000, 0.0, 0.02) for _ in range(40)]
    assert sum(str(name).startswith("cheap") for name in taken) >= 36


def test_on_few_rows_nothing_is_shown_and_the_original_stays():
    rng = np.random.default_rng(2)
    assert {chosen_of(rng, 60, worse, 0.02) for worse in (0.0, 0.02)} == {None}
    short = said(LABELS[:60], LABELS[:60])
    found = search_of([trial(["a"], 0.9, 5, judged=short)], loss=0.01, original=short)
    assert found.verdict(found.trials[0]) == "not shown"
    refusal = found.refusal
    assert "Keep the original" in refusal.message and "60 validation rows" in refusal.message
    enough = float(refusal.hint.partition("accuracy=")[2].split()[0].rstrip("."))
    wider = search_of(found.trials, loss=enough, original=short)
    assert wider.chosen is found.trials[0] and enough < 0.1


def test_cheaper_chains_that_cannot_be_told_from_a_loss_are_named():
    trials = [trial(["same"], 0.9, 100), trial(["odd"], 0.885, 10), trial(["bad"], 0.8, 1)]
    found = search_of(trials)
    assert str(found.chosen) == "same"
    assert "1 cheaper chain cannot be told apart on 2,000 rows" in found.untold
    assert "odd" in found.untold and "bad" not in found.untold


def test_of_latencies_within_their_spread_the_smaller_file_is_taken():
    known = {"timed_together": True, "latency_spread_ms": 0.3}
    trials = [
        replace(trial(["a"], 0.9, 900), latency_p50_ms=1.0, **known),
        replace(trial(["b"], 0.9, 100), latency_p50_ms=1.2, **known),
        replace(trial(["c"], 0.9, 10), latency_p50_ms=1.4, **known),
    ]
    assert str(search_of(trials, goal="latency").chosen) == "b"


def test_the_tables_name_the_chosen_chain_and_its_test_accuracy(capsys, tmp_path):
    trials = [trial([f"low-rank:{i}"], a, s) for i, (a, s) in enumerate([(0.9, 9), (0.7, 3)])]
    result = {"run": tmp_path, "test": {"accuracy": 0.871, "intervals": {"accuracy": [0.8, 0.9]}}}
    search_tables(search_of(trials, loss=0.01, result=result))
    told = capsys.readouterr().out
    assert "2 *  low-rank:0   within" in told and "1    low-rank:1   too much" in told
    assert "0.8710" in told and "shown to lose at most 1 point of validation accuracy" in told


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("los=0.1", "there are: accuracy, macro_f1, loss"),
        ("accuracy=1", "0 or more, and below 1"),
        ("loss=-1", "0 or more."),
        ("loss=inf", "is not a loss"),
        ("loss=nan", "is not a loss"),
    ],
)
def test_a_budget_is_of_a_figure_of_the_output(word, message):
    with pytest.raises(UserError, match=message):
        Budget.parse(word, OUTPUT.figures)
    assert str(Budget.parse("loss=1.5", OUTPUT.figures)) == "loss=1.5"


def by_loss(losses) -> Judged:
    return Judged(OUTPUT, Kept(LABELS, LABELS, np.array(losses, float)))


def test_of_a_figure_of_which_less_is_better_more_is_lost():
    noise = np.random.default_rng(0).uniform(0, 0.1, len(LABELS))
    losses = {"same": 0.5, "little": 0.53, "much": 0.9, "better": 0.2}
    trials = [
        Trial((name,), None, {"loss": value}, size, 1.0, 1, 1, 1.0, judged=by_loss(value + noise))
        for size, (name, value) in enumerate(losses.items(), 1)
    ]
    budget = Budget.parse("loss=0.05", OUTPUT.figures)
    original = by_loss(0.5 + noise[::-1])
    found = Search(None, {"loss": 0.5}, original, budget, "size", tuple(trials), {})
    verdicts = {str(trial): found.verdict(trial) for trial in trials}
    assert verdicts == dict.fromkeys(losses, "within") | {"much": "too much"}
    assert str(found.chosen) == "same" and str(found.nearest) == "better"
    assert [str(trial) for trial in found.front] == ["same", "better"]
    assert found.least(trials[1]) > found.difference(trials[1]) == pytest.approx(0.03)
    assert "points" not in found.told(trials[1]) and "lose at most 0.05" in found.rule
