"""The last step: a file of few bits, measured as that file."""

import json

import numpy as np
import pytest

from kerastc.compress import compress, compressed
from kerastc.deploy.run.runtime import load
from kerastc.outputs.classes.predictions import read_predictions
from kerastc.run import Run


@pytest.mark.parametrize("kind", ["int8", "int8-static"])
def test_the_figures_of_a_quantized_run_are_those_of_its_file(trained, folders, tmp_path, kind):
    run = compress(trained, [f"quantize:{kind}"], folders=folders, folder=tmp_path / "q")
    signature = json.loads(run.path("exports", "model.tflite.json").read_text())
    assert signature["quantization"] == kind
    predictions = read_predictions(run.path("predictions", "test.csv"))
    texts = list(predictions.texts)
    file = load(run.path("exports", "model.tflite")).answers(texts)
    np.testing.assert_allclose(predictions.probabilities, file, atol=1e-5)
    keras = read_predictions(run.path("predictions", "keras_test.csv"))
    before = read_predictions(trained / "predictions" / "test.csv")
    np.testing.assert_allclose(keras.probabilities, before.probabilities, atol=1e-5)
    assert np.abs(keras.probabilities - file).max() > 1e-6


def test_a_child_that_is_there_is_used_again_and_a_stopped_one_goes_on(trained, folders):
    parent = Run(trained, folders.cache)
    first = compressed(parent, "vocabulary low-rank:rank=4")
    written = first.path("model.keras").stat().st_mtime_ns
    again = compressed(parent, "vocabulary low-rank:rank=4")
    assert again.path("model.keras").stat().st_mtime_ns == written
    first.path("finished.json").unlink()
    assert compressed(parent, "vocabulary low-rank:rank=4").finished
