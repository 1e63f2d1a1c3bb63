"""Words that a model says at some places, from the logits to what they are worth. NumPy alone.

The loss is the mean cross-entropy of the true tokens, in nats; perplexity is its exponential;
accuracy is the share of places whose most probable token is the true one. All are of places, not of
texts: a text counts by as many as it has.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerastc.outputs.output import LENGTH, Output, Outputs
from kerastc.outputs.vocabulary import predictions
from kerastc.outputs.vocabulary.predictions import WordAnswer, WordPredictions
from kerastc.scores.bootstrap import sums_interval
from kerastc.scores.figures import Figure

LOGITS = "logits"
BEST = 5  # tokens that are kept of each place
TOKENS = "tokens"  # in `decoding`: how many the model can say
HIGHEST = 700.0  # a loss whose exponential is still a number


def perplexity(loss: float) -> float:
    """The exponential of a loss in nats."""
    return math.exp(min(loss, HIGHEST)) if loss == loss else math.nan


class Vocabulary(Output):
    """Truth is n arrays of words, answers are `WordAnswer`, one for each text."""

    main = Figure("perplexity", higher=False, share=False)
    figures = (
        Figure("loss", higher=False, share=False),
        main,
        Figure("accuracy", adjective="accurate"),
    )
    answer = "words"
    kind, kinds = "word", "words"

    @property
    def shapes(self) -> Mapping[str, tuple[int | str | None, ...]]:
        """A logit of each token, for each place that is asked for."""
        return {LOGITS: (LENGTH, self.decoding.get(TOKENS))}

    def reduced(self, outputs: Mapping[str, np.ndarray], targets: np.ndarray) -> Outputs:
        """What is kept of the logits of a batch, (rows, places, 2 + 2 * BEST) float32.

        Of each place the logarithm of the true token's probability, and how many are more probable
        than it, both NaN where it is not known; the ids of the best tokens, the best first, and the
        logarithms of their probabilities.
        """
        logits = np.asarray(outputs[LOGITS], np.float32)
        rows = logits.reshape(-1, logits.shape[-1])
        true = np.asarray(targets).reshape(-1)
        found = np.full((len(rows), 2 + 2 * BEST), np.nan, np.float32)
        top = rows.max(axis=-1, keepdims=True, initial=-np.inf)
        total = np.log(np.exp(rows - top).sum(axis=-1, keepdims=True, dtype=np.float64)) + top
        most = min(BEST, rows.shape[-1])
        best = np.argpartition(-rows, most - 1, axis=-1)[:, :most]
        values = np.take_along_axis(rows, best, axis=-1)
        order = np.argsort(-values, axis=-1, kind="stable")
        found[:, 2 : 2 + most] = np.take_along_axis(best, order, axis=-1)
        found[:, 2 + BEST : 2 + BEST + most] = np.take_along_axis(values, order, axis=-1) - total
        known = np.flatnonzero(true >= 0)
        own = rows[known, true[known]][:, None]
        found[known, 0] = (own - total[known])[:, 0]
        found[known, 1] = (rows[known] > own).sum(axis=-1)
        return {LOGITS: found.reshape(*logits.shape[:-1], -1)}

    def answers(self, outputs: Outputs, rows: Sequence[Any] = ()) -> list[WordAnswer]:
        """The best words at the places of each row.

        Args:
            outputs: what `reduced` kept of them.
            rows: `MaskedRows`, which know what tokens are called.
        """
        kept = outputs[LOGITS]
        if not len(kept):
            return []
        every = np.concatenate(kept)
        most = int(np.isfinite(every[:, 2 : 2 + BEST]).all(axis=0).sum()) if len(every) else 0
        words = rows.shown(every[:, 2 : 2 + most].astype(np.int64))
        logs = every[:, 2 + BEST : 2 + BEST + most].astype(float)
        cuts = np.cumsum([len(row) for row in kept])[:-1]
        parts = (np.split(of, cuts) for of in (words, logs, every[:, 0], every[:, 1]))
        return [WordAnswer(*row) for row in zip(*parts, strict=True)]

    def metrics(self, truth: Sequence[np.ndarray], answers: Sequence[WordAnswer]) -> dict[str, Any]:
        """The figures with intervals over texts, and how many `words` were asked for."""
        said = WordPredictions.of(truth, answers)
        found: dict[str, Any] = {"rows": len(said), "words": int(said.sums[:, 1].sum())}
        intervals = {}
        for name in (figure.name for figure in self.figures):
            counts = self.counts(name, said)
            found[name] = float(self.of_counts(name, counts.sum(axis=0)))
            intervals[name] = sums_interval(counts, lambda sums, name=name: self._of(name, sums))
        return found | {"intervals": intervals}

    def counts(self, figure: str, predictions: WordPredictions) -> np.ndarray:
        """The sum of the losses, or how many are right, and the places, (n, 2)."""
        return predictions.sums[:, [2 if figure == "accuracy" else 0, 1]]

    def of_counts(self, figure: str, sums: np.ndarray) -> np.ndarray:
        return self._of(figure, sums)

    @staticmethod
    def _of(figure: str, sums: np.ndarray) -> np.ndarray:
        mean = sums[..., 0] / np.maximum(sums[..., 1], 1)
        return np.exp(np.minimum(mean, HIGHEST)) if figure == "perplexity" else mean

    def kept(
        self, truth: Sequence[np.ndarray], answers: Sequence[WordAnswer]
    ) -> dict[str, np.ndarray]:
        return {"sums": WordPredictions.of(truth, answers).sums}

    def of_kept(self, arrays: Mapping[str, np.ndarray]) -> WordPredictions:
        sums = arrays["sums"]
        if sums.ndim != 2 or sums.shape[1] != 3 or sums.dtype.kind != "f":
            raise ValueError(f"its sums are {sums.dtype} {sums.shape}")
        return WordPredictions(None, sums[:, 2], (), sums)

    def same(self, answers: Sequence[WordAnswer], others: Sequence[WordAnswer]) -> float:
        """The share of places with the same best word."""
        mine, theirs = (
            np.concatenate([answer.words[:, 0] for answer in some]) for some in (answers, others)
        )
        return float((mine == theirs).mean())

    def json_rows(
        self, examples: Sequence[Mapping[str, Any]], answers: Sequence[WordAnswer]
    ) -> list[dict[str, Any]]:
        """The best words of each mask, with their probabilities."""
        return [
            {
                "masks": [
                    [
                        {"word": word, "probability": round(float(np.exp(log)), 6)}
                        for word, log in zip(words, logs, strict=True)
                    ]
                    for words, logs in zip(answer.words, answer.logs, strict=True)
                ]
            }
            for answer in answers
        ]

    def table(
        self, examples: Sequence[Mapping[str, Any]], answers: Sequence[WordAnswer]
    ) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """The best words with their probabilities, those of several masks behind one another."""
        rows = []
        for told in self.json_rows(examples, answers):
            masks = [
                ", ".join(f"{one['word']} {one['probability']:.3f}" for one in mask)
                for mask in told["masks"]
            ]
            rows.append(("; ".join(masks),))
        return ("words",), rows

    def write_predictions(
        self,
        path: Path,
        columns: Sequence[str],
        examples: Sequence[Any],
        truth: Sequence[np.ndarray],
        answers: Sequence[WordAnswer],
    ) -> None:
        predictions.write(path, columns, examples, WordPredictions.of(truth, answers))

    def read_predictions(self, path: Path) -> WordPredictions:
        return predictions.read(path)


OUTPUT = Vocabulary
