"""What the sweeps of these tests share."""

import pytest

from kerastc.folders import Folders
from kerastc.sweep import worker


@pytest.fixture(autouse=True, scope="session")
def no_models():
    """These recipes build no models: what frees theirs takes longer than all else of a trial."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker, "_free_memory", lambda: None)
        yield


@pytest.fixture
def folders(tmp_path):
    return Folders(tmp_path / "runs", tmp_path / "cache", tmp_path / "state")
