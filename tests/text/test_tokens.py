import json

import keras_hub
import numpy as np
import pytest
import tokenizers
from nasty_texts import NASTY

from kerastc.errors import UserError
from kerastc.models.presets import read_folder
from kerastc.text.tokens import WordPiece, load_tokenizer, read_vocabulary


@pytest.fixture(scope="module")
def reference(minilm):
    """The tokenizer that was published with the weights."""
    tokenizer = tokenizers.Tokenizer.from_file(str(minilm / "tokenizer.json"))
    tokenizer.no_padding()
    return tokenizer


@pytest.fixture(scope="module")
def uncased(minilm):
    return WordPiece(read_vocabulary(minilm / "vocab.txt"), lowercase=True, strip_accents=True)


@pytest.mark.parametrize("length", [3, 7, 128])
def test_ids_agree_with_the_published_tokenizer(uncased, reference, length):
    reference.enable_truncation(length)
    expected = [reference.encode(text).ids for text in NASTY]
    assert [row.tolist() for row in uncased.encode(NASTY, length)] == expected


def test_ids_of_a_sentence_that_every_bert_tutorial_prints(uncased):
    assert uncased.encode(["Hello world!"], 9)[0].tolist() == [101, 7592, 2088, 999, 102]


def test_cased_vocabulary_keeps_case_and_accents():
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "Café", "cafe", "café"]
    cased = WordPiece(words, lowercase=False, strip_accents=False)
    assert cased.encode(["Café cafe CAFE"], 9)[0].tolist() == [2, 5, 6, 1, 3]


def test_lowercase_without_stripping_accents():
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "Café", "cafe", "café"]
    tokenizer = WordPiece(words, lowercase=True, strip_accents=False)
    assert tokenizer.encode(["Café cafe"], 9)[0].tolist() == [2, 7, 6, 3]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"do_lower_case": True}, (True, True, True)),
        ({"do_lower_case": False}, (False, False, True)),
        ({"do_lower_case": True, "strip_accents": False}, (True, False, True)),
        ({"do_lower_case": True, "tokenize_chinese_chars": False}, (True, True, False)),
    ],
)
def test_options_of_a_hugging_face_folder_are_honoured(hugging_face, options, expected):
    (hugging_face / "tokenizer_config.json").write_text(json.dumps(options))
    _, tokenizer = read_folder(hugging_face)
    assert (tokenizer.lowercase, tokenizer.strip_accents, tokenizer.split_on_cjk) == expected


def test_lone_surrogates_are_dropped_as_unreadable_characters_are(uncased):
    # A JSON file may spell one half of a pair.
    assert uncased.encode(["a\ud83db"], 9)[0].tolist() == uncased.encode(["ab"], 9)[0].tolist()


def test_more_texts_than_a_chunk_come_back_in_order(uncased):
    rows = uncased.encode([str(i) for i in range(5000)], 9)
    assert len(rows) == 5000
    assert rows[4321].tolist() == uncased.encode(["4321"], 9)[0].tolist()


def test_pad_marks_what_is_padding(tiny):
    tokenizer = load_tokenizer(tiny("Roberta"))
    batch = tokenizer.pad([np.array([0, 7, 2], "int32"), np.array([0, 2], "int32")], length=4)
    assert batch["token_ids"].tolist() == [[0, 7, 2, 1], [0, 2, 1, 1]]
    assert batch["padding_mask"].tolist() == [[1, 1, 1, 0], [1, 1, 0, 0]]
    assert batch["token_ids"].dtype == batch["padding_mask"].dtype == np.int32


def test_length_without_room_for_a_token_is_refused(tiny):
    with pytest.raises(UserError, match="max_length=2"):
        load_tokenizer(tiny("DistilBert")).encode(["a"], 2)


def test_saved_word_pieces_give_equal_ids(uncased, tmp_path):
    uncased.save(tmp_path)
    again = load_tokenizer(tmp_path)
    for row, expected in zip(again.encode(NASTY, 64), uncased.encode(NASTY, 64), strict=True):
        assert row.tolist() == expected.tolist()


def test_options_survive_saving(tmp_path):
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "東京", "é"]
    WordPiece(words, True, False, split_on_cjk=False, kind="BertTokenizer").save(tmp_path)
    again = load_tokenizer(tmp_path)
    assert again.encode(["東京 É"], 9)[0].tolist() == [2, 5, 6, 3]
    assert again.kind == "BertTokenizer"


def test_keras_hub_reads_what_was_saved(uncased, tmp_path):
    uncased.save(tmp_path)
    layer = keras_hub.tokenizers.Tokenizer.from_preset(str(tmp_path))
    texts = ["Café, naïve words!", "東京 x [SEP] don't", "שלום"]
    for text, row in zip(texts, uncased.encode(texts, 64), strict=True):
        assert np.asarray(layer(text)).tolist() == row[1:-1].tolist()


def test_accents_of_an_uncased_keras_hub_folder_are_stripped(tmp_path):
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "cafe"]
    keras_hub.tokenizers.BertTokenizer(vocabulary=words, lowercase=True).save_to_preset(
        str(tmp_path)
    )
    assert load_tokenizer(tmp_path).encode(["Café"], 9)[0].tolist() == [2, 5, 3]


def test_byte_pairs_agree_with_the_reference_split(tiny):
    ours = load_tokenizer(tiny("Roberta"))
    reference = tokenizers.ByteLevelBPETokenizer(
        ours.vocabulary, [tuple(merge.split(" ")) for merge in ours.merges]
    )
    texts = [text for text in NASTY if "[" not in text] + ["the cat 1234 the  cats", "\n\n the\n"]
    for text, row in zip(texts, ours.encode(texts, 4000), strict=True):
        assert row.tolist() == [0, *reference.encode(text).ids, 2]


def test_special_tokens_in_a_text_are_special_to_roberta(tiny):
    ours = load_tokenizer(tiny("Roberta"))
    mask = ours.vocabulary["<mask>"]
    assert ours.encode(["<s> <mask>"], 9)[0].tolist() == [0, 0, mask, 2]


@pytest.mark.parametrize("kind", ["Roberta", "Albert", "XLMRoberta", "DebertaV3"])
def test_other_tokenizers_give_equal_ids_after_saving(tiny, tmp_path, kind):
    ours = load_tokenizer(tiny(kind))
    ours.save(tmp_path)
    texts = ["the cat sat on the mat", "", "東京 é zzz", "x" * 200]
    rows, again = ours.encode(texts, 20), load_tokenizer(tmp_path).encode(texts, 20)
    assert [row.tolist() for row in again] == [row.tolist() for row in rows]
    assert all(row[0] == ours.start_id and row[-1] == ours.end_id for row in rows)
    assert max(map(len, rows)) == 20


def test_a_missing_vocabulary_is_named(tmp_path):
    WordPiece(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], True, True).save(tmp_path)
    (tmp_path / "assets" / "tokenizer" / "vocabulary.txt").unlink()
    with pytest.raises(UserError, match=r"vocabulary\.txt is missing"):
        load_tokenizer(tmp_path)


def test_a_damaged_description_is_named(tmp_path):
    (tmp_path / "tokenizer.json").write_text("{")
    with pytest.raises(UserError, match="cannot be read"):
        load_tokenizer(tmp_path)


def test_a_vocabulary_without_special_tokens_is_refused():
    with pytest.raises(UserError, match=r"lacks .*\[CLS\]"):
        WordPiece(["[PAD]", "[UNK]", "a"], True, True)
