import csv
import gzip
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerastc.data.cleaning.cleaning import clean
from kerastc.data.tables.encodings import likely_encoding
from kerastc.data.tables.reading import Reading
from kerastc.data.texts.text_file import (
    further_texts,
    read_texts,
    read_unlabelled,
    unlabelled_texts,
)
from kerastc.errors import UserError

TABLE = "text,label\nan oil price,business\na cup final,sport\n"


@pytest.fixture
def write(tmp_path):
    def write(content: str | bytes, name: str = "data.csv", encoding: str = "utf-8"):
        path = tmp_path / name
        data = content if isinstance(content, bytes) else content.encode(encoding)
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return path

    return write


def pairs(data) -> list[tuple[str, str]]:
    return [(t, data.classes[i]) for t, i in zip(data.examples, data.labels, strict=True)]


EXPECTED = [("an oil price", "business"), ("a cup final", "sport")]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", TABLE),
        ("a.csv.gz", TABLE),
        ("a.tsv", TABLE.replace(",", "\t")),
        ("spanish_excel.csv", TABLE.replace(",", ";")),
        ("unknown.extension", TABLE.replace(",", "|")),
        ("windows.csv", TABLE.replace("\n", "\r\n")),
        ("byte_order_mark.csv", "\ufeff" + TABLE),
        ("blank_lines.csv", "\n" + TABLE.replace("\n", "\n\n")),
        ("no_last_end.csv", TABLE.rstrip()),
        (
            "a.jsonl",
            '{"text": "an oil price", "label": "business"}\n\n'
            '{"label": "sport", "text": "a cup final", "more": [1]}',
        ),
        ("spaces.csv", 'text,label\n"  an  oil\nprice ", business \na cup\tfinal,sport\n'),
    ],
)
def test_every_form_gives_the_same_rows(write, name, content):
    assert pairs(read_texts(write(content, name))) == EXPECTED


def test_gzip_is_known_by_its_first_bytes(write):
    assert pairs(read_texts(write(gzip.compress(TABLE.encode()), "data.csv"))) == EXPECTED


def test_several_text_columns_are_joined_and_guesses_are_told(write):
    path = write("group,title,abstract\ncs,Graphs,We cut.\nmath,Rings,\n")
    data = read_texts(path)
    assert pairs(data) == [("Graphs We cut.", "cs"), ("Rings", "math")]
    assert (
        data.source
        == "data.csv: texts from title + abstract (guessed), classes from group (guessed)"
    )
    named = read_texts(path, ["abstract", "title"], "group", separator=" | ")
    assert named.examples[0] == "We cut. | Graphs"
    assert "guessed" not in named.source


def test_a_record_that_may_have_swallowed_a_row_is_counted(write):
    sound = 'text,label\na,x\nb,y\n"one\ntwo, and three",x\n'
    assert read_texts(write(sound)).notes == {}
    data = read_texts(write(sound + '"open,x\na screen of 5",y\n'))
    assert list(data.notes.values()) == [1] and "quotation mark" in next(iter(data.notes))


def test_long_texts_are_cut_at_a_word_and_counted(write):
    data = read_texts(write(TABLE), max_characters=11)
    assert list(data.examples) == ["an oil", "a cup final"]
    assert data.notes == {"texts of more than 11 characters, which are cut": 1}


def test_numbers_and_booleans_are_labels_in_json_lines(write):
    rows = [{"text": "a", "label": 1}, {"text": "b", "label": True}, {"text": "c", "label": "x"}]
    data = read_texts(write("\n".join(map(json.dumps, rows)), "a.jsonl"))
    assert data.classes == ("1", "true", "x")


def test_quotation_marks_of_an_unquoted_tsv_belong_to_the_texts(write):
    path = write('text\tlabel\n"Yes" he said\ta\n"an open one\tb\nan end"\ta\n', "a.tsv")
    assert list(read_texts(path).examples) == ['"Yes" he said', '"an open one', 'an end"']


def test_quotation_marks_of_a_quoted_tsv_enclose_fields(write):
    path = write('text\tlabel\n"a ""tab""\there"\ta\nplain\tb\n', "a.tsv")
    assert list(read_texts(path).examples) == ['a "tab" here', "plain"]


words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
rows = st.lists(st.tuples(words, st.sampled_from(["x", "y,", 'z"'])), min_size=1, max_size=8)


@settings(max_examples=60)
@given(rows.filter(lambda rows: all(text.split() for text, _ in rows)), st.sampled_from(",\t;|"))
def test_whatever_the_csv_module_writes_is_read_back(tmp_path_factory, rows, delimiter):
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows(
        [("text", "label"), *rows]
    )
    path = tmp_path_factory.getbasetemp() / "written.csv"
    path.write_bytes(stream.getvalue().encode())
    assert pairs(read_texts(path, one_class=True)) == [(" ".join(t.split()), n) for t, n in rows]


REFUSED = {
    "missing column": (
        "title,label\na,x\nb,y\n",
        dict(text=["titel"]),
        ["no column 'titel'", "'title', 'label'", "Did you mean text=title?"],
    ),
    "missing label column": (
        "text,kind\na,x\nb,y\n",
        dict(label="klass"),
        ["no column 'klass'", "'text', 'kind'"],
    ),
    "no usual names": ("a,b\nc,d\n", {}, ["usual name for the text", "'a', 'b'", "Set text="]),
    "one column twice": ("text,text,label\na,b,c\n", {}, ["several columns", "'text'"]),
    "label is a text column": ("text,label\na,x\n", dict(text="text", label="text"), ["both"]),
    "one column": ("text label\na x\n", {}, ["one column only", "'text label'", "semicolons"]),
    "header only": ("text,label\n", {}, ["a header and no rows"]),
    "a single class": ("text,label\na,x\nb,x\n", {}, ["column 'label'", "every row", "'x'"]),
    "empty texts": (
        'text,label\na,x\n"two\nlines",y\n ,x\n"",y\n',
        {},
        ["column 'text'", "2 empty texts, in lines 5, 6"],
    ),
    "one empty text": ("text,label\na,x\n ,y\n", {}, ["an empty text in line 3."]),
    "empty label": ("text,label\na,x\nb,\n", {}, ["column 'label'", "empty label in line 3"]),
    "more columns": (
        "text,label\na,x\n\na, b,y\n",
        {},
        ["line 4: 3 columns where the header has 2", "by commas"],
    ),
    "fewer columns": ("text,label\na,x\nb\n", {}, ["line 3: 1 columns"]),
    "lines in quotes are counted": (
        'text,label\n"one\ntwo",x\nb\n',
        {},
        ["line 4: 1 columns"],
    ),
    "an open quotation mark": (
        'text,label\na,x\n"b,y\nc,x\n',
        {},
        ["line 3", "ends inside a field"],
    ),
    "text after a closing one": ('text,label\na,x\n"b" c,y\n', {}, ["line 3", "continues after"]),
    "a huge field": (
        'text,label\n"' + "a\n" * 70_000 + '",x\n',
        {},
        ["line 2", "131,072", "JSON Lines"],
    ),
    "NUL": ("text,label\na,x\nb\0,y\n", {}, ["line 3", "NUL", "utf-16-le"]),
    "only blank lines": ("\n \n", {}, ["is empty"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_csv_is_refused_with_its_place(write, case):
    content, arguments, said = REFUSED[case]
    with pytest.raises(UserError) as error:
        read_texts(write(content), **arguments)
    for part in ["data.csv", *said] if case != "label is a text column" else said:
        assert part in str(error.value)


REFUSED_JSON = {
    "cut short": ('{"text": "a", "label": 1}\n{"text": "b"', ["line 2", "column 13", "JSON"]),
    "missing key": ('{"text": "a", "label": 1}\n{"text": "b"}', ["line 2", "no 'label'", "'text'"]),
    "array": ('{"text": "a", "label": 1}\n[1]', ["line 2", "not one whole JSON object"]),
    "a number": ('{"text": "a", "label": 1}\n7', ["line 2", "not one whole JSON object"]),
    "a key twice": (
        '{"text": "a", "label": 1}\n{"text": "b", "text": "c", "label": 1}',
        ["line 2", "'text' twice"],
    ),
    "list": ('{"text": ["a"], "label": 1}', ["line 1", "column 'text'", "a list"]),
    "null": ('{"text": null, "label": 1}\n{"text": "b", "label": 2}', ["empty text in line 1"]),
    "surrogate": ('{"text": "a\\ud800", "label": 1}', ["line 1", "'text'", "\\ud800"]),
    "too deep": ('{"text": "a", "label": ' + "[" * 100_000, ["line 1", "not valid JSON"]),
    "one key": ('{"text": "a"}', ["one column only", "the class of each"]),
}


@pytest.mark.parametrize("case", REFUSED_JSON)
def test_bad_json_lines_are_refused_with_their_place(write, case):
    content, said = REFUSED_JSON[case]
    with pytest.raises(UserError) as error:
        read_texts(write(content, "data.jsonl"))
    for part in ["data.jsonl", *said]:
        assert part in str(error.value)


SPANISH = "El niño comió mañana\nLa reunión empezó más tarde\nEl año pasado llovió muchísimo\n"
HEBREW = "הממשלה אישרה את התקציב החדש\nהקבוצה ניצחה במשחק האחרון\nמזג האוויר יהיה נאה מחר\n"  # noqa: RUF001


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("the caf\xe9 is open\n" + 30 * "a plain line\n", "cp1252"),
        ("He said “no”, and paid 3 €\n", "cp1252"),  # cp1250 makes the same of it
        ("Proszę państwa, zażółć gęślą jaźń\n", "cp1250"),
        ("Привет как дела сегодня вечером\n", "cp1251"),
    ],
)
def test_no_encoding_is_guessed_that_makes_words_of_two_alphabets(text, encoding):
    assert likely_encoding(text.encode(encoding)) == encoding


@pytest.mark.parametrize(("texts", "encoding"), [(SPANISH, "cp1252"), (HEBREW, "cp1255")])
@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_other_encodings_are_named_and_can_be_set(write, name, texts, encoding):
    table = "text,label\nplain,x\n" + "".join(f"{text},y\n" for text in texts.splitlines())
    path = write(table, name, encoding)
    with pytest.raises(UserError, match="not UTF-8") as error:
        read_texts(path)
    assert f"Set encoding={encoding}" in str(error.value)
    assert "line 3" in str(error.value)
    data = read_texts(path, encoding=encoding)
    assert list(data.examples) == ["plain", *texts.splitlines()]


def test_the_byte_that_is_not_utf_8_is_named_far_into_a_file(write):
    start = "text,label\n" + "plain text,x\n" * 20_000
    with pytest.raises(UserError) as error:
        read_texts(write(start.encode() + b"caf\xe9,y\n"))
    assert "line 20002" in str(error.value)
    assert f"byte {len(start) + 4:,} of the text" in str(error.value)
    assert "0xE9" in str(error.value)


def test_a_wrong_encoding_is_refused(write):
    with pytest.raises(UserError, match="no text encoding 'utf-99'"):
        read_texts(write(TABLE), encoding="utf-99")
    with pytest.raises(UserError, match="no text encoding 'hex'"):
        read_texts(write(TABLE), encoding="hex")
    with pytest.raises(UserError, match="is not ASCII"):
        read_texts(write("text,label\ncafé,x\n"), encoding="ascii")


def test_a_missing_file_is_told_with_the_nearest_name(write, tmp_path):
    write(TABLE, "reviews.csv")
    with pytest.raises(UserError, match=r"(?s)no file .*review.csv.*Did you mean .*reviews.csv"):
        read_texts(tmp_path / "review.csv")


def test_a_folder_is_told_with_what_it_holds(write, tmp_path):
    write(TABLE, "reviews.csv")
    with pytest.raises(UserError, match=r"(?s)is a folder.*holds reviews.csv"):
        read_texts(tmp_path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "0 bytes"),
        # mtime: the bytes name the test, and are the same in every process.
        (gzip.compress(b"", mtime=0), "is empty"),
        (b"PK\x03\x04" + bytes(20), "workbook or ZIP archive"),
        (gzip.compress(TABLE.encode() * 9999, mtime=0)[:200], "damaged or cut short"),
        (gzip.compress(TABLE.encode(), mtime=0) + b"trailing rubbish", "damaged or cut short"),
    ],
)
def test_files_that_are_no_text_are_refused(write, content, said):
    with pytest.raises(UserError, match=said):
        read_texts(write(content, "data.csv"))


def test_one_class_can_be_allowed_to_measure(write):
    assert len(read_texts(write("text,label\na,x\nb,x\n"), one_class=True)) == 2


def test_unlabelled_texts_of_a_plain_file(write):
    assert read_unlabelled(write("one  text\r\nanother, with label\n\n", "a.txt")) == [
        "one text",
        "another, with label",
    ]


def test_unlabelled_texts_of_tables(write):
    assert read_unlabelled(write("text\na\nb\n", "a.csv")) == ["a", "b"]
    assert read_unlabelled(write("title,body\na,b\n", "a.csv"), ["title", "body"]) == ["a b"]
    assert read_unlabelled(write('{"text": "a"}\n', "a.jsonl.gz")) == ["a"]


def test_a_blank_line_between_plain_texts_is_refused(write):
    with pytest.raises(UserError, match=r"empty text in line 2\."):
        read_unlabelled(write("a\n\nb\n", "a.txt"))


UTF = "text,label\nan oil price,business\nune équipe gagne,sport\n"


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
@pytest.mark.parametrize("stated", ["utf-8", "the wide one"])
def test_wide_encodings_are_read_with_and_without_a_mark(write, mark, encoding, name, stated):
    path = write(mark + UTF, name, encoding)
    data = read_texts(path, encoding=stated if stated == "utf-8" else encoding[:6])
    assert pairs(data) == [("an oil price", "business"), ("une équipe gagne", "sport")]
    assert encoding[:6] in data.source


def test_a_mark_of_utf_8_says_more_than_the_setting(write):
    assert read_texts(write("\ufeff" + UTF), encoding="cp1252").examples[1] == "une équipe gagne"


PACKED = gzip.compress(
    ("text,label\n" + "caf\u00e9 olé,x\nb,y\n" * 9999).encode("latin-1"), mtime=0
)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (PACKED, "not UTF-8"),
        (PACKED[:-20], "not UTF-8|damaged or cut short"),
        (PACKED[:12], "damaged or cut short"),
        (PACKED[:3], "damaged or cut short"),
        (PACKED[:60] + bytes(9) + PACKED[60:], "not UTF-8|damaged or cut short"),
        (PACKED + b"trailing rubbish", "not UTF-8|damaged or cut short"),
        (gzip.compress(TABLE.encode(), mtime=0) + b"\x1f\x8bjunk", "damaged or cut short"),
    ],
)
def test_gzip_that_is_not_whole_or_not_utf_8_is_told(write, content, said):
    with pytest.raises(UserError, match=said):
        read_texts(write(content, "data.csv"))


def test_gzip_of_several_members_is_read_whole(write):
    head, tail = TABLE[:30].encode(), TABLE[30:].encode()
    members = gzip.compress(head) + gzip.compress(b"") + gzip.compress(tail)
    assert pairs(read_texts(write(members, "data.csv"))) == EXPECTED


def test_what_unpacks_to_far_too_much_is_refused(write, monkeypatch):
    monkeypatch.setattr("kerastc.data.tables.unpacking.HARMLESS", 2**16)
    bomb = gzip.compress(TABLE.encode() + b"\n" * 2**24)
    with pytest.raises(UserError, match=r"unpacks to more than .* MiB(?s:.*)unpack it"):
        read_texts(write(bomb, "data.csv"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("first", ["sep={}", '"sep={}"', "SEP={}", "\r\nsep={}"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|", "^"])
def test_a_first_line_may_state_the_delimiter(write, delimiter, first, encoding):
    lines = [first.format(delimiter), f"text{delimiter}label", f"an oil price{delimiter}business"]
    lines += ["a cup final" + delimiter + "sport", ""]
    path = write("\r\n".join(lines), "data.csv", encoding)
    assert pairs(read_texts(path)) == pairs(clean(path).texts) == EXPECTED
    assert list(clean(path).lines) == [line + first.count("\n") for line in (3, 4)]
    path = write("\r\n".join([*lines[:3], f"a{delimiter}b{delimiter}c"]), "data.csv", encoding)
    with pytest.raises(UserError, match=f"line {4 + first.count(chr(10))}: 3 columns"):
        read_texts(path)


def test_a_stated_delimiter_is_not_a_column(write):
    assert len(read_texts(write("sep=;\na;x\nb;y\n"), ["1"], "2", header=False)) == 2
    with pytest.raises(UserError, match="nothing but the line sep=;"):
        read_texts(write("sep=;\n"))
    assert pairs(read_texts(write(TABLE.replace(",", "|")), delimiter="|")) == EXPECTED


@pytest.mark.parametrize("missing", ["NaN", "null", '""', '" \\u200b"', '"NaN"', '"null"', '"n/a"'])
def test_rows_without_a_label_are_refused_with_their_lines(write, missing):
    lines = ['{"text": "a", "label": "x"}', '{"text": "b", "label": %s}' % missing] * 2  # noqa: UP031
    with pytest.raises(UserError, match=r"2 empty labels, in lines 2, 4\."):
        read_texts(write("\n".join(lines), "a.jsonl"))


def test_labels_are_what_a_person_reads(write):
    labels = ["1", "1.0", "2", '"2"', '"1.00"', "true", '"True"', "1e0"]
    rows = [f'{{"text": "t", "label": {label}}}' for label in labels]
    data = read_texts(write("\n".join(rows), "a.jsonl"))
    assert data.classes == ("1", "2", "true")
    assert [data.classes[i] for i in data.labels] == ["1", "1", "2", "2", "1", "true", "true", "1"]


def test_a_text_that_is_nan_is_empty(write):
    rows = '{"text": "a", "label": 1}\n{"text": NaN, "label": 2}'
    with pytest.raises(UserError, match="an empty text in line 2"):
        read_texts(write(rows, "a.jsonl"))


@pytest.mark.parametrize(
    "table",
    [
        "Comment (free, optional, max. 200);Topic\n{};x\n{};y\n",
        "Comment; or; more\tTopic\n{}\tx\n{}\ty\n",
        '"Comment | free | text",Topic\n"{}",x\n"{}",y\n',
        "Comment, free, text|Topic\n{}|x\n{}|y\n",
    ],
)
def test_the_delimiter_is_found_by_all_lines(write, table):
    texts = ["one, of many, with commas, here", "plain"]
    path = write(table.format(*texts))
    header = next(csv.reader([path.read_text().splitlines()[0]], delimiter=_between(table)))
    data = read_texts(path, [header[0]], header[1])
    assert pairs(data) == [(texts[0], "x"), (texts[1], "y")]


def _between(table: str) -> str:
    return table[table.index("Topic") - 1]


def test_a_file_without_a_header_has_columns_by_number(write):
    path = write('3,"Stocks, up","They rose."\n1,Cup,They won.\n')
    with pytest.raises(UserError, match="header=false"):
        read_texts(path)
    data = read_texts(path, ["2", "3"], "1", header=False)
    assert pairs(data) == [("Stocks, up They rose.", "3"), ("Cup They won.", "1")]


def test_the_delimiter_can_be_set(write):
    data = read_texts(write("text^label\na, b^x\nc^y\n"), delimiter="^")
    assert pairs(data) == [("a, b", "x"), ("c", "y")]
    with pytest.raises(UserError, match="delimiter=ab"):
        read_texts(write(TABLE), delimiter="ab")


def test_new_rows_have_the_form_of_those_a_run_was_made_of(write):
    old = write("sea;a rope\ntown;a wall\n", "a.csv")
    made_of = read_texts(old, ["2"], "1", delimiter=";", header=False).reading
    kept = Reading.of({"reading": made_of.as_dict()})
    assert kept == made_of and not kept.header
    new = write("?;a mast, tall\n?;a gate\n", "new.csv")
    assert unlabelled_texts(new, kept) == (["a mast, tall", "a gate"], "column 2")


def test_further_texts_come_from_the_columns_of_a_run_and_are_told(write, capfd):
    run = Reading(("body",))
    assert further_texts(write("headline,body\na,b\n", "a.csv"), run) == ["b"]
    assert further_texts(write("headline,other\na,b\n", "b.csv"), run) == ["a"]
    assert further_texts(write("a,b\n", "c.txt"), run) == ["a,b"]
    told = capfd.readouterr().err
    assert "a.csv from column body." in told and "column headline (guessed)" in told


def test_a_guessed_column_is_named(write):
    texts, origin = unlabelled_texts(write("id,headline\n1,a\n", "a.csv"), Reading())
    assert (texts, origin) == (["a"], "column headline (guessed)")
