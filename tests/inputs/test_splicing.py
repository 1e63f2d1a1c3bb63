"""Texts made of texts: whose words they are, and what the student is told of them."""

from kerastc.inputs.text.splicing import spliced

TEXTS = ["a b c d", "", "e f g", "h"]


def test_a_text_begins_as_one_and_ends_as_another():
    found = spliced(TEXTS, 500, seed=0)
    words = [text.split() for text in TEXTS if text]
    beginnings = {" ".join(w[:n]) for w in words for n in range(1, len(w) + 1)}
    endings = {" ".join(w[n:]) for w in words for n in range(len(w))}
    assert set(found) <= {f"{one} {other}" for one in beginnings for other in endings}
    assert len(set(found)) > 50  # of 64


def test_the_seed_decides():
    assert list(spliced(TEXTS, 20, 1)) == list(spliced(TEXTS, 20, 1)) != list(spliced(TEXTS, 20, 2))
    assert spliced(TEXTS, 0, 1).shape == (0,)
