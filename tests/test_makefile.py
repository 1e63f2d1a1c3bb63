"""The Makefile makes its environment once, again when the dependencies change, and says why not."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

CLONE = Path(__file__).parents[1]
# Stands in for Python and pip: `-m venv` copies it, every call is written down, and an
# installation fails where a file named `broken` lies beside the Makefile.
PYTHON = """#!/bin/sh
echo "$0 $*" >> calls
case "$*" in
    "-c import sys"*) exit "${REFUSED:-0}" ;;
    --version) echo "Python 3.9.2" ;;
    "-m venv"*) mkdir -p .venv/bin && cp "$0" .venv/bin/python && cp "$0" .venv/bin/kerastc ;;
    "-m pip"*) test ! -e broken ;;
esac
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    for name in ("Makefile", "setup.cfg", "constraints.txt"):
        shutil.copy(CLONE / name, tmp_path)
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "docstrings.py").touch()
    (tmp_path / "python3").write_text(PYTHON)
    (tmp_path / "python3").chmod(0o755)
    return tmp_path


def make(clone: Path, *words: str, **environment: str) -> subprocess.CompletedProcess:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    return subprocess.run(
        ["make", "PYTHON=./python3", *words],
        cwd=clone,
        env=inherited | environment,
        capture_output=True,
        text=True,
    )


def installations(clone: Path) -> list[str]:
    """The calls of pip since the last look."""
    path = clone / "calls"
    calls = path.read_text().splitlines()
    path.write_text("")
    return [call for call in calls if "-m pip" in call]


def test_without_a_target_it_teaches_and_installs_nothing(clone: Path):
    printed = make(clone).stdout
    assert "make recipe NAME=" in printed
    assert "docstrings" in printed
    assert not (clone / "calls").exists()


def test_recipe_without_a_name_says_which_there_are(clone: Path):
    made = make(clone, "recipe", NAME="laptop")  # some systems name the machine so
    assert made.returncode != 0
    assert "docstrings" in made.stderr
    assert not (clone / "calls").exists()


def test_recipe_passes_its_arguments_on(clone: Path):
    assert make(clone, "recipe", "NAME=text", "ARGS=data='my file.csv' --resume").returncode == 0
    last = (clone / "calls").read_text().splitlines()[-1]
    assert last == ".venv/bin/kerastc train text data=my file.csv --resume"


def test_recipe_leaves_the_tests_and_the_other_backends_out(clone: Path):
    make(clone, "recipe", "NAME=docstrings")
    installed = " ".join(installations(clone))
    assert "[sweep]" in installed
    assert not any(word in installed for word in ("test", "jax", "torch", "bench", "ruff"))


@pytest.mark.parametrize("target", ["test", "test-backends", "bench", "lint"])
def test_a_second_use_installs_nothing(clone: Path, target: str):
    (clone / ".venv" / "bin").mkdir(parents=True)
    shutil.copy(clone / "python3", clone / ".venv" / "bin" / "ruff")
    make(clone, target)
    assert installations(clone)
    make(clone, target)
    assert not installations(clone)


@pytest.mark.parametrize("changed", ["setup.cfg", "constraints.txt"])
def test_changed_dependencies_are_installed_again(clone: Path, changed: str):
    make(clone, "test")
    first = installations(clone)
    later = (clone / ".venv" / ".installed-test").stat().st_mtime + 1
    os.utime(clone / changed, (later, later))
    make(clone, "test")
    assert installations(clone) == first


def test_a_broken_installation_is_done_again(clone: Path):
    (clone / "broken").touch()
    assert make(clone, "test").returncode != 0
    (clone / "broken").unlink()
    installations(clone)
    assert make(clone, "test").returncode == 0
    assert any("[test]" in call for call in installations(clone))


def test_another_python_is_refused_with_the_way_on(clone: Path):
    made = make(clone, "test", REFUSED="1")
    assert made.returncode != 0
    assert "./python3 is Python 3.9.2." in made.stderr
    assert "make PYTHON=python3.12" in made.stderr
    assert not installations(clone)
