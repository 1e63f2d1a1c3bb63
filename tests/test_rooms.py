"""Names of a room load on first use, also where a module is called as its function is."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOM = """
from kerastc.lazy import attach
__getattr__, __dir__, __all__ = attach(__name__, names={"grow": ["grow", "SIZE"], "cut": ["trim"]})
"""


@pytest.fixture
def room(tmp_path: Path):
    """Runs lines of Python beside a package `garden` with the modules grow and cut."""
    garden = tmp_path / "garden"
    garden.mkdir()
    (garden / "__init__.py").write_text(ROOM)
    (garden / "grow.py").write_text("SIZE = 3\ndef grow(): return 'grown'\n")
    (garden / "cut.py").write_text("def trim(): return 'trimmed'\n")

    def run(*lines: str) -> str:
        return subprocess.run(
            [sys.executable, "-c", "\n".join(lines)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()

    return run


@pytest.mark.parametrize("first", ["from garden import grow", "import garden.grow"])
def test_a_function_is_not_hidden_by_its_module(room, first):
    said = room(first, "import garden", "from garden import grow", "print(garden.grow(), grow())")
    assert said == "grown grown"


def test_a_name_loads_its_module_alone(room):
    lines = ("import sys, garden", "garden.SIZE", "print('garden.cut' in sys.modules)")
    assert room(*lines) == "False"
    assert room("import garden", "print(dir(garden))") == "['SIZE', 'grow', 'trim']"
    assert room("from garden import *", "print(trim(), SIZE)") == "trimmed 3"


def test_an_unknown_name_is_an_attribute_error(room):
    said = room("import garden", "try: garden.sow", "except AttributeError as error: print(error)")
    assert said == "module 'garden' has no attribute 'sow'"
