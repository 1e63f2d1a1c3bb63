"""A folder whose own tokenizer gives other tokens than kerastc's is refused."""

import json

import pytest
import tokenizers
from tiny_presets import WORD_PIECES
from tokenizers import models, normalizers, pre_tokenizers, processors

from kerastc.errors import UserError
from kerastc.models.tokenizer_file import require_same_tokens
from kerastc.text.tokens import WordPiece


def written(folder, lowercase=True, accents=True, added=(), ends=True):
    ids = {token: i for i, token in enumerate(WORD_PIECES)}
    engine = tokenizers.Tokenizer(models.WordPiece(ids, unk_token="[UNK]"))
    engine.normalizer = normalizers.BertNormalizer(lowercase=lowercase, strip_accents=accents)
    engine.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    if ends:
        engine.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    engine.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    engine.add_tokens(list(added))
    engine.save(str(folder / "tokenizer.json"))


def ours():
    return WordPiece(WORD_PIECES, True, True)


def test_the_same_tokenizer_is_accepted(tmp_path):
    require_same_tokens(tmp_path, ours())
    written(tmp_path)
    require_same_tokens(tmp_path, ours())


@pytest.mark.parametrize(
    "other",
    [
        {"lowercase": False},
        {"accents": False},
        {"added": ["\N{GRINNING FACE}"]},
        {"ends": False},
    ],
)
def test_another_tokenizer_is_refused_with_a_text_that_shows_it(tmp_path, other):
    written(tmp_path, **other)
    with pytest.raises(UserError, match=r"its tokenizer\.json makes"):
        require_same_tokens(tmp_path, ours())


def test_added_tokens_without_a_tokenizer_file_are_refused(tmp_path):
    (tmp_path / "added_tokens.json").write_text(json.dumps({"<user>": len(WORD_PIECES)}))
    with pytest.raises(UserError, match=r"'<user>' its added_tokens\.json"):
        require_same_tokens(tmp_path, ours())


@pytest.mark.parametrize("content", ["", "{", "[1]"])
def test_a_damaged_file_is_told(tmp_path, content):
    (tmp_path / "tokenizer.json").write_text(content)
    with pytest.raises(UserError, match=r"tokenizer\.json cannot be read"):
        require_same_tokens(tmp_path, ours())


def test_the_published_minilm_is_accepted(minilm):
    from kerastc.text.tokens import read_vocabulary

    require_same_tokens(minilm, WordPiece(read_vocabulary(minilm / "vocab.txt"), True, True))
