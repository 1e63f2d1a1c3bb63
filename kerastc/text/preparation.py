"""Text preparation before the tokenizer, with a switch per step so that each can be measured.

A subword encoder was trained on running text and usually does better on the original.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, ClassVar

import numpy as np

from kerastc.errors import UserError, nearest
from kerastc.progress import progress
from kerastc.text.capitals import capitals_of
from kerastc.text.punctuation import punctuation, punctuation_marks

CHUNK = 10_000  # texts between two steps of the progress bar
# Forms that differ only in looks. Fractions, raised digits and the like are kept: NFKC would turn
# 5½ into 51/2 and 10² into 102.
SAME_BUT_FOR_LOOKS = (
    *("<wide>", "<narrow>", "<noBreak>", "<compat>", "<font>"),
    *("<initial>", "<medial>", "<final>", "<isolated>"),
)
TYPOGRAPHIC = {
    "'": "\u2018\u2019\u201a\u201b\u2032\u00b4\u05f3",  # curved, low, prime, acute, geresh
    '"': "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb\u05f4",  # and guillemets, gershayim
    "-": "\u2010\u2011\u2012\u2013\u2212\u05be",  # hyphens, figure and en dash, minus, maqaf
    " - ": "\u2014\u2015",  # em dash, bar: used between clauses
}
NEGATIVE_VERBS = (
    *("ai", "are", "ca", "could", "did", "do", "does", "had", "has", "have", "is", "might"),
    *("must", "need", "ought", "sha", "should", "was", "were", "wo", "would"),
)
# Most are in the lists of stop words, but they reverse the meaning of a text.
NEGATIONS = {
    "en": frozenset(
        (
            *("no", "not", "nor", "neither", "never", "none", "nobody", "nothing", "nowhere"),
            *("cannot", "without"),
            *(verb + ending for verb in NEGATIVE_VERBS for ending in ("n't", "nt")),
        )
    ),
    "es": frozenset(
        (
            *("no", "ni", "nunca", "jamás", "nada", "nadie", "ningún", "ninguna", "ninguno"),
            *("tampoco", "sin"),
        )
    ),
    "he": frozenset(("לא", "לאו", "אין", "בלי", "מבלי")),
}
APOSTROPHE = "\u2019"  # the typographic one
# As in o'clock, and in Hebrew acronyms, which have a quotation mark before their last letter.
INNER_MARK = re.compile(rf"""(?<=\w)['{APOSTROPHE}\u05f3"\u05f4](?=\w)""")
DECIMAL_MARK = re.compile(r"((?<=\d)[.,](?=\d))")


@dataclass(frozen=True)
class TextPreparation:
    """The steps applied to each text; none by default.

    The steps are always applied in this order, whichever of them are on:

    1. Unicode clean-up: `plain_unicode`.
    2. Stop words are removed; marks around them stay. Negations stay (in English, Spanish and
       Hebrew; in other languages the list alone decides), and so do words in capitals, which are
       mostly names (US, WHO, IT), unless the whole text is in capitals.
    3. Lemmas replace words, without capitals if the dictionary has the word. Negations ("don't"
       would become "do"), words in capitals and words with digits stay.
    4. Punctuation (Unicode's P*; symbols such as € or + stay) becomes a space, so well-known
       becomes two words. Apostrophes and quotation marks inside a word are removed without one
       (dont, OBrien); points and commas inside a number stay.
    5. Lower case.
    6. A word in front states how the text as given is capitalised (`capitals_of`), for encoders
       that do not see capital letters.

    White space is folded if any of them is on. The same object prepares texts for training and for
    later prediction.

    Raises:
        UserError: the language has no list of stop words, or dictionary of lemmas, that is asked
            for.
    """

    # As strict as the rest when it is a group of fields in a recipe's config.
    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    unicode: bool = False  # plain quotes, dashes and spaces, NFC; control characters removed
    lowercase: bool = False  # after all other steps
    punctuation: bool = True  # false: removed; don't becomes dont, well-known becomes two words
    stop_words: bool = True  # false: removed, as listed by stopwordsiso; negations stay
    lemmas: bool = False  # words replaced by their dictionary form, from simplemma
    capitals: bool = False  # a word in front states how the text is capitalised
    language: str = "en"  # for stop words and lemmas: en, es, he, ... (ISO 639-1)

    def __post_init__(self):
        # Before any work, refuse a language without its list or dictionary.
        if not self.stop_words:
            self._check_language("stop words", _stop_word_languages())
        if self.lemmas:
            self._check_language("lemmas", _lemma_languages())

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "TextPreparation":
        """From the values in a run's preprocessing.json.

        Raises:
            UserError: naming a switch that does not exist, or whose value has the wrong type.
        """
        known = {field.name: field.type for field in fields(cls)}
        for name, value in values.items():
            if name not in known:
                raise UserError(
                    f"preparation.{name} is unknown to this version of kerastc.",
                    nearest(name, known) or f"Known are {', '.join(known)}.",
                )
            if type(value) is not known[name]:
                raise UserError(
                    f"preparation.{name}={value!r} is not allowed: it takes {known[name].__name__}."
                )
        return cls(**values)

    def _check_language(self, what: str, known: frozenset[str]) -> None:
        if self.language not in known:
            near = nearest(self.language, known)
            raise UserError(
                f"language={self.language} is not allowed: there are no {what} for it.",
                f"{near} Known are {', '.join(sorted(known))}.".lstrip(),
            )

    @property
    def changes(self) -> bool:
        """Whether anything is switched on."""
        return (
            self.unicode
            or self.lowercase
            or self.lemmas
            or self.capitals
            or not (self.punctuation and self.stop_words)
        )

    def apply(self, texts: Sequence[str]) -> np.ndarray:
        """Prepares texts, (n,), into an (n,) array of `str` objects.

        A text of which nothing remains becomes "".
        """
        prepared = np.empty(len(texts), object)
        if not self.changes:
            prepared[:] = texts
            return prepared
        words, words_in_capitals = _Words(self, True), _Words(self, False)
        with progress("preparing texts", len(texts)) as advance:
            for start in range(0, len(texts), CHUNK):
                given = texts[start : start + CHUNK]
                chunk = map(plain_unicode, given) if self.unicode else given
                done = [
                    (words_in_capitals if text.isupper() else words).prepared(text)
                    for text in chunk
                ]
                if self.capitals:
                    done = [
                        f"{capitals_of(text)} {new}" if new else ""
                        for text, new in zip(given, done, strict=True)
                    ]
                prepared[start : start + CHUNK] = done
                advance(len(done))
        return prepared


def plain_unicode(text: str) -> str:
    """The text in NFC, with plain forms of characters that differ only in looks.

    Typographic quotes, dashes, ellipses and spaces become ASCII; full-width forms, ligatures and
    presentation forms become plain letters; the Hebrew geresh, gershayim and maqaf become ', " and
    -. Control, zero-width (including the joiners in Persian spelling), soft-hyphen and replacement
    characters and stray surrogates are removed. White space becomes a space, but is not folded.
    """
    if text.isascii() and text.isprintable():
        return text
    composed = unicodedata.normalize("NFC", text)
    return unicodedata.normalize("NFC", composed.translate(_plain_forms()))


class _Words(dict[str, str]):
    """Replaces words; each is processed once, however often it occurs in the texts.

    Args:
        preparation: the switches.
        acronyms: whether words in capitals are names.
    """

    def __init__(self, preparation: TextPreparation, acronyms: bool):
        super().__init__()
        self.acronyms = acronyms
        self.lowercase = preparation.lowercase
        self.punctuation = preparation.punctuation
        self.stop_words = (
            frozenset() if preparation.stop_words else _stop_words(preparation.language)
        )
        self.negations = NEGATIONS.get(preparation.language, frozenset())
        self.lemma = _lemmatizer(preparation.language) if preparation.lemmas else None

    def prepared(self, text: str) -> str:
        """The text with each of its words replaced."""
        return " ".join(filter(None, map(self.__getitem__, text.split())))

    def __missing__(self, word: str) -> str:
        core = word.strip(punctuation_marks())
        result = word
        if core and (self.stop_words or self.lemma):
            before, after = word.split(core, 1)
            result = before + self._content(core) + after
        if not self.punctuation:
            result = without_punctuation(result)
        if self.lowercase:
            result = result.lower()
        self[word] = result
        return result

    def _content(self, core: str) -> str:
        """The word itself, its lemma, or "" for a stop word."""
        plain = core.replace(APOSTROPHE, "'").casefold()
        if plain in self.negations or (self.acronyms and len(core) > 1 and core.isupper()):
            return core
        if plain in self.stop_words:
            return ""
        if self.lemma and not any(map(str.isdigit, core)):
            return self.lemma(core)
        return core


def without_punctuation(word: str) -> str:
    """The word, or the words that remain of it, without punctuation."""
    parts = DECIMAL_MARK.split(INNER_MARK.sub("", word))
    parts[::2] = [part.translate(punctuation()) for part in parts[::2]]
    return " ".join("".join(parts).split())


@cache
def _plain_forms() -> dict[int, str | None]:
    """What `plain_unicode` puts in place of a character; None if it is removed."""
    typographic = {
        ord(character): plain
        for plain, characters in TYPOGRAPHIC.items()
        for character in characters
    }
    forms: dict[int, str | None] = {}
    for code in range(0x20000):
        character = chr(code)
        tag = unicodedata.decomposition(character).partition(" ")[0]
        plain = unicodedata.normalize("NFKC", character)
        if character.isspace():
            forms[code] = " "
        elif unicodedata.category(character) in ("Cc", "Cf", "Cs"):
            forms[code] = None
        elif tag in SAME_BUT_FOR_LOOKS and not plain.startswith(" "):  # an accent of its own stays
            forms[code] = plain.translate(typographic)
    variation_selectors = range(0xFE00, 0xFE10)
    return forms | typographic | dict.fromkeys([*variation_selectors, 0xFFFD], None)


@cache
def _stop_words(language: str) -> frozenset[str]:
    with _dictionary_of("stopwordsiso"):
        import stopwordsiso

    return frozenset(word.casefold() for word in stopwordsiso.stopwords(language))


def _stop_word_languages() -> frozenset[str]:
    with _dictionary_of("stopwordsiso"):
        import stopwordsiso

    return frozenset(stopwordsiso.langs())


def _lemma_languages() -> frozenset[str]:
    with _dictionary_of("simplemma"):
        from simplemma.strategies.dictionaries.dictionary_factory import SUPPORTED_LANGUAGES

    return SUPPORTED_LANGUAGES


def _lemmatizer(language: str) -> Callable[[str], str]:
    from simplemma import lemmatize

    return lambda word: lemmatize(word, lang=language)


@contextmanager
def _dictionary_of(package: str) -> Iterator[None]:
    """Reports what a device lacks if the texts of a model need a dictionary."""
    try:
        yield
    except ImportError as error:
        raise UserError(
            f"The texts of this model are prepared with {package}: {error}.",
            f"Install it: pip install {package}",
        ) from None
