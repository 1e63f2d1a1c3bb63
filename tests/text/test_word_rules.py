"""How raw texts are divided into words: signs of punctuation apart, but in numbers and the like."""

import pytest
from nasty_texts import NASTY

from kerastc.text.word_rules import SPACES, word_spans


def words(text, **rule):
    return [text[begin:end] for begin, end in word_spans(text, **rule).tolist()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Vive en Madrid.", "Vive|en|Madrid|."),
        ("¿Y tú? «Sí» (dijo)...", "¿|Y|tú|?|«|Sí|»|(|dijo|)|..."),
        (
            "25.000 euros, 3,14; a las 10:30, 6\u20133 y 2021-22.",
            "25.000|euros|,|3,14|;|a|las|10:30|,|6\u20133|y|2021-22|.",
        ),
        (
            "el Sr. Pérez de EE.UU., no J. M. Aznar (U.S.A.)",
            "el|Sr.|Pérez|de|EE.UU.|,|no|J.|M.|Aznar|(|U.S.A.|)",
        ),
        ("Plan B. Fin", "Plan|B.|Fin"),  # as in J. Pérez: what is meant cannot be seen
        (
            "ana.b@uni-x.cl, https://www.efe.es/a?b=1. www.efe.es)",
            "ana.b@uni-x.cl|,|https://www.efe.es/a?b=1|.|www.efe.es|)",
        ),
        (
            "franco-alemán O'Neill l\u2019homme km/h AT&T EFE.com, n.º 5",
            "franco-alemán|O'Neill|l\u2019homme|km/h|AT&T|EFE.com|,|n.º|5",
        ),
        ("50% $3 -5 'cita' [x]", "50|%|$|3|-|5|'|cita|'|[|x|]"),
        ("東京に行く。 ไทย", "東|京|に|行|く|。|ไ|ท|ย"),
        ("हिन्दी में cafe\u0301.", "हिन्दी|में|cafe\u0301|."),
        ("#tag @yo ❤️!!", "#tag|@yo|❤️|!!"),
        (" \u200b \ufeff", ""),
        ("", ""),
    ],
)
def test_words_of_texts(text, expected):
    assert "|".join(words(text)) == expected


def test_white_space_alone_divides_by_the_other_rule():
    assert words(" Vive  en\tMadrid.", rule=SPACES) == ["Vive", "en", "Madrid."]


def test_words_are_in_order_and_between_them_is_nothing_to_see():
    for text in NASTY:
        before = 0
        for begin, end in word_spans(text).tolist():
            assert before <= begin < end and not text[begin:end].isspace()
            before = end
