"""`kerastc corpus` as a user meets it."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner
from tokenizers import Tokenizer as Engine

from kerastc.cli import main
from kerastc.data.corpus import Corpus
from kerastc.text.vocabularies import WordPiece

WORDS = [
    "la",
    "casa",
    "grande",
    "de",
    "pino",
    "y",
    "el",
    "gato",
    "negro",
    "duerme",
    ".",
    "un",
    "sol",
]
LINES = """la casa grande de pino
el gato negro duerme.
la casa grande de pino
un sol
1 2 3
el sol y la casa azul
"""


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    WordPiece([*special, *WORDS]).tokenizer().save(tmp_path / "model")
    (tmp_path / "lines.txt").write_text(LINES)
    return tmp_path


def run(*words: object, status: int = 0) -> str:
    result = CliRunner().invoke(main, ["corpus", *map(str, words)])
    assert result.exit_code == status, result.output
    assert status == 0 or result.stderr.startswith("Error: "), result.output
    return result.output


def build(*words: object, status: int = 0) -> str:
    given = ["--tokenizer", "model", "--workers", 1]
    return run("build", "out", "lines.txt", *given, *words, status=status)


def test_a_corpus_is_built_and_told(files: Path):
    told = build("--languages", "es,en")
    assert "16 tokens in 3 rows, 1 shard of uint16" in told
    assert "6 lines or rows in 1 file" in told
    assert "1 short (has fewer than 3 words)" in told
    assert "1 letters (under 50% of its characters are letters: tables" in told
    assert "1 with the same tokens as an earlier one" in told
    assert "Unknown tokens: 1 (6.250%)" in told
    assert "undecided 1, es 2, en 0" in told
    assert told == run("describe", "out", "--verify") == build("--languages", "es,en")
    record = json.loads(run("describe", "out", "--json"))
    assert record == json.loads((files / "out/corpus.json").read_text())


def test_rules_and_duplicates_are_switched_off(files: Path):
    build("--keep", "all", "--duplicates", "keep")
    assert Corpus.open("out").rows == 6


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--keep", "shorts"], "--keep shorts is not allowed: there is no such rule."),
        (["--similarity", "2"], "--similarity 2.0 must be at least 0.5 and below 1."),
        (["--languages", "xx"], "--languages xx is not allowed"),
        (["--encoding", "utf-16"], "--encoding utf-16: lines of it are not read."),
        (["--shard-tokens", "0"], "--shard-tokens 0 must be at least 1"),
        (["--runner-option", "--x=1"], "Name its runner: --runner DirectRunner"),
        (["--tokenizer", "modle"], "Did you mean 'model'?"),
        (["nothing.txt"], "There is no file nothing.txt."),
    ],
)
def test_what_is_not_possible_is_one_line(files: Path, words: list[str], told: str):
    assert told in build(*words, status=1)
    assert not (files / "out").exists()


def test_a_file_is_no_corpus(files: Path):
    assert "lines.txt is no corpus" in run("describe", "lines.txt", status=1)


def test_a_line_in_another_encoding_is_named(files: Path):
    (files / "lines.txt").write_bytes("una\ncasa leña\n".encode("latin-1"))
    assert "lines.txt, line 2 is not UTF-8: its byte 8 is 0xF1." in build(status=1)


def test_a_corpus_of_other_settings_is_told_in_options(files: Path):
    build()
    told = build("--duplicates", "keep", status=1)
    assert "out is a corpus that was built with --duplicates near, not with keep." in told


def test_a_corpus_gives_its_tokenizer_to_another(files: Path):
    build()
    run("build", "other", "lines.txt", "--tokenizer", "out", "--workers", 1)
    assert Corpus.open("other").tokenizer_sha256 == Corpus.open("out").tokenizer_sha256


@pytest.mark.parametrize("kind", ["wordpiece", "unigram"])
def test_a_vocabulary_is_trained_on_files(files: Path, kind: str):
    text = "".join(f"la casa{'s' * (n % 2)} número {n} del gato negro\n" for n in range(300))
    (files / "more.txt").write_text(text)
    words = ["lines.txt", "more.txt", "--kind", kind, "--size", 80, "--out", "vocabulary"]
    told = run("vocabulary", *words)
    assert "vocabulary" in told
    engine = Engine.from_file("vocabulary/tokenizer.json")
    assert engine.get_vocab_size() <= 80
    tokens = engine.encode("La Casa").tokens  # and those of the frame
    assert tokens[-2].strip("\u2581") == "casa"
    run("build", "of-it", "more.txt", "--tokenizer", "vocabulary", "--workers", 1)
    assert Corpus.open("of-it").record["report"]["unknown"] == 0


def test_a_vocabulary_is_cut_to_a_corpus(files: Path):
    build()
    told = run("vocabulary", "out", "--out", "smaller")
    before, after = Corpus.open("out").tokenizer, Engine.from_file("smaller/tokenizer.json")
    assert after.get_vocab_size() < before.vocabulary_size
    assert "smaller" in told
    text = "el gato negro duerme . la casa"
    assert after.encode(text).tokens == [
        "[CLS]", *(before.token(i) for i in before.ids([text])[0]), "[SEP]",
    ]  # fmt: skip
    run("vocabulary", "out", "--size", 12, "--out", "least")
    least = Engine.from_file("least/tokenizer.json").get_vocab()
    assert len(least) <= 12 and "la" in least and "casa" in least
    told = run("vocabulary", "out", "--size", 5, "--out", "none", status=1)
    assert "--size 5 is too small" in told and not (files / "none").exists()


def test_a_vocabulary_is_trained_on_a_corpus(files: Path):
    build()
    run("vocabulary", "out", "--kind", "wordpiece", "--size", 60, "--out", "trained")
    vocabulary = Engine.from_file("trained/tokenizer.json").get_vocab()
    assert {"l", "##a", "[MASK]"} <= set(vocabulary)


@pytest.mark.skipif(find_spec("apache_beam") is not None, reason="Apache Beam is installed")
def test_beam_is_asked_for_where_it_is_missing(files: Path):
    assert "--runner needs Apache Beam" in build("--runner", "DirectRunner", status=1)
    assert not (files / "out").exists()


def test_a_tokenizer_is_found_without_keras():
    check = "import sys; from kerastc.models.found_tokenizer import find_tokenizer as find; "
    check += "find('minilm'); sys.exit(any(m in sys.modules for m in ('keras', 'tensorflow')))"
    assert subprocess.run([sys.executable, "-c", check]).returncode == 0
