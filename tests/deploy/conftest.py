"""The model of `device_model`, converted once for all tests; the runs of text_run and image_run."""

import shutil
from pathlib import Path

import device_model
import image_run
import numpy as np
import pytest
import text_run
from tiny_presets import tiny  # noqa: F401

from kerastc.deploy import Signature, export
from kerastc.predictor import predictor_of
from kerastc.run import Run
from kerastc.text.preparation import TextPreparation


@pytest.fixture(scope="session")
def converted():
    """`converted(**options)`: the bytes of that .tflite file."""
    made: dict[tuple, bytes] = {}

    def convert(**options) -> bytes:
        key = tuple(sorted(options.items()))
        if key not in made:
            made[key] = device_model.litert(**options)
        return made[key]

    return convert


@pytest.fixture
def model(converted, tmp_path: Path) -> Path:
    """A run's exported model: RUN/exports/model.tflite."""
    return device_model.write_run(tmp_path / "run", converted())


@pytest.fixture(scope="session")
def original(tiny, tmp_path_factory) -> Run:  # noqa: F811
    """A text run of a tiny random model."""
    folder = tmp_path_factory.mktemp("original") / "run"
    return text_run.write_run(folder, tiny("Bert"), TextPreparation(capitals=True))


@pytest.fixture
def run(original, tmp_path) -> Run:
    """A copy to export from."""
    return Run.open(shutil.copytree(original.folder, tmp_path / "run"))


@pytest.fixture(scope="session")
def expected(original) -> np.ndarray:
    """The Keras model's probabilities of `text_run.texts()`."""
    return predictor_of(original).answers(text_run.texts())


@pytest.fixture(scope="session")
def original_of_images(tmp_path_factory) -> Run:
    """An image run of a tiny random model."""
    return image_run.write_run(tmp_path_factory.mktemp("images") / "run")


@pytest.fixture
def run_of_images(original_of_images, tmp_path) -> Run:
    """A copy to export from."""
    return Run.open(shutil.copytree(original_of_images.folder, tmp_path / "images"))


@pytest.fixture(scope="session")
def expected_of_images(original_of_images) -> np.ndarray:
    """The Keras model's probabilities of the test images."""
    return predictor_of(original_of_images).answers(image_run.images("test"))


@pytest.fixture(scope="session")
def exported_images(original_of_images, tmp_path_factory):
    """`exported_images(**options)`: the signature of that export, converted once for all tests."""
    made: dict[tuple, Signature] = {}

    def of(**options) -> Signature:
        key = tuple(sorted(options.items()))
        if key not in made:
            folder = tmp_path_factory.mktemp("exported") / "run"
            shutil.copytree(original_of_images.folder, folder)
            made[key] = export(Run.open(folder), **options)
        return made[key]

    return of


@pytest.fixture
def image_model(exported_images, tmp_path) -> Path:
    """A copy of an image run's exported model: RUN/exports/model.tflite."""
    source = exported_images().folder.parent
    return shutil.copytree(source, tmp_path / "image-model") / "exports" / "model.tflite"
