"""Languages of lines, told by their stop words."""

import pytest

from kerastc.data.corpus.languages import Languages
from kerastc.errors import UserError

LINES = {
    "es": "No sé lo que quieres decir con eso, pero ella nunca estuvo aquí cuando hacía falta.",
    "en": "I do not know what you mean by that, but she was never here when it was needed.",
    "he": "אני לא יודע מה אתה רוצה לומר בזה אבל היא לא הייתה כאן",
    "": "KDE 5.27 Plasma",
}


def test_each_line_has_its_language():
    codes = ("en", "he", "es")
    found = Languages(codes).of(list(LINES.values()))
    assert [("", *codes)[number] for number in found] == list(LINES)


def test_an_unknown_language_is_refused():
    with pytest.raises(UserError, match="languages=xx is not allowed"):
        Languages(("es", "xx"))
