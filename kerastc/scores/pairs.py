"""Models compared in pairs on the same rows: by how much they differ, and what may be lost.

A resample of the rows is one of all models. Intervals of a difference are percentiles (Efron and
Tibshirani 1993, ch. 8 and 13). What several models may lose is bounded for all of them at once, by
the largest studentized deviation in each resample (Romano and Wolf 2005, Stepwise Multiple
Testing), over rows to which two were added on which either model alone is right (Bonett and Price
2012): without those, few rows on which all agree would count as proof.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from kerastc.outputs.classes.predictions import Predictions
from kerastc.scores.bootstrap import INTERVAL, SAMPLES, paired_difference
from kerastc.scores.class_scores import class_scores

FIGURES = {"accuracy": True, "macro_f1": True, "loss": False}  # name: whether more is better
NAMES = {"accuracy": "accuracy", "macro_f1": "macro F1", "loss": "loss"}
ADDED = 2.0  # rows
_CELLS = 1 << 22  # of an array of resamples


def shown(loss: float, figure: str, part: str = "validation") -> str:
    """What a model has to be for a budget, in the words of terminal and page."""
    return (
        f"shown to lose at most {points(loss)} of {part} {NAMES[figure]} (paired bootstrap against "
        "the original on the same rows, 95 % for all models at once)"
    )


def points(share: float) -> str:
    """A share in points, hundredths: `1 point`."""
    text = f"{100 * share:.3g}"
    return f"{text} point{'s' * (text != '1')}"


@dataclass(frozen=True)
class Judged:
    """What a model said of some rows, as far as its figures want it.

    Args:
        labels, predicted: (n,) int, indices of classes.
        losses: (n,) float, cross-entropy in nats.
        examples: (n,) the rows' texts or names; those that are equal are resampled together. None
            where all are distinct.
    """

    labels: np.ndarray
    predicted: np.ndarray
    losses: np.ndarray
    examples: np.ndarray | None = None

    @classmethod
    def of(cls, found: Predictions) -> "Judged":
        """What predictions say."""
        return cls(found.labels, found.predicted, row_losses(found), found.examples)

    def values(self, figure: str) -> np.ndarray:
        """Accuracy or loss of each row, (n,) float."""
        return self.losses if figure == "loss" else (self.predicted == self.labels).astype(float)

    def figure(self, name: str) -> float:
        """One of `FIGURES`."""
        rows = np.arange(len(self.labels))
        weights = np.ones((1, len(rows)))
        return float(_figures(name, self, rows, weights)[0])


def row_losses(found: Predictions) -> np.ndarray:
    """Cross-entropy of each row in nats, (n,) float, cut as in `classification_metrics`."""
    chosen = found.probabilities[np.arange(len(found.labels)), found.labels]
    return -np.log(np.clip(chosen, 1e-7, 1.0))


def difference(
    figure: str, pairs: Sequence[tuple[Judged, Judged]], seed: int = 0
) -> tuple[float, list[float]]:
    """By how much the first models differ from the others, mean over pairs, with a 95 % interval.

    Args:
        figure: of `FIGURES`.
        pairs: of models, each pair on the same rows; one for each seed of a setting. A row that
            stands in several of them, or twice in one, is drawn for all of them at once.
        seed: of the resamples.
    """
    groups, count = _groups([one for one, _ in pairs])
    if figure == "accuracy" and len(pairs) == 1 and len(groups[0]) == count:
        return paired_difference(*(one.predicted == one.labels for one in pairs[0]), seed)

    def of(weights: np.ndarray) -> np.ndarray:
        found = [
            _figures(figure, one, group, weights) - _figures(figure, other, group, weights)
            for (one, other), group in zip(pairs, groups, strict=True)
        ]
        return np.mean(found, axis=0)

    drawn = np.concatenate([of(part) for part in _resamples(seed, count)])
    edges = ((1 - INTERVAL) / 2, (1 + INTERVAL) / 2)
    interval = np.quantile(drawn[np.isfinite(drawn)], edges)
    return float(of(np.ones((1, count)))[0]), interval.tolist()


def least_differences(
    figure: str, original: Judged, others: Sequence[Judged], seed: int = 0
) -> list[float]:
    """The least by which each model may differ from the original: with 95 % confidence all hold.

    Whichever of the models is chosen by these bounds, the one that is chosen keeps its bound. Of
    the rows alone: that training was lucky is no part of it.

    Args:
        figure: accuracy or macro_f1.
        original: what the others are compared with.
        others: on the same rows.
        seed: of the resamples.
    """
    if not others:
        return []
    rows, weights = _patterns(figure, original, others)
    total = weights.sum()
    groups = np.arange(len(weights))
    first, *rest = rows

    def of(drawn: np.ndarray) -> np.ndarray:
        before = _figures(figure, first, groups, drawn)
        return np.array([_figures(figure, one, groups, drawn) - before for one in rest]).T

    [middle] = of(weights[None])
    parts = _resamples(seed, round(total), weights / total)
    drawn = np.concatenate([of(part) for part in parts])
    spread = drawn.std(axis=0)  # above zero, for the rows that were added
    furthest = ((drawn - middle) / spread).max(axis=1)
    return (middle - np.quantile(furthest, INTERVAL) * spread).tolist()


def _patterns(
    figure: str, original: Judged, others: Sequence[Judged]
) -> tuple[list[Judged], np.ndarray]:
    """The distinct rows for all models, the original first, and how often each of them stands.

    The added rows are shared by the classes: on half of their weight the original alone is right,
    on the other half it alone is wrong.
    """
    models = [original, *others]
    if figure == "accuracy":
        labels = np.ones(len(original.labels), np.int64)
        said = np.stack([one.predicted == original.labels for one in models], 1).astype(np.int64)
        classes = np.array([1])
    else:
        labels = original.labels
        said = np.stack([one.predicted for one in models], 1)
        classes = np.unique(labels)
    wrong = np.roll(classes, 1) if len(classes) > 1 else np.where(classes == 0, 1, 0)
    lost = np.stack([classes, *[wrong] * len(others)], 1)
    won = np.stack([wrong, *[classes] * len(others)], 1)
    table, counts = np.unique(np.column_stack([labels, said]), axis=0, return_counts=True)
    table = np.concatenate([table, *(np.column_stack([classes, p]) for p in (lost, won))])
    share = ADDED / 2 / len(classes)
    weights = np.concatenate([counts.astype(float), np.full(2 * len(classes), share)])
    none = np.zeros(len(table))
    return [Judged(table[:, 0], column, none) for column in table[:, 1:].T], weights


def _groups(judged: Sequence[Judged]) -> tuple[list[np.ndarray], int]:
    """By model the number of each row's group, and how many groups there are."""
    if all(one.examples is not None for one in judged):
        every = np.concatenate([one.examples for one in judged]).astype(str)
        found, inverse = np.unique(every, return_inverse=True)
        ends = np.cumsum([len(one.labels) for one in judged])
        return np.split(inverse, ends[:-1]), len(found)
    counts = [len(one.labels) for one in judged]
    ends = np.cumsum(counts)
    return np.split(np.arange(ends[-1]), ends[:-1]), int(ends[-1])


def _resamples(seed: int, rows: int, shares: np.ndarray | None = None) -> Iterator[np.ndarray]:
    """How often each row, or each of some kinds of rows, stands in a resample of all rows.

    Args:
        seed: of the resamples.
        rows: how many.
        shares: (kinds,) of each kind; every row is a kind of its own where None.

    Yields:
        (a part of the samples, kinds) float.
    """
    rng = np.random.default_rng(seed)
    part = max(1, _CELLS // (rows if shares is None else len(shares)))
    for begin in range(0, SAMPLES, part):
        size = min(part, SAMPLES - begin)
        if shares is None:
            drawn = (rng.integers(rows, size=rows) for _ in range(size))
            yield np.stack([np.bincount(one, minlength=rows) for one in drawn]).astype(float)
        else:
            yield rng.multinomial(rows, shares, size=size).astype(float)


def _figures(figure: str, model: Judged, groups: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """A figure of a model for each row of weights, (samples,).

    Args:
        figure: of `FIGURES`.
        model: on n rows.
        groups: (n,) the column of `weights` of each row.
        weights: (samples, groups) how often each row counts.
    """
    if figure != "macro_f1":
        width = weights.shape[1]
        sums = np.bincount(groups, weights=model.values(figure), minlength=width)
        rows = np.bincount(groups, minlength=width)
        with np.errstate(invalid="ignore"):  # a resample may have no row of a small seed
            return (weights @ sums) / (weights @ rows)
    classes = 1 + int(max(model.labels.max(), model.predicted.max()))
    part = max(1, _CELLS // classes)
    if len(weights) > part:
        parts = (weights[i : i + part] for i in range(0, len(weights), part))
        return np.concatenate([_figures(figure, model, groups, one) for one in parts])
    right = model.labels[model.predicted == model.labels]
    of_right = groups[model.predicted == model.labels]
    counted = [
        _by_class(weights, *found, classes)
        for found in ((of_right, right), (groups, model.labels), (groups, model.predicted))
    ]
    return class_scores(*counted)["macro_f1"]


def _by_class(
    weights: np.ndarray, groups: np.ndarray, chosen: np.ndarray, classes: int
) -> np.ndarray:
    """How often each class stands in each resample, (samples, classes)."""
    from scipy.sparse import csr_array

    shape = weights.shape[1], classes
    return (csr_array((np.ones(len(groups)), (groups, chosen)), shape).T @ weights.T).T
