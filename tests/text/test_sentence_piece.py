"""SentencePiece models as `tokenizer.json`, compared with the SentencePiece library."""

import io

import pytest
import sentencepiece
from nasty_texts import NASTY
from sentencepiece import sentencepiece_model_pb2 as proto_format

from kerastc.errors import UserError
from kerastc.text.sentence_piece import roberta_sentence_pieces, sentence_pieces
from kerastc.text.sentence_piece_file import SentencePieceModel

BERT = dict(pad_id=0, unk_id=1, bos_id=2, eos_id=3, bos_piece="[CLS]", eos_piece="[SEP]")
BERT |= dict(pad_piece="<pad>", unk_piece="<unk>")
ROBERTA = dict(unk_id=0, bos_id=1, eos_id=2, unk_piece="<unk>", bos_piece="<s>", eos_piece="</s>")
# Without special tokens spelled out, which are those tokens in a tokenizer.json.
TEXTS = [text for text in NASTY if "[SEP]" not in text]
TEXTS += ["▁ already", "a▁b", " x", "x ", "the  cat", "ﬁ ﬂ e\u0301", "a##b ##"]


def trained(special: dict, **options) -> bytes:
    lines = [line for text in NASTY for line in text.splitlines() if line.strip()]
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines * 3),
        model_writer=model,
        vocab_size=options.pop("vocab_size", 700),
        hard_vocab_limit=False,
        character_coverage=0.99,
        minloglevel=2,
        **special,
        **options,
    )
    return model.getvalue()


def tokens(tokenizer, text: str) -> list[str]:
    return [tokenizer.token(i) for i in tokenizer.encode([text], 10_000).ids[0][1:-1]]


def assert_cut_alike(original, found: list[int], expected: list[int], text: str) -> None:
    """The same ids; or as probable ones, among which SentencePiece chooses in single precision."""
    if found != expected:
        spelled = ["".join(map(original.id_to_piece, ids)) for ids in (found, expected)]
        scores = [sum(map(original.get_score, ids)) for ids in (found, expected)]
        assert spelled[0] == spelled[1] and scores[0] == pytest.approx(scores[1]), repr(text)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"user_defined_symbols": "[MASK],##"},
        {"byte_fallback": True},
        {"add_dummy_prefix": False},
        {"normalization_rule_name": "identity"},
        {"normalization_rule_name": "nmt_nfkc_cf"},
        {"split_by_whitespace": False},
        {"model_type": "bpe", "vocab_size": 260},
        {"model_type": "bpe", "vocab_size": 520, "byte_fallback": True},
    ],
    ids=lambda options: " ".join(map(str, options.values())) or "as usual",
)
def test_ids_are_those_of_sentencepiece(options):
    raw = trained(BERT, **options)
    original = sentencepiece.SentencePieceProcessor(model_proto=raw)
    ours = sentence_pieces(raw)
    for text, row in zip(TEXTS, ours.encode(TEXTS, 10_000), strict=True):
        assert_cut_alike(original, row.ids[1:-1].tolist(), original.encode(text), text)
    mask = original.piece_to_id("[MASK]") if "user_defined_symbols" in options else None
    assert ours.mask_id == (mask or original.vocab_size())
    assert (ours.pad_id, ours.unknown_id) == (0, 1)


def test_ids_of_xlm_roberta_are_fairseq_s():
    raw = trained(ROBERTA)
    original = sentencepiece.SentencePieceProcessor(model_proto=raw)
    ours = roberta_sentence_pieces(raw)
    for text, row in zip(TEXTS, ours.encode(TEXTS, 10_000), strict=True):
        assert (row.ids[0], row.ids[-1]) == (0, 2)
        found = [0 if i == 3 else int(i) - 1 for i in row.ids[1:-1]]
        assert_cut_alike(original, found, original.encode(text), text)
    assert (ours.pad_id, ours.unknown_id, ours.mask_id) == (1, 3, original.vocab_size() + 1)
    [pair] = ours.encode(["x"], 30, ["y"])
    assert [i for i, mark in zip(pair.ids, pair.special, strict=True) if mark] == [0, 2, 2, 2]


def test_special_tokens_spelled_out_are_those_tokens():
    ours = sentence_pieces(trained(BERT))
    assert tokens(ours, "x [MASK] y [SEP]") == ["▁", "x", "[MASK]", "▁", "y", "[SEP]"]


def test_a_combination_that_the_library_normalizes_by_clusters_is_the_one_known_difference():
    """`tokenizers` looks whole grapheme clusters up and drops what follows; so do all its users."""
    raw = trained(BERT)
    text = "o\u0308\u0323"
    original = sentencepiece.SentencePieceProcessor(model_proto=raw)
    assert len(tokens(sentence_pieces(raw), text)) < len(original.encode(text))


def test_the_file_is_read_as_protobuf_reads_it():
    raw = trained(BERT, byte_fallback=True, user_defined_symbols="[MASK]", add_dummy_prefix=False)
    ours, theirs = SentencePieceModel.parse(raw), proto_format.ModelProto.FromString(raw)
    assert [(p.text, p.score, p.kind) for p in ours.pieces] == [
        (p.piece, p.score, p.type) for p in theirs.pieces
    ]
    normalizer, trainer = theirs.normalizer_spec, theirs.trainer_spec
    assert ours.charsmap == normalizer.precompiled_charsmap and len(ours.charsmap) > 100_000
    assert (ours.kind, ours.byte_fallback) == (trainer.model_type, trainer.byte_fallback)
    for flag in ("add_dummy_prefix", "remove_extra_whitespaces", "escape_whitespaces"):
        assert getattr(ours, flag) == getattr(normalizer, flag)
    assert ours.unknown == 1


def test_damaged_files_and_other_kinds_are_refused():
    raw = trained(BERT)
    for damaged in (b"", b"\x0a", raw[:1000], b"\xff" * 40, b"no model at all"):
        with pytest.raises(UserError, match="not a SentencePiece model"):
            SentencePieceModel.parse(damaged)
    with pytest.raises(UserError, match="neither unigrams nor"):
        SentencePieceModel.parse(trained(BERT, model_type="char", vocab_size=100))
    with pytest.raises(UserError, match=r"lacks \[CLS\]"):
        sentence_pieces(trained(ROBERTA))
