"""The last stage of a run: its figures, and those of the baseline, from the same texts."""

from types import SimpleNamespace

import numpy as np
import pytest
from fake_run import fake_predictions

from kerastc.data import read_texts, split
from kerastc.report import conclude
from kerastc.run import Run

NOTHING = {"flipped": None, "method": {}, "folds": ()}  # of what an image run may have


def test_metrics_hold_the_baseline_with_its_intervals_and_cost(subjects_csv, tmp_path):
    splits = split(read_texts(subjects_csv), 0)
    run = Run.create(tmp_path / "run", {"recipe": "text", "command": "kerastc train text"})
    run.describe_data(splits)
    run.write_json("preprocessing.json", {"task": "text-classification"})
    rng = np.random.default_rng(0)
    parts = ("validation", "test")
    model, bag = (
        {part: fake_predictions(3, len(getattr(splits, part)), rng)[1] for part in parts}
        for _ in range(2)
    )
    baseline = SimpleNamespace(
        **bag, figures={"seconds": 0.9, "parameters": 12}, name="bag of words"
    )
    choice = SimpleNamespace(table=[], rule="")
    figures = {"seconds": 2.0}
    trained = SimpleNamespace(**model, figures=figures, choice=choice, baseline=baseline, **NOTHING)
    conclude(run, splits, trained)
    written = run.read_json("metrics.json")
    found = written["baseline"]
    assert (found["name"], found["training"]) == ("bag of words", baseline.figures)
    for part in parts:
        right = bag[part].argmax(axis=1) == getattr(splits, part).labels
        assert found[part]["accuracy"] == pytest.approx(right.mean())
        low, high = found[part]["intervals"]["accuracy"]
        assert low <= right.mean() <= high
        assert written[part]["accuracy"] != found[part]["accuracy"]
    assert "Against the bag of words" in run.path("report.html").read_text(encoding="utf-8")
