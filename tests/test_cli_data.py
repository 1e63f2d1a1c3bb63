"""`kerastc data` as a user meets it."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from kerastc.cli import main

DIRTY = (
    "publish_date,headline_category,headline_text\n"
    "20210131,news.ireland,A storm [bold]arrives[/]\n"
    "20219999,sport.rugby,A draw\n"
    "20210131,weather,Rain\n"
    "20210131,news,A storm [bold]arrives[/]\n"
    "20210131,news\n"
)


@pytest.fixture
def prepare(tmp_path):
    (tmp_path / "dirty.csv").write_text(DIRTY)

    def prepare(*words, file="dirty.csv", out="clean.csv"):
        words = ["data", "prepare", tmp_path / file, "--out", tmp_path / out, *words]
        return CliRunner(env={"COLUMNS": "120"}).invoke(main, [str(word) for word in words])

    return prepare


def test_every_row_is_shown_kept_or_with_its_reason(prepare, tmp_path):
    done = prepare("--categories", "irish_times")
    assert done.exit_code == 0, done.output
    lines = [" ".join(line.split()) for line in done.output.splitlines()]
    assert "in the file 5" in lines
    assert "- wrong number of columns 1 6 20210131,news" in lines
    assert "- duplicate of an earlier row 1 5 A storm [bold]arrives[/]" in lines
    assert "- unmapped category 1 4 Rain" in lines
    assert "kept 2" in lines
    assert "invalid date 1 3 20219999 A draw" in lines
    assert "weather 1" in lines and "sport 1 50.0%" in lines
    assert any(line.startswith("duplicates 3 ") and line.endswith("MiB") for line in lines)
    assert f"Rejected: {tmp_path / 'clean.rejected.csv'}" in lines


def test_options_reach_the_rows_and_the_report(prepare, tmp_path):
    rules = tmp_path / "mine"
    rules.write_text("news.* = here\nsport.* = there\nnews = here\n")
    words = ["--categories", rules, "--lowercase", "--no-punctuation", "--no-stop-words"]
    done = prepare(*words, "--duplicates", "keep", "--date", "publish_date", "--json")
    report = json.loads(done.stdout)
    assert report["rows_in"] == 5 and report["rejected"]["unmapped category"] == 1
    assert report["options"]["columns"]["date"] == ["publish_date"]
    rows = (tmp_path / "clean.csv").read_text().splitlines()
    assert rows[1:] == [
        "2021,1,31,news.ireland,here,storm bold arrives,A storm [bold]arrives[/]",
        ",,,sport.rugby,there,draw,A draw",
        "2021,1,31,news,here,storm bold arrives,A storm [bold]arrives[/]",
    ]


@pytest.mark.parametrize(
    ("words", "arguments", "said"),
    [
        ([], {"out": "dirty.csv"}, "the file that is read"),
        ([], {"out": "clean.txt"}, "does not end in .csv"),
        ([], {"file": "dirt.csv"}, "Did you mean"),
        (["--categories", "irish_time"], {}, "Did you mean 'irish_times'"),
        (["--text", "headline"], {}, "Did you mean --text headline_text"),
        (["--encoding", "utf-99"], {}, "no text encoding"),
        (["--no-stop-words", "--language", "xx"], {}, "--language xx"),
    ],
)
def test_a_slip_gets_a_message_and_writes_nothing(prepare, tmp_path, words, arguments, said):
    done = prepare(*words, **arguments)
    assert done.exit_code == 1 and said in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir() if path.name != "mine"] == ["dirty.csv"]


def test_preparing_imports_no_keras(tmp_path):
    (tmp_path / "a.csv").write_text(DIRTY)
    program = (
        "import sys; from kerastc.cli import main\n"
        f"main(['data', 'prepare', {str(tmp_path / 'a.csv')!r}, '--out', "
        f"{str(tmp_path / 'b.csv')!r}], standalone_mode=False)\n"
        "assert not {'keras', 'tensorflow', 'matplotlib', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
