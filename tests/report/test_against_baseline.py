"""When a model beats its baseline, in words, and what the terminal says of it."""

import io
import json

import pytest
from rich.console import Console

from kerastc.outputs.classes.scores import Classes
from kerastc.report import terminal
from kerastc.report.page.baseline import verdict
from kerastc.run import Run
from kerastc.scores.figures import Figure


def figures(accuracy, interval=None):
    return {"accuracy": accuracy, "intervals": {"accuracy": interval} if interval else {}}


@pytest.mark.parametrize(
    ("baseline", "beaten", "words"),
    [
        (0.79, True, "beats the bag of words: accuracy 0.820 [0.800, 0.840] against 0.790."),
        (0.80, False, "does not beat the bag of words"),
        (0.83, False, "which lies within the 95 % interval"),
        (0.85, False, "is worse than the bag of words"),
    ],
)
def test_a_model_beats_its_baseline_only_beyond_the_interval(baseline, beaten, words):
    found, sentence = verdict(
        figures(0.82, [0.80, 0.84]), figures(baseline), "bag of words", Classes.main
    )
    assert found is beaten
    assert words in sentence


def test_without_intervals_the_accuracies_decide():
    assert verdict(figures(0.8), figures(0.7), "bag", Classes.main)[0]
    assert not verdict(figures(0.7), figures(0.8), "bag", Classes.main)[0]


def summary(folder, monkeypatch) -> str:
    console = Console(file=io.StringIO(), width=120)
    monkeypatch.setattr(terminal, "console", console)
    terminal.run_summary(Run.open(folder))
    return console.file.getvalue()


def test_the_terminal_has_a_line_of_the_baseline(make_run, monkeypatch):
    folder = make_run(rows=200, epochs=2, skill=4.0, baseline=1.0)
    accuracy = json.loads((folder / "metrics.json").read_text())["baseline"]["test"]["accuracy"]
    text = summary(folder, monkeypatch)
    assert f"bag of words: accuracy {accuracy:.3f} [" in text
    assert "; 0.9 s" in text
    assert "does not beat" not in text


def test_the_terminal_says_so_where_the_model_is_no_better(make_run, monkeypatch):
    folder = make_run(rows=200, epochs=2, skill=2.0, baseline=2.0)
    assert "does not beat the bag of words" in summary(folder, monkeypatch)


def test_a_run_without_a_baseline_has_no_line(make_run, monkeypatch):
    assert "bag of words" not in summary(make_run(rows=60, epochs=2), monkeypatch)


def test_where_less_is_better_the_whole_interval_lies_below():
    less = Figure("perplexity", higher=False, share=False)

    def of(value, ends=None):
        return {"perplexity": value, "intervals": {"perplexity": ends} if ends else {}}

    assert verdict(of(20.0, [18.0, 22.0]), of(23.0), "trigrams", less)[0]
    assert "does not beat" in verdict(of(20.0, [18.0, 22.0]), of(21.0), "trigrams", less)[1]
    assert "is worse than" in verdict(of(20.0, [18.0, 22.0]), of(17.0), "trigrams", less)[1]
