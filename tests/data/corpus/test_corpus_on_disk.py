"""The format: written rows are read again, and damage is named."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from kerastc.data.corpus import Corpus, ShardWriter
from kerastc.data.corpus.layout import dtype_for
from kerastc.errors import UserError
from kerastc.text.tokenizer import Tokenizer
from kerastc.text.vocabularies import WordPiece


@pytest.fixture
def folder(tmp_path: Path, tokenizer: Tokenizer, rows: list[np.ndarray]) -> Path:
    with ShardWriter(tmp_path / "corpus", tokenizer, shard_tokens=50) as writer:
        for row in rows:
            writer.add(row)
    return tmp_path / "corpus"


def test_rows_come_back_in_order_from_several_shards(folder: Path, rows: list[np.ndarray]):
    corpus = Corpus.open(folder)
    assert len(corpus.shards) > 2
    found = [row for shard in corpus.shards for row in shard]
    assert [row.tolist() for row in found] == [row.tolist() for row in rows]
    assert len(corpus) == corpus.rows == len(rows)
    assert corpus.tokens == sum(map(len, rows))
    expected = np.bincount(np.concatenate(rows), minlength=21)
    np.testing.assert_array_equal(corpus.token_counts, expected)
    corpus.verify()


def test_the_files_are_raw_little_endian_numbers(folder: Path, rows: list[np.ndarray]):
    tokens = b"".join(path.read_bytes() for path in sorted(folder.glob("shards/*.tokens")))
    assert tokens == np.concatenate(rows).astype("<u2").tobytes()
    record = json.loads((folder / "corpus.json").read_text())
    first = [(folder / f"shards/00000.{kind}").read_bytes() for kind in ("tokens", "offsets")]
    assert record["shards"][0]["sha256"] == hashlib.sha256(b"".join(first)).hexdigest()
    offsets = np.frombuffer(first[1], "<i8")
    assert offsets[0] == 0 and offsets[-1] == len(first[0]) // 2


def test_the_tokenizer_goes_with_the_corpus(folder: Path, tokenizer: Tokenizer):
    corpus = Corpus.open(folder)
    assert corpus.tokenizer.described() == tokenizer.described()
    content = (folder / "tokenizer/tokenizer.json").read_bytes()
    assert corpus.tokenizer_sha256 == hashlib.sha256(content).hexdigest()


def test_another_tokenizer_is_refused(folder: Path):
    WordPiece(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "la"], True, True).tokenizer().save(
        folder / "tokenizer"
    )
    with pytest.raises(UserError, match=r"tokenizer.json is not the tokenizer that"):
        _ = Corpus.open(folder).tokenizer


@pytest.mark.parametrize(("size", "dtype"), [(21, "uint16"), (65536, "uint16"), (65537, "uint32")])
def test_ids_take_as_few_bytes_as_the_vocabulary_needs(size: int, dtype: str):
    assert dtype_for(size).name == dtype


def test_a_changed_byte_names_the_shard(folder: Path):
    path = folder / "shards/00001.tokens"
    content = bytearray(path.read_bytes())
    content[3] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"shards/00001.tokens is damaged: the SHA-256"):
        Corpus.open(folder).verify()


@pytest.mark.parametrize("kind", ["tokens", "offsets"])
def test_a_cut_or_missing_shard_is_named_at_once(folder: Path, kind: str):
    path = folder / f"shards/00002.{kind}"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(UserError, match=rf"shards/00002.{kind} is damaged: it has"):
        Corpus.open(folder)
    path.unlink()
    with pytest.raises(UserError, match=rf"shards/00002.{kind} cannot be read"):
        Corpus.open(folder)


def test_a_damaged_count_is_told(folder: Path):
    (folder / "token_counts.npy").write_bytes(b"no array")
    with pytest.raises(UserError, match=r"token_counts.npy is damaged"):
        _ = Corpus.open(folder).token_counts


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"form": 2}, "form"),
        ({"dtype": "float32"}, "dtype"),
        ({"rows": -1}, "rows"),
        ({"tokens": 5}, "says 5 tokens"),
        ({"shards": [{"name": "../x", "tokens": 1, "rows": 1, "sha256": ""}]}, "name is '../x'"),
    ],
)
def test_a_corpus_json_of_another_form_is_refused(folder: Path, change: dict, told: str):
    path = folder / "corpus.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(UserError, match=told):
        Corpus.open(folder)


def test_an_unfinished_corpus_is_told_from_none(tmp_path: Path, tokenizer: Tokenizer):
    with pytest.raises(RuntimeError), ShardWriter(tmp_path / "c", tokenizer, 1) as writer:
        writer.add([5])
        raise RuntimeError
    with pytest.raises(UserError, match="is an unfinished corpus"):
        Corpus.open(tmp_path / "c")
    with pytest.raises(UserError, match="is no corpus"):
        Corpus.open(tmp_path / "elsewhere")


def test_a_corpus_without_rows_is_not_written(tmp_path: Path, tokenizer: Tokenizer):
    with pytest.raises(UserError, match="No row is left"), ShardWriter(tmp_path / "c", tokenizer):
        pass
    assert not (tmp_path / "c/corpus.json").exists()


@pytest.mark.parametrize("row", [[], [21], [-1]])
def test_a_row_that_is_none_is_refused(tmp_path: Path, tokenizer: Tokenizer, row: list[int]):
    with pytest.raises(ValueError, match="ids from 0 to 20"):
        ShardWriter(tmp_path / "c", tokenizer).add(row)


def test_a_full_folder_is_left_alone(folder: Path, tokenizer: Tokenizer):
    with pytest.raises(UserError, match="is not empty"):
        ShardWriter(folder, tokenizer)
