"""What a model said at the places of each text, and the file of it: predictions/PART.csv.

A row is a text with masks. Its other cells are JSON, with an element for each mask: `true`, the
words; `log_probability`, of each; `rank`, how many the model finds more probable; `best`, its own
words, the best first, and `best_log_probability`, of each of these.
"""

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kerastc.errors import UserError
from kerastc.outputs.csv_rows import csv_rows

CELLS = ("true", "log_probability", "rank", "best", "best_log_probability")


@dataclass(frozen=True, eq=False)
class WordAnswer:
    """What a model says at the places of a text.

    Args:
        words: (places, best) object, the best first.
        logs: (places, best) float, the logarithms of their probabilities.
        true_logs: (places,) float, those of the true words; NaN where they are not known.
        ranks: (places,) float, how many tokens are more probable than the true one; likewise.
    """

    words: np.ndarray
    logs: np.ndarray
    true_logs: np.ndarray
    ranks: np.ndarray


@dataclass(frozen=True, eq=False)
class WordPredictions:
    """What a model said of n texts.

    Args:
        examples: (n,) object, the texts with their masks; None where they were not kept.
        truth: of each text the true words; where they were not kept, how many are right, (n,).
        answers: of each.
        sums: of each the losses, the places, and those that are right, (n, 3) float64.
    """

    examples: np.ndarray | None
    truth: Sequence[np.ndarray] | np.ndarray
    answers: Sequence[WordAnswer]
    sums: np.ndarray

    @classmethod
    def of(
        cls,
        truth: Sequence[np.ndarray],
        answers: Sequence[WordAnswer],
        examples: np.ndarray | None = None,
    ) -> "WordPredictions":
        """Of answers to texts whose words are known.

        Raises:
            UserError: there are no texts, or answers are not numbers.
        """
        if not len(truth):
            raise UserError("There are no rows to measure.", "Give a part with at least one row.")
        sums = [
            (-answer.true_logs.sum(dtype=np.float64), len(answer.ranks), (answer.ranks == 0).sum())
            for answer in answers
        ]
        sums = np.array(sums, np.float64)
        if not np.isfinite(sums).all():
            raise UserError(
                "The model gives no number as probability of some words: its training diverged.",
                "Lower the learning rate, or clip the gradients.",
            )
        return cls(examples, truth, answers, sums)

    def __len__(self) -> int:
        return len(self.truth)


def write(path: Path, columns: Sequence[str], examples: Sequence[Any], said: WordPredictions):
    """Writes the file; arguments as in `Output.write_predictions`."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow([*columns, *CELLS])
        for example, truth, answer in zip(examples, said.truth, said.answers, strict=True):
            cells = (
                [str(word) for word in truth],
                _numbers(answer.true_logs),
                answer.ranks.astype(int).tolist(),
                answer.words.tolist(),
                _numbers(answer.logs),
            )
            writer.writerow([example, *(json.dumps(cell, ensure_ascii=False) for cell in cells)])


def read(path: Path) -> WordPredictions:
    """Reads what `write` wrote.

    Raises:
        UserError: the file is missing, or is not such a table.
    """
    try:
        header, *rows = csv_rows(path)
        if tuple(header[1:]) != CELLS or not rows:
            raise ValueError(f"its columns are {', '.join(header)}")
        found = [_read_row(row) for row in rows]
    except (OSError, ValueError, IndexError, TypeError, RecursionError, csv.Error) as error:
        raise UserError(
            f"{path} cannot be read as predictions of words: {error}",
            "Evaluate the run again to write the file again.",
        ) from error
    examples = np.array([row[0] for row in rows], dtype=object)
    truth, answers = ([one[place] for one in found] for place in (0, 1))
    return WordPredictions.of(truth, answers, examples)


def _numbers(logs: np.ndarray) -> list:
    """As short decimals, of which a float32 is made again."""
    if logs.ndim > 1:
        return [_numbers(row) for row in logs]
    return [float(str(value)) for value in logs.astype(np.float32)]


def _read_row(row: Sequence[str]) -> tuple[np.ndarray, WordAnswer]:
    if len(row) != 1 + len(CELLS):
        raise ValueError("a row has more or fewer cells than the header")
    words, true_logs, ranks, best, logs = map(json.loads, row[1:])
    truth = np.empty(len(words), object)
    truth[:] = [str(word) for word in words]
    shape = (len(words), len(best[0]) if best else 0)
    named = np.array([[str(word) for word in place] for place in best], object).reshape(shape)
    found = WordAnswer(
        named,
        np.array(logs, float).reshape(shape),
        np.array(true_logs, float).reshape(shape[0]),
        np.array(ranks, float).reshape(shape[0]),
    )
    return truth, found
