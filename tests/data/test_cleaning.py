import gzip
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kerastc.data import CategoryRules, clean
from kerastc.errors import UserError
from kerastc.text.preparation import TextPreparation

HEADLINES = Path(__file__).parents[3] / "shared/data/headlines/ireland_news_2021.csv.gz"
HEADER = "publish_date,headline_category,headline_text\n"
RULES = CategoryRules((("news.*", "news"), ("sport.*", "sport")), "rules of the test")


@pytest.fixture
def write(tmp_path):
    def write(rows: str | bytes, name: str = "a.csv") -> Path:
        path = tmp_path / name
        rows = rows if isinstance(rows, bytes) else rows.encode()
        path.write_bytes(HEADER.encode() + rows)
        return path

    return write


def rows_of(cleaned) -> list[tuple[str, str]]:
    texts = cleaned.texts
    return [(t, texts.classes[i]) for t, i in zip(texts.examples, texts.labels, strict=True)]


def lines_of(report, reason: str) -> list[int]:
    return [line for line, why, _ in report.rejections if why == reason]


def test_a_clean_row_keeps_text_category_date_and_line(write):
    path = write('20210131,news.ireland,"A  storm\n arrives"\n2021-02-28,sport,A draw\n')
    cleaned = clean(path, categories=RULES, preparation=TextPreparation(lowercase=True))
    assert rows_of(cleaned) == [("a storm arrives", "news"), ("a draw", "sport")]
    assert list(cleaned.originals) == ["A storm arrives", "A draw"]
    assert list(cleaned.categories) == ["news.ireland", "sport"]
    assert cleaned.lines.tolist() == [2, 4] and cleaned.lines.dtype == np.int64
    assert cleaned.texts.dates.tolist() == [20210131, 20210228]
    assert cleaned.texts.dates.dtype == cleaned.texts.labels.dtype == np.int32
    assert cleaned.texts.source == (
        "a.csv: texts from headline_text (guessed), classes from headline_category (guessed)"
    )


def test_a_file_without_a_header_is_cleaned_by_the_numbers_of_its_columns(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("sport;A draw, at last\nnews;A storm\nnews;one;too many\n")
    cleaned = clean(path, ["2"], "1", delimiter=";", header=False)
    assert rows_of(cleaned) == [("A draw, at last", "sport"), ("A storm", "news")]
    assert cleaned.report.rows_in == 3 and not cleaned.texts.reading.header


def test_rows_without_a_text_or_category_are_counted(write):
    path = write(
        "20210101,news,\n20210101,news,NULL\n20210101,news,n/a\n20210101,,a\n20210101,nan,b\n"
        "20210101,none,a text\n20210101,news,None of the above\n"
    )
    cleaned = clean(path)
    assert rows_of(cleaned) == [("a text", "none"), ("None of the above", "news")]
    assert cleaned.report.rejected == {"empty text": 1, "null text": 2, "empty category": 2}
    assert cleaned.texts.notes["rejected: null text"] == 2
    assert cleaned.texts.notes["rows in the file"] == 7


def test_a_bad_date_does_not_cost_the_row(write):
    path = write("20219999,news,a\n,news,b\nyesterday,news,c\n20200229,news,d\n")
    cleaned = clean(path)
    assert cleaned.texts.dates.tolist() == [0, 0, 0, 20200229]
    assert cleaned.report.counted == {"invalid date": 2, "date missing": 1}
    assert cleaned.report.examples["invalid date"][0] == (2, "20219999 a")


def test_a_file_without_dates_has_none(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,label\na,x\nb,y\n")
    assert clean(path).texts.dates is None


def test_a_date_can_stand_in_three_columns(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,label,j,m,d\na,x,2021,1,31\nb,y,,,\n")
    cleaned = clean(path, date=["j", "m", "d"])
    assert cleaned.texts.dates.tolist() == [20210131, 0]
    assert cleaned.report.counted == {"date missing": 1}


def test_duplicates_are_the_same_text_under_the_same_primary_category(write):
    path = write("1,news.a,A storm!\n1,news.b,a  STORM\n1,sport,a goal\n1,sport,a goal.\n")
    cleaned = clean(path, categories=RULES)
    assert cleaned.lines.tolist() == [2, 4]
    assert lines_of(cleaned.report, "duplicate of an earlier row") == [3, 5]
    assert len(clean(path, categories=RULES, duplicates="keep").texts) == 4
    # Without rules the two categories are different, and so the text has two.
    assert clean(path).report.rejected["the text has another category"] == 1


TWICE = "1,a,x\n1,b,x\n1,b,X\n1,a,tie\n1,b,tie\n1,c,single\n"


@pytest.mark.parametrize(
    ("conflicts", "kept"), [("majority", [3, 5, 7]), ("drop", [7]), ("keep", [2, 3, 5, 6, 7])]
)
def test_a_text_under_several_categories_is_resolved_by_the_rule(write, conflicts, kept):
    cleaned = clean(write(TWICE), conflicts=conflicts)
    assert cleaned.lines.tolist() == kept
    assert cleaned.report.counted["text under several categories"] == 2
    assert (
        cleaned.report.rejected["the text has another category"]
        == {
            "majority": 2,
            "drop": 5,
            "keep": 0,
        }[conflicts]
    )
    if conflicts == "drop":
        assert cleaned.texts.classes == ("c",)  # none is left of the others


def test_categories_that_no_rule_names_are_reported_with_their_rows(write):
    path = write("1,news,a\n1,weather.tides,b\n1,weather.tides,c\n1,removed,d\n")
    report = clean(path, categories=RULES).report
    assert report.unmapped == {"weather.tides": 2, "removed": 1}
    assert lines_of(report, "unmapped category") == [3, 4, 5]


def test_a_text_of_which_preparation_leaves_nothing_is_counted(write):
    path = write("1,news,the of\n1,news,The storm\n")
    cleaned = clean(path, preparation=TextPreparation(stop_words=False))
    assert rows_of(cleaned) == [("storm", "news")]
    assert list(cleaned.originals) == ["The storm"]
    assert cleaned.report.rejected == {"empty after preparation": 1}


def test_single_lines_of_another_encoding(write):
    path = write(b"1,news,caf\xe9\n1,news," + "café crème\n".encode())
    assert clean(path).report.rejected == {"bytes of another encoding": 1}
    mended = clean(path, fallback_encoding="cp1252")
    assert list(mended.originals) == ["café", "café crème"]
    assert mended.report.counted["line read as cp1252"] == 1
    with pytest.raises(UserError, match="no text encoding 'cp9999'"):
        clean(path, fallback_encoding="cp9999")


def test_a_file_of_another_encoding_is_read_by_it(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,label\naño,x\nčtení,y\n", encoding="utf-16")
    assert list(clean(path, encoding="utf-16").originals) == ["año", "čtení"]
    path.write_bytes(path.read_bytes()[:-1])  # half a character at the end
    cleaned = clean(path, encoding="utf-16")
    assert list(cleaned.originals) == ["año"]
    assert cleaned.report.rejected == {"bytes of another encoding": 1}


def test_the_report_tells_examples_and_the_cost_of_each_step(write):
    report = clean(write("1,news,a\n" * 9)).report.as_dict()
    assert report["rejected"] == {"duplicate of an earlier row": 8}
    examples = report["examples"]["duplicate of an earlier row"]
    assert examples == [{"line": line, "text": "a"} for line in range(3, 8)]
    assert [(step["name"], step["rows"]) for step in report["steps"]] == [
        ("read", 9),
        ("categories", 9),
        ("duplicates", 9),
        ("preparation", 1),
    ]
    assert all(step["peak_memory_bytes"] > 2**20 for step in report["steps"])


@pytest.mark.parametrize(
    ("content", "arguments", "said"),
    [
        ("a,b\n1,2\n", {}, "none of the columns has a usual name"),
        ("text label\na x\n", {}, "one column only"),
        ("text,label\na,x\n", {"label": "lable"}, "Did you mean label=label"),
        ("text,label\n", {}, "a header and no rows"),
        ("text,label\na;x\nb;y\n", {}, r"none of 2 rows can be kept \(wrong number of columns 2\)"),
        ("text,label\nnull,x\n", {}, "'null text' is line 2: null"),
        ("text,label,date\na,x,1\n", {"date": ["day"]}, r"no column 'day' \(date\)"),
    ],
)
def test_what_makes_the_whole_file_useless_is_an_error(tmp_path, content, arguments, said):
    path = tmp_path / "a.csv"
    path.write_text(content)
    with pytest.raises(UserError, match=f"(?s){said}"):
        clean(path, **arguments)


# Rows of which each kind is known to be kept or rejected, and for which reason.
KINDS = {
    "empty text": "20210101,news,",
    "null text": "20210101,news,NaN",
    "empty category": "20210101, ,{text}",
    "unmapped category": "20210101,weather,{text}",
    "NUL character": "20210101,news,{text}\0",
    "bytes of another encoding": "20210101,news,{text}\udce9",
    "wrong number of columns": "20210101,news,{text},{text}",
    "text after a closing quotation mark": '20210101,news,"{text}" more',
    "quotation mark never closed": '20210101,news,"{text}',
    "good": "{date},{category},{text}",
}
kinds = st.tuples(
    st.sampled_from([*KINDS, *["good"] * 10]),
    st.sampled_from(["20210101", "20219999", "", "soon"]),
    st.sampled_from(["news", "news.a", "sport.b"]),
    st.sampled_from(["a storm", "A storm!", "a goal", "a final"]),
)


def expected(rows: list[tuple[str, str, str, str]]) -> tuple[list[int], Counter[str]]:
    """Lines kept and reasons of the others, by the stated rules, in the plainest way."""
    reasons, good = Counter(), []
    for line, (kind, _, category, text) in enumerate(rows, 2):
        if kind == "good":
            good.append((line, category.split(".")[0], text.casefold().strip("!")))
        else:
            reasons[kind] += 1
    kept, seen = [], set()
    for line, category, text in good:
        votes = Counter(c for _, c, t in good if t == text)  # in the order of the file
        if category != votes.most_common(1)[0][0]:
            reasons["the text has another category"] += 1
        elif text in seen:
            reasons["duplicate of an earlier row"] += 1
        else:
            seen.add(text)
            kept.append(line)
    return kept, reasons


@settings(max_examples=150)
@given(st.lists(kinds, max_size=25))
def test_every_row_is_kept_or_rejected_for_its_reason(tmp_path_factory, rows):
    lines = [KINDS[kind].format(date=d, category=c, text=t) for kind, d, c, t in rows]
    text = (
        HEADER + "20210101,news,first\n20210101,sport,second\n" + "".join(f"{s}\n" for s in lines)
    )
    path = tmp_path_factory.getbasetemp() / "kinds.csv"
    path.write_bytes(text.encode(errors="surrogateescape"))
    rows = [("good", "", "news", "first"), ("good", "", "sport", "second"), *rows]
    kept, reasons = expected(rows)
    cleaned = clean(path, categories=RULES)
    assert cleaned.report.rejected == reasons
    assert cleaned.lines.tolist() == kept
    assert cleaned.report.rows_in == len(rows)
    assert sorted([*kept, *(line for line, _, _ in cleaned.report.rejections)]) == [
        *range(2, len(rows) + 2)
    ]


junk = st.lists(
    st.sampled_from(
        ['"', '""', ",", ";", "\t", "\0", "\udce9", "é", " ", "null", "a", "x" * 140_000]
    ),
    max_size=6,
).map("".join)


@settings(max_examples=200)
@example([('\t"', ""), ("", '"')], "\t")  # a rejected row of two lines
@given(st.lists(st.tuples(junk, junk), min_size=1, max_size=12), st.sampled_from(",;\t"))
def test_no_line_of_any_junk_is_lost_in_silence(tmp_path_factory, lines, delimiter):
    """Each line is in a row that is kept, or rejected, whatever the quotation marks do."""
    path = tmp_path_factory.getbasetemp() / "junk.csv"
    text = f"text{delimiter}label\ngood{delimiter}a\n"
    for number, (before, behind) in enumerate(lines, 3):
        text += f"{before}<{number}>{behind}\n"
    path.write_bytes(text.encode(errors="surrogateescape"))
    cleaned = clean(path, duplicates="keep", conflicts="keep")
    report = cleaned.report
    assert report.rows_in == report.rows_kept + report.rejected.total()
    assert report.rows_kept == len(cleaned.texts) == len(cleaned.lines)
    told = {line for line, _, _ in report.rejections} | set(cleaned.lines.tolist())
    rejected = [text for _, _, text in report.rejections]
    held = " ".join([*cleaned.originals, *cleaned.categories, *rejected])
    for number in range(3, len(lines) + 3):
        assert number in told or f"<{number}>" in held


@pytest.mark.skipif(not HEADLINES.exists(), reason=f"{HEADLINES} is absent")
def test_real_headlines_are_cleaned_by_the_packaged_rules():
    cleaned = clean(HEADLINES, categories=CategoryRules.read("irish_times"))
    with gzip.open(HEADLINES) as file:
        assert cleaned.report.rows_in == sum(1 for _ in file) - 1
    assert " ".join(cleaned.texts.classes) == "business culture lifestyle news opinion sport"
    assert not cleaned.report.unmapped and (cleaned.texts.dates // 10000 == 2021).all()
