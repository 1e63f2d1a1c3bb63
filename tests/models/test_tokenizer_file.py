"""The tokenizer of a folder: its own file, or what `transformers` makes of its vocabulary."""

import json
import unicodedata
from pathlib import Path

import keras_hub
import pytest
import sentencepiece
import tokenizers
from nasty_texts import NASTY
from tiny_presets import (
    WORD_PIECES,
    byte_pair_files,
    byte_pairs,
    sentence_piece_proto,
    sentence_pieces,
)

from kerastc.errors import UserError
from kerastc.models.presets import read_folder
from kerastc.models.tokenizer_file import of_keras_hub, read_tokenizer
from kerastc.text.sentence_piece import roberta_sentence_pieces
from kerastc.text.vocabularies import WordPiece

# Of transformers 5.24.0, made with folders as `folder` writes them: ids of NASTY's texts of less
# than 70 characters, and of pairs of them with the same list backwards, cut to 24 tokens.
REFERENCE = json.loads(Path(__file__).with_name("reference_ids.json").read_text("utf-8"))
TEXTS = [text for text in NASTY if len(text) < 70]
CHARACTERS = sorted({c for text in TEXTS for c in text.lower() + text if not c.isspace()})
VOCABULARY = list(dict.fromkeys([*WORD_PIECES, *CHARACTERS, *(f"##{c}" for c in CHARACTERS)]))
SIZE = len(VOCABULARY)
HELLO = {"content": "hello", "lstrip": True, "rstrip": False, "normalized": True}
CASES = {  # options, added_tokens.json
    "bert": ({"do_lower_case": True}, {}),
    "bert cased": ({"do_lower_case": False}, {}),
    "bert accents": (
        {"do_lower_case": True, "strip_accents": False, "tokenize_chinese_chars": False},
        {},
    ),
    "bert added": ({"do_lower_case": True}, {"hello": SIZE, "e-mail": SIZE + 1}),
    "bert listed": (
        {"added_tokens_decoder": {str(SIZE): HELLO | {"single_word": False, "special": False}}},
        {},
    ),
    "roberta": ({}, {}),
    "roberta space": ({"add_prefix_space": True}, {}),
}


def folder(path: Path, case: str) -> Path:
    """A folder without a tokenizer.json."""
    options, added = CASES[case]
    kind = case.split()[0]
    (path / "config.json").write_text(json.dumps({"model_type": kind}))
    names = {"tokenizer_class": {"bert": "BertTokenizer", "roberta": "RobertaTokenizer"}[kind]}
    (path / "tokenizer_config.json").write_text(json.dumps(names | options))
    if added:
        (path / "added_tokens.json").write_text(json.dumps(added))
    if kind == "bert":
        (path / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n", "utf-8")
    else:
        vocabulary, merges = byte_pair_files()
        (path / "vocab.json").write_text(json.dumps(vocabulary))
        (path / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n", "utf-8")
    return path


@pytest.mark.parametrize("case", CASES)
def test_a_vocabulary_gives_the_ids_of_transformers(tmp_path, case):
    tokenizer = read_tokenizer(folder(tmp_path, case))
    found = tokenizer.encode(TEXTS, 1000)
    for text, row, expected in zip(TEXTS, found.ids, REFERENCE[case]["texts"], strict=True):
        assert row.tolist() == expected, text
    pairs = tokenizer.encode(TEXTS, 24, TEXTS[::-1])
    assert [row.tolist() for row in pairs.ids] == REFERENCE[case]["pairs"]
    if pairs.segments is not None:
        assert [row.tolist() for row in pairs.segments] == REFERENCE[case]["segments"]
    else:
        assert not any(map(any, REFERENCE[case]["segments"]))


def test_the_file_of_a_folder_decides_whatever_else_is_there(hugging_face):
    other = WordPiece(WORD_PIECES, lowercase=False, strip_accents=False)
    other.tokenizer([tokenizers.AddedToken("\N{GRINNING FACE}")]).save(hugging_face)
    config = json.loads((hugging_face / "config.json").read_text())
    _, tokenizer, _ = read_folder(hugging_face)
    row = tokenizer.encode(["The cat\N{GRINNING FACE}"], 9).ids[0]
    assert [tokenizer.token(i) for i in row[1:-1]] == ["[UNK]", "cat", "\N{GRINNING FACE}"]
    for made in (byte_pairs(), sentence_pieces("XLMRoberta")):
        assert config["model_type"] == "bert"
        made.save(hugging_face)
        _, tokenizer, _ = read_folder(hugging_face)
        assert tokenizer.described() == made.described()


@pytest.mark.parametrize("name", ["tokenizer.json", "tokenizer_config.json", "added_tokens.json"])
@pytest.mark.parametrize("content", ["", "{", "[1]"])
def test_a_damaged_file_is_told(tmp_path, name, content):
    folder(tmp_path, "bert")
    (tmp_path / name).write_text(content)
    with pytest.raises(UserError, match=rf"{name} cannot be read"):
        read_tokenizer(tmp_path)


def test_added_tokens_with_other_numbers_are_refused(tmp_path):
    folder(tmp_path, "bert")
    (tmp_path / "added_tokens.json").write_text(json.dumps({"<user>": SIZE + 7}))
    with pytest.raises(UserError, match=rf"'<user>' as {SIZE + 7}, .* leaves it {SIZE}"):
        read_tokenizer(tmp_path)


def test_a_folder_without_a_vocabulary_says_what_it_needs(tmp_path):
    with pytest.raises(UserError, match=r"lacks tokenizer\.json.*vocab\.txt.*spiece\.model"):
        read_tokenizer(tmp_path)


def folded(text: str) -> str:
    """What ALBERT's tokenization.py does before SentencePiece."""
    text = " ".join(text.split()).replace("``", '"').replace("''", '"')
    text = unicodedata.normalize("NFKD", text)
    return "".join(c for c in text if not unicodedata.combining(c)).lower()


@pytest.mark.parametrize("kept", [False, True])
def test_albert_folds_texts_before_its_pieces(tmp_path, kept):
    proto = sentence_piece_proto("unigram", sentences=[t for t in TEXTS if t.strip()] * 4, size=200)
    (tmp_path / "spiece.model").write_bytes(proto)
    if kept:
        options = {"do_lower_case": False, "keep_accents": True}
        (tmp_path / "tokenizer_config.json").write_text(json.dumps(options))
    original = sentencepiece.SentencePieceProcessor(model_proto=proto)
    # Hangul, variation selectors and a capital sigma are folded otherwise by `tokenizers`.
    texts = [text for text in TEXTS if not set("[한\ufe0fΣ") & set(text)]
    texts += ["``Café'' the\x85cat"]
    for text, row in zip(texts, read_tokenizer(tmp_path).encode(texts, 1000), strict=True):
        seen = " ".join(text.split()).replace("``", '"').replace("''", '"')
        assert row.ids[1:-1].tolist() == original.encode(seen if kept else folded(text))


def test_xlm_roberta_s_pieces_belong_to_any_model(tmp_path):
    proto = sentence_piece_proto("unigram", "XLMRoberta")
    (tmp_path / "sentencepiece.bpe.model").write_bytes(proto)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    expected = roberta_sentence_pieces(proto).described()
    assert read_tokenizer(tmp_path).described() == expected


@pytest.mark.parametrize("kind", ["Bert", "Roberta", "Albert", "XLMRoberta", "DebertaV3"])
def test_keras_hub_s_tokenizers_are_read_as_layers_and_as_folders(tmp_path, kind):
    makers = {
        "Bert": lambda cls: cls(vocabulary=WORD_PIECES, lowercase=True),
        "Roberta": lambda cls: cls(*byte_pair_files()),
    }
    of_proto = lambda cls: cls(proto=sentence_piece_proto("unigram", kind))  # noqa: E731
    layer = makers.get(kind, of_proto)(getattr(keras_hub.tokenizers, f"{kind}Tokenizer"))
    layer.save_to_preset(str(tmp_path))
    found, read = of_keras_hub(layer), read_tokenizer(tmp_path)
    assert found.described() == read.described()
    assert found.vocabulary_size == layer.vocabulary_size()
    texts = ["the cat sat on a mat", "the dog", "東 x the"]
    for text, row in zip(texts, found.encode(texts, 64), strict=True):
        assert row.ids[1:-1].tolist() == list(layer(text))
        assert (row.ids[0], row.ids[-1]) == (layer.start_token_id, layer.end_token_id)
    assert (found.pad_id, found.mask_id) == (layer.pad_token_id, layer.mask_token_id)


def test_accents_of_an_uncased_keras_hub_folder_are_stripped(tmp_path):
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "cafe"]
    layer = keras_hub.tokenizers.BertTokenizer(vocabulary=words, lowercase=True)
    layer.save_to_preset(str(tmp_path))
    assert read_tokenizer(tmp_path).encode(["Café"], 9).ids[0].tolist() == [2, 5, 3]
    (tmp_path / "assets" / "tokenizer" / "vocabulary.txt").unlink()
    with pytest.raises(UserError, match=r"vocabulary\.txt is missing"):
        read_tokenizer(tmp_path)


def test_the_published_minilm_keeps_its_own(minilm):
    assert WordPiece.of(read_tokenizer(minilm)) is not None
