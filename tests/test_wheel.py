"""The wheel carries everything that a clone has: rooms, recipes, templates, the command."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

CLONE = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree, built without a network, outside of the tree."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in ("kerastc", "recipes", "setup.cfg", "pyproject.toml", "LICENSE", "README.md"):
        if (CLONE / name).exists():
            (source / name).symlink_to(CLONE / name)
    _pip("wheel", "--no-build-isolation", "--no-deps", "--wheel-dir", folder, source)
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_every_module_template_and_rule_file_is_in_the_wheel(names: set[str]):
    files = [
        path
        for suffix in ("py", "j2", "categories")
        for path in CLONE.glob(f"kerastc/**/*.{suffix}")
    ]
    assert {path.relative_to(CLONE).as_posix() for path in files} <= names


def test_every_recipe_and_study_is_in_the_wheel_and_no_test_is(names: set[str]):
    files = [*CLONE.glob("recipes/*.py"), *CLONE.glob("recipes/studies/*.toml")]
    recipes = {f"kerastc/{path.relative_to(CLONE).as_posix()}" for path in files}
    assert {name for name in names if name.startswith("kerastc/recipes/")} == recipes
    assert {name.split("/")[0].split("-")[0] for name in names} == {"kerastc"}


def test_the_wheel_names_command_and_licence(wheel: Path, names: set[str]):
    with zipfile.ZipFile(wheel) as archive:
        [entry_points] = [name for name in names if name.endswith("entry_points.txt")]
        [metadata] = [name for name in names if name.endswith("/METADATA")]
        assert "kerastc = kerastc.cli:main" in archive.read(entry_points).decode()
        assert "Apache-2.0" in archive.read(metadata).decode()
    assert any(name.endswith("licenses/LICENSE") for name in names)


@pytest.fixture
def installed(wheel: Path, tmp_path: Path):
    """Runs `kerastc` from the installed wheel in an empty folder."""
    site, empty = tmp_path / "site", tmp_path / "empty"
    empty.mkdir()
    _pip("install", "--no-deps", "--no-index", "--target", site, wheel)

    def kerastc(*words: str) -> str:
        program = "import kerastc.cli; print(kerastc.cli.__file__); kerastc.cli.main()"
        output = subprocess.run(
            [sys.executable, "-c", program, *words],
            cwd=empty,
            env={"PYTHONPATH": str(site), "COLUMNS": "300", "KERASTC_CACHE": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert output.startswith(str(site))  # not the clone's
        return output

    return kerastc


def test_an_installed_wheel_lists_its_recipes_and_studies_in_an_empty_folder(installed):
    output = installed("recipes")
    for path in [*CLONE.glob("recipes/*.py"), *CLONE.glob("recipes/studies/*.toml")]:
        name = path.stem.replace("_", "-")
        assert f" {name} " in output


@pytest.mark.slow
def test_an_installed_wheel_trains_in_an_empty_folder(installed, tmp_path: Path):
    installed("train", "docstrings", "per_class=20", "epochs=2", "smaller=false")
    [report] = (tmp_path / "empty" / "runs" / "docstrings").glob("*/report.html")
    assert report.stat().st_size > 100_000


def _pip(*words: object) -> None:
    subprocess.run(
        [sys.executable, "-m", "pip", *map(str, words), "--quiet", "--disable-pip-version-check"],
        check=True,
    )
