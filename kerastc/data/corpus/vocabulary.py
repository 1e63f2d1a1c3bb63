"""Vocabularies trained on text, and those cut to what a corpus uses.

The trainers are those of the `tokenizers` library. They hold what they train on, so of a large
source only some lines are shown to them, drawn evenly.
"""

import json
import random
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from tokenizers import Tokenizer as Engine
from tokenizers import models, normalizers, pre_tokenizers, trainers

from kerastc.data.corpus.blocks import blocks, texts_of, units
from kerastc.data.corpus.corpus import Corpus
from kerastc.data.corpus.rules import reasons
from kerastc.data.corpus.settings import BuildSettings
from kerastc.data.corpus.sources import find_sources
from kerastc.errors import UserError
from kerastc.progress import progress, quietly
from kerastc.text.restricted import is_restrictable, restricted
from kerastc.text.sentence_piece import ROBERTA, roberta_pieces
from kerastc.text.sentence_piece_file import UNIGRAM, Piece, SentencePieceModel
from kerastc.text.tokenizer import Tokenizer
from kerastc.text.vocabularies import SPECIAL, WordPiece

KINDS = ("wordpiece", "unigram")
LINES = 1_000_000  # some 200 MB of text
FEWEST = 2  # times that a piece of a WordPiece vocabulary occurs


def train_vocabulary(
    lines: Iterable[str], kind: str, size: int, lowercase: bool = True
) -> Tokenizer:
    """A tokenizer whose vocabulary is trained on lines.

    Args:
        lines: to train on; the trainers hold their words.
        kind: "wordpiece", BERT's tokenizer; or "unigram", XLM-R's, without its table of
            characters: NFKC in its place.
        size: tokens, special ones included.
        lowercase: whether capitals and accents are folded: BERT's uncased models.

    Raises:
        UserError: the size is too small for the characters of the text, or there are no lines.
    """
    if kind not in KINDS:
        raise UserError(f"kind={kind} is not allowed.", f"Allowed are {', '.join(KINDS)}.")
    if size < len(SPECIAL) + 2:
        raise UserError(f"size={size} leaves no room beside the special tokens.")
    train = _word_pieces if kind == "wordpiece" else _unigrams
    tokenizer = train(lines, size, lowercase)
    if tokenizer.vocabulary_size > size:
        raise UserError(
            f"size={size} is too small: the characters of the text alone make a vocabulary of "
            f"{tokenizer.vocabulary_size:,}.",
            f"Give --size {tokenizer.vocabulary_size} or more.",
        )
    return tokenizer


def _word_pieces(lines: Iterable[str], size: int, lowercase: bool) -> Tokenizer:
    engine = Engine(models.WordPiece(unk_token="[UNK]"))
    engine.normalizer = normalizers.BertNormalizer(lowercase=lowercase, strip_accents=lowercase)
    engine.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=size,
        min_frequency=FEWEST,
        special_tokens=list(SPECIAL),
        show_progress=False,
    )
    engine.train_from_iterator(lines, trainer)
    ids = engine.get_vocab()
    _refuse_nothing(len(ids) - len(SPECIAL))
    return WordPiece(sorted(ids, key=ids.get), lowercase, lowercase).tokenizer()


def _unigrams(lines: Iterable[str], size: int, lowercase: bool) -> Tokenizer:
    folded = [normalizers.NFD(), normalizers.StripAccents(), normalizers.Lowercase()]
    before = [normalizers.NFKC(), *(folded if lowercase else [])]
    engine = Engine(models.Unigram())
    engine.normalizer = normalizers.Sequence(before)
    engine.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=size - len(ROBERTA),  # <mask> comes, and its <unk> goes
        special_tokens=["<unk>"],
        unk_token="<unk>",
        show_progress=False,
    )
    engine.train_from_iterator(lines, trainer)
    scores = json.loads(engine.to_str())["model"]["vocab"]
    pieces = [Piece(text, score) for text, score in scores if text != "<unk>"]
    _refuse_nothing(len(pieces))
    first = [Piece(text, 0.0) for text in ROBERTA[:3]]  # stand where roberta_pieces has its own
    model = SentencePieceModel((*first, *pieces), UNIGRAM, False, b"", True, True, True)
    return roberta_pieces(model, before)


def _refuse_nothing(pieces: int) -> None:
    if not pieces:
        raise UserError("There is no text to train a vocabulary on.", "Check the files.")


def cut_vocabulary(corpus: Corpus, size: int | None = None) -> Tokenizer:
    """The tokenizer of a corpus with the tokens that it uses.

    Text of the corpus keeps its tokens if all that are used stay. Special tokens and single
    characters stay in any case, so that any text can be read.

    Args:
        corpus: whose counts decide.
        size: the most tokens; the most frequent ones stay. None keeps all in use.

    Raises:
        UserError: the tokenizer cannot be cut, or not so far.
    """
    tokenizer, counts = corpus.tokenizer, corpus.token_counts
    if not is_restrictable(tokenizer):
        raise UserError(f"A tokenizer of kind {tokenizer.model} cannot be cut.")
    used = np.flatnonzero(counts)
    smaller, kept = restricted(tokenizer, used)
    if size is None or len(kept) <= size:
        return smaller
    order = used[np.argsort(-counts[used], kind="stable")]
    least, most = 0, len(order)  # how many of the most frequent stay
    while least < most:
        middle = (least + most + 1) // 2
        least, most = (
            (middle, most)
            if len(restricted(tokenizer, order[:middle])[1]) <= size
            else (least, middle - 1)
        )
    smaller, kept = restricted(tokenizer, order[:least])
    if len(kept) > size:
        raise UserError(
            f"size={size} is too small: special tokens and single characters are {len(kept):,}.",
            f"Give --size {len(kept)} or more.",
        )
    return smaller


def sampled_lines(
    names: Sequence[str], settings: BuildSettings, count: int = LINES, seed: int = 1
) -> list[str]:
    """Lines of files that the rules keep, at most `count`, each as likely as any other.

    Args:
        names, settings: as in `build`.
        count: of lines; so many are held in memory.
        seed: of the choice.
    """
    draw, held = random.Random(seed), []
    for seen, line in enumerate(_lines(names, settings), 1):
        if len(held) < count:
            held.append(line)
        elif (place := draw.randrange(seen)) < count:  # Vitter 1985, algorithm R
            held[place] = line
    return held


def _lines(names: Sequence[str], settings: BuildSettings) -> Iterator[str]:
    sources = find_sources(names, settings.encoding)
    total = sum(source.size for source in sources) // 1024
    with progress("Reading (KiB)", total) as advance, quietly():
        for number, unit in enumerate(units(sources)):
            for block in blocks(number, unit, settings.column):
                for segment in block.segments:
                    texts, _ = texts_of(
                        segment, settings.column, settings.encoding, settings.skip_damaged
                    )
                    why = reasons(texts, settings.rules)
                    yield from (t for t, reason in zip(texts, why, strict=True) if not reason)
                advance(block.packed // 1024)


def decoded_rows(corpus: Corpus, count: int = LINES) -> Iterator[str]:
    """Rows of a corpus as its tokenizer spells them, at most `count`, evenly drawn.

    What the tokenizer folded, such as capitals, stays folded.
    """
    step = max(-(-corpus.rows // count), 1)
    at = 0
    for shard in corpus.shards:
        for row in range((-at) % step, shard.rows, step):
            yield corpus.tokenizer.text(shard[row])
        at += shard.rows
