"""What a user reads before choosing a recipe comes without the seconds that heavy imports take."""

import subprocess
import sys

import pytest

HEAVY = {"keras", "keras_hub", "tensorflow", "jax", "torch"}
HEAVY |= {"matplotlib", "optuna", "pandas", "scipy", "sklearn"}


@pytest.mark.parametrize("words", [["--help"], ["train", "--help"], ["recipes"]], ids=" ".join)
def test_it_answers_without_a_heavy_import(words: list[str]):
    loaded = _packages_loaded_by(words)
    assert "kerastc" in loaded
    assert loaded.isdisjoint(HEAVY)


def _packages_loaded_by(words: list[str]) -> set[str]:
    program = (
        "import atexit, sys\n"
        "atexit.register(lambda: print('LOADED', *{m.split('.')[0] for m in sys.modules}))\n"
        f"from kerastc.cli import main; main({words!r}, prog_name='kerastc')"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=True
    )
    return set(run.stdout.rpartition("LOADED")[2].split())
