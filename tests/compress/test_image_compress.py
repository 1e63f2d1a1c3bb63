"""Compression of image runs end to end: every step that applies, and the refusal of the others."""

import numpy as np
import pytest
from click.testing import CliRunner

from kerastc.cli import main
from kerastc.compress import compress, search
from kerastc.compress.search.axes import space_of
from kerastc.inputs.image.compression import CompressedImages
from kerastc.models.loading import load_model
from kerastc.outputs.classes.predictions import read_predictions
from kerastc.predictor import predictor_of
from kerastc.run import Run
from kerastc.tasks import TASKS


@pytest.mark.backend
def test_a_chain_of_steps_leaves_an_image_run_that_predicts(trained_images, folders, tmp_path):
    words = [
        "structured:channels=0.5,epochs=0",
        "low-rank:energy=0.8",
        "recover:epochs=4,unlabelled=own,learning_rate=1e-2",
        "prune:0.3,epochs=0",
    ]
    run = compress(trained_images, words, folders=folders, folder=tmp_path / "child")
    before, after = Run(trained_images).read_json("metrics.json"), run.read_json("metrics.json")
    steps = run.read_json("compression.json")["steps"]
    counts = [step["parameters"] for step in steps]
    assert counts[0][0] == before["training"]["parameters"]
    assert counts[0][1] < 0.3 * counts[0][0] and counts[1][1] < counts[1][0]
    assert counts[3] == [counts[1][1]] * 2 == [after["training"]["parameters"]] * 2
    assert "classifier" not in steps[1]["details"]["ranks"]
    assert steps[2]["details"]["rows"] == 320 + 64
    assert steps[3]["sparsity"] == pytest.approx(0.3, abs=0.02)
    assert after["test"]["accuracy"] > 0.5 > 0.1  # chance is a tenth
    written = read_predictions(run.path("predictions", "test.csv"))
    assert written.columns == ("image",)
    with np.load(run.path("predictions", "images.npz")) as kept:
        again = predictor_of(run).answers(kept["test"])
    np.testing.assert_allclose(again, written.probabilities, atol=1e-4)
    assert not list(run.path("steps").rglob("*.keras"))


def test_the_figures_of_a_quantized_image_run_are_those_of_its_file(
    trained_images, folders, tmp_path
):
    from kerastc.deploy.convert.litert_file import operators
    from kerastc.deploy.run.runtime import load

    words = ["quantize:int8-static"]
    run = compress(trained_images, words, folders=folders, folder=tmp_path / "q")
    predictions = read_predictions(run.path("predictions", "test.csv"))
    with np.load(run.path("predictions", "images.npz")) as kept:
        file = load(run.path("exports", "model.tflite")).answers(kept["test"])
    np.testing.assert_allclose(predictions.probabilities, file, atol=1e-5)
    keras_said = read_predictions(run.path("predictions", "keras_test.csv")).probabilities
    assert 1e-6 < np.abs(keras_said - file).max() < 0.5
    assert (keras_said.argmax(1) == file.argmax(1)).mean() > 0.9
    # Four of nine normalisations are folded into convolutions; five read sums; one scales pixels.
    kinds = [found.kind for found in operators(run.path("exports", "model.tflite").read_bytes())]
    assert kinds.count("MUL") == 5 + 1


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("vocabulary", "vocabulary needs a table of tokens; this run has convolutions"),
        ("structured:0.5", "neurons= needs transformer blocks; this run has convolutions"),
        ("distill:layers=3", "layers= needs transformer blocks"),
        ("distill:width=2", "Give a smaller width"),
        ("low-rank:embedding=8", "embedding= needs a table of tokens"),
        ("recover:masking=0.1", "masking= needs a table of tokens"),
        ("recover:augment=1", "augment= needs examples that can be spliced"),
        ("recover:unlabelled=more.txt", "unlabelled=own"),
        ("quantize:int4-tables", "needs a table of tokens"),
    ],
)
def test_what_does_not_apply_to_images_is_refused_and_leaves_nothing(trained_images, word, message):
    before = set(trained_images.glob("compressed/*"))
    result = CliRunner().invoke(main, ["compress", str(trained_images), word])
    assert result.exit_code == 1 and message in result.output and "Traceback" not in result.output
    assert set(trained_images.glob("compressed/*")) == before


@pytest.mark.parametrize("word", ["structured:channels=0.5", "distill:depth=1"])
def test_what_does_not_apply_to_texts_is_refused(trained, word):
    result = CliRunner().invoke(main, ["compress", str(trained), word])
    assert result.exit_code == 1 and "needs convolutions" in result.output


def test_a_search_before_steps_that_do_not_apply_is_refused(trained_images):
    words = ["vocabulary", "--within", "accuracy=0.01"]
    result = CliRunner().invoke(main, ["compress", str(trained_images), *words])
    assert result.exit_code == 1 and "vocabulary needs a table of tokens" in result.output


def test_the_space_of_an_image_model_has_channels_kernels_and_what_trains(trained_images):
    model = load_model(trained_images / "model.keras")
    shown, has = CompressedImages, TASKS["image-classification"].capabilities
    whole = space_of(model, shown, has, [], [], 2)
    assert [axis.name for axis in whole.axes] == ["channels", "kernels", "recover", "quantize"]
    assert whole.axes[-1].words == ("quantize:float16", "quantize:int8", "quantize:int8-static")
    rest = space_of(model, shown, has, ["structured:channels=0.5"], ["structured:channels=0.5"], 0)
    assert [axis.name for axis in rest.axes] == ["kernels", "quantize"]


@pytest.mark.slow
def test_a_search_over_image_chains_ends_in_a_run_within_its_budget(trained_images, folders):
    found = search(
        trained_images, within="accuracy=0.2", goal="size", trials=3, epochs=2, folders=folders
    )
    assert not found.failed and len(found.trials) == 3
    assert found.chosen and found.difference(found.chosen) > found.least(found.chosen) >= -0.2
    run = Run(found.result["run"])
    assert run.finished and tuple(run.steps) == found.chosen.words
    [entry] = run.read_json("benchmark.json")
    assert entry["bytes"] == found.chosen.bytes
