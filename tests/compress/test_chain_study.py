"""Which chains a search tries, and which it takes, where the figures are known for all of them."""

import itertools
from statistics import fmean
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerastc.compress.chain_study import ChainStudy
from kerastc.compress.search_result import Budget, Search, Trial
from kerastc.compress.search_terminal import search_tables
from kerastc.compress.space import Axis, Space
from kerastc.compress.text_space import BEGINNINGS
from kerastc.errors import UserError
from kerastc.run import Run

SPACE = Space(
    ("vocabulary",),
    (
        Axis("embedding", ("", "low-rank:embedding=8", "low-rank:embedding=4")),
        Axis("layers", ("", "structured:layers=1", "structured:layers=2", "structured:layers=3")),
        Axis("recover", ("", "recover:epochs=1")),
        Axis("quantize", ("quantize:float16", "quantize:int8", "quantize:int4")),
    ),
    BEGINNINGS,
)
ORIGINAL = {"accuracy": 0.9, "macro_f1": 0.8}


def trial(words, accuracy, size, folder=None) -> Trial:
    figures = {"accuracy": accuracy, "accuracy_interval": [0.5, 0.95], "macro_f1": accuracy}
    return Trial(tuple(words), folder, figures, size, size / 1e3, 9 * size, 10, 1.0)


class Known:
    """Carries out trials whose figures follow from their words."""

    def __init__(self, folder, broken=()):
        self.chains = SimpleNamespace(source=Run(folder), original=Run(folder), task=None)
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
    return ChainStudy(Run(folder), tried, space, Budget.parse(within), "size")


def test_more_trials_go_on_as_if_they_had_been_asked_for_at_once(tmp_path):
    parts, whole = Known(tmp_path / "parts"), Known(tmp_path / "whole")
    study(tmp_path / "parts", parts).search(7)
    study(tmp_path / "parts", parts).search(12)
    study(tmp_path / "whole", whole).search(12)
    assert list(parts.done) == list(whole.done) and parts.count == whole.count == 12


def test_no_chain_is_tried_twice_and_a_small_space_is_tried_whole(tmp_path):
    tried = Known(tmp_path)
    small = Space((), SPACE.axes[2:], BEGINNINGS)
    found = study(tmp_path, tried, space=small)
    found.search(20)
    assert tried.count == len(found.found.trials) <= small.size == 6
    assert len(found.found.trials) >= 5


def test_what_the_sampler_draws_is_cheaper_than_chance_and_no_less_within_the_budget(tmp_path):
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
    within = [fmean(t.validation["accuracy"] >= 0.88 for t in trials) for trials in (drawn, chance)]
    assert within[0] >= within[1]


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
        return [{"latency_ms": {"p50": 5.0 - i}} for i in range(len(paths))]

    tried.measure = measure
    tried.chains.task = lambda: SimpleNamespace(splits=SimpleNamespace(validation=None))
    work = ChainStudy(Run(tmp_path), tried, SPACE, Budget.parse("accuracy=0.5"), "latency")
    work.search(8)
    fastest = work.found.within[:5]
    assert work.timed_together().chosen.words == fastest[-1].words  # timed last: 1 ms
    again = ChainStudy(Run(tmp_path), tried, SPACE, Budget.parse("accuracy=0.5"), "latency")
    again.search(8)
    assert again.timed_together().chosen.words == fastest[-1].words and calls == [5]


points = st.tuples(st.sampled_from([0.86, 0.88, 0.885, 0.89, 0.9]), st.integers(1, 6))


@given(st.lists(points, min_size=1, max_size=12))
def test_front_and_choice_are_those_of_brute_force(figures):
    trials = tuple(trial([f"step-{i}"], *point) for i, point in enumerate(figures))
    found = Search(None, ORIGINAL, Budget("accuracy", 0.02), "size", trials, {})
    front = {
        t.words
        for t, (accuracy, size) in zip(trials, figures, strict=True)
        if not any(a >= accuracy and s <= size and (a, s) != (accuracy, size) for a, s in figures)
    }
    assert {t.words for t in found.front} == front
    sizes = [size for accuracy, size in figures if accuracy >= 0.88 - 1e-12]
    assert (found.chosen and found.chosen.bytes) == min(sizes, default=None)
    if found.chosen:
        best = max(a for a, s in figures if s == found.chosen.bytes)
        assert found.value(found.chosen) == best
        assert found.refusal is None
    else:
        assert f"{max(a for a, _ in figures) - 0.9:+.4f}" in found.refusal.message


def test_the_tables_name_the_chosen_chain_and_its_test_accuracy(capsys, tmp_path):
    trials = tuple(trial([f"low-rank:{i}"], a, s) for i, (a, s) in enumerate([(0.9, 9), (0.7, 3)]))
    result = {"run": tmp_path, "test": {"accuracy": 0.871, "intervals": {"accuracy": [0.8, 0.9]}}}
    search_tables(Search(None, ORIGINAL, Budget("accuracy", 0), "size", trials, {}, result))
    told = capsys.readouterr().out
    assert "2 *  low-rank:0" in told and "1    low-rank:1" in told and "0.8710" in told
