"""The model of `device_model`, converted once for all tests."""

from pathlib import Path

import device_model
import pytest


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
