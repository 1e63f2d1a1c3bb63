"""The model of `device_model`, converted once for all tests; the run of `text_run`."""

import shutil
from pathlib import Path

import device_model
import numpy as np
import pytest
import text_run
from tiny_presets import tiny  # noqa: F401

from kerastc.predictor import Predictor
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
    return Predictor(original).probabilities(text_run.texts())
