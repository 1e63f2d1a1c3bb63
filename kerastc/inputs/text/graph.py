"""Texts to token ids as TensorFlow operations: the part of a SavedModel that takes strings.

It gives the same ids as `kerastc.text` for every text; see tests/deploy/test_text_graph.py.
"""

import re

import numpy as np
import tensorflow as tf
import tensorflow_text as tf_text

from kerastc.inputs.text import character_tables as tables
from kerastc.text.capitals import LONG
from kerastc.text.preprocessing import Preprocessing
from kerastc.text.vocabularies import LONGEST, SPECIAL, WordPiece

UNREADABLE = 0xFFFD  # in place of bytes that are not UTF-8


class TextGraph(tf.Module):
    """`Preprocessing.tokens` and `Tokenizer.pad` as TensorFlow operations.

    Args:
        preprocessing: of a run for which `unsupported` finds nothing.
        length: tokens per text; None pads to the longest in a call.
    """

    def __init__(self, preprocessing: Preprocessing, length: int | None):
        super().__init__()
        self.input = tf.TensorSpec([None], tf.string, name="texts")
        tokenizer = preprocessing.tokenizer
        self.tokenizer = _WordPieceGraph(WordPiece.of(tokenizer))
        [start], [end] = tokenizer.frame().ids
        self.ends = (int(start), int(end), tokenizer.pad_id)
        self.length = length
        self.most = min(preprocessing.max_tokens, length or preprocessing.max_tokens)
        self.max_characters = preprocessing.max_characters
        self.capitals = preprocessing.preparation.capitals
        if self.max_characters or self.capitals:
            self.properties = _PagedLookup(tables.python_properties())

    def __call__(self, texts: tf.Tensor) -> dict[str, tf.Tensor]:
        """`token_ids` and `padding_mask`, (batch, length) int32, of texts (batch,) UTF-8."""
        if self.max_characters or self.capitals:
            texts = self._prepared(texts)
        start, end, pad = self.ends
        ids = self.tokenizer(texts)[:, : self.most - 2]
        one = tf.ones((tf.shape(texts)[0], 1), tf.int32)
        ids = tf.concat([start * one, ids, end * one], axis=1)
        lengths = ids.row_lengths()
        return {
            "token_ids": ids.to_tensor(pad, shape=(None, self.length)),
            "padding_mask": tf.sequence_mask(lengths, self.length, dtype=tf.int32),
        }

    def _prepared(self, texts: tf.Tensor) -> tf.Tensor:
        """The texts folded, cut at a word, and with the word for their capitals in front."""
        characters = _characters(texts)
        white = self.properties(characters.flat_values) & tables.WHITE > 0
        words = _joined(characters, _starts(characters, white, tf.zeros_like(white)), ~white)
        if self.max_characters:
            words = _cut(words, self.max_characters)
        folded = _spaced(words)
        if not self.capitals:
            return folded
        prefix = self._capitals_of(words)
        return tf.where(words.row_lengths() > 0, tf.strings.join([prefix, folded], " "), "")

    def _capitals_of(self, words: tf.RaggedTensor) -> tf.Tensor:
        """`kerastc.text.capitals.capitals_of` of each text, (batch,)."""
        letters = words.with_flat_values(self.properties(words.flat_values))
        each = letters.merge_dims(1, 2)
        any_upper = _any(each, tables.UPPER)
        capital = any_upper & ~_any(each, tables.NOT_UPPER)

        inside = letters.with_flat_values(letters.flat_values & tables.EDGE == 0)
        core = tf.ragged.boolean_mask(letters, _between(inside))  # the word without its edges
        sizes = core.with_values(core.values.row_lengths())
        there = tf.ragged.boolean_mask(core, sizes > 0)[:, 1:]  # without the first word
        lengths = there.with_values(there.values.row_lengths())
        long = tf.ragged.boolean_mask(there, lengths >= LONG)
        upper = long.with_values(long.values.to_tensor(shape=(None, LONG))[:, 0] & tables.UPPER)
        count = tf.cast(long.row_lengths(), tf.int32)
        raised = tf.reduce_sum(upper, axis=1)  # UPPER is 1
        words = [
            (capital, "capital"),
            (count == 0, "short"),
            (raised == 0, "lower"),
            (raised == count, "title"),
            (2 * raised < count, "few"),
        ]
        chosen = tf.fill(tf.shape(count), "many")
        for condition, word in reversed(words):
            chosen = tf.where(condition, word, chosen)
        return chosen


def unsupported(preprocessing: Preprocessing) -> str:
    """Why TensorFlow operations cannot do the same; empty if they can."""
    tokenizer, preparation = preprocessing.tokenizer, preprocessing.preparation
    if WordPiece.of(tokenizer) is None:
        return f"its tokenizer ({tokenizer.model}) is not BERT's WordPiece"
    if preprocessing.stride is not None:
        return "it reads long texts in windows"
    steps = ("unicode", "lowercase", "lemmas")
    changed = [name for name in steps if getattr(preparation, name)]
    changed += [name for name in ("punctuation", "stop_words") if not getattr(preparation, name)]
    if changed:
        return f"its preparation of texts changes {', '.join(changed)}"
    return ""


class _PagedLookup(tf.Module):
    """A `PagedTable` as constants of a graph."""

    def __init__(self, table: tables.PagedTable):
        super().__init__()
        self.page_of = tf.Variable(table.page_of, trainable=False)
        self.pages = tf.Variable(table.pages.reshape(-1), trainable=False)

    def __call__(self, codes: tf.Tensor) -> tf.Tensor:
        page = tf.gather(self.page_of, codes // tables.PAGE)
        return tf.gather(self.pages, page * tables.PAGE + codes % tables.PAGE)


class _WordPieceGraph(tf.Module):
    """As `WordPiece`: texts (batch,) to ids, (batch, None) ragged int32."""

    def __init__(self, tokenizer: WordPiece):
        super().__init__()
        found = tables.normalization(
            tokenizer.lowercase, tokenizer.strip_accents, tokenizer.split_on_cjk
        )
        self.replacement = _PagedLookup(found.replacement)
        self.kind = _PagedLookup(found.kind)
        sizes = [0, *map(len, found.replacements)]
        self.sizes = tf.Variable(sizes, dtype=tf.int32, trainable=False)
        starts = np.cumsum(sizes) - sizes
        self.starts = tf.Variable(starts, dtype=tf.int32, trainable=False)
        pool = [ord(c) for text in found.replacements for c in text]
        self.pool = tf.Variable(pool, dtype=tf.int32, trainable=False)

        # A spelled-out special token becomes one character, which no remaining text can have.
        *marks, self.nothing = found.dropped(len(SPECIAL) + 1)
        self.marks = dict(zip(SPECIAL, marks, strict=True))
        vocabulary = {token: i for i, token in enumerate(tokenizer.vocabulary)}
        vocabulary |= {mark: vocabulary[token] for token, mark in self.marks.items()}
        table = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(
                list(vocabulary), list(vocabulary.values()), tf.string, tf.int64
            ),
            -1,
        )
        self.pieces = tf_text.WordpieceTokenizer(
            table, unknown_token="[UNK]", max_bytes_per_word=4 * LONGEST, token_out_type=tf.int64
        )

    def __call__(self, texts: tf.Tensor) -> tf.RaggedTensor:
        marks = "".join(self.marks.values())
        texts = tf.strings.regex_replace(texts, f"[{marks}]", self.nothing)
        for token, mark in self.marks.items():
            texts = tf.strings.regex_replace(texts, re.escape(token), mark)
        characters = self._normalized(_characters(texts))
        kind = self.kind(characters.flat_values)
        marked = tf.reduce_any(
            characters.flat_values[:, None] == [ord(mark) for mark in self.marks.values()], axis=1
        )
        starts = _starts(characters, kind == tables.SPACE, marked | (kind == tables.ALONE))
        words = _joined(characters, starts, kind != tables.SPACE)
        return self._ids(words)

    def _normalized(self, characters: tf.RaggedTensor) -> tf.RaggedTensor:
        """Each character, or its replacement."""
        codes = characters.flat_values
        number = self.replacement(codes)
        marked = tf.reduce_any(codes[:, None] == [ord(m) for m in self.marks.values()], axis=1)
        stays = marked | (number == 0)
        size = tf.where(stays, 1, tf.gather(self.sizes, number))
        # Those that stay are read from after the replacements.
        own = tf.size(self.pool) + tf.range(tf.size(codes))
        start = tf.where(stays, own, tf.gather(self.starts, number))
        places = tf.ragged.range(start, start + size)
        values = tf.gather(tf.concat([self.pool, codes], 0), places.flat_values)
        ends = tf.concat([[0], tf.cumsum(size)], 0)
        splits = tf.cast(tf.gather(ends, characters.row_splits), tf.int64)
        return tf.RaggedTensor.from_row_splits(values, splits)

    def _ids(self, words: tf.RaggedTensor) -> tf.RaggedTensor:
        """The pieces of words, (batch, words, characters) ragged, side by side."""
        spelled = tf.strings.unicode_encode(words.values, "UTF-8")
        long = words.values.row_lengths() > LONGEST
        spelled = tf.where(long, self.marks["[UNK]"], spelled)
        pieces = self.pieces.tokenize(spelled)
        return tf.cast(words.with_values(pieces).merge_dims(1, 2), tf.int32)


def _characters(texts: tf.Tensor) -> tf.RaggedTensor:
    """The code points of texts (batch,), (batch, None) ragged int32."""
    return tf.strings.unicode_decode(texts, "UTF-8", errors="replace", replacement_char=UNREADABLE)


def _starts(characters: tf.RaggedTensor, space: tf.Tensor, alone: tf.Tensor) -> tf.Tensor:
    """Where a word begins: (all characters,) bool."""
    rows = characters.value_rowids()
    first = tf.concat([[True], rows[1:] != rows[:-1]], 0)[: tf.size(rows)]
    parted = space | alone
    behind = tf.concat([[True], parted[:-1]], 0)[: tf.size(rows)]
    return ~space & (first | alone | behind)


def _joined(characters: tf.RaggedTensor, starts: tf.Tensor, kept: tf.Tensor) -> tf.RaggedTensor:
    """The characters that are kept, as words: (batch, words, characters) ragged."""
    number = tf.cumsum(tf.cast(starts, tf.int64)) - 1
    count = tf.reduce_sum(tf.cast(starts, tf.int64))
    words = tf.RaggedTensor.from_value_rowids(
        tf.boolean_mask(characters.flat_values, kept), tf.boolean_mask(number, kept), nrows=count
    )
    rows = tf.boolean_mask(characters.value_rowids(), starts)
    return tf.RaggedTensor.from_value_rowids(words, rows, nrows=characters.nrows())


def _spaced(words: tf.RaggedTensor) -> tf.Tensor:
    """Words (batch, words, characters) to texts (batch,), a space between them."""
    spelled = words.with_values(tf.strings.unicode_encode(words.values, "UTF-8"))
    return tf.strings.reduce_join(spelled, axis=1, separator=" ")


def _cut(words: tf.RaggedTensor, characters: int) -> tf.RaggedTensor:
    """Words up to so many characters of their text; a first word that is longer is cut itself.

    See `kerastc.text.cutting.cut_at_word`.
    """
    sizes = words.with_values(words.values.row_lengths())
    ends = tf.cumsum(sizes.values + 1)
    starts = tf.gather(tf.concat([[tf.zeros((), ends.dtype)], ends], 0), sizes.row_starts())
    ends = sizes.with_values(ends - 1 - tf.gather(starts, sizes.value_rowids()))
    kept = (ends <= characters) | (ends == sizes)  # a long first word is cut
    return tf.ragged.boolean_mask(words, kept)[:, :, :characters]


def _any(values: tf.RaggedTensor, bit: int) -> tf.Tensor:
    """Whether a bit is set anywhere in each row."""
    return tf.reduce_any(values.with_values(values.values & bit > 0), axis=1)


def _between(inside: tf.RaggedTensor) -> tf.RaggedTensor:
    """Each word's characters from the first to the last that is inside."""
    flat = tf.cast(inside.flat_values, tf.int32)
    word = inside.values
    before = tf.cumsum(flat)  # over all words; the difference to the word's start is its own
    padded = tf.concat([[0], before], 0)
    rows = word.value_rowids()
    seen = before - tf.gather(padded, tf.gather(word.row_starts(), rows))
    total = tf.gather(padded, tf.gather(word.row_limits(), rows)) - before + flat
    return inside.with_flat_values((seen > 0) & (total > 0))
