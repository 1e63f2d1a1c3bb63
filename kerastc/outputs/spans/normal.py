"""When two answers are the same: exact match and F1 of their words.

English texts are compared as SQuAD's evaluation does (Rajpurkar et al. 2016, section 6.1), those of
other languages as MLQA's (Lewis et al. 2020, section 5): in lower case, without punctuation and
articles. As in SQuAD 2.0, true answers of which no word is left do not count beside others, and
where no true answer has a word, an answer without one is the same; MLQA's script would give it no
F1.
"""

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache

ARTICLES = {
    "en": r"\b(a|an|the)\b",
    "es": r"\b(un|una|unos|unas|el|la|los|las)\b",
    "de": r"\b(ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b",
    "vi": r"\b(của|là|cái|chiếc|những)\b",
    "ar": "ال",  # a prefix
    "hi": "",
    "zh": "",
}
OTHER = "other"  # any language: no articles
LANGUAGES = (*ARTICLES, OTHER)
HAN = re.compile("([\u4e00-\u9fa5])")  # each is a word


def words_of(text: str, language: str) -> tuple[str, ...]:
    """The words by which an answer is compared."""
    text = "".join(filter(_is_kept(language), text.lower()))
    if articles := ARTICLES.get(language):
        text = re.sub(articles, " ", text)
    if language == "zh":
        text = HAN.sub(r" \1 ", text)
    return tuple(text.split())


def exact_match(answer: str, truth: Sequence[str], language: str) -> bool:
    """Whether an answer is the same as one of the true ones."""
    return words_of(answer, language) in _true_words(truth, language)


def f1(answer: str, truth: Sequence[str], language: str) -> float:
    """The greatest F1 of the words of an answer and a true one, which may occur several times."""
    words = words_of(answer, language)
    return max(_f1(words, true) for true in _true_words(truth, language))


def _true_words(truth: Sequence[str], language: str) -> list[tuple[str, ...]]:
    return [words for text in truth if (words := words_of(text, language))] or [()]


def _f1(words: tuple[str, ...], true: tuple[str, ...]) -> float:
    if not words or not true:
        return float(words == true)
    return 2 * sum((Counter(words) & Counter(true)).values()) / (len(words) + len(true))


def _is_kept(language: str) -> Callable[[str], bool]:
    return _not_ascii_punctuation if language == "en" else _not_punctuation


def _not_ascii_punctuation(character: str) -> bool:
    return character not in string.punctuation


@cache
def _not_punctuation(character: str) -> bool:
    is_mark = unicodedata.category(character).startswith("P")
    return not is_mark and character not in string.punctuation
