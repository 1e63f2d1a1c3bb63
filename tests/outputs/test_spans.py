"""Answers: their comparison, checked against SQuAD's and MLQA's scripts; decoding; losses."""

import keras
import numpy as np
import pytest

from kerastc.errors import UserError
from kerastc.outputs.spans.decoding import LONGEST, answered, best_threshold
from kerastc.outputs.spans.errors import AROUND, marked
from kerastc.outputs.spans.groups import GROUPINGS
from kerastc.outputs.spans.head import (
    judge,
    loss,
    no_labels,
    targets_of,
    teacher_loss,
    unlearned,
    with_teacher,
)
from kerastc.outputs.spans.losses import NO_LABEL
from kerastc.outputs.spans.normal import exact_match, f1
from kerastc.outputs.spans.predictions import SpanPredictions
from kerastc.outputs.spans.scores import Spans
from kerastc.text.encoded import Encoded, Row
from kerastc.text.reference import Reference, TrueAnswer
from kerastc.training.teacher import Teaching

LABELS = ("answer", "no answer")


# Exact match and F1 of the published scripts: evaluate-v2.0.py of SQuAD for en, MLQA's
# mlqa_evaluation_v1.py for the others.
@pytest.mark.parametrize(
    ("language", "answer", "truth", "exact", "share"),
    [
        ("en", "The Eiffel Tower!", ["eiffel  tower", "Paris"], 1, 1),
        ("en", "in the year 1492", ["1492"], 0, 0.5),
        ("en", "Denver Broncos Denver", ["Denver Broncos"], 0, 0.8),
        ("en", "“Broncos”", ["Broncos"], 0, 0),  # no ASCII punctuation
        ("en", "", [""], 1, 1),
        ("en", "Denver", [""], 0, 0),
        ("es", "«el Museo del Prado»", ["Museo del Prado"], 1, 1),
        ("es", "la ciudad de Cádiz", ["Cádiz"], 0, 0.5),
        ("es", "¿los Andes?", ["Las Andes"], 1, 1),
        ("de", "der alte Mann", ["alten Mann"], 0, 0.5),
        ("ar", "البيت", ["بيت"], 1, 1),
        ("vi", "những ngôi nhà", ["ngôi nhà"], 1, 1),
        ("hi", "भारत।", ["भारत"], 1, 1),
        ("zh", "北京市", ["北京"], 0, 0.8),
        ("zh", "1949年", ["1949 年"], 1, 1),
        ("other", "le «chat»", ["le chat"], 1, 1),
        # Answers of squad_es_dev_small.json, changed at random; the figures are those of the rules
        # of evaluate-v2.0.py, written anew, which agree with ours in 40,000 such pairs.
        ("es", "", ["", "educación"], 0, 0),
        ("en", "\u200b the", ["", "innovaciones políticas"], 0, 0),
        ("es", "LA ENEMIGOS la peligrosos", ["enemigos peligrosos"], 1, 1),
        ("es", "White` Chaffee y Kennedy. Grissom, Se", ["Grissom, White y Chaffee"], 0, 0.8),
        ("es", "€habilidad` |€habilidad", ["habilidad"], 0, 0),
        ("es", "El El del éxodo del MARIEL de :octubre", ["El éxodo del Mariel"], 0, 2 / 3),
        ("en", "of FILAMENTOS la mina las", ["filamentos"], 0, 1 / 3),
        ("es", "...", ["...", "«el»"], 1, 1),
    ],
)
def test_answers_are_compared_as_by_the_published_scripts(language, answer, truth, exact, share):
    assert exact_match(answer, truth, language) == bool(exact)
    assert f1(answer, truth, language) == pytest.approx(share)


CONTEXT = "ab cd ef gh ij kl"
TOKENS = [(begin, begin + 2) for begin in range(0, 17, 3)]


def window(first, last):
    """[CLS] q [SEP], the context's words from first to before last, [SEP]."""
    places = [(0, 0)] * 3 + TOKENS[first:last] + [(0, 0)]
    ids = np.arange(len(places), dtype=np.int32)
    return Row(ids, special=ids < 1, offsets=np.array(places, np.int32))


def windows(*rows, texts):
    encoded = Encoded.of([window(*row) for row in rows])
    return Encoded(encoded.ids, None, encoded.special, encoded.offsets, texts=np.array(texts))


def truth(*texts, language="en"):
    found = (TrueAnswer(t, CONTEXT.find(t), CONTEXT.find(t) + len(t)) for t in texts)
    return Reference(CONTEXT, tuple(found), language)


ROWS = windows((0, 4), (2, 6), (0, 6), texts=[0, 0, 1])


def test_the_answer_is_the_target_of_the_windows_that_have_it():
    targets = targets_of([truth("ij kl"), truth()], ROWS)
    none, no = [0, NO_LABEL, NO_LABEL], NO_LABEL
    assert targets[0].tolist() == [3, no, no, 0, 0, 0, 0, no]
    assert targets[1].tolist() == [*none, 0, 0, 1, 2, no]
    assert targets[2].tolist() == [3, no, no, 0, 0, 0, 0, 0, 0, no]
    one_token = targets_of([truth("ef"), None], ROWS)
    assert one_token[0].tolist() == [*none, 0, 0, 3, 0, no]
    assert one_token[1].tolist() == [*none, 3, 0, 0, 0, no]
    assert one_token[2].tolist() == [*none, 0, 0, 0, 0, 0, 0, no]
    # No window has all of the first; the second is nowhere.
    lost = targets_of([truth("cd ef gh ij"), truth("zz")], ROWS)
    assert max(lost.values) == 0 and no_labels(2).tolist() == [None, None]


def test_answers_that_no_window_has_whole_are_counted():
    assert unlearned([truth("ij kl"), truth()], ROWS) == {}
    [(what, count)] = unlearned([truth("cd ef gh ij"), truth("ab")], ROWS).items()
    assert count == 1 and "no window has whole" in what
    with pytest.raises(UserError, match=r"None of 1 answers is whole in a window of 10 tokens"):
        unlearned([truth("cd ef gh ij"), truth()], ROWS)


def logits(row, start, end, size=9.0):
    found = np.random.default_rng(0).normal(size=(len(row), 2))
    found[1] = found[-1] = 50  # of no token that an answer may have
    found[start, 0] += size
    found[end, 1] += size
    return found.astype("float32")


def test_the_best_span_is_that_of_trying_all_in_all_windows():
    random = np.random.default_rng(1)
    said = [random.normal(size=(len(row) + 2, 2)) for row in ROWS]  # padding behind the rows
    answers = answered(said, ROWS, 2, None)
    tries: list[dict] = [{}, {}]
    nones = [[], []]
    for row, of, text in zip(ROWS, said, ROWS.texts, strict=True):
        inside = [n for n in range(len(row)) if row.offsets[n, 1] > 0]
        share = np.exp(of[[0, *inside]])
        share /= share.sum(axis=0)
        by = dict(zip([0, *inside], np.log(share), strict=True))
        nones[text].append(by[0].sum())
        for first in inside:
            for last in inside:
                if first <= last < first + 2:
                    place = int(row.offsets[first, 0]), int(row.offsets[last, 1])
                    score = by[first][0] + by[last][1]
                    tries[text][place] = max(score, tries[text].get(place, -np.inf))
    for answer, every, none in zip(answers, tries, nones, strict=True):
        best = sorted(every.items(), key=lambda one: -one[1])
        assert [span[:2] for span in answer.spans] == [place for place, _ in best][:20]
        assert answer.spans[0].score == pytest.approx(best[0][1])
        assert answer.no_answer == pytest.approx(min(none))


def test_an_answer_is_taken_from_the_text_as_it_was_given():
    said = [logits(ROWS[0], 0, 0), logits(ROWS[1], 5, 6), logits(ROWS[2], 0, 0)]
    output = Spans(LABELS, {"longest": LONGEST, "threshold": 0.0})
    answers = output.answers({"logits": said}, ROWS)
    assert [answer.text(CONTEXT) for answer in answers] == ["ij kl", ""]
    examples = [{"question": "q?", "context": CONTEXT}] * 2
    first, second = output.json_rows(examples, answers)
    assert (first["answer"], first["begin"], first["end"]) == ("ij kl", 12, 17)
    assert first["best"][0]["probability"] > 0.9 > first["best"][1]["probability"]
    assert second["answer"] is second["begin"] is None and second["no_answer"] > 0.9
    always = Spans(LABELS).answers({"logits": said}, ROWS)
    assert always[1].text(CONTEXT) and output.same(answers, always) == 0.5
    _, table = output.table(examples, answers)
    assert [row[0] for row in table] == ["ij kl", "no answer"]


def test_the_threshold_is_the_best_of_all():
    random = np.random.default_rng(0)
    lead, given, none = random.normal(size=(3, 30))
    lead[:3] = lead[0]
    found = best_threshold(lead, given, none)

    def total(threshold):
        return np.where(lead > threshold, none, given).sum()

    tries = [*lead, *(lead + 1e-9), -99, 99]
    assert total(found) == pytest.approx(max(map(total, tries)))
    output = Spans(LABELS)
    assert output.chosen([truth("ab")], []) == {}
    with pytest.raises(UserError, match=r"decoding\.threshold='no' is not a number"):
        Spans(LABELS, {"threshold": "no"})


def predictions():
    references = [truth("ij kl"), truth(), truth("ab", "ab cd")]
    rows = windows((0, 6), (0, 6), (0, 6), texts=[0, 1, 2])
    said = [logits(rows[0], 7, 8), logits(rows[1], 0, 0), logits(rows[2], 4, 5)]
    answers = Spans(LABELS, {"threshold": 0.0}).answers({"logits": said}, rows)
    return references, answers


def test_figures_and_the_file_of_predictions(tmp_path):
    references, answers = predictions()
    output = Spans(LABELS, {"threshold": 0.0})
    metrics = output.metrics(references, answers)
    assert metrics["exact_match"] == pytest.approx(2 / 3)
    assert metrics["f1"] == pytest.approx((1 + 1 + 0.5) / 3)
    assert metrics["no_answer"] == {"rows": 1, "found": 1.0, "threshold": 0.0}
    assert metrics["with_answer"]["rows"] == 2 and metrics["with_answer"]["exact_match"] == 0.5
    low, high = metrics["intervals"]["f1"]
    assert 0 <= low < metrics["f1"] < high <= 1
    path = tmp_path / "test.csv"
    examples = [(f"q{n}?", CONTEXT) for n in range(3)]
    output.write_predictions(path, ["question", "context"], examples, references, answers)
    read = output.read_predictions(path)
    assert read.examples.tolist() == [list(one) for one in examples]
    assert read.truth == references and output.same(read.answers, answers) == 1
    kept = output.of_kept(output.kept(references, answers))
    for figure in output.figures:
        sums = output.counts(figure.name, read).sum(axis=0)
        assert output.of_counts(figure.name, sums) == pytest.approx(metrics[figure.name])
        np.testing.assert_allclose(output.counts(figure.name, kept).sum(axis=0), sums)
    path.write_text("question,context\r\na,b\r\n")
    with pytest.raises(UserError, match="cannot be read as predictions of answers"):
        output.read_predictions(path)
    nan = answered([np.full((10, 2), np.nan)], windows((0, 6), texts=[0]), 9, None)
    with pytest.raises(UserError, match="diverged"):
        output.metrics(references[:1], nan)


def test_what_a_page_counts_and_marks():
    references, answers = predictions()
    said = SpanPredictions.of(references, answers)
    examples = np.array([("Who is it?", CONTEXT), ("And when?", CONTEXT), ("Zz?", CONTEXT)], object)
    said = SpanPredictions(examples, said.truth, said.answers, said.figures)
    for grouped in GROUPINGS.values():
        assert sum(group.rows for group in grouped(said)) == 3
    words = GROUPINGS["question word"](said)
    assert [(group.name, group.exact_match) for group in words] == [
        ("who", 1),
        ("when", 1),
        ("zz", 0),
    ]
    assert marked(CONTEXT, [(0, 2)], (0, 5)) == [("ab", "both"), (" cd", "said"), (CONTEXT[5:], "")]
    long = "x" * 500
    pieces = marked(long, [(250, 252)], None)
    assert [kind for _, kind in pieces] == ["", "", "true", "", ""] and pieces[0][0] == "…"
    assert sum(len(text) for text, _ in pieces) == 2 * AROUND + 4


def test_an_excerpt_ends_with_whole_words():
    context = " ".join(f"word{number:03}" for number in range(100))
    words = {*context.split()}
    cases = (([(400, 407)], None), ([(80, 87)], (720, 727)), ([], None))
    for true, said in cases:
        text = "".join(text for text, _ in marked(context, true, said))
        assert "…" in text and {*text.replace("…", " ").split()} <= words


def test_no_length_of_a_context_is_in_two_rows():
    _, answers = predictions()
    lengths = [5, 5, 7, 9, 9, 12, 15, 20, 21, 30, 31]
    truth = [Reference("x" * length, ()) for length in lengths]
    said = SpanPredictions.of(truth, [answers[0]] * len(lengths))
    groups = GROUPINGS["characters of the context"](said)
    ends = [[int(end) for end in group.name.split(" to ")] for group in groups]
    for group, (low, *high) in zip(groups, ends, strict=True):
        assert group.rows == sum(low <= length <= (high or [low])[0] for length in lengths)
    assert sum(group.rows for group in groups) == len(lengths)


class Config:
    label_smoothing = 0.0


@pytest.mark.backend
def test_the_loss_is_the_mean_of_both_cross_entropies():
    no = NO_LABEL
    marks = np.array([[0, no, 1, 0, 2, no], [3, no, 0, 0, no, no], [0, no, 0, 0, no, no]])
    said = np.random.default_rng(0).normal(size=(3, 6, 2)).astype("float32")
    expected = []
    for row, (first, last) in ((0, (2, 4)), (1, (0, 0))):
        share = np.exp(said[row][marks[row] >= 0])
        share = np.exp(said[row]) / share.sum(axis=0)
        expected.append(-(np.log(share[first, 0]) + np.log(share[last, 1])) / 2)
    found = keras.ops.convert_to_numpy(loss(Config).call(marks, said))
    np.testing.assert_allclose(found, [*expected, 0], rtol=1e-5)

    taught = with_teacher(marks, [said[0], said[1][:4], np.zeros((6, 2), "float32")])
    assert taught.shape == (3, 6, 3)
    hard = teacher_loss(Teaching(temperature=2.0, soft=1.0, hard=0.5), Config)
    found = keras.ops.convert_to_numpy(hard.call(taught, said))
    np.testing.assert_allclose(found, [expected[0] / 2, expected[1] / 2, 0], rtol=1e-4, atol=1e-6)
    other = said[:, ::-1].copy()
    soft = teacher_loss(Teaching(temperature=2.0, soft=1.0, hard=0.0), Config)
    [divergence, *_] = keras.ops.convert_to_numpy(soft.call(taught, other))
    there = marks[0] >= 0
    p, q = (np.exp(of[0][there] / 2) / np.exp(of[0][there] / 2).sum(axis=0) for of in (said, other))
    assert divergence == pytest.approx(4 * (p * np.log(p / q)).sum() / 2, rel=1e-4)


@pytest.mark.backend
def test_training_counts_the_overlap_of_places():
    targets = targets_of([truth("ij kl"), truth()], ROWS)
    said = [logits(ROWS[0], 0, 0), logits(ROWS[1], 5, 5), logits(ROWS[2], 0, 0)]
    length = max(map(len, ROWS))
    marks = np.full((3, length), NO_LABEL)
    padded = np.zeros((3, length, 2), "float32")
    for row, (mark, of) in enumerate(zip(targets, said, strict=True)):
        marks[row, : len(mark)], padded[row, : len(of)] = mark, of
    one = judge(Spans(LABELS))
    one.overlap.update_state(marks, padded)
    assert float(one.overlap.result()) == pytest.approx((1 + 2 / 3 + 1) / 3)
    assert one.counted() == {"exact_match": pytest.approx(2 / 3)}
    final = one.final(list(padded), targets, ROWS)
    losses = keras.ops.convert_to_numpy(loss(Config).call(marks, padded))
    assert final["loss"] == pytest.approx(float(losses.mean()), rel=1e-5)


def test_validation_counts_questions_by_the_words_of_all_their_answers():
    """The first question has two windows, of which one is wrong, and two true answers."""
    first, second, third = truth("ij kl", "zz"), truth(), truth("ab")
    rows = windows((0, 4), (2, 6), (0, 6), (0, 4), texts=[0, 0, 1, 2])
    said = [logits(rows[0], 4, 4), logits(rows[1], 5, 6), logits(rows[2], 0, 0)]
    said.append(logits(rows[3], 3, 4))  # ab cd
    targets = targets_of([first, second, third], rows)
    whole = judge(Spans(LABELS))
    answers = whole.output.answers({"logits": said}, rows)
    decoding = whole.output.chosen([first, second, third], answers)
    output = Spans(LABELS, decoding)
    expected = output.metrics([first, second, third], output.decided(answers))
    found = whole.final(said, targets, rows)
    assert found["f1"] == expected["f1"] == pytest.approx((1 + 1 + 2 / 3) / 3)
    assert found["exact_match"] == expected["exact_match"] == pytest.approx(2 / 3)
    some = np.array([2, 3])  # of the second and the third question
    part = whole.final([said[row] for row in some], targets[some], rows[some])
    assert part["f1"] == pytest.approx((1 + 2 / 3) / 2)


def test_a_teacher_is_carried_to_other_tokens():
    output = Spans(LABELS)
    said = [logits(row, 3, 4) for row in ROWS]
    same = output.carried({"logits": said}, ROWS, ROWS)["logits"]
    for one, other in zip(same, said, strict=True):
        np.testing.assert_array_equal(one, other)
    halves = [(0, 0)] * 3 + [(n, n + 1) for n in range(17) if CONTEXT[n] != " "] + [(0, 0)]
    ids = np.arange(len(halves), dtype=np.int32)
    fine = Encoded.of([Row(ids, special=ids < 1, offsets=np.array(halves, np.int32))])
    [found] = output.carried({"logits": said[2:]}, ROWS[2:], fine)["logits"]
    assert found[3, 0] == said[2][3, 0] and found[4, 0] == said[2][:, 0].min()
    assert found[6, 1] == said[2][4, 1] and found[5, 1] == said[2][:, 1].min()
    assert found[0].tolist() == said[2][0].tolist()
