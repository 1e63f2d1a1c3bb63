"""A tokenizer of a few words, and rows of its tokens."""

import numpy as np
import pytest

from kerastc.text.tokenizer import Tokenizer
from kerastc.text.vocabularies import WordPiece

WORDS = "la casa grande de pino y el gato negro duerme ##s ##a . , un sol"


@pytest.fixture
def tokenizer() -> Tokenizer:
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    return WordPiece([*special, *WORDS.split()], lowercase=True, strip_accents=False).tokenizer()


@pytest.fixture
def rows() -> list[np.ndarray]:
    random = np.random.default_rng(7)
    return [random.integers(5, 21, random.integers(1, 9)) for _ in range(40)]
