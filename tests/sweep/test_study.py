"""Studies: recipes, their settings and seeds in a file; each is run once, and compared in one."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from steps_recipe import RECIPE

from kerastc import cli, recipe, settings, trust
from kerastc.errors import UserError
from kerastc.folders import Folders
from kerastc.sweep import find_study, sweep
from kerastc.sweep.swept_study import SweptStudy

OTHER = RECIPE.replace("units: int = 4", "size: int = 4").replace("config.units", "config.size")
STUDY = """
summary = "Two ways to score"
seeds = [0, 1]

[settings]
rate = 0.3
units = 5  # of the first recipe alone

[recipes.steps]
recipe = "steps.py"

[recipes.slower]
recipe = "steps.py"
rate = 0.2

[recipes.others]
recipe = "others.py"
size = 7
seconds = 0.004
"""


def write_study(folder: Path, state: Path, text: str = STUDY) -> str:
    """Writes a study beside its two scripts, which are trusted."""
    for name, source in {"steps": RECIPE, "others": OTHER}.items():
        script = folder / f"{name}.py"
        script.write_text(source)
        trust.remember(recipe.find(str(script)), state)
    path = folder / "ways.toml"
    path.write_text(text)
    return str(path)


@pytest.fixture
def write(tmp_path, folders):
    return lambda text=STUDY: write_study(tmp_path, folders.state, text)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """The study, where it is kept, and what came of it."""
    folder = tmp_path_factory.mktemp("study")
    folders = Folders(folder / "runs", folder / "cache", folder / "state")
    path = write_study(folder, folders.state)
    return path, folders, sweep(None, [], study=path, folders=folders, name="mine")


def told(run: Path) -> dict:
    return json.loads((run / "config.json").read_text())


def test_each_recipe_and_seed_is_a_run_with_its_settings(done):
    _, folders, result = done
    assert [trial.words for trial in result.trials] == [
        (f"recipe={name}", f"seed={seed}")
        for name in ("steps", "slower", "others")
        for seed in (0, 1)
    ]
    configs = [told(trial.run)["config"] for trial in result.trials]
    assert [config["rate"] for config in configs] == [0.3, 0.3, 0.2, 0.2, 0.3, 0.3]
    assert [config.get("units") for config in configs] == [5, 5, 5, 5, None, None]
    assert [config.get("size") for config in configs] == [None, None, None, None, 7, 7]
    assert [config["seed"] for config in configs] == [0, 1, 0, 1, 0, 1]
    assert result.folder == folders.runs / "ways" / "sweeps" / "mine"
    assert result.best.words == ("recipe=steps", "seed=0")
    assert "steps.py" in result.best_command and "rate=0.3" in result.best_command


def test_a_study_is_compared_by_recipe_and_its_own_settings_are_no_columns(done):
    *_, result = done
    assert told(result.trials[2].run)["study"]["settings"] == ["rate", "units"]
    assert len(result.comparison.groups) == 3
    assert {len(group["seeds"]) for group in result.comparison.groups} == {2}
    # The same recipe has two rates; how many seconds follows from the recipe.
    assert result.comparison.differing == ["recipe", "rate"]
    assert result.comparison.implied == ["seconds"]
    assert "Mean over seeds" in (result.folder / "compare.html").read_text()


def test_the_same_call_again_runs_nothing_and_a_changed_study_is_refused(done):
    path, folders, first = done
    again = sweep(None, [], study=path, folders=folders, name="mine")
    assert again.trials == first.trials
    assert all((t.run / "attempts").read_text().count("\n") == 1 for t in again.trials)
    changed = Path(path).with_name("changed.toml")
    changed.write_text(STUDY.replace("rate = 0.2", "rate = 0.25"))
    (folders.runs / "changed").symlink_to(folders.runs / "ways")
    with pytest.raises(UserError, match=r"rate=0\.2") as caught:
        sweep(None, [], study=str(changed), folders=folders, name="mine")
    assert "rate=0.25" in str(caught.value) and "--name" in caught.value.hint


def test_words_change_what_all_are_told_and_choose_recipes_and_seeds(write, folders):
    words = ["recipe=others,steps", "seed=3", "rate=0.4", "units=1,2"]
    swept = SweptStudy.read(write(), words, folders.state)
    trainings = [swept.training(row) for row in swept.plan(None, "s").values()]
    assert [training.words for training in trainings] == [
        ["rate=0.4", "seed=3", "units=1"],
        ["rate=0.4", "seed=3", "units=2"],
        ["rate=0.4", "seconds=0.004", "seed=3", "size=7"],
    ]
    assert [t.study["settings"] for t in trainings] == [[], [], ["seconds", "size"]]
    assert swept.fixed == ("rate=0.4", "seed=3")
    assert swept.notes == ["units=1,2 is for steps alone: the others have no units."]


def test_a_grid_is_of_each_recipe_that_has_the_field(write, folders):
    text = STUDY.replace("[settings]", "[grid]\nunits = [1, 2]\nmended = ['', 'a,b']\n[settings]")
    text = text.replace("units = 5  # of the first recipe alone", "")
    swept = SweptStudy.read(write(text), ["seed=0"], folders.state)
    rows = list(swept.plan(None, "s").values())
    assert [row["recipe"] for row in rows] == ["steps"] * 4 + ["slower"] * 4 + ["others"] * 2
    assert {row["mended"] for row in rows} == {"", "a,b"}
    assert swept.plan(3, "s").items() <= swept.plan(None, "s").items()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("seeds = [0, 1]", "seeds = [0, 1", "ways.toml is not TOML: "),
        ("seeds = [0, 1]", "seed = [0, 1]", "ways.toml: there is no field 'seed' in a study. Did"),
        ("seeds = [0, 1]", "seeds = [0, -1]", "ways.toml: seeds.1 = -1 is not allowed"),
        ("seeds = [0, 1]", 'seeds = "all"', "ways.toml: seeds = 'all' is not allowed"),
        ("[recipes.slower]", "[recipes.'a/b']", "ways.toml: recipes.a/b = 'a/b' is not allowed"),
        ("[settings]", "[settings]\nseed = 3", "ways.toml: seeds are listed for all recipes"),
        ("[settings]", "[grid]\nmended = 3\n[settings]", "ways.toml: grid.mended = 3 is no list"),
        ("[settings]", "[settings]\nuntis = 3", "ways.toml: There is no field 'untis' in steps,"),
        ("size = 7", "siez = 7", "ways.toml, recipes.others: There is no field 'siez'"),
        ("size = 7", 'size = "big"', "ways.toml, recipes.others: size=big is not allowed"),
        ("size = 7", "folds = 7", "ways.toml, recipes.others: There is no field 'folds'"),
        ('"others.py"', '"other.py"', "ways.toml, recipes.others: There is no recipe script at"),
        ('"others.py"', '"fixmach"', "ways.toml, recipes.others: There is no recipe named"),
        ('"others.py"', "3", "ways.toml: recipes.others.recipe = 3 is no name of a recipe"),
    ],
)
def test_a_slip_in_the_file_is_told_with_its_place(write, folders, old, new, message):
    assert old in STUDY
    with pytest.raises(UserError) as caught:
        sweep(None, [], study=write(STUDY.replace(old, new)), folders=folders)
    assert message in caught.value.message
    assert "\n" not in caught.value.message
    assert not folders.runs.exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["recipe=step"], "recipe=step: the study ways has steps, slower, others."),
        (["recipe="], "recipe=: the study ways has steps, slower, others."),
        (["recipe=steps", "recipe=others"], "recipe is given twice"),
        (["untis=3"], "There is no field 'untis' in steps, slower, others."),
        (["recipe=steps", "size=3"], "There is no field 'size' in steps."),
        (["units=x"], "steps: units=x is not allowed"),
        (["rate=0.1..0.2"], "rate=0.1..0.2: a study has no ranges."),
        (["rate=1", "rate=2"], "rate is given twice"),
        (["rate"], "'rate' is no override"),
    ],
)
def test_a_slip_in_the_words_is_told(write, folders, words, message):
    with pytest.raises(UserError) as caught:
        sweep(None, words, study=write(), folders=folders)
    assert message in caught.value.message
    assert not folders.runs.exists()


def test_a_file_that_is_not_there_is_told_and_a_misspelled_name_names_the_nearest(tmp_path):
    with pytest.raises(UserError, match="There is no study at"):
        find_study(str(tmp_path / "none.toml"))
    with pytest.raises(UserError, match="Did you mean 'cifar100'"):
        find_study("cifar10")
    with pytest.raises(UserError, match="kerastc sweep --study cifar100"):
        recipe.find("cifar100")


def test_a_script_that_only_a_study_names_is_not_run(write, folders, tmp_path):
    path = write()
    script = tmp_path / "others.py"
    script.write_text("raise SystemExit('it ran')\n")
    with pytest.raises(UserError, match="which you have not run before") as caught:
        sweep(None, [], study=path, folders=folders)
    assert f"kerastc trust {script}" in caught.value.hint


def test_the_command_takes_a_study_and_shows_it(write, folders):
    path, runs = write(), str(folders.runs)

    def invoke(*words: str):
        return CliRunner().invoke(cli.main, words)

    shown = invoke("show", path).output
    assert "Two ways to score" in shown and "size=7" in shown and "Seeds: 0, 1" in shown
    command = ("sweep", "--study", path, "recipe=others", "--name", "few", "--runs", runs)
    assert "kerastc trust" in invoke(*command).output
    invoke("trust", str(Path(path).with_name("others.py")))
    done = invoke(*command, "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["recipe"] == "ways" and found["study"] == "few"
    assert [trial["words"] for trial in found["trials"]] == [
        ["recipe=others", "seed=0"],
        ["recipe=others", "seed=1"],
    ]
    both = invoke("sweep", "text", "rate=1,2", "--study", "cifar100")
    assert both.exit_code == 1 and "--name cifar100" in both.output
    assert "Name a recipe or a study" in invoke("sweep").output


def test_the_study_of_cifar100_tells_each_recipe_what_it_says_and_no_more():
    study = find_study("cifar100")
    swept = SweptStudy.read("cifar100", [], Path())
    rows = swept.plan(None, "s").values()
    assert {row["recipe"].replace("-", "_") for row in rows} == {
        *("supervised", "self_training", "fixmatch", "autoencoder", "simclr"),
        *("joint_autoencoder", "joint_simclr"),
    }
    for row in rows:
        training = swept.training(row)
        config_class = recipe.find(training.recipe).load().Config
        found = settings.flat(settings.configure(config_class, training.words))
        given = study.settings() | study.own(row["recipe"])
        assert found == settings.flat(config_class()) | given
