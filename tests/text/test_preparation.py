import csv
import gzip
import json
import unicodedata
from dataclasses import asdict
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import simplemma
import stopwordsiso
from hypothesis import given, settings
from hypothesis import strategies as st

from kerastc.data.texts.duplicates import normal_text
from kerastc.errors import UserError
from kerastc.settings import Config, configure, fields, validate
from kerastc.text.preparation import TextPreparation, plain_unicode

HEADLINES = Path(__file__).parents[3] / "shared/data/headlines/irish_times_topics.csv.gz"
EVERYTHING = dict(unicode=True, lowercase=True, punctuation=False, stop_words=False, lemmas=True)


def prepared(text: str, **switches) -> str:
    return TextPreparation(**switches).apply([text])[0]


def test_nothing_is_done_unless_asked_for():
    texts = ["  Two  spaces, “quotes”\tand the ﬁ  ", ""]
    assert not TextPreparation().changes
    assert TextPreparation().apply(texts).tolist() == texts
    for switch, value in EVERYTHING.items():
        assert TextPreparation(**{switch: value}).changes


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("\u201cDon\u2019t\u201d \u2018go\u2019\u2026", "\"Don't\" 'go'..."),
        ("1916\u20132016\u2014a\u00a0century", "1916-2016 - a century"),
        ("Cafe\u0301 \ufb01ne \uff21\uff22", "Café fine AB"),
        (
            "zero\u200bwidth soft\u00adhyphen \ufeffmark\u0000 bad\ufffd",
            "zerowidth softhyphen mark bad",
        ),
        ("line\none\x85two", "line one two"),
        ("lone \udc80 surrogate", "lone surrogate"),
        ("צה\u05f4ל ג\u05f3ירפה תל\u05beאביב", "צה\"ל ג'ירפה תל-אביב"),  # noqa: RUF001
        ("5½ km², 10³ €5m \u00a8", "5½ km², 10³ €5m \u00a8"),
    ],
)
def test_unicode_clean_up(text, plain):
    assert prepared(text, unicode=True) == plain


@given(st.text(st.characters()))
def test_clean_text_is_nfc_and_can_be_stored(text):
    clean = plain_unicode(text)
    assert unicodedata.is_normalized("NFC", clean)
    assert not {unicodedata.category(c) for c in clean} & {"Cc", "Cs"}
    clean.encode()


def test_what_is_clean_stays_as_it_is():
    every_character = " ".join(map(chr, range(0x30000)))
    clean = plain_unicode(every_character)
    assert plain_unicode(clean) == clean


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("Don't panic: O'Brien\u2019s (well-known) plan!", "Dont panic OBriens well known plan"),
        ("Up 1,000.5m, or 3.5%, at 5:30.", "Up 1,000.5m or 3.5 at 5 30"),
        ("€5 + $6 = AT&T", "€5 + $6 = AT T"),
        ('צה"ל, תל-אביב', "צהל תל אביב"),
        ("?! ...", ""),
    ],
)
def test_punctuation_goes(text, without):
    assert prepared(text, punctuation=False) == without


@given(st.lists(st.text("abéB'-.,!?“” 12"), max_size=5))
def test_without_punctuation_no_sign_but_those_in_numbers_is_left(texts):
    for text in TextPreparation(punctuation=False).apply(texts):
        for i, character in enumerate(text):
            if unicodedata.category(character).startswith("P"):
                assert text[i - 1].isdigit() and text[i + 1].isdigit()
        assert text == " ".join(text.split())


def test_stop_words_go_and_their_marks_stay():
    text = "Is “the budget” (and what it\u2019s about) a risk?"
    assert prepared(text, stop_words=False) == "“ budget” ( ) risk?"
    assert prepared(text, stop_words=False, punctuation=False) == "budget risk"


def test_negations_stay():
    assert {"not", "no", "never", "don't"} <= stopwordsiso.stopwords("en")
    text = "This is not a drill and you don't, isn\u2019t or cannot; no, never dont it"
    kept = "not drill don't, isn\u2019t cannot; no, never dont"
    assert prepared(text, stop_words=False) == kept
    assert simplemma.lemmatize("don't", "en") == "do"
    assert prepared("we don't", lemmas=True) == "we don't"
    assert prepared("No es de la casa", stop_words=False, language="es") == "No casa"
    assert prepared("הוא לא הלך אבל", stop_words=False, language="he") == "לא הלך"


def test_words_in_capitals_are_names_unless_all_are():
    assert prepared("US and WHO let us in", stop_words=False) == "US WHO"
    assert prepared("WHO LET US IN? HARBOUR", stop_words=False) == "? HARBOUR"


def test_lemmas_are_those_of_simplemma():
    text = "children were running in the houses"
    expected = [simplemma.lemmatize(word, "en") for word in text.split()]
    assert expected[0] == "child"
    assert prepared(text, lemmas=True).split() == expected
    assert prepared("(Houses), “Iraq's” 1990s US", lemmas=True) == "(house), “Iraq” 1990s US"
    assert prepared("Niños perros", lemmas=True, language="es") == "niño perro"
    assert prepared("הילדים בתים", lemmas=True, language="he") == "ילד בית"


def test_every_word_is_looked_up_once(monkeypatch):
    looked_up = []

    def lemmatize(word: str, lang: str) -> str:
        looked_up.append(word)
        return word

    monkeypatch.setattr(simplemma, "lemmatize", lemmatize)
    TextPreparation(lemmas=True).apply(["rain and rain", "rain again"] * 20_000)
    assert sorted(looked_up) == ["again", "and", "rain"]


def test_the_steps_come_in_their_order():
    text = "“The US women weren\u2019t it\u2014don\u2019t: 5½ ﬂats\u2019 it\u2019s"
    assert prepared(text, **EVERYTHING) == "us woman werent dont 5½ flat"
    # Without the clean-up the dash joins two words, none of which is a stop word.
    later = dict(EVERYTHING, unicode=False)
    assert prepared(text, **later) == "us woman werent it dont 5½ ﬂats"


def test_a_text_of_stop_words_keeps_its_place():
    texts = ["the and of", "harbour", ""]
    assert TextPreparation(stop_words=False).apply(texts).tolist() == ["", "harbour", ""]


@settings(max_examples=50)
@given(st.lists(st.text(), max_size=20), st.fixed_dictionaries({}, optional={
    "unicode": st.booleans(), "lowercase": st.booleans(), "punctuation": st.booleans(),
    "stop_words": st.booleans(), "lemmas": st.booleans(),
}))  # fmt: skip
def test_each_text_is_prepared_on_its_own(texts, switches):
    preparation = TextPreparation(**switches)
    together = preparation.apply(texts)
    assert together.shape == (len(texts),)
    assert together.dtype == object
    again = TextPreparation.of(json.loads(json.dumps(asdict(preparation))))
    assert together.tolist() == [again.apply([text])[0] for text in texts]


@pytest.mark.parametrize(
    ("switches", "said"),
    [
        (dict(lemmas=True, language="eng"), "(?s)language=eng .* no lemmas.*mean 'en'.*, es, "),
        (dict(stop_words=False, language="xx"), "(?s)language=xx .* no stop words.* he, "),
        (dict(stop_words=False, lemmas=True, language="zh"), "no lemmas"),
    ],
)
def test_an_unknown_language_is_refused_before_any_work(switches, said):
    with pytest.raises(UserError, match=said):
        TextPreparation(**switches)


def test_the_language_is_not_asked_for_where_it_does_not_matter():
    assert prepared("Ein Haus!", language="xx", punctuation=False) == "Ein Haus"


class Recipe(Config):
    preparation: TextPreparation = TextPreparation()


def test_a_recipe_sets_switches_by_words():
    words = ["preparation.lemmas=true", "preparation.language=es"]
    config = configure(Recipe, words)
    assert config.preparation == TextPreparation(lemmas=True, language="es")
    assert all(field.comment for field in fields(Recipe) if field.key != "seed")
    with pytest.raises(UserError, match="language=sp "):
        configure(Recipe, ["preparation.lemmas=true", "preparation.language=sp"])


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"lema": True}, "(?s)preparation.lema is unknown.*'lemmas'"),
        ({"lemmas": "yes"}, "preparation.lemmas='yes' is not allowed: it takes bool"),
        ({"language": None}, "preparation.language=None is not allowed: it takes str"),
    ],
)
def test_what_a_file_of_a_run_says_is_checked(values, said):
    with pytest.raises(UserError, match=said):
        TextPreparation.of(values)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"lema": True}, "no field 'preparation.lema'.*'preparation.lemmas'"),
        ({"lemmas": "perhaps"}, "preparation.lemmas=perhaps is not allowed: .* takes bool"),
    ],
)
def test_what_a_config_says_is_checked(values, said):
    with pytest.raises(UserError, match=said):
        validate(Recipe, {"preparation": values})


@pytest.mark.skipif(not HEADLINES.exists(), reason=f"{HEADLINES} is absent")
def test_real_headlines_keep_their_content():
    with gzip.open(HEADLINES, "rt", encoding="utf-8", newline="") as lines:
        rows = [row["headline_text"] for row in islice(csv.DictReader(lines), 5000)]
    texts = np.array(rows, object)
    bare = TextPreparation(lowercase=True, punctuation=False).apply(texts)
    for text, shorter in zip(texts, bare, strict=True):
        letters = [c for c in normal_text(text) if c.isalnum()]
        assert [c for c in normal_text(shorter) if c.isalnum()] == letters
