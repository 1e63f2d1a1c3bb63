"""Fixtures of the report's tests."""

from pathlib import Path

import pytest
from fake_run import make_fake_run


@pytest.fixture
def make_run(tmp_path):
    """`make_run(name, **what)` writes a run folder under the test's own folder."""

    def make(name: str = "20261121-101500", **what) -> Path:
        return make_fake_run(tmp_path / name, **what)

    return make
