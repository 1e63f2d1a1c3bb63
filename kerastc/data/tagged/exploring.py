"""A first look at tagged texts: tags, entities, lengths, words with several tags."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kerastc.data.texts.length_fits import Fit, Lengths, fit_lengths
from kerastc.errors import UserError
from kerastc.outputs.tags.entities import is_scheme, types, units

if TYPE_CHECKING:
    from kerastc.data.tagged.tagged_texts import TaggedTexts

SHOWN = 20  # words with several tags, names


@dataclass(frozen=True)
class EntityType:
    """The entities of a type.

    Args:
        count: how many there are.
        different: names among them, as they are written.
        words: in one, the mean.
        most_frequent: up to 20 names with their counts.
    """

    count: int
    different: int
    words: float
    most_frequent: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class SeveralTags:
    """Words, as they are written, that have more than one tag.

    Args:
        different: such words.
        occurrences: of them, in all.
        disagreeing: of these, the ones whose tag is not that of most occurrences of the word.
        examples: up to 20 words, those with the most such occurrences first, with their tags.
    """

    different: int
    occurrences: int
    disagreeing: int
    examples: tuple[tuple[str, dict[str, int]], ...]


@dataclass(frozen=True)
class TagExploration:
    """What `explore_tagged` found.

    Args:
        source: where the texts come from.
        rows: sentences.
        words, different: words in all, and different ones as they are written.
        tags: the words of each tag.
        entities: by type; None if the tags are not of IOB2.
        without: sentences without an entity; None as above.
        lengths: of the sentences, in words.
        fits: distributions of the lengths, the best first.
        several: words that have more than one tag.
        repeated: rows beyond the first of equal sentences.
        conflicting: rows of equal sentences whose tags are not the same.
    """

    source: str
    rows: int
    words: int
    different: int
    tags: dict[str, int]
    entities: dict[str, EntityType] | None
    without: int | None
    lengths: Lengths
    fits: tuple[Fit, ...]
    several: SeveralTags
    repeated: int
    conflicting: int

    def as_dict(self) -> dict[str, Any]:
        """All of it, for JSON."""
        entities = self.entities
        return {
            **{name: getattr(self, name) for name in ("source", "rows", "words", "different")},
            "tags": self.tags,
            "entities": entities and {kind: asdict(of) for kind, of in entities.items()},
            "without": self.without,
            "lengths": self.lengths.as_dict(),
            "fits": [fit.as_dict() for fit in self.fits],
            "several": asdict(self.several),
            "repeated": self.repeated,
            "conflicting": self.conflicting,
        }


def explore_tagged(data: "TaggedTexts") -> TagExploration:
    """Counts what can be counted before a model sees the texts.

    Raises:
        UserError: there are no words.
    """
    sizes = np.array([len(row) for row in data.labels], np.int64)
    if not sizes.sum():
        raise UserError(f"{data.source}: there are no words to explore.")
    lengths = Lengths.of(sizes)
    tags_of: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for words, tags in _sentences(data):
        for word, tag in zip(words, tags, strict=True):
            tags_of[word][tag] += 1
    entities = _entities(data) if is_scheme(data.classes) else None
    repeated, conflicting = _repeated(data)
    return TagExploration(
        source=data.source,
        rows=len(data),
        words=int(sizes.sum()),
        different=len(tags_of),
        tags=dict(zip(data.classes, data.class_counts().tolist(), strict=True)),
        entities=entities and entities[0],
        without=entities and entities[1],
        lengths=lengths,
        fits=fit_lengths(lengths.histogram),
        several=_several(tags_of),
        repeated=repeated,
        conflicting=conflicting,
    )


def _sentences(data: "TaggedTexts") -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """The words and tags of each."""
    for text, row in zip(data.examples, data.labels, strict=True):
        yield text.words, [data.classes[tag] for tag in row]


def _entities(data: "TaggedTexts") -> tuple[dict[str, EntityType], int]:
    """The entities of each type, and how many sentences have none."""
    names: dict[str, Counter[str]] = {kind: Counter() for kind in types(data.classes)}
    sizes: Counter[str] = Counter()
    without = 0
    for words, tags in _sentences(data):
        found = list(units(tags, scheme=True))
        without += not found
        for begin, end, kind in found:
            names[kind][" ".join(words[begin:end])] += 1
            sizes[kind] += end - begin
    return {
        kind: EntityType(
            count=of.total(),
            different=len(of),
            words=sizes[kind] / max(of.total(), 1),
            most_frequent=tuple(of.most_common(SHOWN)),
        )
        for kind, of in names.items()
    }, without


def _several(tags_of: Mapping[str, Counter[str]]) -> SeveralTags:
    found = {word: tags for word, tags in tags_of.items() if len(tags) > 1}
    less = {word: tags.total() - max(tags.values()) for word, tags in found.items()}
    worst = sorted(found, key=lambda word: (-less[word], word))[:SHOWN]
    return SeveralTags(
        different=len(found),
        occurrences=sum(tags.total() for tags in found.values()),
        disagreeing=sum(less.values()),
        examples=tuple((word, dict(found[word].most_common())) for word in worst),
    )


def _repeated(data: "TaggedTexts") -> tuple[int, int]:
    """Rows beyond the first of equal sentences, and rows of those with several tags."""
    tags_of: defaultdict[tuple[str, ...], Counter[bytes]] = defaultdict(Counter)
    for text, row in zip(data.examples, data.labels, strict=True):
        tags_of[text.words][row.tobytes()] += 1
    conflicting = sum(tags.total() for tags in tags_of.values() if len(tags) > 1)
    return len(data) - len(tags_of), conflicting
