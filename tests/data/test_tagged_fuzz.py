"""Files of tagged texts, most of them broken: each word is kept, or told; or the file is refused.

KERASTC_FUZZ is how many files are tried, in fifties; the slow test tries 20,000.
"""

import json
import os
from collections import Counter

import numpy as np
import pytest

from kerastc.data.tagged.file import read_tagged, read_worded
from kerastc.errors import LONGEST, UserError
from kerastc.outputs.tags.entities import is_legal, is_scheme

COUNT = 50 * int(os.environ.get("KERASTC_FUZZ", "4"))
WORDS = ["Lima", "25.000", "#", "{", "[", "-DOCSTART", "_", "a\u00a0b", "EE.UU.", "\u200b", "東京"]
TAGS = ["O", "O", "O", "B-X", "I-X", "I-X", "B-Y", "I-Y"]
ODD_TAGS = ["E-X", "S-Y", "0", "B-", "NOUN", "", "_"]
LINES = ["", " ", "# note", "-DOCSTART- O", "Lima", "a b c d", "\t", "1\tx", "[]", "{}", "null"]
SPANS = [
    [0, 4, "X"],
    [2, 9, "Y Z"],
    [5, 5, "X"],
    [-1, 3, "X"],
    [8, 99, "Y"],
    [0, 1],
    "X",
    [0, 4, 1],
]


def lines_of(random, damaged):
    """Columns or CoNLL-U, with the number of words and a name."""
    tree = random.random() < 0.5
    tags = TAGS + ODD_TAGS * bool(damaged and random.random() < 0.5)
    lines, words = [], 0
    for _ in range(random.integers(1, 5)):
        for number in range(1, random.integers(2, 6)):
            word, tag = random.choice(WORDS), random.choice(tags)
            cells = [word, tag]
            if tree:
                cells = [str(number), word, "_", tag, *"_" * 6]
            lines.append("\t".join(cells))
            words += 1
        lines.append("")
    return lines, words, "a.conllu" if tree else "a.conll"


def spans_of(random, damaged):
    rows = []
    for _ in range(random.integers(1, 5)):
        text = " ".join(random.choice(WORDS, random.integers(1, 6)))
        spans = [SPANS[i] for i in random.integers(8 if damaged else 5, size=2)]
        rows.append({"text": text, random.choice(["spans", "label", "text"]): spans})
    return [json.dumps(row) for row in rows], None, "a.jsonl"


def attack(folder, seeds):
    found = Counter()
    for seed in seeds:
        random = np.random.default_rng(seed)
        damaged = random.random() < 0.6
        lines, words, name = (lines_of if random.random() < 0.6 else spans_of)(random, damaged)
        if damaged:
            for _ in range(random.integers(1, 3)):
                place = random.integers(len(lines))
                if random.random() < 0.5:
                    lines[place] = random.choice(LINES)
                else:
                    lines[place] = lines[place][: random.integers(len(lines[place]) + 1)]
        path = folder / random.choice([name, name, "a.txt", "a.txt", "a.conllu"])
        path.write_text("\n".join(lines), encoding="utf-8")
        try:
            data = read_tagged(path)
        except UserError as error:
            assert str(path) in error.message or "column" in error.message, (seed, error.message)
            assert len(error.message) < LONGEST + 10
            found["refused"] += 1
            continue
        found["read"] += 1
        for text, row in zip(data.examples, data.labels, strict=True):
            assert len(text.words) == len(row) == len(text.spans) > 0, seed
            assert all(text[b:e].strip() for b, e in text.spans.tolist()), seed
            assert not is_scheme(data.classes) or is_legal(row, data.classes), seed
        assert all(count > 0 for count in data.notes.values())
        if words and not damaged:
            assert sum(map(len, data.labels)) == words, seed
        worded = read_worded(path)
        if worded is not None and path.suffix != ".jsonl":
            assert [text.words for text in worded] == [text.words for text in data.examples], seed
    return found


def test_every_word_is_kept_or_told(tmp_path):
    found = attack(tmp_path, range(COUNT))
    assert min(found["read"], found["refused"]) > COUNT / 5


@pytest.mark.slow
def test_every_word_is_kept_or_told_however_long_one_tries(tmp_path):
    attack(tmp_path, range(100_000, 120_000))
