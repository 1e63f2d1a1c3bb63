"""The search over chains of steps, end to end on a small run."""

import json
import shlex
import shutil
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from kerastc.cli import main
from kerastc.compress import compress, search
from kerastc.compress.pipeline import data_of
from kerastc.compress.search.axes import space_of
from kerastc.compress.search.chains import Chains
from kerastc.compress.subject import Subject
from kerastc.deploy.run.runtime import load
from kerastc.errors import UserError
from kerastc.inputs.text.compression import CompressedText
from kerastc.models.loading import load_model
from kerastc.outputs.classes.metrics import classification_metrics
from kerastc.run import Run
from kerastc.tasks import task_of
from kerastc.training.config import TextClassifierConfig


class Measure:
    """Accuracies of the real files; time and memory that follow from their size."""

    def __init__(self):
        self.asked: list[Path] = []
        self.interrupt_at = None
        self.at_the_end = lambda: None

    def __call__(self, paths, texts):
        self.asked += paths
        if len(self.asked) == self.interrupt_at:
            raise KeyboardInterrupt
        return [self.entry(path, texts) for path in paths]

    def entry(self, path, texts):
        if texts is None:  # the test rows, of the chosen one
            self.at_the_end()
            return {}
        classifier = load(path)
        probabilities = classifier.answers(texts.examples)
        found = classification_metrics(texts.labels, probabilities, texts.classes)
        return {
            "answers": probabilities,
            **{name: found[name] for name in ("accuracy", "macro_f1", "loss")},
            **{f"{name}_interval": found["intervals"][name] for name in ("accuracy", "macro_f1")},
            "bytes": path.stat().st_size,
            "latency_ms": {"p50": path.stat().st_size / 1e5},
            "peak_memory_bytes": 5 * path.stat().st_size,
            "parameters": classifier.parameters,
        }


OPTIONS = {"within": "accuracy=0.3", "goal": "size", "epochs": 0, "trials": 2}


@pytest.fixture(scope="module")
def searched(trained, folders):
    """A search that was stopped in its second trial and given again; and what it measured."""
    measure = Measure()
    measure.interrupt_at = 2
    with pytest.raises(UserError) as stopped:
        search(trained, ["vocabulary"], **OPTIONS, folders=folders, measure=measure)
    measure.interrupt_at = None
    refused = []

    def again():
        try:
            search(trained, **OPTIONS, folders=folders, measure=measure)
        except UserError as error:
            refused.append(str(error))

    def at_the_end():
        thread = threading.Thread(target=again)
        thread.start()
        thread.join()

    measure.at_the_end = at_the_end
    found = search(trained, ["vocabulary"], **OPTIONS, folders=folders, measure=measure)
    assert len(refused) == 1 and "at work on" in refused[0]
    return found, measure, stopped


def test_the_cheapest_chain_within_the_budget_becomes_a_run(searched):
    found, _, _ = searched
    assert len({trial.words for trial in found.trials}) == 2 and not found.failed
    assert all(trial.words[0] == "vocabulary" for trial in found.trials)
    within = [t for t in found.trials if found.least(t) >= -0.3]
    assert found.chosen.bytes == min(trial.bytes for trial in within)
    run = Run(found.result["run"])
    assert run.finished and tuple(run.steps) == found.chosen.words
    assert run.path("exports", "model.tflite").stat().st_size == found.chosen.bytes
    metrics = run.read_json("metrics.json")
    assert metrics["validation"]["accuracy"] == found.chosen.validation["accuracy"]
    assert metrics["test"] == found.result["test"]
    assert json.loads(json.dumps(found.as_dict()))["chosen"] == list(found.chosen.words)


def test_no_trial_sees_a_test_row_and_what_they_share_is_made_once(searched):
    found, _, _ = searched
    for trial in found.trials:
        assert not (trial.folder / "metrics.json").exists()
        assert not (trial.folder / "predictions").exists()
        assert not (trial.folder / "model.keras").exists()
        assert (trial.folder / "validation.npz").stat().st_size < 20_000
    prefixes = {t.words[:n] for t in found.trials for n in range(1, len(t.words))}
    steps = Run(found.run).path("compressed", "search", "steps")
    assert len(list(steps.iterdir())) == len(prefixes) < sum(len(t.words) - 1 for t in found.trials)


def test_a_stopped_search_goes_on_and_measures_nothing_twice(searched):
    found, measure, stopped = searched
    files = [trial.folder / "exports" / "model.tflite" for trial in found.trials]
    chosen = found.result["run"] / "exports" / "model.tflite"
    assert measure.asked == [files[0], files[1], files[1], chosen]  # files[1] was stopped
    command = shlex.split(stopped.value.hint.partition("kerastc ")[2])
    assert command[:2] == ["compress", str(found.run)] and "--within" in command


def test_the_chosen_run_is_what_its_steps_make_without_a_search(searched, folders, tmp_path):
    found, _, _ = searched
    alone = compress(found.run, found.chosen.words[:-1], folders=folders, folder=tmp_path / "alone")
    one, other = (load_model(r / "model.keras") for r in (alone.folder, found.result["run"]))
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_where_nothing_stays_within_the_budget_no_run_is_made(searched, trained, folders):
    before = set(trained.glob("compressed/*"))
    options = OPTIONS | {"within": "macro_f1=0.001"}
    known = {trial.folder for trial in searched[0].trials}
    measure = Measure()
    for record in trained.glob("compressed/search/trials/*/trial.json"):
        values = json.loads(record.read_text())
        values["validation"]["macro_f1"] = 0.5
        record.write_text(json.dumps(values))
    found = search(trained, ["vocabulary"], **options, folders=folders, measure=measure)
    assert found.chosen is None and found.result is None and not measure.asked
    assert {trial.folder for trial in found.trials} == known  # from the other search
    assert "of 2 chains none is shown" in found.refusal.message
    assert set(trained.glob("compressed/*")) == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--within", "acuracy=0.01"], "Did you mean 'accuracy'?"),
        (["--within", "accuracy=-0.01"], "-0.01 is not a loss"),
        (["--within", "accuracy"], "nothing is not a loss"),
        (["--within", "accuracy=0.01", "--for", "sise"], "Did you mean 'size'?"),
        (["--within", "accuracy=0.01", "--trials", "0"], "--trials 0"),
        (["--within", "accuracy=0.01", "--epochs", "-1"], "--epochs -1"),
        (["--for", "size"], "--within is missing"),
        (["--within", "accuracy=0.01", "--resume"], "--resume does not go with a search"),
        (["quantize:int8", "--within", "accuracy=0.01"], "Leave it out"),
        (["low-rank:0", "--within", "accuracy=0.01"], "rank=0 is not allowed"),
    ],
)
def test_slips_are_told_before_any_work(tiny_run, words, message):
    result = CliRunner().invoke(main, ["compress", str(tiny_run), *words])
    assert result.exit_code == 1 and message in result.output and "Traceback" not in result.output
    assert not (tiny_run / "compressed").exists()


@pytest.fixture
def tiny_run(trained, tmp_path) -> Path:
    """The trained run elsewhere, with nothing compressed of it."""
    return shutil.copytree(
        trained, tmp_path / "run", ignore=shutil.ignore_patterns("compressed", "checkpoints")
    )


def test_without_optuna_the_way_to_get_it_is_told(tiny_run, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    result = CliRunner().invoke(main, ["compress", str(tiny_run), "--within", "accuracy=0.01"])
    assert result.exit_code == 1 and "pip install 'kerastc[sweep]'" in result.output


@pytest.mark.backend
def test_chains_that_begin_alike_share_the_models_of_their_beginnings(trained, folders, tmp_path):
    source = Run(trained, folders.cache)
    of = data_of(source)
    splits = of.load(of.config, Run(tmp_path))
    chains = Chains(
        tmp_path / "steps", source, source, lambda: Subject(source, source, of.config, splits)
    )
    first = chains.model_after(["vocabulary", "low-rank:embedding=4"])
    written = first.path("model.keras").stat().st_mtime_ns
    chains.model_after(["vocabulary", "low-rank:embedding=4", "low-rank:rank=2"])
    assert first.path("model.keras").stat().st_mtime_ns == written
    assert len(list((tmp_path / "steps").iterdir())) == 3
    record = chains.record(["vocabulary", "low-rank:embedding=4", "low-rank:rank=2"])
    assert [step["step"] for step in record][-1] == "low-rank:rank=2" and len(record) == 3
    assert record[0]["parameters"][1] == record[1]["parameters"][0]


def test_the_space_offers_what_the_model_can_still_take(trained):
    run = Run(trained)
    shown, has = CompressedText(run, TextClassifierConfig()), task_of(run).capabilities
    model = load_model(run.path("model.keras"))
    whole = space_of(model, shown, has, [], [], 2)
    names = [axis.name for axis in whole.axes]
    assert names == [
        *("vocabulary", "embedding", "layers", "neurons", "kernels", "recover", "quantize")
    ]
    assert whole.size == 3 * 5 * 2 * 4 * 4 * 3 * 5
    done = ["vocabulary", "distill:layers=1"]
    rest = space_of(model, shown, has, done, done, 0)
    assert [axis.name for axis in rest.axes] == ["embedding", "neurons", "kernels", "quantize"]
    assert all(rest.words(drawn)[:2] == tuple(done) for drawn in rest.first)
