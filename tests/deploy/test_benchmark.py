"""What a benchmark says is what it measured; slow models show as slower, equal ones as equal."""

import gzip
import json
import subprocess
import sys
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner
from device_model import LABELS, LENGTH, TEXTS, expected, ids, sign, write_run
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import accuracy_score, f1_score, log_loss

from kerastc.cli import main
from kerastc.deploy import benchmark, bundle
from kerastc.deploy.measure.benchmark import SOURCE, Protocol, gzip_size, worth
from kerastc.deploy.measure.latencies import latencies
from kerastc.deploy.measure.machine import memory, peak_memory
from kerastc.deploy.measure.packing import packed
from kerastc.deploy.measure.targets import Rows
from kerastc.deploy.measure.worker import WARM_UP, Measured, timed
from kerastc.deploy.run.runtime import Exported
from kerastc.errors import UserError
from kerastc.outputs.classes.scores import Classes
from kerastc.scores.softmax import softmax

CONTRACT = {
    *("file", "format", "quantization", "batch", "length", "threads", "runs", "machine"),
    *("initialisation_ms", "first_call_ms", "tokenize_ms", "latency_ms", "throughput"),
    *("peak_memory_bytes", "model_memory_bytes", "bytes", "gzip_bytes", "parameters"),
    *("rows", "loss", "accuracy", "accuracy_interval", "macro_f1", "macro_f1_interval"),
    *("agreement", "measured", "seconds_per_100"),
}


@given(arrays(float, (5, 20), elements=st.floats(0.001, 1e4)))
def test_latencies_are_numpys(milliseconds):
    found = latencies(milliseconds)
    for n in (50, 90, 95, 99):
        assert found["latency_ms"][f"p{n}"] == pytest.approx(np.percentile(milliseconds, n))
    assert found["latency_ms"]["mean"] == pytest.approx(milliseconds.mean())
    assert found["latency_ms"]["deviation"] == pytest.approx(milliseconds.std())
    medians = [np.median(calls) for calls in milliseconds]
    assert found["rounds_ms"]["p50"] == pytest.approx(medians)
    assert found["seconds_per_100"]["mean"] == pytest.approx(milliseconds.mean() / 10)
    assert found["spread_ms"] == pytest.approx(max(medians) - min(medians))


def test_worth_is_scikit_learns():
    draws = np.random.default_rng(3)
    labels, logits = draws.integers(0, 4, 300), draws.normal(size=(300, 4))
    chosen = np.where(draws.random(300) < 0.9, logits.argmax(axis=1), 0)
    rows = Rows(np.array(["a"] * 300, object), labels, np.eye(4)[chosen])
    found = worth(rows, softmax(logits), Classes("abcd"))
    said = logits.argmax(axis=1)
    assert found["accuracy"] == pytest.approx(accuracy_score(labels, said))
    assert found["macro_f1"] == pytest.approx(f1_score(labels, said, average="macro"))
    assert found["loss"] == pytest.approx(log_loss(labels, softmax(logits)))
    assert found["agreement"] == pytest.approx((said == chosen).mean())
    low, high = found["accuracy_interval"]
    # The normal approximation of a share's interval.
    half = 1.96 * np.sqrt(found["accuracy"] * (1 - found["accuracy"]) / 300)
    assert (high - low) / 2 == pytest.approx(half, rel=0.15)
    assert low < found["accuracy"] < high


def test_every_batch_is_called_in_turn_and_timed(monkeypatch):
    called, clock = [], [0]

    def run(batch: int) -> None:
        called.append(batch)
        clock[0] += batch * 1_000_000

    told = SimpleNamespace(perf_counter_ns=lambda: clock[0])
    monkeypatch.setattr("kerastc.deploy.measure.worker.time", told)
    assert timed(run, [0, 1, 2], 7) == [0, 1, 2, 0, 1, 2, 0]
    assert called[WARM_UP:] == [0, 1, 2, 0, 1, 2, 0]


class OfWindows(Measured):
    """A model that reads examples, words, in windows of two letters."""

    def opened(self, path, threads):
        session = SimpleNamespace(batch=2, start=lambda threads: None, check=lambda: None)
        session.inputs = lambda rows, length: tuple(rows)
        session.calls = partial(Exported.calls, session)
        self.called = []
        session.run = self.called.append

        def rows(words, length):
            return [word[i : i + 2] for word in words for i in range(0, len(word), 2)]

        return SimpleNamespace(rows=rows, session=session)


def test_an_example_of_several_windows_is_timed_as_a_whole():
    measured = OfWindows("", 1, 2, None, packed(np.array(["abcdef", "gh", "ijk"], object)))
    first, last = [("ab", "cd"), ("ef", "gh")], [("ij", "k"), ("ab", "cd"), ("ef", "ef")]
    assert measured.batches == [first, last] and measured.called == [first[0]]
    measured.called.clear()
    assert len(measured.answer({"calls": 2})["milliseconds"]) == 2
    assert measured.called == (first + last) * 2  # with the warm-up


@pytest.mark.parametrize(("runs", "rounds", "calls"), [(100, 5, 20), (101, 5, 21), (3, 3, 1)])
def test_calls_are_shared_out_over_rounds(runs, rounds, calls):
    assert Protocol.of_runs(runs) == Protocol(rounds, calls)


def test_gzip_size_is_that_of_gzip(model):
    assert gzip_size(model) == pytest.approx(len(gzip.compress(model.read_bytes(), 6)), abs=20)


def test_an_entry_has_what_the_account_needs(model):
    [entry] = benchmark([model], protocol=Protocol(2, 3))
    assert set(entry) >= CONTRACT
    assert (entry["file"], entry["format"]) == ("exports/model.tflite", "litert")
    assert (entry["batch"], entry["length"], entry["threads"], entry["runs"]) == (1, LENGTH, 1, 6)
    logits = expected([ids(text) for text in TEXTS])
    assert entry["accuracy"] == (logits.argmax(axis=1) == LABELS).mean()
    assert (entry["agreement"], entry["rows"]) == (1.0, len(TEXTS))
    assert entry["bytes"] == model.stat().st_size
    assert entry["peak_memory_bytes"] > entry["model_memory_bytes"] > 0
    assert min(entry["initialisation_ms"], entry["first_call_ms"], entry["tokenize_ms"]) > 0
    assert entry["throughput"] == pytest.approx(1000 / entry["latency_ms"]["mean"])
    run = model.parents[1]
    assert json.loads((run / "benchmark.json").read_text()) == [entry]


def test_the_same_measurement_takes_the_place_of_the_old_one(model, converted):
    run = model.parents[1]
    write_run(run, converted(batch=4), "four.tflite", batch=4)
    benchmark([run], threads=[1, 2], protocol=Protocol(1, 1))
    before = json.loads((run / "benchmark.json").read_text())
    names = [(entry["file"], entry["threads"], entry["batch"]) for entry in before]
    four, one = "exports/four.tflite", "exports/model.tflite"
    assert names == [(four, 1, 4), (four, 2, 4), (one, 1, 1), (one, 2, 1)]
    [new] = benchmark([model], protocol=Protocol(1, 2))
    after = json.loads((run / "benchmark.json").read_text())
    assert after == [
        *(entry for entry in before if (entry["file"], entry["threads"]) != (one, 1)),
        new,
    ]


def test_equal_models_agree_and_one_with_more_work_is_slower(model, converted):
    run = model.parents[1]
    write_run(run, converted(), "same.tflite")
    write_run(run, converted(work=8), "work.tflite")
    entries = benchmark([run], protocol=Protocol(5, 60))
    first, same, work = (entry["latency_ms"]["p50"] for entry in entries)
    spread = max(entries[0]["spread_ms"], entries[1]["spread_ms"])
    assert abs(first - same) <= max(spread, 0.5 * first)
    assert work > first + entries[0]["spread_ms"]
    assert min(entries[2]["rounds_ms"]["p50"]) > max(entries[0]["rounds_ms"]["p50"])


def test_a_fat_parent_does_not_make_a_model_fat(model):
    before = benchmark([model], protocol=Protocol(1, 1))[0]["peak_memory_bytes"]
    fat = np.ones(60_000_000)  # 480 MB
    after = benchmark([model], protocol=Protocol(1, 1))[0]["peak_memory_bytes"]
    assert after < before + fat.nbytes / 10


def test_memory_is_what_was_allocated():
    lines = (
        "import numpy as np; from kerastc.deploy.measure.machine import memory, peak_memory",
        "before = memory(); a = np.ones(20_000_000); held = memory(); del a",
        "print(held - before, peak_memory() - before, memory() - before)",
    )
    said = subprocess.run([sys.executable, "-c", "\n".join(lines)], stdout=-1, check=True).stdout
    held, peak, after = map(int, said.split())
    assert held == pytest.approx(160e6, rel=0.05)
    assert peak >= 0.95 * held
    assert after < 20e6
    assert peak_memory() >= memory() > 10e6


def test_a_bundle_is_measured_on_its_samples(model, tmp_path, capsys):
    path = bundle.write(model, tmp_path / "tiny.zip")
    [entry] = benchmark([path], protocol=Protocol(1, 2))
    assert (entry["rows"], entry["agreement"]) == (len(TEXTS), 1.0)
    assert entry["file"] == str(path)
    assert not (tmp_path / "benchmark.json").exists()


def test_the_command_measures_on_a_file_of_ones_own(model, tmp_path):
    data = tmp_path / "own.csv"
    long = "boil salt " * 5  # 10 words, of which the model sees 6
    data.write_text(f"words,subject\nking zebra,chess\nrook,chess\n{long},cooking\n")
    words = ["benchmark", model, "--data", data, "--text", "words", "--label", "subject"]
    words += ["--runs", "2", "--rows", "2", "--json"]
    result = CliRunner().invoke(main, [*map(str, words)])
    [entry] = json.loads(result.stdout)
    assert (entry["rows"], entry["agreement"], entry["runs"]) == (2, None, 2)
    assert "1 of 2 texts (50.0%) has more than 8 tokens: cut there." in result.stderr
    assert "1 of 2 texts (50.0%) has tokens that are not in the vocabulary" in result.stderr
    assert (entry["unseen"]["cut_by_tokens"], entry["unseen"]["with_unknown_tokens"]) == (1, 1)
    data.write_text("words,subject\nking rook,golf\nboil salt,cooking\n")
    result = CliRunner().invoke(main, [*map(str, words)])
    assert result.exit_code == 1
    assert "does not know: golf" in result.stderr


def test_the_command_prints_tables_of_80_columns(model):
    result = CliRunner().invoke(main, ["benchmark", str(model), "--runs", "2", "--threads", "1,2"])
    assert result.exit_code == 0
    table = result.stdout[result.stdout.index("Milliseconds") :]
    assert "model" in table and "accuracy" in table
    assert max(map(len, table.splitlines())) <= 80


def test_long_names_stand_above_the_tables(model):
    run = model.parents[1]
    name = "compressed/vocabulary-min_count=2+structured-neurons=0.6-heads=0.5-epochs=5"
    child = write_run(run / name, model.read_bytes())
    words = ["benchmark", str(model), str(child), "--runs", "2", "--threads", "1,2"]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["1", "exports/model.tflite"]
    assert lines[1].split() == ["2", f"{name}/exports/model.tflite"]
    table = lines[lines.index(next(line for line in lines if "Milliseconds" in line)) :]
    assert max(map(len, table)) <= 80
    assert [line.split()[:2] for line in table if " x" in line] == [
        [number, threads] for number in "12" for threads in ("x1", "x2")
    ]


def test_the_protocol_of_the_source(converted, tmp_path):
    path = write_run(tmp_path / "run", converted(length=None), length=None)
    [entry] = benchmark([path], protocol=SOURCE)
    assert (entry["protocol"], entry["length"], entry["batch"]) == ("source", 128, 1)
    assert (entry["runs"], len(entry["rounds_ms"]["mean"])) == (500, 5)
    result = CliRunner().invoke(main, ["benchmark", str(path), "--protocol", "source"])
    assert "100 texts of 128 tokens, one at a time, 5 times" in result.stdout
    assert "68" in result.stdout


def refused(match: str, *paths, **options) -> None:
    with pytest.raises(UserError, match=match):
        benchmark(paths, **options)


def test_what_cannot_be_measured_is_refused_before_any_work(model, tmp_path):
    run = model.parents[1]
    refused("exported for length 8.*at 128", model, protocol=SOURCE)
    refused("exported for batch 1.*at 4", model, protocol=Protocol.of_runs(5, batch=4))
    refused("neither a run nor a file at .*absent", tmp_path / "absent")
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "config.json").write_text("{}")
    refused("no exported model", empty)
    outside = write_run(tmp_path / "other", model.read_bytes())
    moved = tmp_path / "moved"
    outside.parent.rename(moved)
    refused("no texts to measure", moved / "model.tflite")
    sign(model, classes=["a", "b", "c"])
    refused("is of the classes cooking, sailing, chess", run)
    model.write_bytes(b"TFL3")
    refused("SHA-256", run)
    assert not (run / "benchmark.json").exists()


def test_a_model_that_breaks_in_its_process_is_named(model):
    content = model.read_bytes()
    model.write_bytes(content[: len(content) // 2])
    sign(model)
    refused(r"model\.tflite cannot be loaded", model)


def test_wrong_numbers_of_threads_are_refused(model):
    for threads in ("0", "1,x", ""):
        result = CliRunner().invoke(main, ["benchmark", str(model), "--threads", threads])
        assert result.exit_code == 2
        assert "such as 1,2" in result.stderr
