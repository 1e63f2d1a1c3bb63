"""What a model said of each word, and the file of it: predictions/PART.csv.

A row is a sentence. Its words, their spans in the text (`begin:end`, in the column `places`), their
labels, the predicted tags and two probabilities of each word, that of its label and that of its
prediction, have spaces between them.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kerastc.errors import UserError
from kerastc.outputs.csv_rows import csv_rows
from kerastc.outputs.tags.entities import OUTSIDE
from kerastc.text.worded import Worded

WORDS = ("words", "places")  # of a `Worded` text; empty of another
CELLS = ("labels", "predicted", "p_label", "p_predicted")


@dataclass(frozen=True, eq=False)
class Tagged:
    """The tags of a sentence.

    Args:
        tags: (words,) int, indices of the labels.
        chosen: (words,) float64, the probability of each.
        probabilities: (words, labels) float64; None where they were read from a file.
        spans: (words, 2) int, where each word begins and ends in its text, in characters; None
            where that is not known.
        of_truth: (words,) float64, the probability of the right tag, where that is all that is left
            of the probabilities.
    """

    tags: np.ndarray
    chosen: np.ndarray
    probabilities: np.ndarray | None = None
    spans: np.ndarray | None = None
    of_truth: np.ndarray | None = None

    def right(self, truth: np.ndarray) -> np.ndarray:
        """The probabilities of the right tags, (words,) float64.

        Args:
            truth: their indices; negative of one that the model does not know: it has none.
        """
        if self.probabilities is None:
            return self.of_truth
        return np.where(truth >= 0, self.probabilities[np.arange(len(truth)), truth], 0.0)

    def covering(self, words: int, labels: Sequence[str]) -> "Tagged":
        """The same of so many words, if the tokenizer has no token for the last ones.

        They have the tag "O", or the first where there is none, and all tags are as probable.
        """
        missing = words - len(self.tags)
        if missing <= 0:
            return self
        outside = labels.index(OUTSIDE) if OUTSIDE in labels else 0
        even = np.full((missing, len(labels)), 1 / len(labels))
        return Tagged(
            np.concatenate([self.tags, np.full(missing, outside, self.tags.dtype)]),
            np.concatenate([self.chosen, even[:, outside]]),
            np.concatenate([self.probabilities, even]),
        )


@dataclass(frozen=True, eq=False)
class TagPredictions:
    """What a model said of n sentences.

    Args:
        examples: (n,) object, the sentences; None where they were not kept.
        truth: of each (words,) int.
        answers: of each, without all probabilities where they come from a file.
        of_truth: of each (words,) float64, the probability of the right tag.
        columns: of the examples.
    """

    examples: np.ndarray | None
    truth: Sequence[np.ndarray]
    answers: Sequence[Tagged]
    of_truth: Sequence[np.ndarray]
    columns: tuple[str, ...] = ("text",)

    @classmethod
    def of(
        cls, truth: Sequence[np.ndarray], answers: Sequence[Tagged], labels: Sequence[str]
    ) -> "TagPredictions":
        """Of answers, fresh ones or from a file.

        Raises:
            UserError: where there are no rows, or probabilities that are no numbers.
        """
        if not len(truth):
            raise UserError("There are no rows to measure.", "Give a part with at least one row.")
        answers = [
            row.covering(len(right), labels) for row, right in zip(answers, truth, strict=True)
        ]
        if not all(np.isfinite(row.chosen).all() for row in answers):
            raise UserError(
                "The model gives no number as probability of some words: its training diverged.",
                "Lower the learning rate, or clip the gradients.",
            )
        of_truth = [row.right(tags) for row, tags in zip(answers, truth, strict=True)]
        return cls(None, list(truth), answers, of_truth)


def write(
    path: Path,
    columns: Sequence[str],
    examples: Sequence[str],
    said: TagPredictions,
    labels: Sequence[str],
) -> None:
    """Writes the file; arguments as in `Output.write_predictions`."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow([*columns, *WORDS, *CELLS])
        rows = zip(examples, said.truth, said.answers, said.of_truth, strict=True)
        for example, truth, answer, of_truth in rows:
            named = (" ".join(labels[tag] for tag in tags) for tags in (truth, answer.tags))
            shares = (" ".join(map(repr, p.tolist())) for p in (of_truth, answer.chosen))
            writer.writerow([example, *_words(example), *named, *shares])


def read(path: Path, labels: Sequence[str]) -> TagPredictions:
    """Reads what `write` wrote.

    Raises:
        UserError: the file is missing, is not such a table, or is of other labels.
    """
    number = {name: i for i, name in enumerate(labels)}
    try:
        header, *rows = csv_rows(path)
        *columns, first, second, third, fourth = header
        if (first, second, third, fourth) != CELLS or not columns or not rows:
            raise ValueError(f"its columns are {', '.join(header)}")
        worded = tuple(columns[-len(WORDS) :]) == WORDS
        columns = columns[: -len(WORDS)] if worded else columns
        truth, tags = (
            [np.array([number[tag] for tag in row[place].split()], np.int64) for row in rows]
            for place in (-4, -3)
        )
        of_truth, chosen = (
            [np.array(row[place].split(), np.float64) for row in rows] for place in (-2, -1)
        )
        for parts in zip(truth, tags, of_truth, chosen, strict=True):
            if len({len(part) for part in parts}) > 1:
                raise ValueError("a row has more labels than tags or probabilities, or fewer")
        if not all(((p >= 0) & (p <= 1)).all() for p in (*of_truth, *chosen)):
            raise ValueError("its probabilities are not between 0 and 1")
        examples = [_example(row[0], *row[-6:-4]) if worded else row[0] for row in rows]
    except KeyError as error:
        raise UserError(
            f"{path} has the tag {error}, which the run does not know.",
            "Remove the file, and evaluate the run again.",
        ) from None
    except (OSError, ValueError, IndexError, csv.Error) as error:
        raise UserError(
            f"{path} cannot be read as predictions of words: {error}",
            "Evaluate the run again to write the file again.",
        ) from error
    examples = np.array(examples, dtype=object)
    both = zip(tags, chosen, of_truth, strict=True)
    answers = [Tagged(of, p, of_truth=right) for of, p, right in both]
    return TagPredictions(examples, truth, answers, of_truth, tuple(columns))


def _words(example: str) -> tuple[str, str]:
    """The cells of a text's words and spans."""
    if not isinstance(example, Worded):
        return "", ""
    spans = (f"{begin}:{end}" for begin, end in example.spans.tolist())
    return " ".join(example.words), " ".join(spans)


def _example(text: str, words: str, spans: str) -> str:
    """The inverse of `_words`."""
    if not words:
        return text
    pairs = [span.split(":") for span in spans.split(" ")]
    return Worded(text, words.split(" "), np.array(pairs, np.int64))


def stored(answers: Sequence[Tagged], labels: int) -> dict[str, np.ndarray]:
    """Fresh answers as arrays, the words of all sentences one behind the other."""
    spans = [row.spans for row in answers]
    columns = {
        "tags": [row.tags for row in answers],
        "probabilities": [row.probabilities for row in answers],
        "places": spans if all(of is not None for of in spans) else [],
    }
    empty = {"tags": (0,), "probabilities": (0, labels), "places": (0, 2)}
    found = {name: np.concatenate([np.zeros(empty[name]), *of]) for name, of in columns.items()}
    kinds = {"tags": np.int32, "probabilities": np.float64, "places": np.int64}
    lengths = np.array([len(row.tags) for row in answers], np.int64)
    return {"lengths": lengths} | {name: of.astype(kinds[name]) for name, of in found.items()}


def of_stored(arrays: Mapping[str, np.ndarray], rows: int, labels: int) -> list[Tagged]:
    """The inverse of `stored`, for so many sentences.

    Raises:
        ValueError, LookupError: the arrays are wrong.
    """
    lengths, tags, said = (arrays[name] for name in ("lengths", "tags", "probabilities"))
    words = int(lengths.sum())
    if len(lengths) != rows or tags.shape != (words,) or said.shape != (words, labels):
        raise ValueError(f"its arrays are not of {rows} sentences")
    if words and not 0 <= tags.min() <= tags.max() < labels:
        raise ValueError("it has tags that the run does not know")
    ends = np.cumsum(lengths)[:-1]
    chosen = said[np.arange(words), tags]
    columns = (np.split(of, ends) for of in (tags, chosen, said))
    spans = arrays["places"]
    spans = np.split(spans, ends) if len(spans) == words else [None] * rows
    return [Tagged(*of) for of in zip(*columns, spans, strict=True)]
