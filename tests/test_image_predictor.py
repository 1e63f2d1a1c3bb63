"""A finished image run on a user's images: from Python, and by the command line."""

import json
import shutil

import keras
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from kerastc.cli import main
from kerastc.data.images.images import LabelledImages, row_names
from kerastc.data.images.sources import read_source
from kerastc.errors import UserError
from kerastc.predictor import predictor_of
from kerastc.run import Run
from kerastc.scores.softmax import softmax

SHAPE = (8, 8, 3)
CLASSES = ("red", "green", "blue")
pytestmark = pytest.mark.backend


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    """A run whose model says which channel is brightest: its mean, divided by ten, is its logit."""
    images = keras.Input(SHAPE, name="images")
    means = keras.layers.GlobalAveragePooling2D()(images)
    model = keras.Model(images, keras.layers.Rescaling(0.1)(means))
    run = Run.create(tmp_path_factory.mktemp("colours") / "run", {"recipe": "images"})
    model.save(run.path("model.keras"))
    run.write_json("preprocessing.json", {"task": "image-classification", "shape": list(SHAPE)})
    run.write_text("labels.txt", "".join(f"{name}\n" for name in CLASSES))
    return run


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (40, *SHAPE), dtype=np.uint8)


@pytest.fixture
def pictures(images, tmp_path) -> list[str]:
    paths = [str(tmp_path / f"{row}.png") for row in range(3)]
    for path, image in zip(paths, images, strict=False):
        Image.fromarray(image).save(path)
    return paths


def kerastc(*words, text=None):
    return CliRunner().invoke(main, [str(word) for word in words], input=text)


def expected(images: np.ndarray) -> np.ndarray:
    return softmax(images.mean(axis=(1, 2)) / 10)


def test_arrays_and_files_get_their_probabilities(run, images, pictures):
    predictor = predictor_of(run)
    assert predictor.task.unit == "image"
    assert (predictor.classes, predictor.parameters) == (CLASSES, 0)
    np.testing.assert_allclose(predictor.answers(images), expected(images), atol=1e-5)
    np.testing.assert_allclose(predictor.answers(pictures), expected(images[:3]), atol=1e-5)


def test_labels_are_renumbered_to_the_classes_of_the_run(run, images):
    labels = np.arange(40, dtype="int32") % 2
    names = row_names("test", range(40))
    given = LabelledImages(images, labels, ("blue", "green"), "a test", names=names)
    np.testing.assert_array_equal(predictor_of(run).matching(given).labels, 2 - labels)
    with pytest.raises(UserError, match="does not know: pink"):
        predictor_of(run).matching(
            LabelledImages(images, labels, ("red", "pink"), "a test", names=names)
        )


def test_images_that_the_model_does_not_take_are_refused(run, images):
    predictor = predictor_of(run)
    with pytest.raises(UserError, match="shape 8 x 8 x 1; the model takes 8 x 8 x 3"):
        predictor.answers(images[..., :1])
    with pytest.raises(UserError, match="type float32"):
        predictor.answers(images.astype("float32"))


def test_predict_reads_image_files(run, images, pictures):
    said = json.loads(kerastc("predict", run.folder, *pictures, "--json").stdout)
    assert [row["image"] for row in said] == pictures
    found = [[row["probabilities"][name] for name in CLASSES] for row in said]
    np.testing.assert_allclose(found, expected(images[:3]), atol=1e-5)
    done = kerastc("predict", run.folder, text="\n".join(pictures))
    assert done.exit_code == 0 and "Loaded" in done.stderr
    assert done.stdout.split()[0] == "image" and len(done.stdout.splitlines()) > 3


def test_images_that_show_nothing_are_told(run, images, tmp_path):
    Image.new("RGB", (9, 9), (0, 1, 0)).save(tmp_path / "black.png")
    done = kerastc("predict", run.folder, tmp_path / "black.png")
    assert done.exit_code == 0 and "images all black: 1" in done.stderr
    images[3:5] = 77
    np.savez(tmp_path / "own.npz", x_test=images, y_test=np.arange(40) % 3, label_names=CLASSES)
    done = kerastc("evaluate", run.folder, "--data", tmp_path / "own.npz")
    assert done.exit_code == 0 and "images of one colour only: 2" in done.stderr


def test_evaluate_measures_arrays_of_ones_own(run, images, tmp_path):
    right = expected(images).argmax(axis=1)
    labels = np.where(np.arange(40) % 4 == 0, (right + 1) % 3, right)
    path = tmp_path / "own.npz"
    np.savez(path, x_test=images, y_test=labels, label_names=CLASSES)
    metrics = json.loads(kerastc("evaluate", run.folder, "--data", path, "--json").stdout)
    assert (metrics["rows"], metrics["accuracy"]) == (40, 0.75)
    done = kerastc("evaluate", run.folder, "--data", path)
    assert done.exit_code == 0 and "40 images of own.npz" in done.stderr


def test_evaluate_tells_that_the_run_learned_from_the_images(run, images, tmp_path):
    labels = np.arange(40) % 3
    ours, others = tmp_path / "ours.npz", tmp_path / "others.npz"
    np.savez(ours, x_train=images, y_train=labels, label_names=CLASSES)
    np.savez(others, x_train=images[::-1], y_train=labels, label_names=CLASSES)
    made = Run(shutil.copytree(run.folder, tmp_path / "made"))
    parts = {name: {"rows": 1} for name in ("train", "validation", "test")}
    described = {"fingerprint": read_source(str(ours)).fingerprint, "classes": CLASSES}
    made.write_json("data.json", described | {"source": "ours.npz", "splits": parts})
    told = f"those it never saw: kerastc compare {made.folder}"
    assert told in kerastc("evaluate", made.folder, "--data", ours).stderr
    done = kerastc("evaluate", made.folder, "--data", others)
    assert done.exit_code == 0 and told not in done.stderr


def test_a_slip_is_told(run, pictures, tmp_path):
    table = tmp_path / "texts.csv"
    table.write_text("text,label\na,red\nb,green\n")
    (tmp_path / "empty").mkdir()
    for words, message in (
        (["predict", run.folder], "There is no image to ask about"),
        (["predict", run.folder, "absent.png"], "no file absent.png"),
        (["predict", run.folder, pictures[0], tmp_path / "empty"], "There are no images in"),
        (["predict", run.folder, table], "texts.csv is not an image"),
        (["predict", run.folder, "--file", table], "--file and --text are for texts"),
        (["evaluate", run.folder, "--data", table], "texts.csv is not a file of NumPy arrays"),
        (["evaluate", run.folder, "--data", table, "--label", "label"], "images have none"),
        (["evaluate", run.folder, "--data", "absent"], "absent"),
    ):
        done = kerastc(*words, text="")
        assert done.exit_code == 1, words
        assert message in done.stderr and "Traceback" not in done.output, done.output
