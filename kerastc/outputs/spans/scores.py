"""An answer in a context, from the logits to what the answers are worth. NumPy alone.

A question is answered wholly (exact match) or in part (F1 of words), each the mean over questions,
by the true answer that fits best: Rajpurkar et al. 2016, section 6.1; `normal` says how texts are
compared. Where there is no answer, saying so is right (Rajpurkar et al. 2018).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from kerastc.errors import UserError
from kerastc.outputs.output import LENGTH, Output, Outputs
from kerastc.outputs.spans import predictions
from kerastc.outputs.spans.carrying import carried
from kerastc.outputs.spans.decoding import LONGEST, SpanAnswer, answered, best_threshold
from kerastc.outputs.spans.predictions import SpanPredictions, figures_of
from kerastc.scores.bootstrap import mean_interval
from kerastc.scores.figures import Figure
from kerastc.text.encoded import Encoded
from kerastc.text.reference import Reference

LOGITS = "logits"
SHOWN = 3  # answers to a question
LONGEST_OF, THRESHOLD = "longest", "threshold"  # in `decoding`


class Spans(Output):
    """Truth is n `Reference` objects; answers are `SpanAnswer`, one for each question.

    Its `decoding` has the most tokens of an answer, and the threshold of no answer.
    """

    main = Figure("f1", label="F1", mean=True)
    figures = (
        main,
        Figure("exact_match", label="exact match", of_rows=True, adjective="exact"),
    )
    answer = "answer"
    kind, kinds = "kind", "kinds"
    by_word = True

    def __init__(self, labels: Sequence[str], decoding: Mapping[str, Any] | None = None):
        super().__init__(labels, decoding)
        longest, threshold = self.decoding.get(LONGEST_OF, LONGEST), self.decoding.get(THRESHOLD)
        if type(longest) is not int or longest < 1:
            raise UserError(f"decoding.{LONGEST_OF}={longest!r} is not a number of tokens.")
        if threshold is not None and type(threshold) not in (int, float):
            raise UserError(f"decoding.{THRESHOLD}={threshold!r} is not a number.")

    @property
    def shapes(self) -> Mapping[str, tuple[int | str, ...]]:
        """Of each token, how likely an answer begins and ends there."""
        return {LOGITS: (LENGTH, 2)}

    def answers(self, outputs: Outputs, rows: Sequence[Any] = ()) -> list[SpanAnswer]:
        """The best spans of all windows of each question."""
        longest = self.decoding.get(LONGEST_OF, LONGEST)
        threshold = self.decoding.get(THRESHOLD)
        return answered(outputs[LOGITS], Encoded.of(rows), longest, threshold)

    def carried(self, outputs: Outputs, rows: Sequence[Any], others: Sequence[Any]) -> Outputs:
        """What was said of each token, at the token of the other rows with the same characters.

        Where tokens differ, a start is carried to the first token of those that share characters
        with it, an end to the last.
        """
        return {LOGITS: carried(outputs[LOGITS], Encoded.of(rows), Encoded.of(others))}

    def chosen(
        self, truth: Sequence[Reference], answers: Sequence[SpanAnswer]
    ) -> Mapping[str, Any]:
        """The threshold of no answer with the greatest F1; none if all questions have an answer."""
        if all(right.answers for right in truth):
            return {}
        spans = [
            right.context[slice(*said.spans[0][:2])] if said.spans else ""
            for said, right in zip(answers, truth, strict=True)
        ]
        lead = np.array([said.lead for said in answers])
        figures = (figures_of(texts, truth)["f1"] for texts in (spans, [""] * len(truth)))
        return {THRESHOLD: best_threshold(lead, *figures)}

    def decided(self, answers: Sequence[SpanAnswer]) -> list[SpanAnswer]:
        return [replace(answer, threshold=self.decoding.get(THRESHOLD)) for answer in answers]

    def metrics(self, truth: Sequence[Reference], answers: Sequence[SpanAnswer]) -> dict[str, Any]:
        """Figures with intervals over questions; apart for those with and without an answer."""
        said = SpanPredictions.of(truth, answers)
        found: dict[str, Any] = {"rows": len(truth)}
        intervals = {}
        for name, values in said.figures.items():
            found[name] = float(values.mean())
            intervals[name] = mean_interval(values)
        has = np.array([bool(right.answers) for right in truth])
        if not has.all():
            gave = np.array([answer.best is not None for answer in answers])
            found["no_answer"] = {
                "rows": int((~has).sum()),
                "found": float((~gave[~has]).mean()),
                "threshold": self.decoding.get(THRESHOLD),
            }
            if has.any():
                found["with_answer"] = {
                    "rows": int(has.sum()),
                    "answered": float(gave[has].mean()),
                    **{name: float(of[has].mean()) for name, of in said.figures.items()},
                }
        return found | {"intervals": intervals}

    def counts(self, figure: str, predictions: SpanPredictions) -> np.ndarray:
        """The figure of each question, and 1."""
        values = predictions.figures[figure]
        return np.stack([values, np.ones(len(values))], axis=1)

    def of_counts(self, figure: str, sums: np.ndarray) -> np.ndarray:
        return sums[..., 0] / np.maximum(sums[..., 1], 1)

    def extremes(self, figure: str, predictions: Any) -> tuple[np.ndarray, np.ndarray] | None:
        """A question that is answered right, and one that is not."""
        return np.array([[1.0, 1.0]]), np.array([[0.0, 1.0]])

    def kept(
        self, truth: Sequence[Reference], answers: Sequence[SpanAnswer]
    ) -> dict[str, np.ndarray]:
        return {
            name: of.astype(np.float32)
            for name, of in SpanPredictions.of(truth, answers).figures.items()
        }

    def of_kept(self, arrays: Mapping[str, np.ndarray]) -> SpanPredictions:
        figures = {figure.name: arrays[figure.name].astype(float) for figure in self.figures}
        if len({of.shape for of in figures.values()}) > 1:
            raise ValueError("its arrays are of different questions")
        return SpanPredictions(None, figures[self.main.name], (), figures)

    def same(self, answers: Sequence[SpanAnswer], others: Sequence[SpanAnswer]) -> float:
        """The share of questions with the same answer at the same place."""
        places = (
            [None if answer.best is None else answer.best[:2] for answer in some]
            for some in (answers, others)
        )
        return float(np.mean([one == other for one, other in zip(*places, strict=True)]))

    def json_rows(
        self, examples: Sequence[Mapping[str, Any]], answers: Sequence[SpanAnswer]
    ) -> list[dict[str, Any]]:
        """The answer and where it is, in characters; the best ones, with their probabilities."""
        return [
            self._told(str(example["context"]), answer)
            for example, answer in zip(examples, answers, strict=True)
        ]

    @staticmethod
    def _told(context: str, answer: SpanAnswer) -> dict[str, Any]:
        best = [
            {
                "begin": begin,
                "end": end,
                "text": context[begin:end],
                "probability": round(float(np.exp(score)), 6),
            }
            for begin, end, score in answer.spans
        ]
        given = {} if answer.best is None else best[0]
        place = {key: given.get(key) for key in ("begin", "end")}
        none = round(float(np.exp(answer.no_answer)), 6)
        return {"answer": given.get("text"), **place, "best": best, "no_answer": none}

    def table(
        self, examples: Sequence[Mapping[str, Any]], answers: Sequence[SpanAnswer]
    ) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """The answer with its probability, and the next best."""
        rows = []
        for told in self.json_rows(examples, answers):
            best = told["best"][:SHOWN]
            if told["answer"] is None:
                first, share = "no answer", told["no_answer"]
            else:
                first, share = told["answer"], best.pop(0)["probability"]
            then = ", ".join(f"{one['text']} {one['probability']:.3f}" for one in best)
            rows.append((first, f"{share:.3f}", then))
        return ("answer", "probability", "then"), rows

    def write_predictions(
        self,
        path: Path,
        columns: Sequence[str],
        examples: Sequence[Any],
        truth: Sequence[Reference],
        answers: Sequence[SpanAnswer],
    ) -> None:
        predictions.write(path, columns, examples, SpanPredictions.of(truth, answers))

    def read_predictions(self, path: Path) -> SpanPredictions:
        return predictions.read(path)


OUTPUT = Spans
