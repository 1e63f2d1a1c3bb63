"""A run's Keras model is measured beside its exported files."""

import io
import json
import shutil

import numpy as np
import pytest
from text_run import CLASSES, ROWS, texts

from kerastc.deploy.measure import keras_worker
from kerastc.deploy.measure.benchmark import Protocol, benchmark
from kerastc.deploy.measure.keras_worker import MeasuredKeras
from kerastc.deploy.measure.packing import packed
from kerastc.deploy.measure.terminal import benchmark_tables
from kerastc.deploy.measure.worker import serve
from kerastc.errors import UserError
from kerastc.predictor import predictor_of
from kerastc.run import Run

SHORT = Protocol(2, 3, batch=1, length=10, name="source")


class InProcess:
    """`kerastc.deploy.measure.process.Process`, in this one: Keras is imported already."""

    modules: list[str] = []

    def __init__(self, name, load, module):
        self.modules.append(module)
        self._model = MeasuredKeras(**load)
        self.loaded = self._model.loaded()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def ask(self, request):
        return json.loads(json.dumps(self._model.answer(request)))


@pytest.fixture(autouse=True, scope="module")
def no_limit():
    """The backend of these tests keeps its threads."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras_worker, "_limit", lambda *_: None)
        yield


@pytest.fixture(scope="module")
def entries(original, tmp_path_factory):
    """Of a run without exported files, with one thread and two."""
    folder = shutil.copytree(original.folder, tmp_path_factory.mktemp("keras") / "run")
    # Of a run that names no part, its test rows are measured.
    shutil.copy(folder / "predictions/validation.csv", folder / "predictions/test.csv")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kerastc.deploy.measure.benchmark.Process", InProcess)
        return folder, benchmark([folder], threads=(1, 2), protocol=SHORT, keras=True)


def test_a_run_without_exports_is_measured_in_keras(entries, original):
    folder, found = entries
    assert InProcess.modules == ["kerastc.deploy.measure.keras_worker"] * 2
    assert [(e["format"], e["file"], e["threads"]) for e in found] == [
        ("keras", "model.keras", 1),
        ("keras", "model.keras", 2),
    ]
    entry = found[0]
    assert (entry["length"], entry["batch"], entry["runs"]) == (10, 1, 6)
    assert entry["parameters"] == predictor_of(original).session.model.count_params()
    assert entry["bytes"] == (folder / "model.keras").stat().st_size
    means = np.array(entry["rounds_ms"]["mean"])  # of 3 calls with a row each
    assert entry["seconds_per_100"]["mean"] == pytest.approx(means.mean() / 10)
    assert entry["rows"] == ROWS
    recorded = Run.open(folder).read_json("benchmark.json")
    assert [one["threads"] for one in recorded] == [1, 2]


def test_the_table_of_the_source_tells_seconds_of_100(entries, capsys):
    benchmark_tables(entries[1])
    out = capsys.readouterr().out
    assert "model.keras x2" in out and f"{entries[1][0]['seconds_per_100']['mean']:.4f}" in out


def test_the_worker_gives_the_outputs_of_the_run(original):
    load = {
        "signature": str(original.folder / "model.keras"),
        "threads": 1,
        "batch": 1,
        "length": None,
        "examples": packed(np.array(texts(3), object)),
    }
    requests = [{"load": load}, {"outputs": packed(np.array(texts(), object))}, {"memory": True}]
    said = io.StringIO()
    serve(io.StringIO("\n".join(map(json.dumps, requests))), said, MeasuredKeras)
    loaded, found, memory = map(json.loads, said.getvalue().splitlines())
    assert loaded["first_call_ms"] > 0 and memory["peak_memory_bytes"] > 0
    predictor = predictor_of(original)
    expected = predictor.outputs(predictor.rows(texts()))["logits"]
    assert expected.shape == (ROWS, len(CLASSES))
    np.testing.assert_allclose(found["outputs"]["logits"], expected, atol=1e-5)


def test_without_keras_a_run_needs_an_exported_file(original):
    with pytest.raises(UserError, match="no exported model"):
        benchmark([original.folder])
