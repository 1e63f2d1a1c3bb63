"""Texts to token ids, equal to the reference tokenizers, on every backend.

WordPiece (BERT, DistilBERT, ELECTRA) and byte-pair (RoBERTa) vocabularies run on the Rust
`tokenizers` library with the reference's normalizer and splitter. KerasHub 0.32 reads the same
files otherwise: its WordPiece case-folds, splits at format characters and counts bytes, and its
byte-pair tokenizer splits as Llama 3 does. SentencePiece vocabularies go through KerasHub.

As in the reference, a special token spelled out in a text ("[SEP]") is that token.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import tokenizers
from tokenizers import models, normalizers, pre_tokenizers

from kerastc.errors import UserError
from kerastc.text.tokenizer import Tokenizer

CONFIG = "tokenizer.json"
ASSETS = Path("assets", "tokenizer")


class WordPiece(Tokenizer):
    """BERT's tokenizer: clean, split at spaces, punctuation and CJK, then longest match first.

    Args:
        vocabulary: tokens in the order of their ids.
        lowercase, strip_accents: how the text is folded before the look-up.
        split_on_cjk: whether each CJK character is a word of its own.
        kind: the KerasHub class to save as.

    Reference: Devlin et al. 2018, https://github.com/google-research/bert, tokenization.py.
    """

    def __init__(
        self,
        vocabulary: Sequence[str],
        lowercase: bool,
        strip_accents: bool,
        split_on_cjk: bool = True,
        kind: str = "DistilBertTokenizer",
    ):
        self.vocabulary = list(vocabulary)
        self.lowercase = lowercase
        self.strip_accents = strip_accents
        self.split_on_cjk = split_on_cjk
        self.kind = kind
        ids = {token: i for i, token in enumerate(self.vocabulary)}
        special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
        _require(special, ids)
        self.pad_id, self.unknown_id, self.start_id, self.end_id, self.mask_id = (
            ids[t] for t in special
        )
        self.vocabulary_size = len(self.vocabulary)
        self._engine = tokenizers.Tokenizer(
            models.WordPiece(ids, unk_token="[UNK]", max_input_chars_per_word=100)
        )
        self._engine.normalizer = normalizers.BertNormalizer(
            clean_text=True,
            handle_chinese_chars=split_on_cjk,
            strip_accents=strip_accents,
            lowercase=lowercase,
        )
        self._engine.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        self._engine.add_special_tokens(special)

    def _ids(self, texts):
        return [e.ids for e in self._engine.encode_batch_fast(texts, add_special_tokens=False)]

    def _keras_layer(self):
        import keras_hub

        return getattr(keras_hub.tokenizers, self.kind)(
            vocabulary=self.vocabulary,
            lowercase=self.lowercase,
            strip_accents=self.strip_accents,
            split_on_cjk=self.split_on_cjk,
            special_tokens_in_strings=True,
        )

    def save(self, folder: Path) -> None:
        super().save(folder)
        # KerasHub reads this option and forgets to write it.
        config = json.loads((folder / CONFIG).read_text("utf-8"))
        config["config"]["split_on_cjk"] = self.split_on_cjk
        (folder / CONFIG).write_text(json.dumps(config, indent=4))


class BytePair(Tokenizer):
    """RoBERTa's tokenizer: byte-level pairs over GPT-2's split.

    Args:
        vocabulary: token to id.
        merges: pairs "a b" in the order of their rank.
        add_prefix_space: whether the first word is read as one in the middle of a text.

    Reference: Radford et al. 2019, https://github.com/openai/gpt-2, encoder.py.
    """

    kind = "RobertaTokenizer"

    def __init__(
        self, vocabulary: dict[str, int], merges: Sequence[str], add_prefix_space: bool = False
    ):
        self.vocabulary = dict(vocabulary)
        self.merges = [m for m in merges if m and not m.startswith("#version")]
        self.add_prefix_space = add_prefix_space
        special = ["<s>", "<pad>", "</s>", "<mask>"]
        _require(special, vocabulary)
        self.start_id, self.pad_id, self.end_id, self.mask_id = (vocabulary[t] for t in special)
        self.vocabulary_size = max(vocabulary.values()) + 1
        self._engine = tokenizers.Tokenizer(
            models.BPE(self.vocabulary, [tuple(merge.split(" ")) for merge in self.merges])
        )
        self._engine.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=add_prefix_space)
        # The reference's mask takes the space before it; <unk> is not in every vocabulary.
        plain = [t for t in ("<s>", "<pad>", "</s>", "<unk>") if t in vocabulary]
        self._engine.add_special_tokens([*plain, tokenizers.AddedToken("<mask>", lstrip=True)])

    def _ids(self, texts):
        return [e.ids for e in self._engine.encode_batch_fast(texts, add_special_tokens=False)]

    def _keras_layer(self):
        import keras_hub

        return keras_hub.tokenizers.RobertaTokenizer(
            self.vocabulary, self.merges, add_prefix_space=self.add_prefix_space
        )


class SentencePiece(Tokenizer):
    """A KerasHub SentencePiece tokenizer (XLM-RoBERTa, ALBERT, DeBERTa) as it is.

    Unlike in the other two, special tokens spelled out in a text are plain text.
    """

    def __init__(self, layer):
        self._layer = layer
        self.kind = type(layer).__name__
        ends = (layer.start_token_id, layer.end_token_id, layer.pad_token_id)
        self.start_id, self.end_id, self.pad_id = map(int, ends)
        self.unknown_id = int(getattr(layer, "unk_token_id", None) or 0)
        self.mask_id = int(getattr(layer, "mask_token_id", None) or layer.unk_token_id)
        self.vocabulary_size = layer.vocabulary_size()

    @classmethod
    def read(cls, path: Path, kind: str) -> "SentencePiece":
        """Reads a SentencePiece model file for the KerasHub tokenizer class `kind`."""
        return cls.of(path.read_bytes(), kind)

    @classmethod
    def of(cls, proto: bytes, kind: str) -> "SentencePiece":
        """The tokenizer of the content of a SentencePiece model file."""
        try:
            import keras_hub
        except ImportError as error:
            raise UserError(
                f"{kind} has a SentencePiece vocabulary, which KerasHub reads: {error}.",
                "Install it: pip install keras-hub",
            ) from None

        return cls(getattr(keras_hub.tokenizers, kind)(proto=proto))

    @property
    def proto(self) -> bytes:
        """The content of the SentencePiece model file."""
        return self._layer.proto

    def token(self, number: int) -> str:
        """The token of an id."""
        return self._layer.id_to_token(number)

    def number(self, token: str) -> int:
        """The id of a token."""
        return int(self._layer.token_to_id(token))

    def _ids(self, texts):
        return self._layer.tokenize(texts)

    def _keras_layer(self):
        return self._layer


def load_tokenizer(folder: Path) -> Tokenizer:
    """Reads a tokenizer that `Tokenizer.save` or KerasHub wrote.

    KerasHub's own files of uncased models keep accents; the reference strips them, and so do we.

    Raises:
        UserError: a file is missing or is not what it should be.
    """
    try:
        saved = json.loads((folder / CONFIG).read_text("utf-8"))
        kind, config, assets = saved["class_name"], saved["config"], folder / ASSETS
        if kind in ("BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer"):
            lowercase = config["lowercase"]
            ours = "split_on_cjk" in config  # then the file is exact
            strip_accents = config["strip_accents"] or (lowercase and not ours)
            vocabulary = read_vocabulary(assets / "vocabulary.txt")
            return WordPiece(
                vocabulary, lowercase, strip_accents, config.get("split_on_cjk", True), kind
            )
        if kind == "RobertaTokenizer":
            return BytePair(
                json.loads((assets / "vocabulary.json").read_text("utf-8")),
                (assets / "merges.txt").read_text("utf-8").split("\n"),
                config["add_prefix_space"],
            )
        return SentencePiece.read(assets / "vocabulary.spm", kind)
    except FileNotFoundError as error:
        raise UserError(
            f"The tokenizer in {folder} is incomplete: {error.filename or error} is missing."
        ) from error
    except UserError:
        raise
    except Exception as error:  # the library raises plain ones
        raise UserError(f"The tokenizer in {folder} cannot be read: {error}") from error


def read_vocabulary(path: Path) -> list[str]:
    """The tokens of a WordPiece vocabulary file, one a line."""
    with path.open(encoding="utf-8", newline="\n") as lines:
        return [line.rstrip("\r\n") for line in lines]


def _require(special: Sequence[str], ids: dict[str, int]) -> None:
    missing = [token for token in special if token not in ids]
    if missing:
        raise UserError(
            f"The vocabulary ({len(ids)} tokens) lacks {', '.join(missing)}.",
            "Give the vocabulary that belongs to the weights.",
        )
