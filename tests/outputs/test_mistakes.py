"""Errors of tags by kind: all are counted once, and sum to what the figures count."""

from itertools import pairwise

import numpy as np
import pytest

from kerastc.outputs.tags.mistakes import Mistakes
from kerastc.outputs.tags.predictions import Tagged, TagPredictions
from kerastc.outputs.tags.scores import Tags
from kerastc.outputs.tags.sentences import Sentences
from kerastc.text.worded import Worded

LABELS = ("O", "B-LOC", "I-LOC", "B-ORG", "I-ORG", "B-PER", "I-PER")
CASES = {  # true and predicted tags of a sentence, and the kind of its error
    "": ("B-LOC I-LOC O", "B-LOC I-LOC O"),
    "wrong type": ("B-LOC I-LOC O", "B-ORG I-ORG O"),
    "wrong boundary": ("O B-LOC I-LOC", "O B-LOC O"),
    "wrong type and boundary": ("O B-LOC I-LOC", "B-ORG I-ORG O"),
    "split": ("B-PER I-PER I-PER", "B-PER O B-PER"),
    "merged": ("B-PER O B-PER", "B-PER I-PER I-PER"),
    "tangled": ("B-PER I-PER B-PER I-PER O", "O B-PER I-PER B-PER I-PER"),
    "not found": ("O B-ORG O", "O O O"),
    "not there": ("O O O", "O B-ORG O"),
}


def predictions(pairs, labels=LABELS, sure=0.9):
    """Of sentences given by their tags, true and predicted, each word with the same probability."""

    def numbers(tags):
        return np.array([labels.index(tag) for tag in tags.split()], np.int64)

    truth, tags = zip(*((numbers(true), numbers(said)) for true, said in pairs), strict=True)
    answers = [Tagged(row, np.full(len(row), sure)) for row in tags]
    of_truth = [np.where(a == b, sure, 0.05) for a, b in zip(truth, tags, strict=True)]
    texts = [" ".join(f"w{n}" for n in range(len(row))) for row in truth]
    return TagPredictions(np.array(texts, object), list(truth), answers, of_truth)


@pytest.mark.parametrize("kind", CASES)
def test_each_kind_of_error_is_known(kind):
    mistakes = Mistakes.of(predictions([CASES[kind]]), LABELS)
    assert [error.kind for error in mistakes.errors] == [kind] * (kind != "")


def test_neighbours_that_share_no_word_are_two_errors():
    said = predictions([("B-LOC B-ORG", "B-ORG B-LOC")])
    assert [error.kind for error in Mistakes.of(said, LABELS).errors] == ["wrong type"] * 2


def random_predictions(seed, labels=LABELS, more=()):
    random = np.random.default_rng(seed)
    rows = [*more]
    for length in random.integers(1, 14, 200):
        true = random.integers(0, len(labels), length)
        said = np.where(random.random(length) < 0.6, true, random.integers(0, len(labels), length))
        rows.append([" ".join(labels[tag] for tag in tags) for tags in (true, said)])
    return predictions(rows, labels)


def test_kinds_and_matrix_sum_to_what_f1_counts():
    said = random_predictions(0, more=CASES.values())
    mistakes = Mistakes.of(said, LABELS)
    right, guessed, true = Tags(LABELS).counts("f1", said).sum(axis=0)
    shares = mistakes.shares()
    assert len(shares) == 8 and sum(share.errors for share in shares) == len(mistakes.errors)
    assert mistakes.right.total() == right
    assert right + sum(share.true for share in shares) == true == mistakes.true.total()
    assert right + sum(share.said for share in shares) == guessed == mistakes.said.total()
    matrix, types = mistakes.matrix(), mistakes.types
    assert matrix.sum(axis=1)[:-1].tolist() == [mistakes.true[kind] for kind in types]
    assert matrix.sum(axis=0)[:-1].tolist() == [mistakes.said[kind] for kind in types]
    assert matrix[-1, -1] == 0
    # Of an error of any kind the words overlap, and errors of a sentence do not.
    for row in range(len(said.truth)):
        spans = sorted((error.begin, error.end) for error in mistakes.of_row(row))
        assert all(end <= begin for (_, end), (begin, _) in pairwise(spans))


def test_units_of_each_type_are_those_of_seqeval():
    report = pytest.importorskip("seqeval.metrics").classification_report
    scheme = pytest.importorskip("seqeval.scheme").IOB2
    said = random_predictions(3)
    tags = ([[LABELS[tag] for tag in row] for row in rows]
            for rows in (said.truth, [one.tags for one in said.answers]))  # fmt: skip
    found = report(*tags, mode="strict", scheme=scheme, output_dict=True, zero_division=0)
    mistakes = Mistakes.of(said, LABELS)
    for kind in mistakes.types:
        assert mistakes.true[kind] == found[kind]["support"]
        assert mistakes.right[kind] / mistakes.true[kind] == pytest.approx(found[kind]["recall"])
        precision = mistakes.right[kind] / mistakes.said[kind]
        assert precision == pytest.approx(found[kind]["precision"])


def test_mending_all_errors_of_a_kind_gives_the_f1_that_is_told():
    said = predictions([CASES["split"], CASES["not there"], CASES[""], CASES["not found"]])
    shares = {share.kind: share.f1 for share in Mistakes.of(said, LABELS).shares()}
    output = Tags(LABELS)
    for kind, told in shares.items():
        case = CASES[kind]
        mended = [(case[0], case[0]), *(CASES[k] for k in shares if k != kind), CASES[""]]
        counts = output.counts("f1", predictions(mended)).sum(axis=0)
        assert output.of_counts("f1", counts) == pytest.approx(told)


def test_the_matrix_of_words_is_scikit_learns():
    metrics = pytest.importorskip("sklearn.metrics")
    labels = ("ADJ", "NOUN", "VERB")
    said = random_predictions(1, labels)
    mistakes = Mistakes.of(said, labels)
    words = np.concatenate(said.truth), np.concatenate([one.tags for one in said.answers])
    assert mistakes.matrix()[:-1, :-1].tolist() == metrics.confusion_matrix(*words).tolist()
    first = mistakes.confusions()[0]
    expected = metrics.confusion_matrix(*words)
    np.fill_diagonal(expected, 0)
    assert first.count == expected.max()
    assert {error.kind for error in mistakes.errors} == {"wrong type"}


def test_the_worst_sentences_have_the_most_errors():
    pairs = [("B-LOC B-LOC", "O O"), ("B-LOC O", "O O"), ("O", "O"), ("B-LOC", "O")]
    said = predictions(pairs)
    said.of_truth[3][:] = 1e-4
    mistakes = Mistakes.of(said, LABELS)
    assert mistakes.worst() == [0, 3, 1]
    said.answers[1].chosen[0] = 0.99
    assert [error.row for error in mistakes.surest(1)] != [1]  # as it was when they were counted
    assert Mistakes.of(said, LABELS).surest(1)[0].row == 1


def text_of(stretches):
    return "".join(
        one.piece.text if one.piece else one.error.words if one.error else " … "
        for one in stretches
    )


def test_a_text_is_shown_as_it_stands():
    spans = np.array([[0, 6], [6, 7], [8, 11], [8, 11], [12, 15], [15, 16]])
    text = Worded("Madrid, del mar.", ("Madrid", ",", "de", "el", "mar", "."), spans)
    said = predictions([("B-LOC O O O B-LOC O", "B-LOC O O B-LOC O O")])
    said.examples[0] = text
    mistakes = Mistakes.of(said, LABELS)
    assert [error.kind for error in mistakes.errors] == ["not there", "not found"]
    sentences = Sentences(said, mistakes, LABELS)
    assert text_of(sentences.worst()[0].stretches) == "Madrid, de el mar."
    assert text_of(sentences.surest()[0][1]) == "Madrid, de el mar."


def test_a_sentence_is_shown_whole_and_a_long_one_without_its_middle():
    tags = ["O"] * 300
    true = [*tags]
    true[150:153] = ["B-PER", "I-PER", "I-PER"]
    guess = [*tags]
    guess[151] = "B-LOC"
    true[10] = guess[10] = "B-ORG"
    short = predictions([CASES["split"]])
    long = predictions([(" ".join(true), " ".join(guess))])
    for said, words in ((short, 3), (long, 300)):
        [shown] = Sentences(said, Mistakes.of(said, LABELS), LABELS).worst()
        left_out = sum(one.left_out for one in shown.stretches)
        assert len(text_of(shown.stretches).replace("…", "").split()) + left_out == words
    assert left_out == 139 - 24 + 147 - 24
    [framed] = [one.error for one in shown.stretches if one.error]
    assert [(piece.text, piece.label) for piece in framed.true] == [("w150 w151 w152", "PER")]
    assert [piece.label for piece in framed.said] == ["", "LOC", ""]
    assert not framed.in_one and framed.kind == "wrong type and boundary"
