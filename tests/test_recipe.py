import json
import subprocess
import sys
from typing import Literal

import pydantic
import pytest
from pydantic import Field

from kerastc import recipe
from kerastc.errors import UserError


class Stop(pydantic.BaseModel):
    model_config = recipe.Config.model_config

    patience: int = 3  # epochs
    metric: str = "val_loss"  # watched


class Config(recipe.Config):
    rate: float = Field(1e-3, gt=0)  # the peak
    shape: Literal["constant", "linear"] = "linear"  # of the schedule
    hidden: int | None = None  # units
    names: tuple[str, ...] = ()
    mirror: bool = False  # left and right
    stop: Stop = Stop()


def test_words_become_typed_values():
    config = recipe.configure(
        Config,
        ["rate=5e-4", "hidden=none", "names=a,b", "mirror=true", "stop.patience=7", "seed=3"],
    )
    assert (config.rate, config.hidden, config.names) == (5e-4, None, ("a", "b"))
    assert (config.mirror, config.stop.patience, config.stop.metric) == (True, 7, "val_loss")
    assert config.seed == 3


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("learning=1", "There is no field 'learning'"),
        ("raet=1", "Did you mean 'rate'"),
        ("stop.patence=1", "Did you mean 'stop.patience'"),
        ("rate=fast", "rate=fast is not allowed: rate takes float"),
        ("rate=-1", "greater than 0"),
        ("shape=linaer", "shape takes constant | linear. Did you mean 'linear'"),
        ("hidden=many", "hidden takes int or none"),
        ("stop=3", "'stop' is a group of fields"),
        ("rate", "'rate' is no override"),
        ("mirror=perhaps", "mirror=perhaps is not allowed: mirror takes bool"),
        ("names=[1", "names=[1 is not allowed"),
    ],
)
def test_a_slip_is_refused_with_field_value_and_what_is_allowed(word, message):
    with pytest.raises(UserError) as error:
        recipe.configure(Config, [word])
    assert message in str(error.value)


def test_a_required_field_says_what_it_is():
    class Needing(Config):
        data: str  # the file

    with pytest.raises(UserError, match=r"data=… is required: the file\."):
        recipe.configure(Needing, [])


def test_fields_carry_the_comment_beside_them():
    found = {field.key: field for field in recipe.fields(Config)}
    assert found["stop.patience"].comment == "epochs"
    assert found["seed"].comment.startswith("of splits")
    assert found["shape"].type_name == "constant | linear"
    assert found["rate"].default == 1e-3


def test_a_config_survives_its_file():
    config = recipe.configure(Config, ["names=a,b", "stop.patience=9"])
    again = recipe.validate(Config, json.loads(json.dumps(config.model_dump(mode="json"))))
    assert again == config


def test_a_word_sets_what_flat_shows():
    config = recipe.configure(Config, ["names=a,b", "mirror=true", "rate=0.25"])
    words = [recipe.word(key, value) for key, value in recipe.flat(config).items()]
    assert recipe.configure(Config, words) == config


def test_a_misspelled_recipe_names_the_nearest():
    with pytest.raises(UserError, match="Did you mean 'docstrings'"):
        recipe.find("docstring")


def test_every_recipe_says_what_it_costs_and_reaches():
    recipes = recipe.all_recipes()
    assert {"arxiv", "docstrings", "text"} <= {script.name for script in recipes}
    for script in recipes:
        assert script.summary and script.cost and script.expect, script.name
        assert all(field.comment for field in recipe.fields(script.load().Config)), script.name


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


def test_a_script_without_run_is_refused(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text('"""Mine."""\nfrom kerastc.recipe import Config\n')
    with pytest.raises(UserError, match="no `def run"):
        recipe.find(str(path)).load()


def test_a_script_that_cannot_be_parsed_is_refused(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("def run(:\n")
    with pytest.raises(UserError, match="is not Python"):
        recipe.find(str(path))


def test_listing_and_showing_import_no_backend():
    """`import keras` costs seconds; a list of names must not."""
    code = (
        "import sys; from kerastc import recipe\n"
        "for script in recipe.all_recipes(): list(recipe.fields(script.load().Config))\n"
        "heavy = {'keras', 'tensorflow', 'jax', 'torch', 'sklearn', 'pandas', 'matplotlib'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
