"""The Makefile makes its environment once, again when the dependencies change, and says why not."""

import configparser
import os
import re
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
    shutil.copytree(CLONE / "requirements", tmp_path / "requirements")
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


def test_golden_asks_for_a_commit_and_passes_it_on(clone: Path):
    made = make(clone, "golden", BASE="/usr")  # some shells have one of their own
    assert made.returncode != 0
    assert "make golden BASE=" in made.stderr
    assert make(clone, "golden", "BASE=main", "ARGS=--only text").returncode == 0
    last = (clone / "calls").read_text().splitlines()[-1]
    assert last == ".venv/bin/python -m golden --base main --only text"


def test_recipe_leaves_the_tests_and_the_other_backends_out(clone: Path):
    make(clone, "recipe", "NAME=docstrings")
    installed = " ".join(installations(clone))
    assert "requirements/kerastc.txt" in installed
    assert not any(word in installed for word in ("test", "jax", "torch", "bench", "lint"))


@pytest.mark.parametrize("target", ["test", "test-backends", "bench", "lint"])
def test_a_second_use_installs_nothing(clone: Path, target: str):
    (clone / ".venv" / "bin").mkdir(parents=True)
    shutil.copy(clone / "python3", clone / ".venv" / "bin" / "ruff")
    make(clone, target)
    assert installations(clone)
    make(clone, target)
    assert not installations(clone)


@pytest.mark.parametrize("changed", ["setup.cfg", "requirements/kerastc.txt"])
def test_changed_dependencies_are_installed_again(clone: Path, changed: str):
    make(clone, "test")
    first = installations(clone)
    later = (clone / ".venv" / ".installed-test").stat().st_mtime + 1
    os.utime(clone / changed, (later, later))
    make(clone, "test")
    assert installations(clone) == first


@pytest.mark.parametrize("target", ["recipe", "test", "bench", "lint"])
def test_whatever_is_downloaded_has_its_hash(clone: Path, target: str):
    (clone / ".venv" / "bin").mkdir(parents=True)
    shutil.copy(clone / "python3", clone / ".venv" / "bin" / "ruff")
    make(clone, target, "NAME=docstrings")
    for call in installations(clone):
        ours = call.endswith("--no-deps --editable .")
        torch = call.endswith("constraints.txt torch")  # its builds differ by machine
        assert ours or torch or "--require-hashes" in call


def test_the_hashes_are_of_all_that_setup_cfg_asks_for_in_the_versions_tried_together():
    setup = configparser.ConfigParser()
    setup.read(CLONE / "setup.cfg")
    extras = setup["options.extras_require"]
    asked = [setup["options"]["install_requires"]]
    asked += [text for name, text in extras.items() if name not in ("jax", "torch", "beam")]
    locked = {}
    for path in (CLONE / "requirements").glob("*.txt"):
        text = path.read_text()
        assert "://" not in text and "index" not in text
        for entry in re.split(r"\n(?=\w)", text):
            if found := re.match(r"([\w.-]+)==([^ ;]+)", entry):
                assert "--hash=sha256:" in entry
                locked[canonical(found[1])] = found[2]
    names = [
        re.match(r"[\w.-]+", line)[0] for line in "\n".join(asked).split("\n") if line[:1].isalpha()
    ]
    missing = {canonical(name) for name in names} - set(locked) - {"kerastc", "torch"}
    assert not missing, f"Renew the hashes: make lock ({missing})"
    for line in (CLONE / "constraints.txt").read_text().splitlines():
        name, pinned, version = line.partition("==")
        if pinned and locked.get(canonical(name), version) != version:
            pytest.fail(f"Renew the hashes: make lock ({line}, not {locked[canonical(name)]})")


def canonical(name: str) -> str:
    return re.sub("[-_.]+", "-", name).lower()


def test_a_broken_installation_is_done_again(clone: Path):
    (clone / "broken").touch()
    assert make(clone, "test").returncode != 0
    (clone / "broken").unlink()
    installations(clone)
    assert make(clone, "test").returncode == 0
    assert any("requirements/test.txt" in call for call in installations(clone))


def test_another_python_is_refused_with_the_way_on(clone: Path):
    made = make(clone, "test", REFUSED="1")
    assert made.returncode != 0
    assert "./python3 is Python 3.9.2." in made.stderr
    assert "make PYTHON=python3.12" in made.stderr
    assert not installations(clone)
