"""The rules for lines that are no text, against the same rules spelled out one text at a time."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerastc.data.corpus.rules import EMPTY, RULES, reasons

NAMES = ("", EMPTY, *RULES)
EXAMPLES = {
    "": ["la casa es grande", "3 gatos y 4 perros", "¿No es así? —Sí, señor.", "שלום לך עולם"],
    EMPTY: ["", " ", "\t \u3000"],
    "control": ["uno \x07 dos tres", "una palabra perdid\ufffd", "nul\0 en el texto"],
    "short": ["dos palabras", "  dos   palabras  ", "una"],
    "letters": ["1 2 3 4 5 6", "--- | --- | ---", "12:30 13:45 14:50 a"],
    "long-word": ["véase " + "x" * 101 + " y más"],
    "run": ["hola " + "a" * 20 + " que tal", "índice ...................... sección uno dos tres"],
    "code": ["if (x <= y) { return x; }", "<p class=azul>hola amigos</p>"],
}


@pytest.mark.parametrize("reason", EXAMPLES)
def test_each_rule_has_its_lines(reason: str):
    found = reasons(EXAMPLES[reason], tuple(RULES))
    assert [NAMES[number] for number in found] == [reason] * len(found)


@pytest.mark.parametrize("off", RULES)
def test_each_rule_is_switched_off(off: str):
    rules = [rule for rule in RULES if rule != off]
    assert off not in {("", EMPTY, *rules)[n] for n in reasons(EXAMPLES[off], rules)}


def expected(text: str) -> str:
    solid = [c for c in text if not c.isspace() or (unicodedata.category(c) == "Cc" and c > "\x1b")]
    solid = [c for c in solid if c not in "\t\n\r\v\f\x85"]
    if not solid:
        return EMPTY
    words, word = [], ""
    for c in text + " ":
        if c in "\t\n\r\v\f\x85" or (c.isspace() and unicodedata.category(c) != "Cc"):
            words += [word] if word else []
            word = ""
        else:
            word += c
    runs = [c * 20 in text for c in set("".join(words))]
    marks = sum(c in "{}<>=;|\\" for c in text)
    lost = [c for c in solid if unicodedata.category(c) in ("Cc", "Cs") or c == "\ufffd"]
    for name, applies in {
        "control": bool(lost),
        "short": len(words) < 3,
        "letters": sum(unicodedata.category(c)[0] in "LM" for c in solid) < 0.5 * len(solid),
        "long-word": max(map(len, words)) > 100,
        "run": any(runs),
        "code": marks >= 3 and marks >= 0.05 * len(solid),
    }.items():
        if applies:
            return name
    return ""


PARTS = [
    "a",
    "é",
    " ",
    "  ",
    "1",
    ".",
    "{",
    "=",
    "\t",
    "\x1c",
    "\ufffd",
    "\u2028",
    "b" * 19,
    "c" * 101,
]


@given(st.lists(st.lists(st.sampled_from([*PARTS, "la casa grande "]), max_size=12).map("".join)))
def test_lines_are_judged_as_by_hand(texts: list[str]):
    assert [NAMES[n] for n in reasons(texts, tuple(RULES))] == [expected(text) for text in texts]
