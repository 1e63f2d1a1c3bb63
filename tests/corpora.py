"""Small corpora of made-up sentences that a tiny language model can learn."""

from pathlib import Path

import numpy as np
from subjects import SUBJECTS

from kerastc.data.corpus import Corpus, ShardWriter
from kerastc.text.tokenizer import Tokenizer


def sentences(count: int, seed: int = 0) -> list[str]:
    """Sentences of words of one subject, each word followed by the next of its list."""
    random = np.random.default_rng(seed)
    lists = [words.split() for words in SUBJECTS.values()]
    found = []
    for _ in range(count):
        words = lists[random.integers(len(lists))]
        begin, length = random.integers(len(words)), random.integers(4, 12)
        found.append(" ".join(words[(begin + i) % len(words)] for i in range(length)))
    return found


def corpus(
    folder: Path, tokenizer: Tokenizer, texts: list[str], shard_tokens: int = 1000
) -> Corpus:
    """Texts as a corpus, in shards of so many tokens."""
    frame, rows = tokenizer.frame(1), tokenizer.encode(texts, 10_000)
    before, after = map(len, frame.ids)
    with ShardWriter(folder, tokenizer, shard_tokens) as writer:
        for row in rows:
            writer.add(row.ids[before : len(row.ids) - after])
    return Corpus.open(folder)
