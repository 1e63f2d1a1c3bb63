"""Questions from files: SQuAD's JSON and rows of JSON; answers in their contexts; parts."""

import gzip
import json

import numpy as np
import pytest

from kerastc.data import TextParts, read_questions, split_questions
from kerastc.data.questions import placing
from kerastc.data.questions.file import ALL_EMPTY, EMPTY, IGNORED, unlabelled_questions
from kerastc.errors import UserError
from kerastc.text.reference import TrueAnswer

CONTEXT = "The  ship left Cadiz in 1492.\nIt came back to Cadiz in 1493."
WHEN = {"text": "1492", "answer_start": CONTEXT.index("1492")}


def squad(*questions, context=CONTEXT, title="Ships"):
    return {"title": title, "paragraphs": [{"context": context, "qas": list(questions)}]}


def asked(question="When did it leave?", answers=(WHEN,), **more):
    return {"id": "q1", "question": question, "answers": list(answers), **more}


@pytest.fixture
def written(tmp_path):
    def write(content, name="questions.json"):
        path = tmp_path / name
        text = content if isinstance(content, str) else json.dumps(content)
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_squad_of_either_version(written, tmp_path):
    plausible = [{"text": "Cadiz", "answer_start": 15}]
    none = asked("Who?", (), is_impossible=True, plausible_answers=plausible)
    twice = asked(" When  did it  leave?", [WHEN, WHEN, {"text": "in 1492", "answer_start": 21}])
    path = written({"version": "v2.0", "data": [squad(twice, none)]})
    data = read_questions(path, "es")
    assert data.examples.tolist() == [["When did it leave?", CONTEXT], ["Who?", CONTEXT]]
    first, second = data.labels
    assert first.answers == (TrueAnswer("1492", 24, 28), TrueAnswer("in 1492", 21, 28))
    assert second.answers == () and second.texts == ("",) and second.place is None
    assert data.class_counts().tolist() == [1, 1] and data.articles.tolist() == ["Ships"] * 2
    assert data.notes == {"questions without an answer in their context": 1}
    assert data.reading.language == "es" and data.source.endswith("from SQuAD's JSON")
    packed = tmp_path / "packed.json.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert read_questions(packed, "es").fingerprint == data.fingerprint
    assert read_questions(path).take(np.array([1])).articles.tolist() == ["Ships"]


ROW = {"question": "When?", "context": CONTEXT}


@pytest.mark.parametrize(
    "answers",
    [
        {"answers": [WHEN]},
        {"answers": {"text": ["1492"], "answer_start": [24]}},
        {"answers": WHEN},
        {"answers": ["1492"]},
        {"answer": "1492"},
    ],
)
def test_rows_with_answers_of_each_form(written, answers):
    row = ROW | answers
    lines = written("\n".join(map(json.dumps, (row, row))), "questions.jsonl")
    for path in (lines, written([row, row], "rows.json"), written({"data": [row, row]})):
        data = read_questions(path)
        assert [one.place for one in data.labels] == [(24, 28)] * 2, path
    assert read_questions(written(json.dumps(row))).source.endswith("from JSON Lines")


def test_no_answers_are_no_answer(written):
    rows = [ROW | {"answers": {"text": [], "answer_start": []}}, ROW | {"is_impossible": True}]
    data = read_questions(written(rows))
    assert data.class_counts().tolist() == [0, 2]


@pytest.mark.parametrize(
    ("text", "offset", "place", "note"),
    [
        ("Cadiz", 46, (46, 51), ""),
        ("Cadiz", 40, (46, 51), placing.MOVED),
        ("Cadiz", 20, (15, 20), placing.MOVED),
        ("Cadiz", None, (15, 20), placing.SEVERAL),
        ("ship", None, (5, 9), ""),
        ("cadiz ", 40, (46, 51), placing.ALIKE),
        ("Palos", 3, (-1, -1), placing.MISSING),
        ("1493", -5, (55, 59), placing.MOVED),  # no place from the end, as in Python
    ],
)
def test_an_answer_is_looked_for_where_it_is_not(text, offset, place, note):
    answer, told = placing.placed(text, offset, CONTEXT)
    assert (answer.begin, answer.end, told) == (*place, note)
    assert answer.text == text


def test_what_was_settled_is_counted(written):
    empty, elsewhere = {"text": "", "answer_start": -1}, {"text": "Palos", "answer_start": 3}
    rows = [
        asked("One?", [WHEN, empty]),
        asked("Two?", [elsewhere]),
        asked("Three?", [empty]),
        asked("Four?", [WHEN], is_impossible=True),
        asked("Five?", [{"text": "1492", "answer_start": 2}]),
    ]
    data = read_questions(written({"data": [squad(*rows)]}))
    assert len(data) == 4 and data.labels[1].texts == ("Palos",) and data.labels[1].place is None
    assert data.notes == {
        EMPTY: 2,
        placing.MISSING: 1,
        ALL_EMPTY: 1,
        IGNORED: 1,
        placing.MOVED: 1,
        "questions without an answer in their context": 1,
    }


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("question,context\na,b\n", "is not JSON"),
        ('{"data": [', "line 1, column 1: not valid JSON"),
        ({"rows": []}, "is an object without a list 'data'"),
        ({"data": []}, "has no questions"),
        ({"data": [{"title": "a"}]}, "article 1: 'paragraphs' is missing"),
        ({"data": [squad(asked(" "))]}, r"question 1 \(id q1\): the question is empty"),
        ({"data": [squad(asked(), context=3)]}, "paragraph 1: the context is 3, not a text"),
        ({"data": [squad({"question": "a"})]}, "question 1: there are neither 'answers' nor"),
        ([ROW, ROW | {"answers": {"text": ["a"], "answer_start": []}}], "row 1: there are neither"),
        ([ROW | {"answers": {"text": ["a"], "answer_start": []}}], "1 texts, but 0 offsets"),
        ([ROW | {"answers": [{"text": 3}]}], "row 1, 'answers': {\"text\": 3} is not an answer"),
        ([ROW | {"answers": [{"text": "a", "answer_start": "7"}]}], "'answer_start' is \"7\""),
        ([ROW | {"context": None, "answers": []}], "the context is null, not a text"),
        ([ROW | {"answers": [True]}], "row 1, 'answers': true is not an answer"),
        ([ROW | {"answers": [], "is_impossible": "no"}], "'is_impossible' is \"no\""),
        ("[3]", "row 1: 3 where an object is needed"),
        (f"{json.dumps(ROW | {'answer': 'a'})}\n[1]\n", "line 2: .1. ... is not one whole"),
        ([ROW | {"context": " ", "answers": []}], "the context is empty"),
        ([asked(answers=[{"text": " "}]) | ROW] * 2, "all answers of its 2 questions are empty"),
        (json.dumps({"data": [squad(asked())]}) + "x", "line 1: not valid JSON"),
        ([ROW | {"question": "a\0b", "answers": []}], "row 1: column 'question': a NUL character"),
    ],
)
def test_what_is_wrong_is_named_by_its_place(written, content, message):
    with pytest.raises(UserError, match=message):
        read_questions(written(content))


def test_a_line_of_another_form_is_told_what_a_question_looks_like(written):
    rows = f"{json.dumps(ROW | {'answers': []})}\n{{"
    with pytest.raises(UserError, match="line 2: not valid JSON") as error:
        read_questions(written(rows, "questions.jsonl"))
    assert '"context"' in error.value.hint


def test_questions_to_answer_need_no_answers(written):
    examples, form = unlabelled_questions(written([ROW]))
    assert examples.tolist() == [["When?", CONTEXT]] and form == "JSON"


def made(articles, name="Article", seed=0):
    random = np.random.default_rng(seed)
    letters = list("abcdefghijklmnop")
    found = []
    for number in range(articles):
        context = " ".join("".join(random.choice(letters, 6)) for _ in range(20))
        word = {"text": context[:6], "answer_start": 0}
        questions = [f"{''.join(random.choice(letters, 12))}?" for _ in range(4)]
        found.append(
            squad(*(asked(q, [word]) for q in questions), context=context, title=f"{name} {number}")
        )
    return {"data": found}


def test_questions_about_an_article_are_in_one_part(written):
    content = made(30)
    content["data"][1]["title"] = "Article 0"  # another context of the same article
    content["data"][2]["paragraphs"][0]["qas"] *= 2
    data = read_questions(written(content))
    splits = split_questions(data, TextParts(), read_questions, 1)
    parts = (splits.train, splits.validation, splits.test)
    assert [len(part) for part in parts] == pytest.approx([86, 18, 18], abs=6)
    names = [set(part.articles) for part in parts]
    assert sum(map(len, names)) == len(set.union(*names)) == 29
    assert splits.duplicates.exact == 4 and splits.duplicates.shared == 124
    assert "notes" in splits.as_dict()


def test_too_few_questions_or_contexts_to_split_are_told_as_such(written):
    few = read_questions(written([ROW | {"answers": ["1492"]}] * 3))
    with pytest.raises(
        UserError, match=r"Too few questions to split in questions.json.*: 3; it takes 7"
    ) as error:
        split_questions(few, TextParts(), read_questions, 1)
    assert "class" not in str(error.value)
    one = [asked(f"{letter * 9}?") for letter in "abcdefghijkl"]
    data = read_questions(written({"data": [squad(*one)]}))
    told = "12 questions but only 1 different texts in .*: those about one context or article stay"
    with pytest.raises(UserError, match=told) as error:
        split_questions(data, TextParts(), read_questions, 1)
    assert "class" not in str(error.value) and "test=FILE" in error.value.hint


def test_answers_of_which_none_is_in_its_context_are_refused_in_training(written):
    content = made(20)
    for article in content["data"]:
        for question in article["paragraphs"][0]["qas"]:
            question["answers"] = [{"text": "Palos", "answer_start": 0}]
    data = read_questions(written(content))
    with pytest.raises(UserError, match=r"No training question of .* has its answer"):
        split_questions(data, TextParts(), read_questions, 1)
    for article in content["data"]:
        article["paragraphs"][0]["qas"][0]["answers"] = []  # "none" is all that could be learned
    data = read_questions(written(content))
    with pytest.raises(UserError, match=r"No training question of .* has its answer"):
        split_questions(data, TextParts(), read_questions, 1)


def test_questions_of_a_file_of_their_own_are_left_out_of_training(written):
    content = made(20)
    test = {"data": [json.loads(json.dumps(content["data"][0]))]}
    test["data"][0]["paragraphs"][0]["qas"] = test["data"][0]["paragraphs"][0]["qas"][:2]
    test["data"] += made(2, name="Other")["data"][1:]
    data = read_questions(written(content))
    others = {"test": test, "validation": made(2, "Third", seed=1)}
    files = {name: str(written(of, f"{name}.json")) for name, of in others.items()}
    splits = split_questions(data, TextParts(**files), read_questions, 1)
    assert splits.notes == {
        "train rows left out as equal or nearly equal to test rows": 6,
        "test questions about a context or article of training": 2,
    }
    assert len(splits.test) == 6 and len(splits.data.articles) == 94
