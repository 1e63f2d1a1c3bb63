"""The `tokenizer.json` of a SentencePiece model: unigrams or byte pairs, and their normalization.

Kudo and Richardson 2018, https://arxiv.org/abs/1808.06226. The ids are those of the SentencePiece
library, which is not needed here; special tokens spelled out in a text are those tokens, as in
`transformers`.
"""

import re
from collections.abc import Sequence

from tokenizers import AddedToken, Regex, decoders, models, normalizers, pre_tokenizers, processors
from tokenizers import Tokenizer as Engine

from kerastc.text.sentence_piece_file import (
    BPE,
    CONTROL,
    NORMAL,
    UNKNOWN,
    USER_DEFINED,
    Piece,
    SentencePieceModel,
)
from kerastc.text.tokenizer import Tokenizer
from kerastc.text.vocabularies import bert_frame, require

SPACE = "\u2581"
ROBERTA = ("<s>", "<pad>", "</s>", "<unk>")


def sentence_pieces(
    raw: bytes, before: Sequence[normalizers.Normalizer] = (), added: Sequence[AddedToken] = ()
) -> Tokenizer:
    """The tokenizer of a model file of ALBERT or DeBERTa, with the frame of BERT.

    Args:
        raw: the file's content; [MASK] is added after its pieces if it is not among them.
        before: steps before the file's own normalization.
        added: further tokens after the vocabulary.

    Raises:
        UserError: it is not such a file, or lacks a special token.
    """
    model = SentencePieceModel.parse(raw)
    pieces = list(model.pieces)
    if all(piece.text != "[MASK]" for piece in pieces):
        pieces.append(Piece("[MASK]", 0.0, CONTROL))
    ids = {piece.text: i for i, piece in enumerate(pieces)}
    require(("[CLS]", "[SEP]", "[MASK]"), ids)
    engine = _engine(model, pieces, model.unknown, before)
    engine.post_processor = bert_frame(*((token, ids[token]) for token in ("[CLS]", "[SEP]")))
    pad = [token for token in ("<pad>", "[PAD]") if token in ids]
    return _with_added(engine, pieces, ["[CLS]", "[SEP]", *pad, "[MASK]"], added)


def roberta_sentence_pieces(raw: bytes, added: Sequence[AddedToken] = ()) -> Tokenizer:
    """The tokenizer of XLM-RoBERTa's model file; args and errors as in `sentence_pieces`."""
    return roberta_pieces(SentencePieceModel.parse(raw), (), added)


def roberta_pieces(
    model: SentencePieceModel,
    before: Sequence[normalizers.Normalizer] = (),
    added: Sequence[AddedToken] = (),
) -> Tokenizer:
    """The tokenizer of XLM-RoBERTa's model: <s> A </s> </s> B </s>, all in one segment.

    Its ids are fairseq's: <s>, <pad>, </s>, <unk>, the model's pieces from the fourth on, <mask>.

    Args:
        model: the content of a file; its first three pieces are special.
        before, added: as in `sentence_pieces`.
    """
    kinds = (CONTROL, CONTROL, CONTROL, UNKNOWN)
    first = [Piece(text, 0.0, kind) for text, kind in zip(ROBERTA, kinds, strict=True)]
    pieces = [*first, *model.pieces[3:], Piece("<mask>", 0.0, CONTROL)]
    engine = _engine(model, pieces, 3, before)
    engine.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", 0), ("</s>", 2)],
    )
    mask = AddedToken("<mask>", lstrip=True, normalized=False, special=True)
    return _with_added(engine, pieces, [*ROBERTA, mask], added)


def _engine(
    model: SentencePieceModel,
    pieces: Sequence[Piece],
    unknown: int,
    before: Sequence[normalizers.Normalizer] = (),
) -> Engine:
    if model.kind == BPE:
        vocabulary = {piece.text: i for i, piece in enumerate(pieces)}
        cut = models.BPE(
            vocabulary,
            _merges(pieces),
            unk_token=pieces[unknown].text,
            fuse_unk=True,
            byte_fallback=model.byte_fallback,
        )
    else:
        scores = [(piece.text, piece.score) for piece in pieces]
        cut = models.Unigram(scores, unk_id=unknown, byte_fallback=model.byte_fallback)
    engine = Engine(cut)
    engine.normalizer = normalizers.Sequence([*before, *_normalization(model)])
    engine.pre_tokenizer = _splitting(model, pieces)
    engine.decoder = decoders.Metaspace()
    return engine


def _merges(pieces: Sequence[Piece]) -> list[tuple[str, str]]:
    """The pairs that form pieces, in the order of the pieces' ranks."""
    rank = {piece.text: (-piece.score, i) for i, piece in enumerate(pieces) if piece.kind == NORMAL}
    pairs = (
        (rank[text], text[:cut], text[cut:])
        for text in rank
        for cut in range(1, len(text))
        if text[:cut] in rank and text[cut:] in rank
    )
    return [(left, right) for _, left, right in sorted(pairs)]


def _normalization(model: SentencePieceModel) -> list[normalizers.Normalizer]:
    """Characters by the compiled map, then spaces, in the same order as SentencePiece."""
    steps = []
    if model.charsmap:
        steps.append(normalizers.Precompiled(model.charsmap))
    if model.remove_extra_whitespaces:
        steps.append(normalizers.Replace(Regex(r"\A +| +\z"), ""))
        steps.append(normalizers.Replace(Regex(" {2,}"), " "))
    if model.escape_whitespaces:
        steps.append(normalizers.Replace(" ", SPACE))
    if model.add_dummy_prefix:
        # Metaspace adds no space to a text that begins with one; SentencePiece does.
        steps.append(normalizers.Replace(Regex(rf"\A{SPACE}"), 2 * SPACE))
    return steps


def _splitting(model: SentencePieceModel, pieces: Sequence[Piece]) -> pre_tokenizers.PreTokenizer:
    """The space in front, and splitting into words if no piece spans two of them."""
    normal = {piece.text for piece in pieces if piece.kind == NORMAL}
    words = SPACE in normal and not any(SPACE in text[1:] for text in normal)
    scheme = "always" if model.add_dummy_prefix else "never"
    steps = [pre_tokenizers.Metaspace(SPACE, prepend_scheme=scheme, split=words)]
    own = [piece.text for piece in pieces if piece.kind == USER_DEFINED]
    if own:
        longest_first = sorted(map(re.escape, own), key=len, reverse=True)
        steps.append(pre_tokenizers.Split(Regex("|".join(longest_first)), "isolated"))
    return pre_tokenizers.Sequence(steps)


def _with_added(
    engine: Engine,
    pieces: Sequence[Piece],
    special: Sequence[str | AddedToken],
    added: Sequence[AddedToken],
) -> Tokenizer:
    """The tokenizer with its special tokens, which texts may spell out."""
    marks = [piece.text for piece in pieces if piece.kind in (CONTROL, UNKNOWN)]
    named = {getattr(token, "content", token) for token in special}
    engine.add_special_tokens([*special, *(token for token in marks if token not in named)])
    engine.add_tokens(list(added))
    return Tokenizer(engine.to_str())
