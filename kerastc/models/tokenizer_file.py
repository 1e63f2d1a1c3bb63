"""The tokenizer of a folder: its own `tokenizer.json`, or one made from its vocabulary."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Regex, normalizers

from kerastc.errors import UserError
from kerastc.text.sentence_piece import roberta_sentence_pieces, sentence_pieces
from kerastc.text.tokenizer import FILE, Tokenizer
from kerastc.text.vocabularies import WordPiece, byte_pairs, read_lines

ASSETS = Path("assets", "tokenizer")  # KerasHub's


def read_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer of a folder in KerasHub's or Hugging Face's layout.

    A `tokenizer.json` is used unchanged, whatever the model. Without one a vocabulary is read as
    `transformers` would: vocab.txt, vocab.json and merges.txt, or a SentencePiece model, with the
    options and added tokens of tokenizer_config.json and added_tokens.json.

    Raises:
        UserError: a file is missing or invalid.
    """
    description = folder / FILE
    if description.is_file():
        content = _read_json(description)
        return _of_keras_hub(folder, content) if "class_name" in content else Tokenizer.read(folder)
    for names, read in READERS.items():
        if all((folder / name).is_file() for name in names):
            options = _options(folder)
            made = _told(folder / names[0], lambda read=read, o=options: read(folder, o, _added(o)))
            return _checked(folder, made, options)
    files = "; ".join(" and ".join(names) for names in READERS)
    raise UserError(
        f"{folder} lacks {FILE}, and has no vocabulary: {files}.",
        "Copy the whole model into the folder.",
    )


def of_keras_hub(layer: Any) -> Tokenizer:
    """The tokenizer of a KerasHub layer.

    KerasHub's tokenizers of uncased models keep accents; the reference strips them, and so do we.
    """
    kind = type(layer).__name__
    if hasattr(layer, "split_on_cjk"):
        return _word_piece(
            layer.get_vocabulary(), layer.lowercase, layer.strip_accents, layer.split_on_cjk
        )
    if hasattr(layer, "merges"):
        return byte_pairs(layer.vocabulary, layer.merges, layer.add_prefix_space)
    return _of_proto(layer.proto, kind)


def _of_keras_hub(folder: Path, saved: dict[str, Any]) -> Tokenizer:
    """The tokenizer of a folder that KerasHub wrote."""
    assets = folder / ASSETS

    def read() -> Tokenizer:
        kind, config = saved["class_name"], saved["config"]
        if kind in ("BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer"):
            return _word_piece(
                read_lines(assets / "vocabulary.txt"), config["lowercase"], config["strip_accents"]
            )
        if kind == "RobertaTokenizer":
            merges = (assets / "merges.txt").read_text("utf-8").split("\n")
            return byte_pairs(
                _read_json(assets / "vocabulary.json"), merges, config["add_prefix_space"]
            )
        return _of_proto((assets / "vocabulary.spm").read_bytes(), kind)

    return _told(folder / FILE, read)


def _word_piece(
    vocabulary: list[str], lowercase: bool, strip_accents: bool, split_on_cjk: bool = True
) -> Tokenizer:
    strip = strip_accents or lowercase
    return WordPiece(vocabulary, lowercase, strip, split_on_cjk).tokenizer()


def _of_proto(proto: bytes, kind: str) -> Tokenizer:
    roberta = kind == "XLMRobertaTokenizer"
    return roberta_sentence_pieces(proto) if roberta else sentence_pieces(proto)


def _bert(folder: Path, options: dict[str, Any], added: list[AddedToken]) -> Tokenizer:
    lowercase = options.get("do_lower_case", True)
    strip = options.get("strip_accents")
    made = WordPiece(
        read_lines(folder / "vocab.txt"),
        lowercase,
        lowercase if strip is None else strip,  # the reference's rule
        options.get("tokenize_chinese_chars", True),
    )
    return made.tokenizer(added)


def _roberta(folder: Path, options: dict[str, Any], added: list[AddedToken]) -> Tokenizer:
    merges = (folder / "merges.txt").read_text("utf-8").split("\n")
    space = options.get("add_prefix_space", False)
    return byte_pairs(_read_json(folder / "vocab.json"), merges, space, added)


def _xlm_roberta(folder: Path, options: dict[str, Any], added: list[AddedToken]) -> Tokenizer:
    return roberta_sentence_pieces((folder / "sentencepiece.bpe.model").read_bytes(), added)


def _albert(folder: Path, options: dict[str, Any], added: list[AddedToken]) -> Tokenizer:
    """Lan et al. 2019, https://github.com/google-research/albert, tokenization.py.

    Texts are folded before SentencePiece sees them.
    """
    before = [normalizers.Replace(Regex(r"\s+"), " ")]
    before += [normalizers.Replace(quotes, '"') for quotes in ("``", "''")]
    if not options.get("keep_accents", False):
        before += [normalizers.NFKD(), normalizers.StripAccents()]
    if options.get("do_lower_case", True):
        before.append(normalizers.Lowercase())
    return sentence_pieces((folder / "spiece.model").read_bytes(), before, added)


# By the existing files: their names show the layout; the model's type does not.
READERS: dict[tuple[str, ...], Callable[[Path, dict[str, Any], list[AddedToken]], Tokenizer]] = {
    ("vocab.txt",): _bert,
    ("vocab.json", "merges.txt"): _roberta,
    ("sentencepiece.bpe.model",): _xlm_roberta,
    ("spiece.model",): _albert,
}


def _options(folder: Path) -> dict[str, Any]:
    """tokenizer_config.json, with the added tokens of either file under "added"."""
    path, listed = folder / "tokenizer_config.json", folder / "added_tokens.json"
    options = _read_json(path) if path.is_file() else {}
    added = options.get("added_tokens_decoder")
    if not added and listed.is_file():
        added = {number: token for token, number in _read_json(listed).items()}

    def read() -> dict[int, AddedToken]:
        return {int(number): _added_token(token) for number, token in (added or {}).items()}

    return options | {"added": dict(sorted(_told(path, read).items()))}


def _added_token(token: str | dict[str, Any]) -> AddedToken:
    if isinstance(token, str):
        return AddedToken(token, normalized=True)
    flags = ("single_word", "lstrip", "rstrip", "normalized", "special")
    return AddedToken(token["content"], **{flag: bool(token.get(flag, False)) for flag in flags})


def _added(options: dict[str, Any]) -> list[AddedToken]:
    return list(options["added"].values())


def _checked(folder: Path, tokenizer: Tokenizer, options: dict[str, Any]) -> Tokenizer:
    """The tokenizer, if its added tokens have the ids given in the folder."""
    for number, token in options["added"].items():
        if (found := tokenizer.id(token.content)) != number:
            raise UserError(
                f"{folder} has the added token {token.content!r} as {number}, but its vocabulary "
                f"leaves it {found}.",
                f"Give the folder a {FILE}.",
            )
    return tokenizer


def _told(path: Path, read: Callable[[], Any]) -> Any:
    """The result of `read`; any exception for a damaged file becomes one message."""
    try:
        return read()
    except FileNotFoundError as error:
        raise UserError(
            f"The tokenizer in {path.parent} is incomplete: {error.filename or error} is missing."
        ) from error
    except UserError as error:
        raise UserError(f"{path} cannot be read: {error.message}", error.hint) from None
    except Exception as error:  # the library raises plain ones
        raise UserError(f"{path} cannot be read: {error}", "Copy the whole model again.") from None


def _read_json(path: Path) -> dict[str, Any]:
    def read() -> dict[str, Any]:
        found = json.loads(path.read_text("utf-8"))
        if not isinstance(found, dict):
            raise UserError("it is no JSON object.")
        return found

    return _told(path, read)
