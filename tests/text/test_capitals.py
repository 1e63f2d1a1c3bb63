import pytest

from kerastc.text.capitals import capitals_of
from kerastc.text.preparation import TextPreparation

TEXTS = {
    "Who Will Speak For Children?": "title",
    "Oil price drops again as output falls": "lower",
    "Madrid fine Ronaldo for a London visit to 'them'": "few",
    "Morgan Stanley snaps up PTSB shares": "many",
    "Morgan Stanley Buys Shares today": "many",
    "IN SHORT": "capital",
    "Q & A": "capital",
    "Now": "short",
    "": "short",
    "עוד מחיר הנפט יורד": "lower",
}


@pytest.mark.parametrize("text", TEXTS)
def test_capitals_in_a_word(text):
    assert capitals_of(text) == TEXTS[text]


def test_the_word_stands_in_front_of_the_prepared_text():
    preparation = TextPreparation(capitals=True, lowercase=True, stop_words=False)
    found = preparation.apply(["Who Will Speak For Children?", "THE", "the the"])
    assert found.tolist() == ["title speak children?", "", ""]


def test_every_name_is_one_token_of_the_encoder():
    from kerastc.models import load_encoder

    encoder = load_encoder("minilm")
    names = ["capital", "short", "lower", "few", "many", "title"]
    assert encoder.encode(names, 16).lengths.tolist() == [3] * len(names)
