"""Tags: entities and their figures, compared with seqeval; legal sequences; predictions."""

import itertools

import numpy as np
import pytest

from kerastc.errors import UserError
from kerastc.outputs.tags.entities import most_probable, units
from kerastc.outputs.tags.head import NO_LABEL, judge, no_labels, targets_of
from kerastc.outputs.tags.judge import CountedEntities
from kerastc.outputs.tags.predictions import Tagged
from kerastc.outputs.tags.scores import Tags
from kerastc.text.encoded import Encoded, Row
from kerastc.text.ragged import Ragged

LABELS = ("O", "B-LOC", "I-LOC", "B-MISC", "I-MISC", "B-ORG", "I-ORG", "B-PER", "I-PER")
TRUTH = ("B-LOC O B-PER I-PER O", "O B-ORG I-ORG I-ORG B-LOC", "B-PER B-PER O", "O O")
SAID = ("B-LOC O B-PER O O", "O B-ORG I-ORG I-ORG B-ORG", "B-PER I-PER I-LOC", "O B-MISC")
# seqeval 1.2.2, mode="strict", scheme=IOB2: precision, recall, F1, support of each type, and all.
SEQEVAL = {
    "LOC": (1.0, 0.5, 2 / 3, 2),
    "MISC": (0.0, 0.0, 0.0, 0),
    "ORG": (0.5, 1.0, 2 / 3, 1),
    "PER": (0.0, 0.0, 0.0, 3),
}
SEQEVAL_ALL = (0.3333333333333333, 0.3333333333333333, 0.3333333333333333)


def numbers(rows):
    return [np.array([LABELS.index(tag) for tag in row.split()]) for row in rows]


def answers(rows, sure=0.9):
    found = []
    for tags in numbers(rows):
        p = np.full((len(tags), len(LABELS)), (1 - sure) / (len(LABELS) - 1))
        p[np.arange(len(tags)), tags] = sure
        found.append(Tagged(tags, p.max(axis=1), p))
    return found


def test_figures_are_those_of_seqeval():
    metrics = Tags(LABELS).metrics(numbers(TRUTH), answers(SAID))
    names = ("precision", "recall", "f1", "support")
    found = {kind: tuple(of[name] for name in names) for kind, of in metrics["per_type"].items()}
    assert found.keys() == SEQEVAL.keys()
    for kind, of in found.items():
        assert of == pytest.approx(SEQEVAL[kind])
    assert tuple(metrics[name] for name in names[:3]) == pytest.approx(SEQEVAL_ALL)
    assert (metrics["rows"], metrics["words"]) == (4, 15)
    assert metrics["accuracy"] == 10 / 15
    low, high = metrics["intervals"]["f1"]
    assert 0 <= low < metrics["f1"] < high <= 1


def test_figures_are_also_those_of_the_most_probable_tag_of_each_word():
    """Of three words in the order of an entity of two types the second goes on with nothing."""
    output, truth = Tags(LABELS), numbers(["B-LOC I-LOC O", "O O O"])
    p = np.full((3, len(LABELS)), 0.01)
    p[0, [1, 5]], p[1, [6, 2]], p[2, 0] = [0.6, 0.3], [0.5, 0.4], 0.9  # B-LOC I-ORG O
    outside = np.full((3, len(LABELS)), 0.01)
    outside[:, 0] = 0.9
    said = [Tagged(tags := output.decoded(of), of[range(3), tags], of) for of in (p, outside)]
    metrics = output.metrics(truth, said)
    assert metrics["f1"] == 1 and metrics["f1_unconstrained"] == 0
    assert metrics["illegal"] == 0.5
    assert metrics["intervals"]["f1_unconstrained"] == [0, 0]


def test_words_without_a_place_in_training_are_measured_for_themselves():
    output = Tags(("A", "B"))
    truth, tags = [np.array([0, 1, 1]), np.array([0, 0])], [np.array([0, 0, 1]), np.array([0, 1])]
    said = [Tagged(of, np.full(len(of), 0.9), np.eye(2)[of]) for of in tags]
    known = output.learned(["sun Moon"])
    found = output.against_training([known] * 2, ["sun moon star", "Moon rain"], truth, said)
    assert found["unseen_words"] | {"interval": []} == {
        **{"words": 3, "accuracy": 1 / 3, "interval": []}
    }
    known = output.learned(["sun moon star"])
    found = output.against_training([known], ["sun moon star"], truth[:1], said[:1])
    assert found == {"unseen_words": {"words": 0}}
    each = [output.learned(["sun moon star"]), output.learned([])]  # of two folds
    found = output.against_training(each, ["sun moon star", "Moon rain"], truth, said)
    assert (found["unseen_words"]["words"], found["unseen_words"]["accuracy"]) == (2, 0.5)
    assert output.against_training([{}], ["sun moon star"], truth[:1], said[:1]) == {}


@pytest.mark.parametrize("spans", [True, False])
def test_answers_are_kept_whole_for_the_folds_of_a_cross_validation(spans):
    output, given = Tags(LABELS), answers(SAID)
    for row in given if spans else ():
        object.__setattr__(row, "spans", np.stack([row.tags, row.tags + 3], axis=1))
    arrays = output.stored(given)
    for one, other in zip(output.of_stored(arrays, len(given)), given, strict=True):
        for name in ("tags", "chosen", "probabilities", "spans"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    with pytest.raises(ValueError, match="not of 3 sentences"):
        output.of_stored(arrays, 3)


def test_training_counts_the_entities_that_the_figures_do():
    metric, said, truth = CountedEntities(LABELS), numbers(SAID), numbers(TRUTH)
    length = 9
    targets = np.full((4, length), NO_LABEL)
    logits = np.random.default_rng(0).normal(size=(4, length, len(LABELS)))
    for number, (tags, guess) in enumerate(zip(truth, said, strict=True)):
        places = np.sort(np.random.default_rng(number).permutation(length)[: len(tags)])
        targets[number, places] = tags
        logits[number, places, 0] = 5
        logits[number, places, guess] = 9
    metric.update_state(targets, logits)
    assert metric.counted().tolist() == [2, 6, 6]
    assert float(metric.result()) == pytest.approx(10 / 15)
    numbered = np.where(targets >= 0, np.cumsum(targets >= 0, axis=1) - 1, -1)
    rows = Encoded.of([row(*numbers) for numbers in numbered])
    final = judge(Tags(LABELS)).final(list(logits), Ragged.of(list(targets)), rows)
    assert final["f1"] == pytest.approx(1 / 3)
    assert final["accuracy"] == pytest.approx(11 / 15)  # I-LOC behind I-PER is not legal: O


def test_the_most_probable_legal_tags_are_those_of_trying_all():
    labels = ("O", "B-A", "I-A", "B-B", "I-B")
    random = np.random.default_rng(0)

    def legal(tags):
        before = ("O", *tags)
        return all(
            not tag.startswith("I-") or last[2:] == tag[2:]
            for last, tag in zip(before, tags, strict=False)
        )

    for _ in range(20):
        logs = np.log(random.dirichlet(np.ones(5), 4))
        every = [t for t in itertools.product(range(5), repeat=4) if legal([labels[i] for i in t])]
        best = max(every, key=lambda tags: sum(logs[range(4), tags]))
        assert tuple(most_probable(logs, labels)) == best


def test_of_other_labels_each_word_is_a_unit():
    assert list(units(["NOUN", "VERB"], False)) == [(0, 1, "NOUN"), (1, 2, "VERB")]
    output = Tags(("NOUN", "VERB"))
    truth = [np.array([0, 1, 1, 0])]
    p = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.7, 0.3]])
    metrics = output.metrics(truth, [Tagged(p.argmax(axis=1), p.max(axis=1), p)])
    assert metrics["f1"] == metrics["accuracy"] == 0.75


def row(*words):
    ids, numbers = np.arange(len(words), dtype=np.int32), np.array(words, np.int32)
    return Row(ids, offsets=np.stack([ids * 3, ids * 3 + 2], axis=1), words=numbers)


def test_a_word_has_the_tag_of_its_first_token_and_the_place_of_all():
    rows = Encoded.of([row(-1, 0, 0, 2, -1), row(-1, 0, 1, -1)])  # word 1 has no token
    labels = [np.array([1, 0, 7]), np.array([3, 4, 0])]  # the last one was cut
    targets = targets_of(labels, rows)
    assert targets[0].tolist() == [NO_LABEL, 1, NO_LABEL, 7, NO_LABEL]
    assert targets[1].tolist() == [NO_LABEL, 3, 4, NO_LABEL]
    assert (targets_of(no_labels(2), rows).values == NO_LABEL).all()
    logits = np.zeros((5, len(LABELS)))
    logits[1, 1] = logits[2, 5] = logits[3, 7] = 9
    [found] = Tags(LABELS).answers({"logits": [logits]}, rows[:1])
    assert [LABELS[tag] for tag in found.tags] == ["B-LOC", "O", "B-PER"]
    assert found.spans.tolist() == [[3, 8], [0, 0], [9, 11]]
    said = Tags(LABELS).json_rows([{"text": "...Madrid"}], [found])[0]["tags"]
    assert [(one["begin"], one["end"], one["tag"]) for one in said] == [
        (3, 8, "LOC"),
        (9, 11, "PER"),
    ]


def test_words_that_the_model_did_not_see_are_outside_of_entities():
    short = answers(["B-LOC O B-PER", *SAID[1:]])
    metrics = Tags(LABELS).metrics(numbers(TRUTH), short)
    assert metrics["words"] == 15
    right, _, true = Tags(LABELS).counts("f1", _said(short)).sum(axis=0)
    assert (right, true) == (2, 6)


def _said(found):
    from kerastc.outputs.tags.predictions import TagPredictions

    return TagPredictions.of(numbers(TRUTH), found, LABELS)


def test_the_file_of_predictions_gives_back_what_was_written(tmp_path):
    output, path = Tags(LABELS), tmp_path / "test.csv"
    texts = ["a b c d e", 'f "g" h, i j', "k l m", "n o"]
    output.write_predictions(path, ["text"], texts, numbers(TRUTH), answers(SAID))
    read = output.read_predictions(path)
    copy = tmp_path / "copy.csv"
    output.write_predictions(copy, ["text"], read.examples, read.truth, read.answers)
    assert copy.read_bytes() == path.read_bytes()
    kept = output.of_kept(output.kept(numbers(TRUTH), answers(SAID)))
    assert read.examples.tolist() == texts
    for figure in output.figures:
        expected = output.counts(figure.name, _said(answers(SAID)))
        np.testing.assert_allclose(output.counts(figure.name, read), expected)
        np.testing.assert_allclose(output.counts(figure.name, kept), expected, rtol=1e-6)
    with pytest.raises(UserError, match="has the tag 'B-LOC', which the run does not know"):
        Tags(LABELS[3:] + LABELS[:1]).read_predictions(path)
    path.write_text("text,label\r\na,b\r\n")
    with pytest.raises(UserError, match="cannot be read as predictions of words"):
        output.read_predictions(path)
