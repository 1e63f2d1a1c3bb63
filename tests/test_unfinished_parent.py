"""A child is compared with its parent's figures, so the parent has to be finished."""

import numpy as np
import pytest

from kerastc import lineage
from kerastc.errors import UserError
from kerastc.run import Run


@pytest.mark.parametrize("named", ["", "checkpoints/step-4.npz"])
def test_a_child_of_an_unfinished_run_is_refused_before_it_trains(tmp_path, named):
    run = Run.create(tmp_path / "run", {"recipe": "text"}, tmp_path / "cache")
    path = run.path("checkpoints", "step-4.npz")
    path.parent.mkdir()
    np.savez(path)
    with pytest.raises(UserError, match="not finished"):
        lineage.origin(run.folder / named)
    run.write_json("finished.json", {"finished": "2026-11-29T00:00:00+0000"})
    assert lineage.origin(run.folder / named).step == 4
