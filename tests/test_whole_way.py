"""From data to measured files in one command: the recipes that compress."""

import json
import os
import subprocess
import sys

import pytest

from kerastc import recipe
from kerastc.compress.steps.parse import parse


@pytest.mark.parametrize(
    ("name", "chains"), [("docstrings", "CHAINS"), ("compress-headlines", "SOURCE OURS LAST")]
)
def test_the_chains_of_the_recipes_are_possible(name, chains):
    module = recipe.find(name).load()
    words = [words for chain in chains.split() for words in getattr(module, chain)]
    assert words and all(parse(chain.split()) for chain in words)


@pytest.mark.slow
def test_docstrings_goes_all_the_way_and_on_where_it_was_stopped(tmp_path):
    """On the real encoder: trained, compressed, exported, measured, one report."""

    def kerastc(*words) -> str:
        environment = os.environ | {"KERASTC_CACHE": str(tmp_path / "cache")}
        command = [sys.executable, "-m", "kerastc", *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        assert done.returncode == 0, done.stderr
        return done.stdout

    run = tmp_path / "run"
    told = kerastc("train", "docstrings", "per_class=100", "--run", run)
    assert "For size" in told  # what is taken depends on 90 validation rows
    children = list(run.glob("compressed/*/finished.json"))
    assert len(children) == 2
    account = json.loads(kerastc("compare", run, "--json"))
    sizes = [row["bytes"] for row in account["models"]]
    assert max(sizes) > 6 * min(sizes)
    page = (run / "report.html").read_text()
    assert "What was compressed of it" in page and "data:image/png" in page
    (run / "finished.json").unlink()
    before = [path.stat().st_mtime_ns for path in children]
    kerastc("train", "--resume", "--run", run)
    assert [path.stat().st_mtime_ns for path in children] == before
