"""An image run to files that other programs run."""

import json
import shutil
import subprocess
from types import SimpleNamespace

import image_run
import numpy as np
import onnxruntime
import pytest
from click.testing import CliRunner
from text_run import on_tensorflow

from kerastc.cli import main
from kerastc.deploy import Signature, export, load
from kerastc.deploy.convert import in_tensorflow
from kerastc.deploy.convert.request import checked
from kerastc.deploy.convert.run_export import RunExport
from kerastc.errors import UserError
from kerastc.run import Run

TEST = image_run.images("test")


@on_tensorflow
def test_litert_is_the_same_model_and_says_what_it_is(exported_images, expected_of_images):
    signature = exported_images()
    files = {path.name for path in signature.folder.iterdir()}
    assert files == {"model.tflite", "model.tflite.json"}  # no tokenizer
    assert Signature.read(signature.path) == signature
    record = json.loads((signature.folder / "model.tflite.json").read_text())
    assert record["inputs"] == [{"name": "images", "shape": [1, 8, 8, 1], "dtype": "float32"}]
    assert record["outputs"] == [{"name": "logits", "shape": [1, 3], "dtype": "float32"}]
    assert record["task"] == "image-classification"
    assert (record["tokenizer"], record["lengths"]) == ("", [])
    assert record["classes"] == list(image_run.CLASSES)
    assert record["preprocessing"] == image_run.PREPROCESSING
    assert record["parity"]["rows"] == image_run.ROWS["validation"]
    assert record["parity"]["max_difference"] < 1e-4
    found = load(signature.path).answers(TEST)
    np.testing.assert_allclose(found, expected_of_images, atol=1e-5)


@on_tensorflow
@pytest.mark.parametrize("quantization", ["float16", "int8", "int8-static"])
def test_quantised_files_are_smaller_and_keep_their_decisions(
    exported_images, expected_of_images, quantization
):
    signature = exported_images(quantization=quantization)
    assert signature.bytes < exported_images().bytes
    found = load(signature.path).answers(TEST)
    assert (found.argmax(1) == expected_of_images.argmax(1)).mean() >= 0.85
    assert np.abs(found - expected_of_images).max() > 1e-6  # fewer bits are another function


@on_tensorflow
def test_onnx_runs_in_onnx_runtime(exported_images, expected_of_images):
    signature = exported_images(format="onnx")
    assert signature.inputs[0].shape == (None, *image_run.SHAPE)
    session = onnxruntime.InferenceSession(signature.path, providers=["CPUExecutionProvider"])
    [logits] = session.run(["logits"], {"images": TEST.astype("float32")})
    odds = np.exp(logits)
    np.testing.assert_allclose(odds / odds.sum(1, keepdims=True), expected_of_images, atol=1e-5)
    np.testing.assert_allclose(load(signature.path).answers(TEST), expected_of_images, atol=1e-5)


@on_tensorflow
def test_a_saved_model_takes_images_as_files_hold_them(exported_images, expected_of_images):
    import tensorflow as tf

    signature = exported_images(format="saved_model")
    assert signature.notes == ("serving_default takes images as uint8.",)
    loaded = tf.saved_model.load(str(signature.path))
    answer = loaded.signatures["serving_default"](images=tf.constant(TEST))
    assert set(answer) == {"logits", "probabilities", "label"}
    np.testing.assert_allclose(answer["probabilities"], expected_of_images, atol=1e-5)
    said = [name.decode() for name in answer["label"].numpy()]
    assert said == [image_run.CLASSES[i] for i in expected_of_images.argmax(1)]
    serve = loaded.signatures["serve"](images=tf.constant(TEST, "float32"))
    np.testing.assert_allclose(serve["logits"], answer["logits"], atol=1e-5)


@on_tensorflow
def test_a_batch_may_be_open(exported_images, expected_of_images):
    signature = exported_images(batch=0)
    assert signature.inputs[0].shape[0] is None
    found = load(signature.path).answers(TEST)
    np.testing.assert_allclose(found, expected_of_images, atol=1e-5)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--length", "32"], "is of images, which have no length in tokens"),
        (["--length", "any"], "Leave --length out"),
        (["--quantization", "int4-tables"], "has no tables of embeddings"),
        (["--quantization", "int8", "--format", "onnx"], "--quantization int8 is not possible in"),
        (["--batch", "-1"], "--batch -1 is not allowed"),
    ],
)
def test_a_slip_is_told_before_any_work(run_of_images, words, message):
    done = CliRunner().invoke(main, ["export", str(run_of_images.folder), *words])
    assert done.exit_code == 1
    assert message in done.stderr and "Converting" not in done.stderr
    assert not run_of_images.path("exports").exists()


def test_another_kind_of_run_is_named(run_of_images):
    run_of_images.write_json("preprocessing.json", image_run.PREPROCESSING | {"task": "sound"})
    with pytest.raises(UserError, match="has task='sound'; known are text-classification, im"):
        checked(run_of_images, "litert", None, None, None, ())


@on_tensorflow
@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([np.zeros((8, 8), "uint8")], "Image 0 has the shape 8 x 8; the model takes 8 x 8 x 1"),
        ([TEST[0], TEST[1, :4]], "Image 1 has the shape 4 x 8 x 1"),
        (TEST.astype("float32"), "float32; the model takes pixels of 0 to 255 as uint8"),
    ],
)
def test_calibration_of_another_shape_is_refused(run_of_images, rows, message):
    with pytest.raises(UserError, match=message):
        export(run_of_images, quantization="int8-static", calibration=rows)
    assert not list(run_of_images.path("exports").glob("*"))


def test_a_child_is_compared_on_the_images_of_its_parent(run_of_images):
    folder = run_of_images.folder / "compressed" / "child"
    ignored = shutil.ignore_patterns("compressed", "images.npz")
    shutil.copytree(run_of_images.folder, folder, ignore=ignored)
    child = Run.open(folder)
    child.write_json("config.json", {"parent": {"run": str(run_of_images.folder)}})
    found = RunExport(child, None)
    np.testing.assert_array_equal(found.examples, image_run.images("validation"))
    kept = run_of_images.path("predictions", "images.npz")
    kept.write_bytes(kept.read_bytes()[:-30])
    with pytest.raises(UserError, match=r"images\.npz cannot be read"):
        RunExport(child, None).examples  # noqa: B018
    kept.unlink()
    with pytest.raises(UserError, match=r"images\.npz is missing"):
        RunExport(child, None).examples  # noqa: B018


@on_tensorflow
def test_calibration_reaches_the_process_that_converts(run_of_images, monkeypatch):
    def here(command, **options):
        in_tensorflow.main(*command[-2:])
        return SimpleNamespace(stderr="", returncode=0)

    monkeypatch.setattr(subprocess, "run", here)
    request = checked(run_of_images, "litert", None, None, "int8-static", ())
    dark = image_run.images("validation") // 8
    # Ranges of dark images are too narrow for others, which the comparison finds.
    with pytest.raises(UserError, match=r"only \d+% of 40 rows keep their class"):
        in_tensorflow.in_another_process(request, list(dark))
    assert not list(run_of_images.path("exports").glob("*"))
