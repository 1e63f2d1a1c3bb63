"""A first look at labelled texts: classes, years, words, lengths and label noise, in numbers."""

from dataclasses import dataclass

import numpy as np

from kerastc.data.texts.duplicates import Duplicates
from kerastc.data.texts.label_noise import LabelNoise, label_noise
from kerastc.data.texts.length_fits import Fit, Lengths, fit_lengths
from kerastc.data.texts.texts import LabelledTexts
from kerastc.data.texts.word_counts import Words, count_words
from kerastc.errors import UserError
from kerastc.progress import progress

YEAR_CLASSES = 12  # if there are more, the table of years has the largest
OTHERS = "all others"


@dataclass(frozen=True)
class Exploration:
    """What `explore` found.

    Args:
        source: where the texts come from.
        rows: texts in all.
        classes: the rows of each class, by name.
        years: the rows of each class, by name, in each year; the year 0 has those without a date.
            Only the twelve largest classes are named. None without dates.
        words: different words and what they cover.
        lengths: in words, that is, in pieces between white space.
        characters: in characters.
        fits: distributions of the lengths in words, the best first.
        noise: in the labels.
    """

    source: str
    rows: int
    classes: dict[str, int]
    years: dict[int, dict[str, int]] | None
    words: Words
    lengths: Lengths
    characters: Lengths
    fits: tuple[Fit, ...]
    noise: LabelNoise

    def as_dict(self) -> dict:
        """All of it, for JSON, small enough for a run's data.json."""
        years = self.years
        return {
            "source": self.source,
            "rows": self.rows,
            "classes": self.classes,
            "years": years and {str(year): counts for year, counts in years.items()},
            "words": self.words.as_dict(),
            "lengths": {"words": self.lengths.as_dict(), "characters": self.characters.as_dict()},
            "fits": [fit.as_dict() for fit in self.fits],
            "noise": self.noise.as_dict(),
        }


def explore(data: LabelledTexts, duplicates: Duplicates | None = None) -> Exploration:
    """Collects everything that can be counted before a model sees the texts.

    1.6 million headlines take some 15 seconds and, besides the texts, some 150 MiB.

    Args:
        data: the rows; label noise is estimated from duplicates, so explore before they are
            dropped.
        duplicates: from `find_duplicates` in `data`, to count near texts as one, too.

    Raises:
        UserError: there are no rows.
    """
    if not len(data):
        raise UserError(f"{data.source}: there are no texts to explore.")
    with progress("Exploring", total=4) as advance:
        advance(0, "words")
        words = count_words(data.examples)
        advance(1, "lengths")
        lengths = Lengths.of(np.fromiter((len(t.split()) for t in data.examples), np.int64))
        characters = Lengths.of(np.fromiter(map(len, data.examples), np.int64))
        advance(1, "distributions")
        fits = fit_lengths(lengths.histogram)
        advance(1, "label noise")
        noise = label_noise(data, None if duplicates is None else duplicates.groups)
        advance()
    return Exploration(
        source=data.source,
        rows=len(data),
        classes=dict(zip(data.classes, data.class_counts().tolist(), strict=True)),
        years=None if data.dates is None else _by_year(data),
        words=words,
        lengths=lengths,
        characters=characters,
        fits=fits,
        noise=noise,
    )


def _by_year(data: LabelledTexts) -> dict[int, dict[str, int]]:
    years, row_years = np.unique(data.dates // 10_000, return_inverse=True)
    size = len(data.classes)
    counts = np.bincount(row_years * size + data.labels, minlength=len(years) * size)
    counts = counts.reshape(len(years), size)
    names = list(data.classes)
    if size > YEAR_CLASSES:
        order = np.argsort(-data.class_counts(), kind="stable")
        named = np.sort(order[:YEAR_CLASSES])
        others = counts.sum(axis=1) - counts[:, named].sum(axis=1)
        counts = np.column_stack([counts[:, named], others])
        names = [*(data.classes[i] for i in named), OTHERS]
    return {
        int(year): dict(zip(names, row, strict=True))
        for year, row in zip(years, counts.tolist(), strict=True)
    }
