from hypothesis import given
from hypothesis import strategies as st

from kerastc.text.cutting import cut_at_word


def test_a_text_is_cut_before_the_word_that_would_pass():
    assert cut_at_word("one two three", 7) == "one two"
    assert cut_at_word("one two three", 8) == "one two"
    assert cut_at_word("one two three", 6) == "one"
    assert cut_at_word("one  two\nthree", 13) == "one two three"
    assert cut_at_word("unbreakable", 5) == "unbre"


@given(st.text(), st.integers(1, 60))
def test_a_cut_text_is_the_longest_whole_start_that_fits(text, characters):
    words = text.split()
    cut = cut_at_word(text, characters)
    assert len(cut) <= characters
    starts = [" ".join(words[:n]) for n in range(len(words) + 1)]
    longest = max((start for start in starts if len(start) <= characters), key=len)
    assert cut == (longest or " ".join(words)[:characters])
