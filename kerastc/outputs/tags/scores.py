"""A tag for each word, from the logits to what the answers are worth. NumPy alone.

Entities count where their first word, last word and type are right (the measure of CoNLL-2002,
Tjong Kim Sang 2002); of labels that are not IOB2 each word is a unit, and F1 is the accuracy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from kerastc.marked import Marked
from kerastc.outputs.output import LENGTH, Output, Outputs
from kerastc.outputs.tags import predictions
from kerastc.outputs.tags.entities import Unit, is_legal, is_scheme, most_probable, named, units
from kerastc.outputs.tags.marking import marked_text
from kerastc.outputs.tags.predictions import Tagged, TagPredictions
from kerastc.outputs.tags.type_scores import of_types, ratios
from kerastc.outputs.tags.unseen_words import accuracy_on_unseen, hashed_words
from kerastc.outputs.tags.words import Words
from kerastc.scores.bootstrap import sums_interval
from kerastc.scores.figures import Figure
from kerastc.scores.softmax import softmax
from kerastc.text.encoded import Encoded
from kerastc.text.ragged import Ragged

LOGITS = "logits"
SMALLEST = 1e-7  # probability, as in the loss of classes

WORDS = "words"  # in what is kept of training


class Tags(Output):
    """Truth is n arrays (words,) int, indices of the labels; answers are `Tagged`, one a row."""

    main = Figure("f1", label="F1")
    figures = (
        main,
        Figure("accuracy", adjective="accurate"),
        Figure("loss", higher=False, share=False, mean=True),
    )
    answer = "tags"
    kind, kinds = "tag", "tags"
    by_word = True

    @property
    def shapes(self) -> Mapping[str, tuple[int | str, ...]]:
        return {LOGITS: (LENGTH, len(self.labels))}

    def answers(self, outputs: Outputs, rows: Sequence[Any] = ()) -> list[Tagged]:
        """Each word has the tag of one token, see `words`; legal sequences alone, see `entities`.

        Args:
            outputs: of m rows.
            rows: the same, with `words` and perhaps `offsets`.

        Returns:
            the tags of n <= m texts, in their order.
        """
        if not len(outputs[LOGITS]):
            return []
        words = Words.of(rows)
        said = words.by_text(softmax(words.taken(outputs[LOGITS])))
        numbers, spans = words.by_text(words.numbers), words.spans
        spans = [None] * len(said) if spans is None else words.by_text(spans)
        return [self._tagged(*of) for of in zip(words.counts, numbers, said, spans, strict=True)]

    def _tagged(
        self, count: int, numbers: np.ndarray, said: np.ndarray, spans: np.ndarray | None
    ) -> Tagged:
        """The tags of a text of so many words, of which some, by their numbers, have tokens."""
        probabilities = np.full((count, len(self.labels)), 1 / len(self.labels))
        probabilities[numbers] = said
        of_words = None
        if spans is not None:
            of_words = np.zeros((count, 2), np.int64)
            of_words[numbers] = spans
        tags = self.decoded(probabilities)
        return Tagged(tags, probabilities[np.arange(count), tags], probabilities, of_words)

    def decoded(self, probabilities: np.ndarray) -> np.ndarray:
        """The tags of a sentence, (words,) int, by their (words, labels) probabilities."""
        return most_probable(np.log(np.maximum(probabilities, SMALLEST)), self.labels)

    def carried(self, outputs: Outputs, rows: Sequence[Any], others: Sequence[Any]) -> Outputs:
        """What was said of each word, at its token in the other rows; zeros at all other tokens."""
        words, theirs = Words.of(rows), Words.of(others)
        lengths = Encoded.of(others).lengths
        carried = np.zeros((int(lengths.sum()), len(self.labels)), np.float32)
        mine, found = words.matched(theirs)
        positions = (np.cumsum(lengths) - lengths)[theirs.rows] + theirs.positions
        carried[positions[found]] = words.taken(outputs[LOGITS])[mine]
        return {LOGITS: Ragged(carried, lengths)}

    def metrics(self, truth: Sequence[np.ndarray], answers: Sequence[Tagged]) -> dict[str, Any]:
        """Rows, words and figures with intervals over sentences; per type, or per label.

        Of entities also the figures of each word's most probable tag, legal or not:
        `f1_unconstrained`, and `illegal`, the share of sentences whose tags no entities have.
        """
        said = TagPredictions.of(truth, answers, self.labels)
        counts = {figure.name: self.counts(figure.name, said) for figure in self.figures}
        found: dict[str, Any] = {"rows": len(truth), "words": int(sum(map(len, truth)))}
        found |= {name: float(self.of_counts(name, c.sum(axis=0))) for name, c in counts.items()}
        if self.scheme:
            counts["f1_unconstrained"], found["illegal"] = self._unconstrained(said)
            sums = counts["f1_unconstrained"].sum(axis=0)
            found["f1_unconstrained"] = float(self.of_counts("f1", sums))
        intervals = {
            name: sums_interval(c, partial(self.of_counts, name.removesuffix("_unconstrained")))
            for name, c in counts.items()
        }
        of_all, intervals_of_all = ratios(counts["f1"])
        pairs = [self._units(said, row) for row in range(len(truth))]
        per_type, intervals["per_type"] = of_types(pairs)
        return found | of_all | {"per_type": per_type, "intervals": intervals | intervals_of_all}

    def _unconstrained(self, said: TagPredictions) -> tuple[np.ndarray, float]:
        """Counts of F1 by each word's most probable tag; the share of illegal sentences."""
        likeliest = [row.probabilities.argmax(axis=1) for row in said.answers]
        answers = [
            replace(row, tags=tags) for row, tags in zip(said.answers, likeliest, strict=True)
        ]
        legal = [is_legal(tags, self.labels) for tags in likeliest]
        return self.counts("f1", replace(said, answers=answers)), 1 - sum(legal) / len(legal)

    def counts(self, figure: str, predictions: TagPredictions) -> np.ndarray:
        """Of F1 entities (right, predicted, true), of accuracy words (right, all), of loss nats."""
        rows = range(len(predictions.truth))
        if figure == "f1":
            units = (self._units(predictions, row) for row in rows)
            return np.array([(len(a & b), len(a), len(b)) for a, b in units], float).reshape(-1, 3)
        lengths = np.array([len(row) for row in predictions.truth], float)
        if figure == "loss":
            values = [-np.log(np.maximum(p, SMALLEST)).sum() for p in predictions.of_truth]
        else:
            both = zip(predictions.truth, predictions.answers, strict=True)
            values = [float((truth == said.tags).sum()) for truth, said in both]
        return np.stack([np.array(values), lengths], axis=1)

    def _units(self, said: TagPredictions, row: int) -> tuple[set[Unit], set[Unit]]:
        """What was predicted in a sentence and what is true: entities, or words with a label."""
        return tuple(
            set(units(named(tags, self.labels), self.scheme))
            for tags in (said.answers[row].tags, said.truth[row])
        )

    @property
    def scheme(self) -> bool:
        """Whether the labels are those of IOB2."""
        return is_scheme(self.labels)

    def of_counts(self, figure: str, sums: np.ndarray) -> np.ndarray:
        if figure == "f1":
            return 2 * sums[..., 0] / np.maximum(sums[..., 1] + sums[..., 2], 1)
        return sums[..., 0] / np.maximum(sums[..., 1], 1)

    def extremes(self, figure: str, predictions: Any) -> tuple[np.ndarray, np.ndarray] | None:
        """One entity, or one word, that is right, and the same wrong."""
        if figure == "f1":
            return np.array([[1.0, 1.0, 1.0]]), np.array([[0.0, 1.0, 1.0]])
        return (np.array([[1.0, 1.0]]), np.array([[0.0, 1.0]])) if figure == "accuracy" else None

    def kept(self, truth: Sequence[np.ndarray], answers: Sequence[Tagged]) -> dict[str, np.ndarray]:
        said = TagPredictions.of(truth, answers, self.labels)
        smallest = np.min_scalar_type(len(self.labels))
        return {
            "lengths": np.array([len(row) for row in truth], np.int32),
            "labels": np.concatenate(truth).astype(smallest),
            "predicted": np.concatenate([row.tags for row in said.answers]).astype(smallest),
            "of_truth": np.concatenate(said.of_truth).astype(np.float32),
        }

    def of_kept(self, arrays: Mapping[str, np.ndarray]) -> TagPredictions:
        ends = np.cumsum(arrays["lengths"])[:-1]
        truth, tags = (
            np.split(arrays[name].astype(np.int64), ends) for name in ("labels", "predicted")
        )
        of_truth = np.split(arrays["of_truth"].astype(np.float64), ends)
        sizes = {len(arrays[name]) for name in ("labels", "predicted", "of_truth")}
        if sizes != {int(arrays["lengths"].sum())}:
            raise ValueError("its arrays are of different words")
        answers = [Tagged(of, p) for of, p in zip(tags, of_truth, strict=True)]
        return TagPredictions(None, truth, answers, of_truth)

    def stored(self, answers: Sequence[Tagged]) -> dict[str, np.ndarray]:
        return predictions.stored(answers, len(self.labels))

    def of_stored(self, arrays: Mapping[str, np.ndarray], rows: int) -> list[Tagged]:
        return predictions.of_stored(arrays, rows, len(self.labels))

    def learned(self, examples: Sequence[str]) -> dict[str, np.ndarray]:
        """The words of the sentences, as hashes."""
        return {WORDS: hashed_words(examples)}

    def against_training(
        self,
        learned: Sequence[Mapping[str, np.ndarray]],
        examples: Sequence[str],
        truth: Sequence[np.ndarray],
        answers: Sequence[Tagged],
    ) -> dict[str, Any]:
        """The accuracy on words that no training sentence has: `unseen_words`."""
        if not all(WORDS in known for known in learned):
            return {}
        said = TagPredictions.of(truth, answers, self.labels)
        known = [of[WORDS] for of in learned]
        return {"unseen_words": accuracy_on_unseen(known, examples, said)}

    def same(self, answers: Sequence[Tagged], others: Sequence[Tagged]) -> float:
        """Of the words that both saw."""
        both = [
            (one.tags[: len(other.tags)], other.tags[: len(one.tags)])
            for one, other in zip(answers, others, strict=True)
        ]
        words = sum(len(one) for one, _ in both)
        return sum(int((one == other).sum()) for one, other in both) / max(words, 1)

    def json_rows(
        self, examples: Sequence[Mapping[str, Any]], answers: Sequence[Tagged]
    ) -> list[dict[str, Any]]:
        """The entities, or the tagged words: where they stand, in characters, what they are, and
        the least probability of their words."""
        pairs = zip(examples, answers, strict=True)
        return [{"tags": self._found(example, answer)} for example, answer in pairs]

    def _found(self, example: Mapping[str, Any], answer: Tagged) -> list[dict[str, Any]]:
        text = str(next(iter(example.values())))
        tags = [self.labels[tag] for tag in answer.tags]
        found = []
        for first, behind, kind in units(tags, self.scheme):
            begin, end = int(answer.spans[first, 0]), int(answer.spans[behind - 1, 1])
            least = round(float(answer.chosen[first:behind].min()), 6)
            told = {"begin": begin, "end": end, "text": text[begin:end]}
            found.append(told | {"tag": kind, "probability": least})
        return found

    def marked(
        self, examples: Sequence[Mapping[str, Any]], answers: Sequence[Tagged]
    ) -> list[Marked]:
        """The texts with what was found in them."""
        said = self.json_rows(examples, answers)
        return [
            marked_text(str(next(iter(example.values()))), row["tags"], self.labels)
            for example, row in zip(examples, said, strict=True)
        ]

    def write_predictions(
        self,
        path: Path,
        columns: Sequence[str],
        examples: Sequence[Any],
        truth: Sequence[np.ndarray],
        answers: Sequence[Tagged],
    ) -> None:
        said = TagPredictions.of(truth, answers, self.labels)
        predictions.write(path, columns, examples, said, self.labels)

    def read_predictions(self, path: Path) -> TagPredictions:
        return predictions.read(path, self.labels)


OUTPUT = Tags
