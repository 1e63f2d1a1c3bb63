"""Examples that are a run's own are told to be so; nothing is trained here."""

import csv
import shutil

import numpy as np
import pytest

from kerastc import launch, locations, own_rows, recipe, settings
from kerastc.data.images.sources import read_images
from kerastc.data.texts.text_file import read_texts
from kerastc.run import Run
from kerastc.tasks import TASKS

TEXTS, IMAGES = TASKS["text-classification"], TASKS["image-classification"]


def made(name, folder, *words):
    """A run that has read its data, and no more."""
    module = recipe.find(name).load()
    config = settings.configure(module.Config, words)
    named = {"recipe": name, "config": {}, "locations": locations.recorded(config, folder)}
    run = Run.create(folder, named, folder.parent / "cache")
    characters = getattr(config, "max_characters", 0)
    said = {"task": "text-classification", "max_characters": characters}
    run.write_json("preprocessing.json", said)
    launch.read_data(module, config, run)
    return run


def table(path, start, more=""):
    with path.open("w", newline="", encoding="utf-8") as file:
        write = csv.writer(file)
        write.writerow(("headline_text", "headline_category"))
        for row in range(start, start + 40):
            numbers = np.random.default_rng(row).integers(10**6, size=6)
            write.writerow((" ".join(map(str, numbers)), ("news", "sport")[row % 2]))
        file.write(more)
    return path


def told(run, path):
    examples = read_texts(path, one_class=True).matching(run.classes, "the run")
    return own_rows.told(run, TEXTS, path, examples)


SAID = {
    "data": "The run learned from these texts.",
    "validation": "These are the run's own validation texts, by which its checkpoint was chosen.",
    "test": "These are the run's own test texts, of which it has the figures",
}


@pytest.mark.parametrize("name", ["text", "headlines"])
def test_the_files_of_a_runs_parts_are_told(name, tmp_path):
    files = {part: table(tmp_path / f"{part}.csv", 100 * n) for n, part in enumerate(SAID)}
    words = [f"{part}={path}" for part, path in files.items()]
    more = ["max_characters=20"] if name == "text" else []
    run = made(name, tmp_path / "run", *words, *more)
    for part, path in files.items():
        assert told(run, path).startswith(SAID[part])
        assert told(run, path).endswith(f"kerastc compare {run.folder}")
        copy = shutil.copy(path, tmp_path / "copy.csv")
        assert told(run, copy).startswith(SAID[part])
    assert not told(run, table(tmp_path / "other.csv", 900))
    assert own_rows.told(None, TEXTS, files["test"], None) == ""


def test_a_file_that_a_run_drew_or_cleaned_its_rows_from_is_told(tmp_path):
    data = table(tmp_path / "data.csv", 0, '" ",sport\n')
    run = made("headlines", tmp_path / "run", f"data={data}")
    clean = table(tmp_path / "clean.csv", 0)
    examples = read_texts(clean).matching(run.classes, "the run")
    assert own_rows.told(run, TEXTS, data, examples).startswith("The run is made from these texts")


def test_the_test_part_of_images_is_told(tmp_path, large_digits):
    run = made("supervised", tmp_path / "run", f"data={large_digits}")
    examples = read_images(str(large_digits), (16, 16, 1)).matching(run.classes, "the run")
    assert "own test images" in own_rows.told(run, IMAGES, large_digits, examples)
    other = examples.take(np.arange(5))
    assert not own_rows.told(run, IMAGES, tmp_path / "none.npz", other)


def test_the_run_of_an_exported_file_is_found(tmp_path):
    run = Run.create(tmp_path / "run", {"recipe": "text"})
    assert own_rows.run_of(run.folder).folder == run.folder
    assert own_rows.run_of(run.folder / "exports" / "model.tflite").folder == run.folder
    assert own_rows.run_of(tmp_path / "elsewhere" / "model.tflite") is None
