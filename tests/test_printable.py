"""Names, texts and paths cannot steer a terminal or turn the direction of a page."""

import json

import pytest
from click.testing import CliRunner
from rich.table import Table

from kerastc.cli import main
from kerastc.console import Console
from kerastc.printable import echo, printable

EVIL = "a\x1b[2J\x9b31m\x07\r\u202eb\x7f"
SHOWN = r"a\u001b[2J\u009b31m\u0007\u000d\u202eb\u007f"


def test_what_steers_is_shown_as_text_and_the_rest_stays():
    assert printable(EVIL) == SHOWN
    assert printable("été\t東京 👩\u200d🔬\n") == "été\t東京 👩\u200d🔬\n"


def test_json_keeps_its_values():
    text = json.dumps({EVIL: [EVIL, "\ud800"]}, ensure_ascii=False)
    assert json.loads(printable(text)) == {EVIL: [EVIL, "\ud800"]}


def test_tables_and_lines_show_it(capsys):
    table = Table()
    table.add_column(EVIL)
    table.add_row(EVIL)
    console = Console(width=200, force_terminal=True, highlight=False)
    console.print(table)
    console.print(EVIL, markup=False)
    echo(EVIL)
    out = capsys.readouterr().out
    assert out.count(r"\u001b[2J") == 4 and out.count(r"\u202e") == 4
    assert "\x1b[2J" not in out and "\x9b" not in out and "\x07" not in out


@pytest.mark.parametrize("words", [("report",), ("compare",), ("predict",)])
def test_errors_show_it(words):
    found = CliRunner().invoke(
        main, [*words, f"no-{EVIL}", *(["text"] if "predict" in words else [])]
    )
    assert found.exit_code == 1
    assert r"\u001b[2J" in found.output and "\x1b[2J" not in found.output


@pytest.mark.parametrize(
    "words",
    [
        ("train", "text", f"--{EVIL}"),
        (f"--{EVIL}",),
        (EVIL,),
        ("data", EVIL),
        ("report", "run", EVIL),
        ("compare", "--within", EVIL, "run"),
        ("benchmark", "run", "--protocol", EVIL),
        ("export", "run", "--batch", EVIL),
        ("trust", EVIL),
        ("predict", "run", f"--{EVIL}"),
    ],
)
def test_what_click_says_of_a_command_line_shows_it(words):
    found = CliRunner().invoke(main, words)
    assert found.exit_code in (1, 2) and "Error: " in found.output
    assert not set(found.output) & set(EVIL) - set("a[2J31mb")
