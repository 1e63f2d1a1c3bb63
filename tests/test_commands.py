"""What a newcomer types first, and what every command does with an error."""

import io
import sys

import click
import pytest
from click.testing import CliRunner

from kerastc import streams
from kerastc.cli import main
from kerastc.cli.commands import Command, Commands
from kerastc.compress.steps.parse import STEPS
from kerastc.errors import UserError, out_of_memory
from kerastc.synonyms import meant


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("train text data=a.csv --epochs 3", "epochs=3"),
        ("train text data=a.csv --lr=1e-3", "learning_rate=1e-3"),
        ("train text data=a.csv --max-length 64", "max_tokens=64"),
        ("train text data=a.csv -e 3", "epochs=3"),
        ("train text data=a.csv lr=1e-3", "Write learning_rate=1e-3"),
        ("train text data=a.csv patience=2", "Write early_stopping.patience=2"),
        ("train text data=", "data= names no file or folder"),
        ("train text data=a.csv test=", "Write test=PATH, or leave it out"),
        ("train text a.csv", "Write data=a.csv"),
        ("train text data=a.csv epochs 3", "Write epochs=3"),
        ("train text data=a.csv epochs seed=3", "Write epochs=VALUE"),
        ("train a.csv", "kerastc train text data=a.csv"),
        ("train photos.npz", "kerastc train supervised data=photos.npz"),
        ("train text", "kerastc show text"),
        ("text data=a.csv", "kerastc train text data=a.csv"),
        ("trian text data=a.csv", "Did you mean 'train'"),
        ("sweep text data=a.csv --epochs 3,4", "epochs=3,4"),
        ("resume runs/text/1", "kerastc train --resume --run RUN"),
        ("quantize runs/text/1", "kerastc compress RUN quantize"),
        ("predict runs/qa/1 --question a --question b", "--question is given 2 times"),
    ],
)
def test_the_first_words_are_told_what_to_write(words, told):
    done = CliRunner().invoke(main, words.split())
    assert done.exit_code in (1, 2)
    assert told in done.stderr


def test_an_option_that_means_a_setting_is_not_compared_with_options():
    done = CliRunner().invoke(main, ["train", "text", "--lr", "1e-3"])
    assert "learning_rate=1e-3" in done.stderr and "Did you mean" not in done.stderr


def test_a_run_in_the_place_of_a_recipe_is_gone_on_with(tmp_path):
    (tmp_path / "config.json").write_text('{"recipe": "text"}')
    done = CliRunner().invoke(main, ["train", "--resume", str(tmp_path)])
    assert f"kerastc train --resume --run {tmp_path}" in done.stderr


def test_a_file_without_its_option_is_told_which(tmp_path):
    (file := tmp_path / "a.csv").touch()
    done = CliRunner().invoke(main, ["evaluate", "RUN", str(file)])
    assert done.exit_code == 2 and f"Write --data {file}" in done.stderr


def test_a_file_that_is_no_model_is_told_so(tmp_path):
    (page := tmp_path / "report.html").touch()
    done = CliRunner().invoke(main, ["predict", str(page), "a text"])
    assert f"{page} is neither a run's folder nor an exported model" in done.stderr


@pytest.mark.parametrize("step", STEPS)
def test_a_step_in_the_place_of_a_command_is_told_where_it_goes(step):
    done = CliRunner().invoke(main, [step, "runs/text/1"])
    assert f"kerastc compress RUN {step}" in done.stderr


def test_every_synonym_means_a_field():
    assert meant("lr", ["learning_rate"]) == "learning_rate"
    assert meant("lr", ["epochs"]) == "lr"  # no field of this recipe
    assert meant("patience", ["early_stopping.patience", "epochs"]) == "early_stopping.patience"
    assert meant("epochs", ["epochs"]) == "epochs"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Set label= to one of them.", "Set --label to one of them."),
        ("Give label=topic.", "Give --label topic."),
        ("tag= names another key.", "--label names another key."),  # of a recipe of tags
        ("Write rate=3.", "Write rate=3."),  # no option of this command
        ("The column 'label=topic' is empty.", "The column 'label=topic' is empty."),
        ("kerastc train text label=topic", "kerastc train text label=topic"),
    ],
)
def test_a_hint_has_the_syntax_of_its_command(said, shown):
    @click.command(cls=Command, params=[click.Option(["--label"])])
    def measure(label):
        raise UserError("It failed.", said)

    group = Commands(commands={"measure": measure})
    assert CliRunner().invoke(group, ["measure"]).stderr.splitlines() == [
        "Error: It failed.",
        shown,
    ]


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 8 bytes"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"),
    ],
)
def test_running_out_of_memory_is_said_to_be_that(error):
    @click.command(cls=Command)
    def measure():
        raise error

    done = CliRunner().invoke(Commands(commands={"measure": measure}), ["measure"])
    assert done.exit_code == 1 and "Memory ran out" in done.stderr
    assert out_of_memory(error) and not out_of_memory(RuntimeError("shapes differ"))


def test_a_terminal_without_unicode_gets_replacements(monkeypatch):
    shown = io.BytesIO()
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, io.TextIOWrapper(shown, encoding="ascii"))
    streams.show_everything()
    print("0.8 ± 0.1 … 中文 naïve", flush=True)
    assert shown.getvalue() == b"0.8 +/- 0.1 ... \\u4e2d\\u6587 na\\xefve\n"
