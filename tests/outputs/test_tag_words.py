"""Which token stands for a word, in a text of one row or of several windows."""

import numpy as np
import pytest

from kerastc.outputs.tags.head import NO_LABEL, no_labels, targets_of, unlearned
from kerastc.outputs.tags.scores import Tags
from kerastc.outputs.tags.words import Words
from kerastc.text.encoded import Encoded, Row

LABELS = ("O", "B-A", "I-A")


def rows(*windows):
    """Rows of the words of tokens, those of a text in a list."""
    found = Encoded.of(
        Row(np.arange(len(words)), offsets=spans(words), words=np.array(words))
        for text in windows
        for words in text
    )
    found.texts = np.repeat(np.arange(len(windows)), [len(text) for text in windows])
    return found


def spans(words):
    """Words of ten characters side by side; a token is as long as its word."""
    words = np.array(words)
    return np.where(words[:, None] < 0, 0, 10 * words[:, None] + [0, 10])


# Six words of a token each in windows of four that share two, and a text of one row.
LONG = [[-1, 0, 1, 2, 3, -1], [-1, 2, 3, 4, 5, -1]]
SHORT = [[-1, 0, 0, 1, -1]]


def test_a_word_of_two_windows_is_of_the_one_with_more_around_it():
    words = Words.of(rows(LONG, SHORT))
    assert words.texts.tolist() == [0] * 6 + [1] * 2
    assert words.numbers.tolist() == [0, 1, 2, 3, 4, 5, 0, 1]
    # Behind word 2 there is one token in the first window, before it none in the second.
    assert words.rows.tolist() == [0, 0, 0, 1, 1, 1, 2, 2]
    assert words.positions.tolist() == [1, 2, 3, 2, 3, 4, 1, 3]
    assert words.counts.tolist() == [6, 2]
    assert words.spans.tolist()[:2] == [[0, 10], [10, 20]]


@pytest.mark.parametrize("stride", range(4))
def test_each_word_is_read_once_at_its_first_token(stride):
    """Whatever the windows cut in two."""
    random = np.random.default_rng(stride)
    tokens = np.repeat(np.arange(20), random.integers(1, 4, 20))
    first = np.append(True, tokens[1:] != tokens[:-1])
    starts = range(0, len(tokens) - stride, 5 - stride)
    windows = [np.arange(start, min(start + 5, len(tokens))) for start in starts]
    words = Words.of(rows([[-1, *tokens[window], -1] for window in windows]))
    assert words.numbers.tolist() == list(range(20))
    read = [
        windows[row][position - 1]
        for row, position in zip(words.rows, words.positions, strict=True)
    ]
    assert read == np.flatnonzero(first).tolist()
    assert (np.diff(words.rows) >= 0).all()


def test_words_that_the_tokenizer_drops_are_counted():
    sentences = rows(LONG, [[-1, 0, 2, -1]])
    assert unlearned([np.zeros(6, int), np.zeros(3, int)], sentences) == {
        "words without a token, which are not learned": 1
    }
    assert unlearned([np.zeros(6, int), np.zeros(2, int)], sentences) == {}


def test_a_word_is_learned_in_one_window():
    targets = targets_of([np.array([0, 1, 2, 1, 2, 0]), None], rows(LONG, SHORT))
    n = NO_LABEL
    assert [row.tolist() for row in targets] == [
        [n, 0, 1, 2, n, n],
        [n, n, 1, 2, 0, n],
        [n, n, n, n, n],
    ]
    assert (targets_of(no_labels(2), rows(LONG, SHORT)).values == n).all()


def test_the_windows_of_a_text_are_one_answer():
    tokens, output = rows(LONG, SHORT), Tags(LABELS)
    logits = [np.zeros((len(row) + 1, 3)) for row in tokens]  # of a longer batch
    for row, place, tag in [(0, 2, 1), (0, 3, 2), (1, 2, 2), (1, 1, 1), (0, 4, 0), (2, 2, 1)]:
        logits[row][place, tag] = 9
    long, short = output.answers({"logits": logits}, tokens)
    # An entity from one window to the next; words 2 and 3 are not asked in the other.
    assert [LABELS[tag] for tag in long.tags] == ["O", "B-A", "I-A", "I-A", "O", "O"]
    assert long.spans[1:4].tolist() == [[10, 20], [20, 30], [30, 40]]
    assert len(short.tags) == 2
    assert output.answers({"logits": []}, ()) == []


def test_a_student_of_other_tokens_hears_of_each_word():
    output = Tags(LABELS)
    theirs, mine = rows(LONG, SHORT), rows([[-1, 0, 0, 1, 2, 3, 4, 5, -1]], [[-1, 1, 2, -1]])
    said = [np.random.default_rng(row).normal(size=(len(r), 3)) for row, r in enumerate(theirs)]
    carried = output.carried({"logits": said}, theirs, mine)["logits"]
    expected = np.zeros((9, 3))
    expected[[1, 3, 4, 5, 6, 7]] = [*said[0][1:4], *said[1][2:5]]
    np.testing.assert_allclose(carried[0], expected, rtol=1e-6)
    np.testing.assert_allclose(carried[1], [[0] * 3, said[2][3], [0] * 3, [0] * 3], rtol=1e-6)
