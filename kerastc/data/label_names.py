"""The names of classes: one rule for tables, JSON, folders and lists of names.

A label is what a person reads. So `1` and `1.0`, an accent in one code point or in two, and names
that differ only in white space or in invisible characters are one class.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

# What programs write for a missing value, in lower case. "NA" and "none" are not among them: they
# are classes in many data sets (Namibia, "none of these").
MISSING = frozenset(("nan", "-nan", "null", "n/a", "#n/a", "#na", "<na>", "<null>"))
INVISIBLE = re.compile(  # characters that no font shows, except white space, which becomes a space
    "[\0-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u034f\u061c\u180b-\u180f\u200b\u200e\u200f"
    "\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
BLANK = re.compile("[\u115f\u1160\u2800\u3164\uffa0]")  # letters by Unicode, empty to the eye
# Joiners shape the letters next to them in Persian and Hindi and join several emoji into one.
USELESS_JOINER = re.compile(
    "(?<![^\0-\x7f\u200c\u200d])[\u200c\u200d]+|[\u200c\u200d]+(?![^\0-\x7f])"
)
SURROGATE = re.compile("[\ud800-\udfff]")
WHOLE = re.compile(r"([+-]?)(\d+)\.0+")  # as pandas writes whole numbers if one is missing
LOGICAL = {"true": "true", "false": "false"}  # as JSON, pandas (True) and Excel (TRUE) write them
EDGES = " .,:;!?'\"()[]«»¡¿…\u2018\u2019\u201c\u201d"
LONG = 6  # letters of a word from which on one wrong letter is taken for a slip


def label_name(value: object) -> str:
    """The class that a value in a label column names, or "" if it names none.

    Args:
        value: a text of a CSV file; of JSON, Parquet or Excel also a number, a boolean, a date,
            None or NaN; a NumPy scalar.

    Returns:
        A line of text as `class_name` gives it. None, NaN, white space and the words of `MISSING`
        in any case are not classes.
    """
    if value is None:
        return ""
    name = class_name(value)
    return "" if name.casefold() in MISSING else name


def class_name(value: object) -> str:
    """A class's name as a person reads it; "" if there is nothing to read.

    For names that are given directly: of folders, in `label_names`, in category rules. The result
    is in Unicode's form NFC, with single spaces and without line breaks, control or other invisible
    characters. Whole numbers have no decimals; truth values are `true` and `false`.
    """
    value = written(value)
    if not value.isascii():
        value = unicodedata.normalize("NFC", value)
        value = SURROGATE.sub("\ufffd", value)
        value = USELESS_JOINER.sub("", BLANK.sub(" ", value))
    name = " ".join(INVISIBLE.sub("", value).split())
    if match := WHOLE.fullmatch(name):
        sign, digits = match.groups()
        return digits if sign != "-" or not digits.strip("0") else f"-{digits}"
    return LOGICAL.get(name.casefold(), name)


class Labels:
    """`label_name` of the values of a column, each computed once."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def name(self, value: object) -> str:
        """As `label_name`."""
        if type(value) is not str:  # 1 and True would be the same key
            return label_name(value)
        name = self._names.get(value)
        if name is None:
            name = self._names[value] = label_name(value)
        return name


def alike(classes: Iterable[str]) -> list[tuple[str, ...]]:
    """Groups of names that may be one class by mistake, each in alphabetical order.

    They differ in case, accents, width, separators, punctuation at the ends, a plural, or one
    letter of a long word. Numbers and short codes (`math.CO`, `math.CV`) are never alike.
    """
    names = sorted(set(classes))
    leader = {name: name for name in names}

    def root(name: str) -> str:
        while leader[name] != name:
            leader[name] = name = leader[leader[name]]
        return name

    same = defaultdict(list)
    for name in names:
        words = _words(name)
        same["".join(words)].append(name)
        same["".join(map(_singular, words))].append(name)
        for key in _slips(words):
            same[key].append(name)
    for group in same.values():
        for other in group[1:]:
            leader[root(other)] = root(group[0])
    groups = defaultdict(list)
    for name in names:
        groups[root(name)].append(name)
    return [tuple(group) for group in groups.values() if len(group) > 1]


def alike_notes(counts: Mapping[str, int]) -> dict[str, int]:
    """Notes on classes with similar names: the rows of each except the largest of a group.

    Args:
        counts: rows by class.
    """
    notes = {}
    for group in alike(counts):
        largest = max(group, key=lambda name: counts[name])
        for name in group:
            if name != largest:
                notes[f"class {name!r}, nearly the same name as {largest!r}"] = counts[name]
    return notes


def written(value: object) -> str:
    """A number, truth value, date or None from a table as text; None and NaN give "".

    Scalars of NumPy and pandas are treated like Python's.
    """
    if type(value) is str:
        return value
    if value is None or value != value:  # NaN and NaT
        return ""
    if type(value).__name__ in ("bool", "bool_"):
        return str(bool(value)).lower()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _words(name: str) -> tuple[str, ...]:
    """The words of a name without case, accents, width, or punctuation at their ends."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    words = (word.strip(EDGES) for word in re.split(r"[\s_/-]+", plain))
    return tuple(word for word in words if word) or (plain,)


def _singular(word: str) -> str:
    if len(word) < 4 or not word.isalpha() or word.endswith("ss"):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word.removesuffix("s")


def _slips(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Keys that two names share if one letter of one long word is wrong, missing or extra."""
    for place, word in enumerate(words):
        if len(word) >= LONG and word.isalpha():
            for variant in {word, *(word[:i] + word[i + 1 :] for i in range(len(word)))}:
                yield (str(place), *words[:place], variant, *words[place + 1 :])
