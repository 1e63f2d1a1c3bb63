"""Models of images are measured as models of texts are."""

import json

import image_run
import numpy as np
import pytest
from click.testing import CliRunner
from device_model import sign
from PIL import Image
from text_run import on_tensorflow

from kerastc.cli import main
from kerastc.data.images.images import LabelledImages, row_names
from kerastc.data.images.sources import read_source
from kerastc.data.images.splits import split_images
from kerastc.data.texts.texts import LabelledTexts
from kerastc.deploy import benchmark, bundle
from kerastc.deploy.measure.benchmark import SOURCE, Protocol
from kerastc.errors import UserError
from kerastc.outputs.classes.predictions import read_predictions
from kerastc.report.account.model_rows import _of_file
from kerastc.run import Run

pytestmark = on_tensorflow
TEST = image_run.images("test")
SHORT = Protocol(1, 2)


def test_an_entry_is_that_of_texts(image_model):
    [entry] = benchmark([image_model], protocol=Protocol(2, 3))
    said = read_predictions(image_model.parents[1] / "predictions" / "test.csv")
    assert entry["task"] == "image-classification"
    assert (entry["batch"], entry["length"], entry["runs"]) == (1, None, 6)
    assert (entry["rows"], entry["agreement"]) == (len(TEST), 1.0)
    assert entry["accuracy"] == pytest.approx((said.predicted == said.labels).mean())
    assert min(entry["latency_ms"]["p50"], entry["throughput"], entry["gzip_bytes"]) > 0
    written = json.loads((image_model.parents[1] / "benchmark.json").read_text())
    assert written == [entry]


def test_examples_that_a_run_was_made_of_are_told(image_model, tmp_path):
    run = Run.open(image_model.parents[1])
    said = read_predictions(run.path("predictions", "test.csv"))
    own, other = tmp_path / "own.npz", tmp_path / "other.npz"
    np.savez(own, x_train=TEST, y_train=said.predicted, label_names=image_run.CLASSES)
    np.savez(other, x_test=TEST[1:], y_test=said.predicted[1:], label_names=image_run.CLASSES)
    splits = split_images(read_source(str(own)), 0, validation=6, test=6)
    run.write_json("data.json", splits.as_dict())
    for data, learned in ((own, True), (other, False)):
        words = ["benchmark", image_model, "--data", data, "--runs", 1]
        result = CliRunner().invoke(main, [*map(str, words)])
        assert result.exit_code == 0, result.output
        assert ("learned from most of them" in result.stderr) == learned
        assert f"kerastc compare {run.folder}" in result.stderr or not learned
        [entry] = run.read_json("benchmark.json")
        assert entry["learned_from"] == learned
        known = _of_file(entry, True, ("accuracy",))["test"]["accuracy"]
        assert (known is None) == learned


def test_a_bundle_is_measured_on_its_samples(image_model, tmp_path):
    path = bundle.write(image_model, tmp_path / "tiny.zip")
    [entry] = benchmark([path], protocol=SHORT)
    assert (entry["rows"], entry["agreement"]) == (len(TEST), 1.0)


def test_the_command_measures_on_arrays_and_folders_of_ones_own(image_model, tmp_path):
    said = read_predictions(image_model.parents[1] / "predictions" / "test.csv")
    data, folder = tmp_path / "own.npz", tmp_path / "folder"
    np.savez(data, x_test=TEST, y_test=said.predicted, label_names=image_run.CLASSES)
    for row, name in enumerate(said.predicted):
        path = folder / image_run.CLASSES[name] / f"{row}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(TEST[row, :, :, 0]).resize((16, 16), Image.Resampling.NEAREST).save(path)
    # The labels are what the model says; the images of the folder are made smaller again.
    for source, least in ((data, 1), (folder, 0.85)):
        words = ["benchmark", image_model, "--data", source, "--runs", 1, "--json"]
        result = CliRunner().invoke(main, [*map(str, words)])
        assert result.exit_code == 0, result.output
        [entry] = json.loads(result.stdout)
        assert (entry["rows"], entry["agreement"]) == (30, None)
        assert entry["accuracy"] >= least


def test_a_signature_without_a_shape_is_named_before_data_are_read(image_model):
    sign(image_model, preprocessing={"task": "image-classification"})
    words = ["benchmark", str(image_model), "--data", "digits", "--runs", "1"]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 1
    assert "shape=None is not allowed" in result.stderr


def test_the_tables_speak_of_images(image_model):
    result = CliRunner().invoke(main, ["benchmark", str(image_model), "--runs", "1"])
    assert result.exit_code == 0, result.output
    assert "images/s" in result.stdout and "30 images; how often" in result.stdout
    assert "text" not in result.stdout


def test_what_cannot_be_measured_is_refused_before_any_work(image_model):
    def refused(match: str, **options) -> None:
        with pytest.raises(UserError, match=match):
            benchmark([image_model], protocol=options.pop("protocol", SHORT), **options)

    refused("is for images, which have no length; a protocol of 128", protocol=SOURCE)
    refused("is for images; a test holds texts", data=LabelledTexts.of(["a"], ["b"], "a test"))
    labels = np.zeros(30, "int32")
    planes = LabelledImages(TEST, labels, ("planes",), "a test", names=row_names("test", range(30)))
    benchmark([image_model], planes, protocol=SHORT)  # a part of the classes is enough
    golf = LabelledImages(TEST, labels, ("golf",), "a test", names=planes.names)
    refused("a test has classes that .* does not know: golf", data=golf)
    small = LabelledImages(TEST[:, :4], labels, planes.classes, "a test", names=planes.names)
    refused("shape 4 x 8 x 1; the model takes 8 x 8 x 1", data=small)
    kept = image_model.parents[1] / "predictions" / "images.npz"
    more = np.concatenate([TEST, TEST])
    np.savez(kept, test=more)
    refused("has 30 rows, but there are 60 images")
    kept.unlink()
    refused("There are no images to measure")
