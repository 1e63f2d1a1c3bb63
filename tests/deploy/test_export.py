"""A run to files that other programs run."""

import json
import os
import shutil
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import onnxruntime
import pytest
import text_run
from click.testing import CliRunner
from text_run import on_tensorflow, table_of

from kerastc.cli import main
from kerastc.deploy import Signature, export, load
from kerastc.deploy.convert import in_tensorflow, litert
from kerastc.deploy.convert.request import checked
from kerastc.deploy.convert.run_export import RunExport
from kerastc.deploy.signature import beside
from kerastc.errors import UserError
from kerastc.predictor import predictor_of
from kerastc.run import Run
from kerastc.text.preparation import TextPreparation


def left_in(run: Run) -> set[str]:
    folder = run.path("exports")
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


@on_tensorflow
def test_litert_is_the_same_model_and_says_what_it_is(run, expected):
    signature = export(run)
    cut = sum(len(text) > 50 for text in text_run.texts())
    assert signature.notes[0] == (
        f"Of the texts that it was compared on: {cut} of 40 texts ({cut / 40:.1%}) have more than "
        "50 characters: cut there."
    )
    assert left_in(run) == {"model.tflite", "model.tflite.json", "tokenizer"}
    assert Signature.read(run.path("exports", "model.tflite")) == signature
    signature.verify()
    record = json.loads(run.path("exports", "model.tflite.json").read_text())
    assert record["inputs"] == [
        {"name": name, "shape": [1, text_run.MAX_TOKENS], "dtype": "int32"}
        for name in ("token_ids", "padding_mask")
    ]
    assert record["outputs"] == [{"name": "logits", "shape": [1, 3], "dtype": "float32"}]
    assert record["classes"] == list(text_run.CLASSES)
    assert record["preprocessing"] == run.read_json("preprocessing.json")
    assert record["parity"]["rows"] == text_run.ROWS
    assert record["parity"]["max_difference"] < 1e-5
    assert record["bytes"] == run.path("exports", "model.tflite").stat().st_size
    found = load(run.path("exports", "model.tflite")).answers(text_run.texts())
    np.testing.assert_allclose(found, expected, atol=1e-5)


@on_tensorflow
def test_a_quantised_file_leaves_the_other_where_it_is(run):
    plain = export(run)
    small = export(run, quantization="int8")
    assert (plain.path.name, small.path.name) == ("model.tflite", "model-int8.tflite")
    plain.verify()
    assert [s.quantization for s in map(Signature.read, (plain.path, small.path))] == [
        "float32",
        "int8",
    ]


@on_tensorflow
def test_onnx_takes_any_length_under_the_names_that_are_asked_for(run, expected):
    pytest.importorskip("onnxruntime")
    signature = export(run, "onnx", names="hugging-face")
    assert [(t.name, t.shape, t.dtype) for t in signature.inputs] == [
        ("input_ids", (None, None), "int64"),
        ("attention_mask", (None, None), "int64"),
    ]
    assert signature.parity["max_difference"] < 1e-5
    found = load(signature.path).answers(text_run.texts())
    np.testing.assert_allclose(found, expected, atol=1e-5)
    with pytest.raises(UserError, match="is for ONNX files of texts"):
        export(run, names="hugging-face")


@on_tensorflow
def test_a_bundle_leaves_a_saved_model_out_and_says_so(run):
    words = ["export", str(run.folder), "--format", "litert", "--format", "saved_model", "--bundle"]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    assert "no device runs it" in done.stderr
    assert {"litert.zip", "saved_model"} <= left_in(run)


@pytest.mark.parametrize("command", ["benchmark", "predict"])
def test_a_keras_file_is_told_what_is_wanted(run, command):
    words = [command, str(run.path("model.keras")), *(["a"] if command == "predict" else [])]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 1
    assert f"kerastc export {run.folder}" in done.stderr


@on_tensorflow
def test_quantised_files_are_smaller_and_keep_their_decisions(run, expected, capfd):
    sizes = {}
    for quantization in ("int4", "int8-static"):
        signature = export(run, quantization=quantization)
        assert capfd.readouterr() == ("", "")  # what converters and their bars tell is kept away
        assert signature.quantization == quantization
        assert signature.parity["tolerance"] is None
        found = load(signature.path).answers(text_run.texts())
        agreement = (found.argmax(1) == expected.argmax(1)).mean()
        assert agreement == pytest.approx(signature.parity["agreement"])
        sizes[quantization] = signature.bytes
    assert sizes["int4"] < sizes["int8-static"]


@on_tensorflow
def test_onnx_runs_in_onnx_runtime(run, expected):
    signature = export(run, "onnx")
    session = onnxruntime.InferenceSession(signature.path, providers=["CPUExecutionProvider"])
    preprocessing = load(signature.path).input.preprocessing
    rows = preprocessing.tokenizer.pad(preprocessing.tokens(text_run.texts()), 12)
    [logits] = session.run(["logits"], rows)  # all in one call: the batch is open
    assert signature.inputs[0].shape == (None, None)
    odds = np.exp(logits)
    np.testing.assert_allclose(odds / odds.sum(1, keepdims=True), expected, atol=1e-5)


SERVED = """
import sys

sys.modules |= dict.fromkeys(("kerastc", "keras_hub", "tokenizers"))
import json
import tensorflow as tf
import tensorflow_text

model = tf.saved_model.load(sys.argv[1])
answer = model.signatures["serving_default"](texts=tf.constant(json.loads(sys.argv[2])))
print(json.dumps({name: value.numpy().astype(str).tolist() for name, value in answer.items()}))
print(json.dumps(sorted(model.signatures["serve"].structured_input_signature[1])))
"""


@on_tensorflow
def test_a_saved_model_takes_texts_where_there_is_only_tensorflow(run, expected):
    signature = export(run, "saved_model")
    assert "serving_default takes texts" in signature.notes[0]
    labels = run.path("exports", "saved_model", "assets", "labels.txt")
    assert tuple(labels.read_text().split()) == text_run.CLASSES
    words = json.dumps(text_run.texts())
    done = subprocess.run(
        [sys.executable, "-c", SERVED, str(signature.path), words], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    answer, inputs = map(json.loads, done.stdout.splitlines())
    assert inputs == ["padding_mask", "token_ids"]
    assert set(answer) == {"logits", "probabilities", "label"}
    found = np.array(answer["probabilities"], float)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert answer["label"] == [text_run.CLASSES[i] for i in expected.argmax(1)]


@on_tensorflow
def test_a_saved_model_says_why_it_takes_no_texts(tiny, tmp_path):
    preparation = TextPreparation(stop_words=False)
    run = text_run.write_run(tmp_path / "run", tiny("Bert"), preparation)
    signature = export(run, "saved_model", length=0)
    assert "changes stop_words" in signature.notes[0]
    assert signature.inputs[0].shape == (None, None)


@on_tensorflow
def test_a_broken_conversion_leaves_what_was_there(run, monkeypatch):
    run.path("exports").mkdir()
    before = run.path("exports", "model.tflite")
    before.write_text("an earlier export")
    [table] = table_of(run)
    convert = litert.convert

    def without_weights(*arguments):
        model = convert(*arguments)
        assert table.tobytes() in model
        return model.replace(table.tobytes(), b"\0" * table.nbytes)

    monkeypatch.setattr(litert, "convert", without_weights)
    with pytest.raises(UserError, match=r"model\.tflite is not the same as the Keras model"):
        export(run)
    assert before.read_text() == "an earlier export"
    assert left_in(run) == {"model.tflite"}


@on_tensorflow
@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([np.zeros(13, int)], r"shape \(13,\)"),
        ([np.zeros((2, 3), int)], r"shape \(2, 3\)"),
        ([np.array([2, 999, 3])], "ids outside of 0 to"),
        ([], "at least one"),
    ],
)
def test_calibration_of_another_shape_is_refused(run, rows, message):
    with pytest.raises(UserError, match=message):
        export(run, quantization="int8-static", calibration=rows)
    assert not left_in(run)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--format", "onxx"], "Did you mean 'onnx'?"),
        (["--quantization", "int5"], "Did you mean 'int8'?"),
        (["--quantization", "int8", "--format", "onnx"], "--quantization int8 is not possible in"),
        (["--exclude", "^classifier"], "exclude has no effect with float32"),
        (["--batch", "-1"], "--batch -1 is not allowed"),
        (["--batch", "two"], "neither a whole number nor 'any'"),
        (["--length", "2"], "--length 2 is not allowed"),
        (["--length", "8,2"], "--length 2 is not allowed"),
        (["--length", "8,any"], "'8,any' is no list of whole numbers"),
        (["--length", "4,8", "--format", "onnx"], "onnx takes one length"),
        (["--batch", "any", "--length", "any"], "cannot leave both batch and length open"),
        (["--bundle", "--format", "saved_model"], "Add --format litert or onnx"),
    ],
)
def test_a_slip_is_told_before_any_work(run, words, message):
    done = CliRunner().invoke(main, ["export", str(run.folder), *words])
    assert done.exit_code in (1, 2)
    assert message in done.stderr
    assert "Converting" not in done.stderr and "Traceback" not in done.stderr
    assert not run.path("exports").exists()


@on_tensorflow
def test_more_tokens_than_the_encoder_has_places_for_are_refused(run):
    with pytest.raises(UserError, match=r"length=33 is more .*\nIt takes up to 32 tokens"):
        export(run, length=33)


def test_a_run_without_a_model_says_how_to_go_on(run):
    run.path("model.keras").unlink()
    with pytest.raises(UserError, match=r"model\.keras is missing.*\nGo on with it"):
        export(run)


def test_no_run_is_named(tmp_path):
    done = CliRunner().invoke(main, ["export", str(tmp_path)])
    assert done.exit_code == 1 and "is no run folder" in done.stderr


@on_tensorflow
def test_the_command_shows_what_it_wrote(run):
    words = ["export", str(run.folder), "--quantization", "int8", "--bundle"]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    assert "Converting to litert" in done.stderr
    for word in ("model-int8.tflite", "int8", "1 x 12", "100.0%", "litert-int8.zip"):
        assert word in done.stdout, word
    assert "share of 40 texts with the same class" in " ".join(done.stdout.split())
    packed = load(run.path("exports", "litert-int8.zip"))
    assert packed.session.signature.quantization == "int8"


def child_of(run: Run, steps: list[str]) -> Run:
    """A compressed run whose parent is `run`, without predictions of its own."""
    folder = run.folder / "compressed" / "child"
    shutil.copytree(run.folder, folder, ignore=shutil.ignore_patterns("compressed", "predictions"))
    child = Run.open(folder)
    child.write_json(
        "config.json", run.config | {"parent": {"run": str(run.folder)}, "steps": steps}
    )
    return child


def test_a_child_is_compared_on_the_texts_of_its_parent(run):
    child = RunExport(child_of(run, ["low-rank:rank=4"]), None)
    assert list(child.examples) == text_run.texts()
    shutil.rmtree(run.path("predictions"))
    with pytest.raises(UserError, match=r"validation\.csv is missing"):
        RunExport(child.run, None).examples  # noqa: B018


def test_a_quantised_run_keeps_the_file_that_it_was_measured_by(run):
    child = child_of(run, ["quantize:int8"])
    options = {"batch": None, "length": None, "exclude": ()}
    assert checked(child, "litert", quantization=None, **options).quantization == "float32"
    folder = child.path("exports")
    folder.mkdir()
    signature = {
        **dict(
            format="litert", file="model.tflite", sha256="", bytes=0, task="text-classification"
        ),
        **dict(inputs=[{"name": "a", "shape": [1], "dtype": "int32"}], classes=["a"]),
        **dict(preprocessing={}, tokenizer="tokenizer", quantization="int8", parameters=1),
    }
    signature["outputs"] = signature["inputs"]
    beside(folder / "model.tflite").write_text(json.dumps(signature))
    assert checked(child, "litert", quantization=None, **options).quantization == "int8"
    with pytest.raises(UserError, match="was compressed to int8"):
        checked(child, "litert", quantization="float32", **options)


@pytest.mark.backend
def test_any_backend_exports(run):
    expected = predictor_of(run).answers(text_run.texts())  # computed on this backend
    request = checked(run, "litert", None, None, None, ())
    signature = in_tensorflow.in_another_process(request, None)
    found = load(signature.path).answers(text_run.texts())
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert in_tensorflow.keeps_tensorflow() == (os.environ["KERAS_BACKEND"] == "tensorflow")


@on_tensorflow
def test_an_error_of_the_other_process_comes_as_a_message(run, monkeypatch):
    def here(command, **options):
        in_tensorflow.main(*command[-2:])
        return SimpleNamespace(stderr="", returncode=0)

    monkeypatch.setattr(subprocess, "run", here)
    request = checked(run, "litert", None, 33, None, ())
    with pytest.raises(UserError, match=r"length=33 is more .*\nIt takes up to 32 tokens"):
        in_tensorflow.in_another_process(request, None)


def test_a_process_that_dies_is_told(run, monkeypatch):
    died = SimpleNamespace(stderr="noise\nout of memory\n", returncode=-9)
    monkeypatch.setattr(subprocess, "run", lambda command, **options: died)
    request = checked(run, "litert", None, None, None, ())
    with pytest.raises(UserError, match=r"ended with -9: out of memory"):
        in_tensorflow.in_another_process(request, None)


def test_without_tensorflow_the_command_that_installs_it_is_told(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(UserError, match=r"not installed\.\nInstall it: pip install tensorflow"):
        export(run)


@on_tensorflow
@pytest.mark.parametrize(
    ("package", "options", "message"),
    [
        ("tf2onnx", {"format": "onnx"}, "pip install tf2onnx"),
        ("ai_edge_quantizer", {"quantization": "int4"}, "pip install ai-edge-quantizer"),
    ],
)
def test_a_converter_that_is_missing_is_named(run, monkeypatch, package, options, message):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UserError, match=message):
        export(run, **options)
    assert not left_in(run)
