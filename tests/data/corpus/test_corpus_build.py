"""Corpora from files: the same whoever builds them, however often they are stopped."""

import gzip
import json
from pathlib import Path

import numpy as np
import pyarrow
import pytest
from building import contents, killed_build, small_build
from pyarrow import parquet

from kerastc.data.corpus import Corpus, blocks
from kerastc.errors import UserError
from kerastc.text.tokenizer import Tokenizer
from kerastc.text.vocabularies import WordPiece

WORDS = ["la", "casa", "grande", "de", "pino", "y", "el", "gato", "negro", "duerme", "un", "sol"]


@pytest.fixture(autouse=True)
def _restored(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(blocks, "BLOCK", blocks.BLOCK)


def made_lines(count: int, seed: int = 1) -> list[str]:
    random = np.random.default_rng(seed)
    return [" ".join(random.choice(WORDS, random.integers(4, 30))) for _ in range(count)]


@pytest.fixture
def lines() -> list[str]:
    found = made_lines(200)
    near = [f"{line} sol" for line in found[5:110:4] if len(line.split()) > 20]
    return [*found[:120], "", "1 2 3 4 5", *found[7:90:7], *found[120:], *near, "un gato"]


@pytest.fixture
def file(tmp_path: Path, lines: list[str]) -> Path:
    path = tmp_path / "lines.txt"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def corpus(tmp_path: Path, file: Path, tokenizer: Tokenizer) -> Corpus:
    return small_build(tmp_path / "whole", [file], tokenizer)


def rows_of(corpus: Corpus) -> list[list[int]]:
    return [row.tolist() for shard in corpus.shards for row in shard]


def test_rows_are_the_lines_without_repetitions_in_order(
    corpus: Corpus, lines: list[str], tokenizer: Tokenizer
):
    kept = [line for line in dict.fromkeys(lines) if len(line.split()) > 2 and "1" not in line]
    ids = [row.tolist() for row in tokenizer.ids(kept)]

    def runs(row: list[int]) -> set[tuple[int, ...]]:
        return {tuple(row[i : i + 5]) for i in range(max(len(row) - 4, 1))}

    def near(one: list[int], other: list[int]) -> float:
        return len(runs(one) & runs(other)) / len(runs(one) | runs(other))

    found = rows_of(corpus)
    remaining = iter(ids)
    assert all(row in remaining for row in found)  # in order, each once
    for row in ids:
        if row not in found:
            assert max(near(row, other) for other in ids if other != row) > 0.4
    report = corpus.record["report"]
    assert report["duplicates"]["exact"] == 12
    assert report["duplicates"]["near"] == len(ids) - len(found) >= 3
    assert report["left_out"] == {"empty": 1, "short": 1, "letters": 1}
    assert report["documents"] == len(lines)
    assert report["bytes"] == sum(len(line) + 1 for line in lines)
    assert report["rows"] == len(found) == corpus.rows
    assert len(corpus.shards) > 1 and not (corpus.folder / "building").exists()
    corpus.verify()


def test_counts_and_unknown_tokens_are_those_of_the_shards(tmp_path: Path, tokenizer: Tokenizer):
    (tmp_path / "a.txt").write_text("la casa azul\nel gato verde duerme\n")
    corpus = small_build(tmp_path / "c", [tmp_path / "a.txt"], tokenizer)
    expected = np.bincount(np.concatenate([s.tokens for s in corpus.shards]), minlength=21)
    np.testing.assert_array_equal(corpus.token_counts, expected)
    assert corpus.record["report"]["unknown"] == 2 == expected[1]
    assert rows_of(corpus)[0] == [tokenizer.id("la"), tokenizer.id("casa"), 1]


def test_several_processes_write_the_same_bytes(corpus: Corpus, file: Path, tokenizer: Tokenizer):
    others = small_build(corpus.folder.with_name("others"), [file], tokenizer, workers=2)
    assert contents(others.folder) == contents(corpus.folder)


@pytest.mark.filterwarnings("ignore:.*multi-threaded")  # a fork, from Python 3.12 on
def test_a_build_killed_anywhere_goes_on_to_the_same_bytes(
    tmp_path: Path, corpus: Corpus, file: Path, tokenizer: Tokenizer
):
    out = tmp_path / "killed"
    for kills in range(100):  # the plan alone is four files
        status = killed_build(out, [file], tokenizer, 1 + kills % 5)
        if status == 0:
            break
        assert status == -9
        with pytest.raises(UserError, match="unfinished"):
            Corpus.open(out)
    assert kills > 8
    assert contents(out) == contents(corpus.folder)


def test_a_finished_corpus_is_left_alone(corpus: Corpus, file: Path, tokenizer: Tokenizer):
    before = {path: path.stat().st_mtime_ns for path in corpus.folder.rglob("*.tokens")}
    again = small_build(corpus.folder, [file], tokenizer)
    assert again.rows == corpus.rows
    assert before == {path: path.stat().st_mtime_ns for path in corpus.folder.rglob("*.tokens")}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"duplicates": "keep"}, "with duplicates=near, not with keep"),
        ({"keep": ["short"]}, "with rules=control,short"),
        ({"shard_tokens": 7}, "with shard_tokens=1500, not with 7"),
    ],
)
def test_a_corpus_of_other_settings_is_not_touched(
    corpus: Corpus, file: Path, tokenizer: Tokenizer, change: dict, told: str
):
    before = contents(corpus.folder)
    with pytest.raises(UserError, match=f"is a corpus that was built {told}"):
        small_build(corpus.folder, [file], tokenizer, **change)
    assert contents(corpus.folder) == before


def test_a_corpus_of_another_tokenizer_or_file_is_not_touched(corpus: Corpus, file: Path):
    other = WordPiece(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]).tokenizer()
    with pytest.raises(UserError, match="with another tokenizer"):
        small_build(corpus.folder, [file], other)
    file.write_text(file.read_text() + "una línea más de texto\n")
    with pytest.raises(UserError, match="from other files"):
        small_build(corpus.folder, [file], corpus.tokenizer)


@pytest.mark.filterwarnings("ignore:.*multi-threaded")
def test_a_file_that_changes_between_two_attempts_is_noticed(
    tmp_path: Path, file: Path, tokenizer: Tokenizer
):
    out = tmp_path / "c"
    assert killed_build(out, [file], tokenizer, 3) == -9
    text = file.read_text()
    file.write_text(text[::-1])
    with pytest.raises(UserError, match="has changed since the corpus was begun"):
        small_build(out, [file], tokenizer)


def test_all_kinds_of_files_give_the_same_rows(tmp_path: Path, tokenizer: Tokenizer):
    texts = made_lines(90, seed=4)
    plain = "\n".join(texts).encode()
    folder = tmp_path / "files"
    (folder / "deeper").mkdir(parents=True)
    (folder / "a.txt").write_bytes(b"\xef\xbb\xbf" + plain.replace(b"\n", b"\r\n"))
    (folder / "b.txt.gz").write_bytes(gzip.compress(plain))
    with pyarrow.CompressedOutputStream(str(folder / "c.zst"), "zstd") as packed:
        packed.write(plain)
    rows = [json.dumps({"id": i, "text": text}) for i, text in enumerate(texts)]
    (folder / "d.jsonl").write_text("\n".join(rows))
    (folder / "e.jsonl.gz").write_bytes(gzip.compress("\n\n".join(rows).encode()))
    (folder / "deeper" / "f").write_text("\n".join(rows))
    table = pyarrow.table({"text": texts, "id": range(90)})
    parquet.write_table(table, folder / "g.parquet", row_group_size=20)
    (folder / "h.csv").write_text("id,text\n" + "".join(f"{i},{t}\n" for i, t in enumerate(texts)))
    (folder / ".hidden").write_bytes(b"\0")
    found = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and p.name != ".hidden"):
        corpus = small_build(tmp_path / f"of-{path.name}", [path], tokenizer)
        found[path.name] = rows_of(corpus)
    expected = [row.tolist() for row in tokenizer.ids(texts)]
    assert found == dict.fromkeys(found, expected) and len(found) == 8
    together = small_build(tmp_path / "together", [folder], tokenizer)
    assert rows_of(together) == expected
    assert together.record["report"]["duplicates"] == {"exact": 7 * 90, "near": 0}
    pattern = small_build(tmp_path / "pattern", [folder / "[ab].txt*"], tokenizer)
    assert pattern.record["settings"]["files"]["count"] == 2


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        (
            "a.txt",
            "una línea de texto\n".encode() * 200 + b"mal \xff",
            "a.txt, line 201 is not UTF-8",
        ),
        (
            "a.txt.gz",
            gzip.compress(b"la casa grande\n" * 999, mtime=0)[:-9],
            "a.txt.gz: the gzip .* line ",
        ),
        ("a.zst", b"\x28\xb5\x2f\xfd\x04\x00garbage", "a.zst: the Zstandard data is damaged"),
        ("a.jsonl", b'{"text": "la casa"}\n{"text": \n', "a.jsonl, line 2: not valid JSON"),
        ("a.jsonl", b'{"text": "la casa"}\n[1]\n', "a.jsonl, line 2: not a JSON object"),
        ("a.jsonl", b'{"content": "la casa"}\n', "line 1: no column 'text'; there are 'content'"),
        ("a.jsonl", b'{"text": 3}\n', "line 1: 'text' is 3, not a text"),
        ("a.parquet", b"PAR1 garbage", "a.parquet: the data are damaged"),
        ("a.csv", b"id,content\n1,la casa\n", "a.csv has no column 'text'; there are 'id', 'con"),
        ("a.pdf", b"%PDF-1.7", "a.pdf is a PDF"),
        ("a.txt", b"\xff\xfea\0", "a.txt is UTF-16"),
        ("a.txt", b"", "holds no file with text"),
        ("a.txt", b"1 2 3 4\n\n", "No row is left of 2: empty 1, letters 1"),
    ],
)
def test_a_damaged_file_is_named_and_nothing_stays(
    tmp_path: Path, tokenizer: Tokenizer, name: str, content: bytes, told: str
):
    path = tmp_path / "files" / name
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(UserError, match=told):
        small_build(tmp_path / "out", [path], tokenizer)
    assert not (tmp_path / "out").exists()


def test_damaged_lines_are_counted_if_that_is_wanted(tmp_path: Path, tokenizer: Tokenizer):
    (tmp_path / "a.txt").write_bytes(b"la casa grande\n\xff\nel gato negro\n")
    (tmp_path / "b.jsonl").write_text('{"text": "un sol grande"}\n{"te\n{"no": 1}\n')
    files = [tmp_path / "a.txt", tmp_path / "b.jsonl"]
    corpus = small_build(tmp_path / "c", files, tokenizer, skip_damaged=True)
    assert corpus.rows == 3
    assert corpus.record["report"]["left_out"] == {"damaged": 3}
    assert corpus.record["report"]["documents"] == 6


def test_another_encoding_and_column_are_read(tmp_path: Path, tokenizer: Tokenizer):
    row = json.dumps({"cuerpo": "el ñu duerme"}, ensure_ascii=False)
    (tmp_path / "a.jsonl").write_bytes(row.encode("cp1252"))
    corpus = small_build(
        tmp_path / "c", [tmp_path / "a.jsonl"], tokenizer, column="cuerpo", encoding="cp1252"
    )
    assert rows_of(corpus) == [tokenizer.ids(["el ñu duerme"])[0].tolist()]


def test_languages_are_counted_after_duplicates(tmp_path: Path, tokenizer: Tokenizer):
    texts = ["la casa de la mujer que vive en el pueblo", "the house of the woman who lives here"]
    (tmp_path / "a.txt").write_text("\n".join([*texts, texts[0], "pino negro grande", ""]))
    corpus = small_build(tmp_path / "c", [tmp_path / "a.txt"], tokenizer, languages=("es", "en"))
    assert corpus.record["report"]["languages"] == {"undecided": 1, "es": 1, "en": 1}


def test_preparation_comes_before_the_tokenizer(tmp_path: Path, tokenizer: Tokenizer):
    (tmp_path / "a.txt").write_text("la casa, grande.\n")
    steps = {"punctuation": False}
    corpus = small_build(tmp_path / "c", [tmp_path / "a.txt"], tokenizer, preparation=steps)
    assert rows_of(corpus) == [tokenizer.ids(["la casa grande"])[0].tolist()]


def test_a_folder_of_something_else_is_refused(tmp_path: Path, file: Path, tokenizer: Tokenizer):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("mine")
    with pytest.raises(UserError, match="is not empty, and is no corpus"):
        small_build(tmp_path / "mine", [file], tokenizer)
    with pytest.raises(UserError, match="is a file"):
        small_build(file, [file], tokenizer)


def test_blocks_do_not_depend_on_how_bytes_arrive(tmp_path: Path, tokenizer: Tokenizer):
    texts = made_lines(120, seed=9)
    (tmp_path / "one.txt").write_text("\n".join(texts))
    for number in range(12):
        part = "\n".join(texts[10 * number : 10 * number + 10])
        (tmp_path / f"part-{number:02}.txt").write_text(part)
    one = small_build(tmp_path / "a", [tmp_path / "one.txt"], tokenizer)
    many = small_build(tmp_path / "b", [tmp_path / "part-*.txt"], tokenizer)
    assert rows_of(one) == rows_of(many)
