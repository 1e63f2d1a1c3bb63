"""What a model said to each question, and the file of it: predictions/PART.csv.

A row is a question. Its true answers are JSON, `[[text, begin, end], ...]`, `[]` where there are
none; `predicted` is the text of its answer, empty where the model says that there is none, with its
place in the context; `score` and `no_answer` are logarithms of probabilities.
"""

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kerastc.errors import UserError
from kerastc.outputs.csv_rows import csv_rows
from kerastc.outputs.spans.decoding import Span, SpanAnswer
from kerastc.outputs.spans.normal import exact_match, f1
from kerastc.text.reference import Reference, TrueAnswer

CELLS = (
    *("language", "answers", "predicted", "begin", "end", "score", "no_answer"),
    *("exact_match", "f1"),
)
SHARES = CELLS[-2:]


@dataclass(frozen=True, eq=False)
class SpanPredictions:
    """What a model said to n questions.

    Args:
        examples: (n, 2) object, the questions and their contexts; None where they were not kept.
        truth: of each; None where it was not kept.
        answers: of each, with the best span alone where they come from a file.
        figures: exact_match and f1 of each, (n,) float64.
        columns: of the examples.
    """

    examples: np.ndarray | None
    truth: Sequence[Reference] | np.ndarray
    answers: Sequence[SpanAnswer]
    figures: dict[str, np.ndarray]
    columns: tuple[str, ...] = ("question", "context")

    @classmethod
    def of(cls, truth: Sequence[Reference], answers: Sequence[SpanAnswer]) -> "SpanPredictions":
        """Of answers to questions.

        Raises:
            UserError: there are no questions, or answers are not numbers.
        """
        if not len(truth):
            raise UserError("There are no rows to measure.", "Give a part with at least one row.")
        if any(np.isnan(answer.no_answer) for answer in answers):
            raise UserError(
                "The model gives no number as probability of some answers: its training diverged.",
                "Lower the learning rate, or clip the gradients.",
            )
        texts = [answer.text(right.context) for answer, right in zip(answers, truth, strict=True)]
        return cls(None, truth, answers, figures_of(texts, truth))

    def __len__(self) -> int:
        return len(self.truth)


def figures_of(texts: Sequence[str], truth: Sequence[Reference]) -> dict[str, np.ndarray]:
    """Exact match and F1 of the texts of n answers, (n,) float64 each."""
    pairs = list(zip(texts, truth, strict=True))
    measures = {"exact_match": exact_match, "f1": f1}
    return {
        name: np.array([of(text, right.texts, right.language) for text, right in pairs], float)
        for name, of in measures.items()
    }


def write(
    path: Path, columns: Sequence[str], examples: Sequence[Sequence[str]], said: SpanPredictions
) -> None:
    """Writes the file; arguments as in `Output.write_predictions`."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow([*columns, *CELLS])
        shares = np.stack([said.figures[name] for name in SHARES], axis=1).tolist()
        rows = zip(examples, said.truth, said.answers, shares, strict=True)
        for example, truth, answer, figures in rows:
            true = json.dumps([list(one) for one in truth.answers], ensure_ascii=False)
            # Where there is no answer, the best span is there all the same, without its text.
            first = answer.spans[0] if answer.spans else Span(-1, -1, -np.inf)
            place = [answer.text(truth.context), *first[:2], repr(first.score)]
            measured = map(repr, (answer.no_answer, *figures))
            writer.writerow([*example, truth.language, true, *place, *measured])


def read(path: Path) -> SpanPredictions:
    """Reads what `write` wrote.

    Raises:
        UserError: the file is missing, or is not such a table.
    """
    try:
        header, *rows = csv_rows(path)
        columns, cells = header[: -len(CELLS)], header[-len(CELLS) :]
        if tuple(cells) != CELLS or not columns or not rows:
            raise ValueError(f"its columns are {', '.join(header)}")
        found = [_read_row(row, len(columns)) for row in rows]
        figures = np.array([row[-len(SHARES) :] for row in rows], np.float64)
        if not ((figures >= 0) & (figures <= 1)).all():
            raise ValueError("its figures are not between 0 and 1")
    except (OSError, ValueError, IndexError, TypeError, csv.Error) as error:
        raise UserError(
            f"{path} cannot be read as predictions of answers: {error}",
            "Evaluate the run again to write the file again.",
        ) from error
    examples = np.array([row[: len(columns)] for row in rows], dtype=object)
    truth, answers = ([one[place] for one in found] for place in (0, 1))
    by_name = dict(zip(SHARES, figures.T, strict=True))
    return SpanPredictions(examples, truth, answers, by_name, tuple(columns))


def _read_row(row: Sequence[str], columns: int) -> tuple[Reference, SpanAnswer]:
    if len(row) != columns + len(CELLS):
        raise ValueError("a row has more or fewer cells than the header")
    language, answers, predicted, begin, end, score, no_answer = row[columns : -len(SHARES)]
    true = tuple(TrueAnswer(str(text), int(a), int(b)) for text, a, b in json.loads(answers))
    span = Span(int(begin), int(end), float(score))
    none = float(no_answer)
    # The file has the decision, and any threshold with it: that it was so.
    lead = none - span.score
    spans = (span,) if span.begin >= 0 else ()
    answer = SpanAnswer(spans, none, None if predicted else lead - 1)
    return Reference(row[columns - 1], true, language), answer
