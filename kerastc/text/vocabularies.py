"""The `tokenizer.json` of models that come with a bare vocabulary.

BERT's WordPiece (Devlin et al. 2018, https://github.com/google-research/bert, tokenization.py) and
RoBERTa's byte pairs (Radford et al. 2019, https://github.com/openai/gpt-2, encoder.py), with the
same tokens as `transformers` gives for these files.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenizers import AddedToken, decoders, models, normalizers, pre_tokenizers, processors
from tokenizers import Tokenizer as Engine

from kerastc.errors import UserError
from kerastc.text.tokenizer import Tokenizer

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
LONGEST = 100  # characters; a longer word is unknown to BERT's tokenizer


@dataclass(frozen=True)
class WordPiece:
    """BERT's tokenizer: cleaning, splitting at spaces, punctuation and CJK, longest match first.

    Args:
        vocabulary: tokens in the order of their ids.
        lowercase, strip_accents: how the text is folded before the look-up.
        split_on_cjk: whether each CJK character is a word of its own.
    """

    vocabulary: Sequence[str]
    lowercase: bool = True
    strip_accents: bool = True
    split_on_cjk: bool = True

    def tokenizer(self, added: Sequence[AddedToken] = ()) -> Tokenizer:
        """The tokenizer, with further tokens after its vocabulary.

        Raises:
            UserError: the vocabulary lacks a special token.
        """
        ids = {token: i for i, token in enumerate(self.vocabulary)}
        require(SPECIAL, ids)
        engine = Engine(models.WordPiece(ids, unk_token="[UNK]", max_input_chars_per_word=LONGEST))
        engine.normalizer = normalizers.BertNormalizer(
            clean_text=True,
            handle_chinese_chars=self.split_on_cjk,
            strip_accents=self.strip_accents,
            lowercase=self.lowercase,
        )
        engine.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        engine.decoder = decoders.WordPiece()
        engine.post_processor = bert_frame(*((t, ids[t]) for t in ("[CLS]", "[SEP]")))
        engine.add_special_tokens(list(SPECIAL))
        engine.add_tokens(list(added))
        return Tokenizer(engine.to_str())

    @classmethod
    def of(cls, tokenizer: Tokenizer) -> "WordPiece | None":
        """The same rules as a tokenizer's for one text, if it has no others; else None."""
        told = tokenizer.described()
        try:
            normalizer, ids = told["normalizer"], told["model"]["vocab"]
            lowercase, strip = normalizer["lowercase"], normalizer["strip_accents"]
            strip = lowercase if strip is None else strip  # the library's rule
            vocabulary = sorted(ids, key=ids.get)
            found = cls(vocabulary, lowercase, strip, normalizer["handle_chinese_chars"])
            same = found.tokenizer()
        except (KeyError, TypeError, AttributeError, UserError):
            return None
        expected = same.described()
        normalizer["strip_accents"] = strip
        parts = ("normalizer", "pre_tokenizer", "added_tokens", "model")
        equal = all(told[part] == expected[part] for part in parts)
        frames = [list(map(list, frame.ids)) for frame in (tokenizer.frame(), same.frame())]
        return found if equal and frames[0] == frames[1] else None


def byte_pairs(
    vocabulary: Mapping[str, int],
    merges: Sequence[str],
    add_prefix_space: bool = False,
    added: Sequence[AddedToken] = (),
) -> Tokenizer:
    """RoBERTa's tokenizer: byte-level pairs after GPT-2's split.

    Args:
        vocabulary: token to id.
        merges: pairs "a b" in the order of their rank; anything else in a file is left out.
        add_prefix_space: whether the first word is read like one in the middle of a text.
        added: further tokens after the vocabulary.

    Raises:
        UserError: the vocabulary lacks a special token.
    """
    require(("<s>", "<pad>", "</s>", "<mask>"), vocabulary)
    pairs = [tuple(m.split(" ")) for m in merges if m and not m.startswith("#version")]
    engine = Engine(models.BPE(dict(vocabulary), pairs))
    engine.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=add_prefix_space)
    engine.decoder = decoders.ByteLevel()
    engine.post_processor = processors.RobertaProcessing(
        ("</s>", vocabulary["</s>"]), ("<s>", vocabulary["<s>"]), add_prefix_space=add_prefix_space
    )
    # The reference's mask absorbs the space before it; <unk> is not in every vocabulary.
    plain = [t for t in ("<s>", "<pad>", "</s>", "<unk>") if t in vocabulary]
    engine.add_special_tokens([*plain, AddedToken("<mask>", lstrip=True)])
    engine.add_tokens(list(added))
    return Tokenizer(engine.to_str())


def byte_pairs_of(tokenizer: Tokenizer) -> tuple[dict[str, int], list[str], bool] | None:
    """The arguments of `byte_pairs` that give a tokenizer's rules; None if it has others."""
    # In the library's present form, in which merges are lists.
    told = json.loads(Engine.from_str(tokenizer.content).to_str())
    try:
        vocabulary = told["model"]["vocab"]
        merges = [" ".join(pair) for pair in told["model"]["merges"]]
        space = told["pre_tokenizer"]["add_prefix_space"]
        same = byte_pairs(vocabulary, merges, space)
    except (KeyError, TypeError, UserError):
        return None
    expected = same.described()
    parts = ("normalizer", "pre_tokenizer", "added_tokens", "model")
    equal = all(told[part] == expected[part] for part in parts)
    frames = [list(map(list, frame.ids)) for frame in (tokenizer.frame(), same.frame())]
    return (vocabulary, merges, space) if equal and frames[0] == frames[1] else None


def bert_frame(start: tuple[str, int], end: tuple[str, int]) -> processors.TemplateProcessing:
    """`[CLS] A [SEP] B [SEP]`, the second text and what follows it in segment 1."""
    return processors.TemplateProcessing(
        single=f"{start[0]}:0 $A:0 {end[0]}:0",
        pair=f"{start[0]}:0 $A:0 {end[0]}:0 $B:1 {end[0]}:1",
        special_tokens=[start, end],
    )


def read_lines(path: Path) -> list[str]:
    """The tokens of a WordPiece vocabulary file, one per line."""
    with path.open(encoding="utf-8", newline="\n") as lines:
        return [line.rstrip("\r\n") for line in lines]


def require(special: Sequence[str], ids: Mapping[str, int]) -> None:
    """Raises a `UserError` if a vocabulary lacks special tokens."""
    missing = [token for token in special if token not in ids]
    if missing:
        raise UserError(
            f"The vocabulary ({len(ids)} tokens) lacks {', '.join(missing)}.",
            "Give the vocabulary that belongs to the weights.",
        )
