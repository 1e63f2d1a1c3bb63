"""The comparison that a study ends in: seeds together, train accuracy, top-5, images."""

import csv
import io
import json
import statistics

import numpy as np
import pytest
from fake_image_run import make_fake_image_run
from rich.console import Console
from scipy.stats import bootstrap, ttest_1samp

from kerastc.report.comparison.data import compare
from kerastc.scores.seeds import over_seeds
from kerastc.sweep.result import Sweep, Trial


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Two methods of three seeds each, and one of a single seed."""
    folder = tmp_path_factory.mktemp("study")
    plan = [("supervised", 1.5, 90, 3), ("fixmatch", 4.0, 490, 3), ("simclr", 3.0, 490, 1)]
    return [
        make_fake_image_run(
            folder / f"{method}-{seed}", seed=seed, skill=skill, images=images, method_name=method,
            flipped=method == "fixmatch",
        )
        for method, skill, images, seeds in plan
        for seed in range(seeds)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def comparison(study):
    return compare(study)


def printed(comparison, width: int) -> str:
    console = Console(file=io.StringIO(), width=width)
    comparison.print(console)
    return console.file.getvalue()


def test_every_method_has_a_row_over_its_seeds_the_single_run_too(comparison):
    groups = comparison.groups
    assert comparison.differing == ["method_name"]
    assert [len(group["runs"]) for group in groups] == [3, 1, 3]
    assert [group["training"]["images"]["mean"] for group in groups] == [490, 490, 90]
    assert groups[0]["train"]["accuracy"]["mean"] == pytest.approx(0.8225)
    assert groups[1]["test"]["accuracy"]["interval"] is None


def test_figures_over_seeds_are_those_of_the_runs(study, comparison):
    values = [json.loads((f / "metrics.json").read_text())["test"] for f in study[3:6]]
    found = comparison.groups[0]["test"]
    for key in ("accuracy", "top_5_accuracy", "macro_f1"):
        assert found[key]["mean"] == pytest.approx(statistics.fmean(v[key] for v in values))


def test_the_interval_over_seeds_is_students():
    values = [0.512, 0.498, 0.530, 0.521]
    found = over_seeds(values)
    interval = ttest_1samp(values, 0).confidence_interval(0.95)
    assert found["interval"] == pytest.approx([interval.low, interval.high])
    many = np.random.default_rng(0).normal(0.5, 0.02, 200)
    resampled = bootstrap((many,), np.mean, rng=np.random.default_rng(0)).confidence_interval
    assert over_seeds(many.tolist())["interval"] == pytest.approx(list(resampled), abs=1e-3)


def test_an_interval_of_a_share_stays_a_share():
    assert over_seeds([0.1, 0.9])["interval"] == [0.0, 1.0]
    low, high = over_seeds([0.1, 0.9], share=False)["interval"]
    assert low < 0 < 1 < high
    assert over_seeds([]) == {"mean": None, "deviation": None, "interval": None}


def test_a_wide_terminal_shows_all_a_narrow_one_the_essentials(comparison):
    wide, narrow = printed(comparison, 220), printed(comparison, 70)
    for heading in ("train", "test top-5", "test flipped", "images"):
        assert heading in wide
        assert heading not in narrow.split("Mean ±")[1].split("Sorted")[0].replace("training", "")
    assert "490" in wide


def test_every_form_has_the_figures_of_images(comparison, tmp_path):
    comparison.to_html(tmp_path / "table.html")
    page = (tmp_path / "table.html").read_text(encoding="utf-8")
    for heading in ("Train accuracy", "Test top-5", "Test accuracy, flipped", "Images"):
        assert f">{heading}</th>" in page
    assert "Accuracy over seeds" in page
    row = next(csv.DictReader(io.StringIO(comparison.to_csv())))
    best = comparison.rows[0]
    assert float(row["test_top_5_accuracy"]) == best["test"]["top_5_accuracy"]
    assert float(row["train_accuracy"]) == best["train"]["accuracy"]
    assert float(row["test_flipped_accuracy"]) == best["test_flipped"]["accuracy"]
    assert row["training_images"] == "490"


def test_a_sweep_ends_in_that_comparison(study, comparison, tmp_path):
    trials = tuple(
        Trial(i, (f"method_name={f.name}",), "finished", 0.5, f, None) for i, f in enumerate(study)
    )
    sweep = Sweep(tmp_path, "study", "sqlite://", "cifar100", "jax", (), "accuracy", True, trials)
    sweep.write()
    written = json.loads((tmp_path / "sweep.json").read_text(encoding="utf-8"))
    assert written["over_seeds"] == comparison.groups
    assert written["recommendation"]["taken"]["name"].startswith("method_name=fixmatch")
    assert "Mean over seeds" in (tmp_path / "compare.html").read_text(encoding="utf-8")
