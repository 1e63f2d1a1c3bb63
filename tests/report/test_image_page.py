"""The last stage of an image run and its page: pictures, many classes, what the method tells."""

import json
import re

import numpy as np
import pytest
from fake_image_run import fake_splits, make_fake_image_run
from fake_run import benchmark_fake_run, compress_fake_run, export_fake_run

from kerastc.errors import UserError
from kerastc.inputs.image.kept import MOST, read_images, write_images
from kerastc.outputs.classes.confused_pairs import confused_pairs
from kerastc.outputs.classes.examples import shown_rows
from kerastc.outputs.classes.predictions import Predictions, read_predictions
from kerastc.report import account, write_report
from kerastc.report.page.method_pictures import read_pictures, write_picture
from kerastc.report.record import read_record
from kerastc.run import Run

HUNDRED = tuple(f"class {i}" for i in range(100))


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """A run of ten classes that lacks nothing, its source and its splits."""
    folder = tmp_path_factory.mktemp("images") / "digits"
    splits = fake_splits(tuple("0123456789"))
    method = {
        "unlabelled": {"accuracy": 0.71234, "right": None},
        "rounds": [{"round": 0, "taken": 0}, {"round": 1, "taken": 12345, "right": 0.5}],
    }
    history = {"consistency": [3, 2, 1], "val_knn": [0.1, 0.2, 0.3], "empty": [None] * 3}
    make_fake_image_run(
        folder, splits=splits, flipped=True, method=method, history=history, page=True
    )
    return folder, words(folder), splits


def words(folder) -> str:
    """The text of a page, on one line, without its markup."""
    source = (folder / "report.html").read_text(encoding="utf-8")
    return " ".join(re.sub(r"<[^>]*>", " ", source).split())


def metrics(folder) -> dict:
    return json.loads((folder / "metrics.json").read_text(encoding="utf-8"))


def test_predictions_name_the_images(digits):
    folder, _, splits = digits
    back = read_predictions(folder / "predictions" / "test.csv")
    assert back.columns == ("image",)
    assert back.examples.tolist() == splits.test.names.tolist()
    assert read_record(folder).units == "images"


def test_the_kept_images_are_those_of_the_predictions_in_their_order(digits):
    folder, _, splits = digits
    with np.load(folder / "predictions" / "images.npz", allow_pickle=False) as file:
        for part in ("validation", "test"):
            np.testing.assert_array_equal(file[part], getattr(splits, part).examples)


def test_shown_images_beyond_the_first_are_kept_too(tmp_path):
    run = Run.create(tmp_path / "run", {"recipe": "x", "command": "x"})
    images = np.arange(MOST + 50, dtype=np.uint16).view(np.uint8).reshape(-1, 1, 2, 1)
    shown = [MOST + 7, 3, MOST + 2, MOST + 7]
    write_images(run, {"validation": images[:5], "test": images}, {"validation": [], "test": shown})
    found = read_images(run.folder, "test", [*shown, MOST + 8])
    for row, image in zip(shown, found, strict=False):
        np.testing.assert_array_equal(image, images[row])
    assert found[-1] is None
    with np.load(run.path("predictions", "images.npz")) as file:
        assert len(file["test"]) == MOST


def test_a_broken_file_of_images_is_named(tmp_path):
    (tmp_path / "predictions").mkdir()
    path = tmp_path / "predictions" / "images.npz"
    path.write_bytes(b"PK nothing")
    with pytest.raises(UserError, match=re.escape(str(path))):
        read_images(tmp_path, "test", [0])


def test_flipped_figures_stand_apart_and_never_lead(digits):
    folder, text, _ = digits
    found = metrics(folder)
    plain, flipped = found["test"]["accuracy"], found["test_flipped"]["accuracy"]
    assert plain != flipped
    assert f"Test accuracy {plain:.3f}" in text
    (said,) = re.findall(r"Test-time flip: [^.]*accuracy is (0\.\d+)", text)
    assert said == f"{flipped:.3f}"


def test_a_run_that_was_not_flipped_says_nothing_of_it(tmp_path):
    assert "test_flipped" not in metrics(make_fake_image_run(tmp_path / "run"))


def test_the_page_has_top_5_and_the_training_accuracy_but_nothing_of_texts(digits):
    folder, text, _ = digits
    assert f"Top-5 accuracy – {metrics(folder)['validation']['top_5_accuracy']:.3f}" in text  # noqa: RUF001
    assert "Accuracy 0.812" in text
    assert "Images learned from 90" in text
    assert "Unlabelled 400 without labels" in text
    assert "Training rows left out because a test image equals theirs 2" in text
    assert "train 1 train 7" in text
    body = text.split("Contents")[1].split('"use strict"')[0]  # between style sheet and script
    assert not re.search(r"\btexts?\b|bag of words", body, re.IGNORECASE)
    assert not (folder / "plots" / "accuracy_by_length.png").exists()


def test_each_shown_image_has_its_picture(digits):
    folder, _, _ = digits
    source = (folder / "report.html").read_text(encoding="utf-8")
    predictions = read_predictions(folder / "predictions" / "test.csv")
    rows = shown_rows(predictions.labels, predictions.probabilities)
    named = re.findall(r'<img src="data:image/png;base64,[^"]+" alt="The image (test \d+),', source)
    assert named == [predictions.examples[row] for row in rows]
    (folder / "predictions" / "images.npz").rename(folder / "away.npz")
    write_report(folder)
    assert "no picture kept" in words(folder)
    (folder / "away.npz").rename(folder / "predictions" / "images.npz")


def test_what_a_method_tells_stands_in_tables(digits):
    _, text, _ = digits
    assert "unlabelled.accuracy 0.7123 unlabelled.right –" in text  # noqa: RUF001
    assert "rounds round taken right 0 0 – 1 12,345 0.5" in text  # noqa: RUF001


def test_columns_that_only_the_method_logs_have_their_curves(digits):
    folder, _, _ = digits
    source = (folder / "report.html").read_text(encoding="utf-8")
    assert "Line plots of consistency, knn." in source
    assert (folder / "plots" / "further_curves.png").is_file()


def test_a_methods_pictures_are_shown_in_their_order(tmp_path):
    folder = make_fake_image_run(tmp_path / "run")
    run = Run(folder)
    for name, title in (("typical", "Typical"), ("augmented", "As <seen>"), ("typical", "New")):
        write_picture(run, name, np.zeros((4, 6, 3), np.uint8), title, "A caption.")
    write_report(folder)
    assert re.search(r"New A caption\. .*As &lt;seen&gt; A caption\.", words(folder))
    assert "Typical" not in words(folder)


@pytest.mark.parametrize(
    "content",
    ['{"a": 1}', '[{"name": "../x", "title": "t", "caption": "c"}]', '[{"name": "x", "title": 1}]'],
)
def test_a_broken_list_of_pictures_is_named(tmp_path, content):
    (tmp_path / "pictures.json").write_text(content)
    with pytest.raises(UserError, match=r"pictures\.json"):
        read_pictures(tmp_path)


def test_a_hundred_classes_stay_readable(tmp_path):
    splits = fake_splits(HUNDRED, parts={"train": 200, "validation": 150, "test": 900})
    folder = make_fake_image_run(tmp_path / "run", HUNDRED, splits=splits, epochs=2, page=True)
    source = (folder / "report.html").read_text(encoding="utf-8")
    table, rest = source.split('<h2 id="classes">')[1].split("<details>", 1)
    assert len(re.findall(r'<th scope="row" class="name"', table)) == 16
    assert len(re.findall(r'<th scope="row" class="name"', rest.split("</details>")[0])) == 100
    assert "taken for each other most often" in source


def test_confused_pairs_count_both_directions():
    predicted = np.array([0, 1, 1, 0, 0, 2, 0])
    labels = np.array([0, 0, 0, 1, 1, 2, 2])
    first, second = confused_pairs(
        Predictions(labels.astype(object), labels, np.eye(3)[predicted], ("a", "b", "c"))
    )
    assert (first.first, first.second, first.forth, first.back) == ("a", "b", 2, 2)
    assert first.share == pytest.approx(4 / 5)
    assert (second.first, second.second, second.forth, second.back) == ("c", "a", 1, 0)


def test_a_compressed_image_run_is_accounted_for(tmp_path):
    folder = make_fake_image_run(tmp_path / "runs" / "digits")
    export_fake_run(folder, quantization="float32", kind="image", bytes=5_000_000)
    child = compress_fake_run(folder, "quantize-int8", ["quantize:int8"], parameters=1_250_000)
    export_fake_run(child, quantization="int8", kind="image", bytes=1_300_000)
    benchmark_fake_run(folder, 2.0, 5_000_000, length=None)
    benchmark_fake_run(child, 0.9, 1_300_000, length=None, quantization="int8")
    found = account([folder])
    row = found.rows[1]
    assert (row["model"], row["comparable"]) == ("quantize:int8", True)
    assert row["test"]["agreement"] is not None  # the names of the images are the same
    write_report(folder)
    assert "What was compressed of it" in words(folder)
