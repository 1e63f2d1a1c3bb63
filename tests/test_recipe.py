import subprocess
import sys

import pytest
from click.testing import CliRunner

from kerastc import recipe, settings
from kerastc.cli import main
from kerastc.errors import UserError


def test_a_misspelled_recipe_names_the_nearest():
    with pytest.raises(UserError, match="Did you mean 'docstrings'"):
        recipe.find("docstring")


def test_every_recipe_says_what_it_costs_and_reaches():
    recipes = recipe.all_recipes()
    assert {"arxiv", "docstrings", "text"} <= {script.name for script in recipes}
    for script in recipes:
        assert script.summary and script.cost and script.expect and script.data, script.name
        assert all(field.comment for field in settings.fields(script.load().Config)), script.name


def test_the_list_of_recipes_fits_a_screen_with_those_for_own_data_first(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    lines = CliRunner().invoke(main, ["recipes"]).output.splitlines()
    assert len(lines) <= 30 and max(map(len, lines)) <= 80
    assert "…" not in "".join(lines)
    assert lines[1].split()[0] == "text"
    assert {line.split()[0] for line in lines if line.startswith("  ")} == {
        *(script.name for script in recipe.all_recipes()),
        *recipe.study_names(),
    }


def test_a_docstring_gives_summary_cost_and_figure(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(
        '"""Sort things.\n\nLonger.\n\nCost: 3.5 minutes on\n2 cores. More.\n\nExpect: 0.9.\n"""'
    )
    script = recipe.find(str(path))
    assert (script.summary, script.cost, script.expect) == (
        "Sort things.",
        "3.5 minutes on 2 cores",
        "0.9",
    )


def test_a_script_that_trains_nothing_is_refused(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text('"""Mine."""\nfrom kerastc.settings import Config\n')
    with pytest.raises(UserError, match="no `def train"):
        recipe.find(str(path)).load()


def test_a_script_that_cannot_be_parsed_is_refused(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("def run(:\n")
    with pytest.raises(UserError, match="is not Python"):
        recipe.find(str(path))


def test_listing_and_showing_import_no_backend():
    """`import keras` costs seconds; a list of names must not."""
    code = (
        "import sys; from kerastc import recipe, settings\n"
        "for script in recipe.all_recipes(): list(settings.fields(script.load().Config))\n"
        "heavy = {'keras', 'tensorflow', 'jax', 'torch', 'sklearn', 'pandas', 'matplotlib'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_rate_and_epochs_suit_what_is_trained():
    text = recipe.find("text").load().Config

    def usual(*words):
        config = settings.configure(text, ["data=a.csv", *words])
        return config.learning_rate, config.epochs

    assert usual() == usual("trainable=head") == (5e-4, 15)
    assert usual("trainable=top_2") == usual("trainable=top_4")
    assert usual("trainable=all")[0] < usual("trainable=top_2")[0] < usual()[0]
    assert usual("trainable=all", "epochs=9", "learning_rate=3e-5") == (3e-5, 9)
    changed = settings.changed(settings.configure(text, ["data=a.csv", "trainable=all"]))
    assert "learning_rate" not in changed and changed["trainable"] == "all"
    headlines = recipe.find("headlines").load().Config  # has a choice of its own
    assert settings.configure(headlines, ["data=a.csv"]).epochs == 4
    assert settings.configure(headlines, ["data=a.csv", "trainable=head"]).epochs == 15


@pytest.mark.parametrize("name", ["ner", "pos", "tags", "qa"])
def test_words_and_answers_keep_the_checkpoint_of_the_best_main_figure(name):
    config = settings.configure(recipe.find(name).load().Config, ["data=a.conll"])
    assert config.early_stopping.metric is None


def test_a_new_head_learns_faster_than_one_that_has_learned():
    names = recipe.find("ner").load().Config
    assert settings.configure(names, ["data=a.conll"]).head_rate > 1
    assert settings.configure(names, ["data=a.conll", "head=backbone"]).head_rate == 1
    chosen = settings.configure(names, ["data=a.conll", "head=backbone", "head_rate=5"])
    assert chosen.head_rate == 5
