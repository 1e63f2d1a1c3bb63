"""What can be wrong with a table, its text or its bytes: each is done by the draw of a number."""

import gzip
import random
import re
import zlib

from table_form import DELIMITERS, ENDS, Form

ODD = ("", " ", "null", "NaN", "a\0b", "\ufeffx", "a\u2028b", "a\x85b", "\x1b[31m", "1.0")
ODD += ("\u200b", "a\x1cb", "\n", "a\r\nb", '"', '""', "\\", "\ud800")
ODD += ("x" * 200_000, "y" * 1_100_000)
ODD_JSON = (None, float("nan"), float("inf"), True, 7, 1e308, [], {}, ["a"], {"a": 1}, "\0")
HEADERS = (["text", "text"], ["Text ", "LABEL"], ["a", "b"], ["text"], ["", ""], ["1", "2"])
HEADERS += (["text", "label", "label"], ["label" * 30_000, "text"], ["text", "\u200blabel"])
JSON_LINES = (
    *("[]", "7", "null", "{", "{}", '{"text": "a"', "[" * 50_000, "9" * 5000, "NaN", '"text"'),
    *('{"a":' * 30_000, '{"text": ' + "9" * 5000 + ', "label": 1}', '\ufeff{"text": "a"}', "{} {}"),
    *('{"text": "a", "text": "b", "label": "c"}', '{"text": "\\ud800", "label": "\\udc00"}'),
)


def _row(table: list[list], draw: random.Random) -> list:
    return draw.choice(table)


def a_cell_less(table: list[list], draw: random.Random, form: Form) -> None:
    row = _row(table, draw)
    del row[draw.randrange(len(row)) :]


def a_cell_more(table: list[list], draw: random.Random, form: Form) -> None:
    _row(table, draw).append(draw.choice(["more", "", "text"]))


def an_odd_cell(table: list[list], draw: random.Random, form: Form) -> None:
    row = _row(table[form.json :] or table, draw)
    row[draw.randrange(len(row) or 1) :] = [draw.choice(ODD + ODD_JSON * form.json)]
    row += ["label"] * (len(row) < 2)


def an_odd_column(table: list[list], draw: random.Random, form: Form) -> None:
    for row in table[1:]:
        row[-1:] = [draw.choice(ODD[:9] + ODD_JSON[:6] * form.json)]


def an_odd_header(table: list[list], draw: random.Random, form: Form) -> None:
    table[0] = [*draw.choice(HEADERS)]


def another_column(table: list[list], draw: random.Random, form: Form) -> None:
    for row in table:
        row.insert(draw.choice([0, len(row)]), draw.choice(["title", "date", "", "1"]))


def rows_again(table: list[list], draw: random.Random, form: Form) -> None:
    table += [list(row) for row in draw.sample(table, draw.randint(1, len(table)))]


def no_rows(table: list[list], draw: random.Random, form: Form) -> None:
    del table[draw.choice([1, 2]) :]


CELLS = (a_cell_less, a_cell_more, an_odd_cell, an_odd_cell, an_odd_column, an_odd_header)
CELLS += (another_column, rows_again, no_rows)


def _put(text: str, what: str, draw: random.Random) -> str:
    place = draw.randint(0, len(text))
    return text[:place] + what + text[place:]


def _each_line(text: str, change, form: Form) -> str:
    return form.end.join(change(line) for line in text.split(form.end))


def quotes(text: str, draw: random.Random, form: Form) -> str:
    for _ in range(draw.randint(1, 3)):
        text = _put(text, '"', draw)
    return text


def a_quote_opens(text: str, draw: random.Random, form: Form) -> str:
    lines = text.split(form.end)
    place = draw.randrange(len(lines))
    lines[place] = f'"{lines[place]}'
    if draw.random() < 0.5:
        lines[-1] += '"'
    return form.end.join(lines)


def other_delimiters(text: str, draw: random.Random, form: Form) -> str:
    own, other = DELIMITERS.get(form.extension, ","), draw.choice(",;\t|")
    return _each_line(text, lambda x: x.replace(own, other) if draw.random() < 0.5 else x, form)


def other_ends(text: str, draw: random.Random, form: Form) -> str:
    ends = [*ENDS, "\n\n", "\n \n", "\r\r\n", "\n\t", "\x85", "\u2028", "\f", "\x1c"]
    ends = ends[:5] if form.encoding == "cp1252" else ends
    return "".join(line + draw.choice(ends) for line in text.split(form.end))


def blank_lines(text: str, draw: random.Random, form: Form) -> str:
    blank = (form.end, f" {form.end}", f"\t{form.end}", f"\xa0{form.end}")
    return _each_line(text, lambda x: draw.choice(blank) + x if draw.random() < 0.4 else x, form)


def a_character(text: str, draw: random.Random, form: Form) -> str:
    return _put(text, draw.choice("\0\ufeff\x1b\x85\u2028\x1a\x1c\ud800,;\t|{}[]\\"), draw)


def a_mark_first(text: str, draw: random.Random, form: Form) -> str:
    return draw.choice(["\ufeff", "\ufeff\ufeff", "\0", '"', "#", "sep=;\n", "\n\n"]) + text


def a_long_line(text: str, draw: random.Random, form: Form) -> str:
    return _put(text, draw.choice("ax ,\t;|") * 1_100_000, draw)


def an_odd_line(text: str, draw: random.Random, form: Form) -> str:
    lines = text.split(form.end)
    lines.insert(draw.randint(0, len(lines)), draw.choice(JSON_LINES if form.json else ODD))
    return form.end.join(lines)


def cut_short(text: str, draw: random.Random, form: Form) -> str:
    return text[: draw.randrange(len(text) + 1)]


def a_key_again(text: str, draw: random.Random, form: Form) -> str:
    places = [found.start() + 1 for found in re.finditer('{"', text)]
    place = draw.choice(places or [0])
    return f'{text[:place]}"{draw.choice(["text", "label", "more"])}": "again", {text[place:]}'


TEXT = (quotes, a_quote_opens, other_delimiters, other_ends, blank_lines, a_character, a_mark_first)
TEXT += (a_key_again, a_long_line, an_odd_line, cut_short)


def flipped_bits(content: bytes, draw: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(draw.randint(1, 4) if changed else 0):
        changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
    return bytes(changed)


def cut_off(content: bytes, draw: random.Random) -> bytes:
    return content[: draw.randrange(len(content) + 1)]


def foreign_bytes(content: bytes, draw: random.Random) -> bytes:
    for _ in range(draw.randint(1, 3)):
        place = draw.randrange(len(content) + 1)
        some = draw.choice(
            [b"\xff", b"\0", b"\xe9", b"\xc3", b"\xed\xa0\x80", b"\xf0\x9f", b"\0\0\0"]
        )
        content = content[:place] + some + content[place:]
    return content


def another_encoding(content: bytes, draw: random.Random) -> bytes:
    """Of the rest of the file, as where two were joined."""
    place = draw.choice([0, draw.randrange(len(content) + 1)])
    rest = (
        content[place:]
        .decode("latin-1")
        .encode(draw.choice(["utf-16", "utf-32", "utf-8", "utf-7"]))
    )
    return content[:place] + rest


def another_mark(content: bytes, draw: random.Random) -> bytes:
    return (
        draw.choice([b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\0\0\xfe\xff", b"\xff"]) + content
    )


def none(content: bytes, draw: random.Random) -> bytes:
    return draw.choice(
        [b"", b"\n", b"\xef\xbb\xbf", b"\0" * 100, b"PK\3\4", b"\x1f\x8b", b" " * 5000]
    )


BYTES = (flipped_bits, cut_off, foreign_bytes, another_encoding, another_mark, none)


def two_members(content: bytes, draw: random.Random) -> bytes:
    return content + gzip.compress(draw.choice([b"", b"x,y\n", b"\0"]), mtime=0)


def packed_twice(content: bytes, draw: random.Random) -> bytes:
    return gzip.compress(content, mtime=0)


def more_behind(content: bytes, draw: random.Random) -> bytes:
    return content + draw.choice([b"\0" * 20, b"more", zlib.compress(b"x")])


PACKED = (flipped_bits, cut_off, cut_off, two_members, packed_twice, more_behind)
