"""A corpus in words, for the terminal."""

import numpy as np

from kerastc.data.corpus.corpus import Corpus
from kerastc.data.corpus.report import WORDS

FREQUENT = 10


def lines(corpus: Corpus) -> list[str]:
    """What a corpus holds, and what was left out of it."""
    shards = f"{len(corpus.shards):,} shard{'s' * (len(corpus.shards) != 1)}"
    told = [
        f"{corpus.folder}: {corpus.tokens:,} tokens in {corpus.rows:,} rows, {shards} of "
        f"{corpus.dtype.name}"
    ]
    found = corpus.record["report"]
    if "documents" in found:
        files = corpus.record["settings"]["files"]["count"]
        read = f"{found['documents']:,} lines or rows in {files:,} file{'s' * (files != 1)}"
        told.append(f"Read: {read}, {found['bytes'] / 2**20:,.1f} MiB of text")
        told += [
            f"  left out: {count:,} {name} ({WORDS[name]})"
            for name, count in found["left_out"].items()
        ]
        for kind, words in (("exact", "the same tokens as"), ("near", "nearly those of")):
            if count := found["duplicates"][kind]:
                told.append(f"  left out: {count:,} with {words} an earlier one")
        share = found["unknown"] / corpus.tokens
        told.append(f"Unknown tokens: {found['unknown']:,} ({share:.3%})")
        if "languages" in found:
            names = (f"{name} {count:,}" for name, count in found["languages"].items())
            told.append(f"Languages by stop words: {', '.join(names)}")
    counts = corpus.token_counts
    told.append(f"Tokens in use: {(counts > 0).sum():,} of {corpus.vocabulary:,}")
    order = [i for i in np.argsort(-counts, kind="stable")[:FREQUENT].tolist() if counts[i]]
    frequent = (f"{corpus.tokenizer.token(i)} {counts[i] / corpus.tokens:.1%}" for i in order)
    told.append(f"Most frequent: {', '.join(frequent)}")
    return told
