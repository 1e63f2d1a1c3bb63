"""Excel workbooks, written by openpyxl."""

import datetime
import io
import re
import sys
import zipfile

import pytest
from written_tables import xlsx

from kerastc.data.cleaning.cleaning import clean
from kerastc.data.tables.excel_file import HIDDEN, MERGED, UNCOMPUTED, UNNAMED, known_sheet
from kerastc.data.texts.text_file import read_texts
from kerastc.errors import UserError

ROWS = [["text", "label"], ["a", "x"], ["b", "y"], ["c", "x"]]


def pairs(data):
    return [(t, data.classes[i]) for t, i in zip(data.examples, data.labels, strict=True)]


def another(name, rows=ROWS, state="visible"):
    def add(workbook, _):
        sheet = workbook.create_sheet(name)
        sheet.sheet_state = state
        for row in rows:
            sheet.append(row)

    return add


def test_cells_are_what_a_person_sees(tmp_path):
    day = datetime.datetime(2024, 1, 31)
    cells = [(1, "1"), (1.0, "1"), ("1.0", "1"), (2.5, "2.5"), (True, "true"), (day, "2024-01-31")]
    cells += [(day.replace(hour=8), "2024-01-31 08:00:00"), ("a_x000D_\nb", "a b")]
    rows = [["text", value] for value, _ in cells]
    data = read_texts(xlsx(tmp_path / "a.xlsx", [ROWS[0], *rows]))
    assert [data.classes[i] for i in data.labels] == [expected for _, expected in cells]


def test_a_table_may_begin_anywhere_and_have_gaps(tmp_path):
    rows = [[], [None, *ROWS[0]], [None, "a", "x"], [], [None, "b", "y", "a remark"], [None]]
    data = read_texts(xlsx(tmp_path / "a.xlsx", rows))
    assert pairs(data) == [("a", "x"), ("b", "y")]
    assert data.notes == {UNNAMED: 1}


def test_rows_have_the_numbers_that_excel_shows(tmp_path):
    path = xlsx(tmp_path / "a.xlsx", [[], *ROWS[:2], [], ["b", None], ["c", "#N/A"]])
    with pytest.raises(UserError, match=r"'label': 2 empty labels, in rows 5, 6\.(?s:.*)#N/A.*: 1"):
        read_texts(path)
    report = clean(path).report
    assert [(row, reason) for row, reason, _ in report.rejections] == [
        (5, "empty category"),
        (6, "empty category"),
    ]
    assert report.rows_in == 3


def test_merged_and_hidden_rows_are_read_and_told(tmp_path):
    def change(_, sheet):
        sheet.merge_cells("B2:B3")
        sheet.merge_cells("A4:B4")
        sheet.row_dimensions[5].hidden = True

    rows = [ROWS[0], ["a", "x"], ["b", None], ["c", "y"], ["d", "y"]]
    path = xlsx(tmp_path / "a.xlsx", rows, lambda w, s: (change(w, s), s.__setitem__("C4", 1)))
    with pytest.raises(UserError, match="an empty label in row 4"):  # as Excel shows it
        read_texts(path)
    report = clean(path).report
    assert report.rows_in == 4 and report.rows_kept == 3
    assert report.counted[MERGED] == 1 and report.counted[HIDDEN] == 1


def test_formulas_have_the_values_that_were_saved(tmp_path):
    path = xlsx(tmp_path / "a.xlsx", [*ROWS, ["=A2", '="x"']])
    with pytest.raises(UserError, match="empty text in row 5") as error:
        read_texts(path)
    assert f"{UNCOMPUTED}: 2" in str(error.value)
    sheet = _part(path, "xl/worksheets/sheet1.xml").decode()
    for formula, value in (("A2", "a"), ('"x"', "x")):  # as Excel saves it, which computes
        sheet = re.sub(f"<f>{formula}</f><v ?/?>(</v>)?", f"<f>{formula}</f><v>{value}</v>", sheet)
    sheet = re.sub('<c r="([AB])5"[^>]*>', r'<c r="\g<1>5" t="str">', sheet)
    data = read_texts(_with_part(path, "xl/worksheets/sheet1.xml", sheet.encode()))
    assert pairs(data)[-1] == ("a", "x")


def test_a_sheet_is_found_or_named(tmp_path):
    one = xlsx(tmp_path / "one.xlsx", [["only a remark"]], another("the data"))
    assert "one.xlsx (sheet 'the data')" in read_texts(one).source
    hidden = xlsx(tmp_path / "hidden.xlsx", ROWS, another("old", state="hidden"))
    assert len(read_texts(hidden)) == 3
    two = xlsx(tmp_path / "two.xlsx", ROWS, another("more data", ROWS[:3]))
    with pytest.raises(UserError, match=r"2 sheets with rows: 'Sheet', 'more data'(?s:.*)sheet="):
        read_texts(two)
    assert len(read_texts(two, sheet="more data")) == 2
    assert known_sheet(two, "more data") == "more data" and known_sheet(two, "x") == ""
    with pytest.raises(UserError, match=r"no sheet 'more date'(?s:.*)Did you mean 'more data'"):
        read_texts(two, sheet="more date")


def test_a_sheet_of_another_kind_of_file_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,label\na,x\nb,y\n")
    with pytest.raises(UserError, match="not an Excel workbook, so it has no sheet 'x'"):
        read_texts(path, sheet="x")
    assert known_sheet(path, "x") == ""


def test_a_sheet_without_a_header_has_its_columns_by_number(tmp_path):
    path = xlsx(tmp_path / "a.xlsx", [[None, *row] for row in ROWS[1:]])
    assert pairs(read_texts(path, ["2"], "3", header=False)) == [("a", "x"), ("b", "y"), ("c", "x")]


def test_it_is_known_by_its_bytes(tmp_path):
    path = xlsx(tmp_path / "a.xlsx", ROWS)
    assert len(read_texts(path.rename(tmp_path / "a.csv"))) == 3


def test_what_is_no_workbook_is_refused_by_name(tmp_path):
    path = xlsx(tmp_path / "a.xlsx", ROWS)
    old = tmp_path / "a.xls"
    old.write_bytes(b"\xd0\xcf\x11\xe0" + bytes(600))
    with pytest.raises(UserError, match=r"old Excel workbook \(\.xls\)"):
        read_texts(old)
    for name, told in (("xl/workbook.bin", ".xlsb"), ("content.xml", ".ods"), ("b", "ZIP archive")):
        other = tmp_path / "other.xlsx"
        with zipfile.ZipFile(other, "w") as archive:
            archive.writestr(name, "")
        with pytest.raises(UserError, match=told):
            read_texts(other)
    cut = tmp_path / "cut.xlsx"
    cut.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(UserError, match="damaged or cut short"):
        read_texts(cut)


SHEET = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}'
SHEET += "</sheetData></worksheet>"
DAMAGE = {
    "a row beyond Excel's": SHEET.format('<row r="99999999"><c r="A99999999"><v>1</v></c></row>'),
    "a column beyond Excel's": SHEET.format('<row r="1"><c r="ZZZ1"><v>1</v></c></row>'),
    "no cell": SHEET.format('<row r="1"><c r="1A"><v>1</v></c></row>'),
    "no row": SHEET.format('<row r="x"/>'),
    "no XML": "text,label",
    "a bomb of entities": '<!DOCTYPE x [<!ENTITY a "aaaaaaaa">]>' + SHEET.format("&a;"),
    "no shared text": SHEET.format('<row r="1"><c r="A1" t="s"><v>99</v></c></row>' * 2),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_damage_is_told_in_a_line(tmp_path, case):
    path = xlsx(tmp_path / "a.xlsx", ROWS)
    with pytest.raises(UserError, match=r"a\.xlsx.* damaged"):
        read_texts(_with_part(path, "xl/worksheets/sheet1.xml", DAMAGE[case].encode()))


def test_distant_cells_cost_nothing(tmp_path):
    path = xlsx(tmp_path / "a.xlsx", ROWS, lambda _, sheet: sheet.__setitem__("XFD1048576", "far"))
    data = clean(path)
    assert data.report.rows_in == 4 and data.report.rows_kept == 3


def test_what_unpacks_to_far_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("kerastc.data.tables.unpacking.HARMLESS", 2**18)
    path = xlsx(tmp_path / "a.xlsx", ROWS)
    bomb = _with_part(path, "xl/media/image1.png", bytes(2**24))
    with pytest.raises(UserError, match="unpacks to more than 16 MiB"):
        read_texts(bomb)
    long = xlsx(tmp_path / "long.xlsx", [ROWS[0], *[["x" * 30_000, "y"]] * 500])
    with pytest.raises(UserError, match="unpacks to more than"):  # one text, 500 times
        read_texts(long)


def test_without_openpyxl_it_is_told_how_to_install_it(tmp_path, monkeypatch):
    path = xlsx(tmp_path / "a.xlsx", ROWS)
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(UserError, match=r'pip install "kerastc\[tables\]"'):
        read_texts(path)


def _part(path, name):
    with zipfile.ZipFile(path) as archive:
        return archive.read(name)


def _with_part(path, name, content):
    """The workbook with another part, or one more."""
    with zipfile.ZipFile(path) as archive:
        parts = {part: archive.read(part) for part in archive.namelist()} | {name: content}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, data in parts.items():
            archive.writestr(part, data)
    path.write_bytes(file.getvalue())
    return path
