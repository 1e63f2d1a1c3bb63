import gzip
import json

import pytest

from kerastc.data.cleaning.report import CleaningReport
from kerastc.data.tables import flaws as reasons
from kerastc.data.tables.lenient_rows import lenient_rows
from kerastc.data.tables.plain_file import LONGEST_LINE, PlainFile
from kerastc.data.tables.table_file import Table
from kerastc.errors import UserError

HEADER = "date,topic,text\n"
ROW = "1,news,plain\n"


@pytest.fixture
def read(tmp_path):
    """Returns (kept rows as (line, text)), [rejected (line, reason)] and the report."""

    def read(content: str | bytes, name: str = "a.csv", fallback: str = ""):
        path = tmp_path / name
        data = content if isinstance(content, bytes) else content.encode()
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        table = Table.open(PlainFile.at(path, lenient=True))
        report = CleaningReport()
        rows = lenient_rows(table, ["text", "topic"], report, fallback)
        kept = [(line, text) for line, (text, _) in rows]
        assert report.rows_in == len(kept) + report.rejected.total()
        return kept, [(line, reason) for line, reason, _ in report.rejections], report

    return read


BAD_LINES = {
    reasons.NUL: b"1,news,a\0b",
    reasons.UNDECODABLE: b"1,news,caf\xe9",
    reasons.WIDTH: b"1,news",
    reasons.AFTER_QUOTE: b'1,news,"a" b',
    reasons.UNCLOSED: b'1,news,"a',
    reasons.LONG_FIELD: b"1,news," + b"a" * 200_000,
    reasons.LONG_LINE: b"1,news," + b"a" * 10_000_000,
}


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("reason", BAD_LINES)
def test_a_bad_row_costs_itself_only(read, reason, ends):
    lines = [HEADER.encode().strip(), b"1,news,first", BAD_LINES[reason], b"", b"1,news,last"]
    kept, rejected, _ = read(ends.encode().join(lines) + ends.encode())
    assert kept == [(2, "first"), (5, "last")]
    assert rejected == [(3, reason)]


def test_a_line_of_any_length_is_held_in_part_only(read):
    kept, _, report = read(HEADER + ROW + "x" * (3 * LONGEST_LINE) + "\n" + ROW, "a.csv.gz")
    assert [line for line, _ in kept] == [2, 4]
    [(_, _, text)] = report.rejections
    assert len(text) == 1000


def test_fields_over_several_lines_are_read(read):
    kept, rejected, _ = read(HEADER + ROW + '1,news,"one\n\ntwo, three"\n' + ROW)
    assert kept == [(2, "plain"), (3, "one\n\ntwo, three"), (6, "plain")]
    assert rejected == []


def test_blank_lines_are_no_rows(read):
    kept, rejected, report = read("\n\n" + HEADER + "\n" + ROW + "\n")
    assert kept == [(5, "plain")] and not rejected and report.rows_in == 1


def test_a_bad_header_takes_no_row_with_it(read):
    kept, rejected, _ = read('text,topic,"da\nte\0"\nfirst,news,1\n')
    assert kept == [(3, "first")]
    assert rejected == [(1, reasons.NUL), (2, reasons.NUL)]


def test_a_quotation_mark_that_is_never_closed_swallows_no_rows(read):
    kept, rejected, _ = read(HEADER + ROW + '1,news,"open\n' + ROW * 5000)
    assert rejected == [(3, reasons.UNCLOSED)]
    assert [line for line, _ in kept] == [2, *range(4, 5004)]


def test_rows_up_to_a_mark_that_happens_to_close_are_not_swallowed(read):
    # Read as CSV, lines 3 to 5 are one whole record, because of the inches.
    kept, rejected, _ = read(HEADER + ROW + '1,news,"open\n1,news,a\n1,news,a screen of 5"\n' + ROW)
    assert rejected == [(3, reasons.UNCLOSED)]
    assert kept == [(2, "plain"), (4, "a"), (5, 'a screen of 5"'), (6, "plain")]


@pytest.mark.parametrize(
    ("header", "record"),
    [
        ("text,topic", '"one\ntwo",news'),
        ("text,topic", '"one\r\n\r\ntwo, and three",news'),
        ("date,text,topic", '1,"one\ntwo, and three",news'),
        ("text,topic,title", '"one\ntwo",news,"three\nfour"'),
        ("topic,text", 'news,"one\ntwo"'),
    ],
)
def test_a_record_that_ends_in_a_known_class_after_its_last_mark_is_whole(read, header, record):
    row = ",".join("news" if name == "topic" else "x" for name in header.split(","))
    kept, rejected, _ = read(f"{header}\n{row}\n{record}\n{row}\n")
    assert [line for line, _ in kept][:2] == [2, 3] and len(kept) == 3
    assert rejected == []


def test_a_row_of_a_known_class_that_swallowed_another_is_no_record(read):
    kept, rejected, _ = read('text,topic\na,news\n"open,news\na screen of 5",news\nb,news\n')
    assert rejected == [(3, reasons.UNCLOSED)]
    assert [text for _, text in kept] == ["a", 'a screen of 5"', "b"]


def test_a_record_of_several_lines_and_the_wrong_width_costs_its_first(read):
    kept, rejected, _ = read(HEADER + '1,x,"open\n1,news,a\n1,news,5",more\n' + ROW)
    assert rejected == [(2, reasons.WIDTH), (4, reasons.WIDTH)]
    assert kept == [(3, "a"), (5, "plain")]


def test_lines_of_another_encoding_can_be_read_by_it(read):
    content = HEADER.encode() + "1,news,café\n".encode() + b"1,news,caf\xe9\n1,news,\x81\n"
    kept, rejected, report = read(content, fallback="cp1252")
    assert kept == [(2, "café"), (3, "café")]
    assert rejected == [(4, reasons.UNDECODABLE)]  # 0x81 is none of cp1252 either
    assert report.counted == {"line read as cp1252": 1}


def test_quotation_marks_of_a_dirty_unquoted_tsv_belong_to_the_texts(read):
    rows = '1\tnews\t"Yes" he said\n' * 3 + "1\tnews\n"
    kept, rejected, _ = read("date\ttopic\ttext\n" + rows, "a.tsv")
    assert [text for _, text in kept] == ['"Yes" he said'] * 3
    assert rejected == [(5, reasons.WIDTH)]


def test_a_dirty_quoted_tsv_stays_quoted(read):
    rows = '1\tnews\t"a\ttab"\n' * 3 + "1\tnews\n"
    kept, _, _ = read("date\ttopic\ttext\n" + rows, "a.tsv")
    assert [text for _, text in kept] == ["a\ttab"] * 3


def test_bad_json_lines_cost_themselves_only(read):
    good = json.dumps({"text": "good", "topic": None})
    bad = {
        "{": reasons.NO_JSON,
        "7": reasons.NO_JSON,
        "[" * 100_000: reasons.NO_JSON,
        '{"text": "no topic"}': reasons.NO_KEY,
        '{"text": "a", "text": "b", "topic": 1}': reasons.KEY_TWICE,
        '{"text": ["a"], "topic": 1}': reasons.NO_TEXT,
        '{"text": "\\ud800", "topic": 1}': reasons.UNDECODABLE,
        '{"text": "\\u0000", "topic": 1}': reasons.NUL,
        '{"text": "\0", "topic": 1}': reasons.NUL,
        " " * LONGEST_LINE + good: reasons.LONG_LINE,
    }
    kept, rejected, _ = read("\n".join([good, *bad, "", good]), "a.jsonl")
    assert kept == [(1, "good"), (len(bad) + 3, "good")]
    assert rejected == [(line, reason) for line, reason in enumerate(bad.values(), 2)]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"date,topic\0,text\n1,a,b\n", "line 1: a NUL"),
        (b"date,caf\xe9,text\n1,a,b\n", "line 1 .*not UTF-8"),
        # mtime: the bytes name the test, and are the same in every process.
        (gzip.compress((HEADER + ROW * 9999).encode(), mtime=0)[:90], "damaged or cut short"),
    ],
)
def test_a_file_without_a_readable_header_is_refused_whole(read, content, said):
    with pytest.raises(UserError, match=f"(?s){said}"):
        read(content)
