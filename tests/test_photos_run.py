"""Photographs go the whole way, as a user takes it: files, network, report, predictions, a file.

The network has random weights here, which tell red from blue as well.
"""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from kerastc import cli, recipe, settings
from kerastc.errors import UserError

TINY = ("weights=random", "image_size=32", "batch_size=8", "validation=8", "test=12")


def kerastc(cache: Path, *words) -> str:
    done = CliRunner(env={"KERASTC_CACHE": str(cache)}).invoke(
        cli.main, [str(word) for word in words], catch_exceptions=False
    )
    assert done.exit_code == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> Path:
    """Twenty reddish and twenty bluish images of 48 x 40 pixels."""
    folder, random = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    for channel, name in ((0, "red"), (2, "blue")):
        (folder / name).mkdir()
        for number in range(20):
            image = random.integers(0, 90, (40, 48, 3), dtype=np.uint8)
            image[..., channel] += 150
            Image.fromarray(image).save(folder / name / f"{name}{number}.jpg")
    return folder


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def frozen(photos, cache, tmp_path_factory) -> Path:
    run = tmp_path_factory.mktemp("runs") / "frozen"
    kerastc(cache, "train", "photos", f"data={photos}", *TINY, "learning_rate=2e-2", "--run", run)
    return run


def accuracy(run: Path) -> float:
    return json.loads((run / "metrics.json").read_text())["test"]["accuracy"]


def test_a_new_layer_learns_from_features_computed_once(frozen, cache):
    assert accuracy(frozen) > 0.9
    metrics = json.loads((frozen / "metrics.json").read_text())
    assert metrics["training"]["trainable_parameters"] == 2 * 1281
    settings = json.loads((frozen / "preprocessing.json").read_text())
    assert (settings["shape"], settings["fit"]) == ([32, 32, 3], "pad")
    [folder] = (cache / "features").iterdir()
    assert sum(len(np.load(shard)["names"]) for shard in folder.iterdir()) == 40
    assert "Confident errors" in (frozen / "report.html").read_text()


def test_a_folder_is_predicted_and_measured(frozen, photos, cache):
    rows = json.loads(kerastc(cache, "predict", frozen, photos, "--json"))
    assert [row["image"] for row in rows] == sorted(map(str, photos.glob("*/*.jpg")))
    said = {Path(row["image"]).name: row for row in rows}
    with (frozen / "predictions" / "test.csv").open() as file:
        tested = list(csv.DictReader(file))
    for row in tested:
        assert said[Path(row["image"]).name]["predicted"] == row["predicted"]
    told = json.loads(kerastc(cache, "evaluate", frozen, "--data", photos, "--json"))
    assert told["accuracy"] > 0.9


def test_its_file_answers_as_the_model(frozen, cache):
    kerastc(cache, "export", frozen, "--quantization", "int8-static")
    found = json.loads(kerastc(cache, "benchmark", frozen, "--runs", 5, "--json"))
    [entry] = found if isinstance(found, list) else found["models"]
    assert entry["accuracy"] == pytest.approx(accuracy(frozen), abs=0.1)
    assert entry["bytes"] < 5_000_000


def test_it_is_compressed_to_eight_bits(frozen, cache):
    kerastc(cache, "compress", frozen, "quantize:int8-static")
    [smaller] = (frozen / "compressed").iterdir()
    assert accuracy(smaller) == pytest.approx(accuracy(frozen), abs=0.1)
    assert (smaller / "exports" / "model.tflite").stat().st_size < 5_000_000


def test_parts_of_the_network_are_trained_on_augmented_images(photos, cache, tmp_path):
    run = tmp_path / "run"
    words = ("trainable=top_2", "epochs=2", "mirror_test=true", "learning_rate=1e-3")
    kerastc(cache, "train", "photos", f"data={photos}", *TINY, *words, "--run", run)
    metrics = json.loads((run / "metrics.json").read_text())
    # The last convolution, the three of the block before it, and the new layer.
    kernels = 320 * 1280 + 192 * 1152 + 1152 * 9 + 1152 * 320
    assert metrics["training"]["trainable_parameters"] == kernels + 2 * 1281
    assert 0 <= metrics["test_flipped"]["accuracy"] <= 1
    assert "Augmented images" in (run / "report.html").read_text()


def configured(*words):
    return settings.configure(recipe.find("photos").load().Config, ["data=photos", *words])


def test_rate_and_epochs_suit_what_is_trained():
    head, top, whole = (configured(f"trainable={part}") for part in ("head", "top_3", "all"))
    assert configured().epochs == head.epochs > top.epochs == whole.epochs
    assert head.learning_rate > top.learning_rate == whole.learning_rate
    assert configured("trainable=all", "epochs=3").epochs == 3


@pytest.mark.parametrize("word", ["mixup=0.2", "average=0.9", "first_side=0.5", "norms=trained"])
def test_settings_that_a_frozen_network_makes_useless_are_refused(word):
    with pytest.raises(UserError, match="would change nothing"):
        configured(word)
    configured(word, "trainable=all")
