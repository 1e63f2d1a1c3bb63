"""Paired comparisons of models on the same rows: how much they differ, and may lose.

A resample of the rows is shared by all models. Intervals of a difference are percentiles (Efron and
Tibshirani 1993, ch. 8 and 13). The losses of several models are bounded for all at once, by the
largest studentized deviation in each resample (Romano and Wolf 2005, Stepwise Multiple Testing),
after adding two rows on each of which only one of the models is right (Bonett and Price 2012):
without these, few rows on which all agree would count as proof.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from kerastc.scores.bootstrap import CELLS, EDGES, INTERVAL, SAMPLES, paired_difference
from kerastc.scores.figures import Answered, Counts, Figure

ADDED = 2.0  # rows
Measure = Callable[[np.ndarray], np.ndarray]  # of weights: figures, or sums


def shown(loss: float, figure: Figure, part: str = "validation") -> str:
    """What a budget requires of a model, in the words of terminal and page."""
    return (
        f"shown to lose at most {amount(loss, figure)} of {part} {figure.label} (paired bootstrap "
        "against the original on the same rows, 95 % for all models at once)"
    )


def amount(difference: float, figure: Figure) -> str:
    """An amount of a figure in words: `1 point`, a hundredth of a share, or `0.02`."""
    if not figure.share:
        return f"{difference:.3g}"
    text = f"{100 * difference:.3g}"
    return f"{text} point{'s' * (text != '1')}"


@dataclass(frozen=True)
class Judged:
    """A model's answers for some rows, with the output that can count them.

    Args:
        output: of the model's task.
        said: for n rows; rows with equal examples are resampled together.
    """

    output: Counts
    said: Answered

    def __len__(self) -> int:
        return len(self.said.truth)

    def counts(self, figure: Figure) -> np.ndarray:
        """What each row adds to the sums of a figure, (n, k) float or sparse."""
        return self.output.counts(figure.name, self.said)

    def right(self, figure: Figure) -> np.ndarray:
        """Whether each row is right, (n,) bool, for a figure `of_rows`."""
        return self.counts(figure)[:, 0] > 0

    def value(self, figure: Figure) -> float:
        """The figure over all rows."""
        rows = np.arange(len(self))
        return float(_values(figure, self, rows, len(rows))(np.ones((1, len(rows))))[0])


def difference(
    figure: Figure, pairs: Sequence[tuple[Judged, Judged]], seed: int = 0, distinct: bool = False
) -> tuple[float, list[float]]:
    """The mean difference of the first models from the others over pairs, with a 95 % interval.

    Args:
        figure: of their task.
        pairs: of models, each pair on the same rows; one per seed of a setting. A row that occurs
            in several of them, or twice in one, is drawn for all of them at once.
        seed: of the resamples.
        distinct: whether each row is drawn separately, whatever its example.
    """
    firsts = [one for one, _ in pairs]
    groups, count = _alone(firsts) if distinct else _groups(firsts)
    if figure.of_rows and len(pairs) == 1 and len(groups[0]) == count:
        return paired_difference(*(one.right(figure) for one in pairs[0]), seed)
    measures = [
        tuple(_values(figure, one, group, count) for one in pair)
        for pair, group in zip(pairs, groups, strict=True)
    ]

    def of(weights: np.ndarray) -> np.ndarray:
        return np.mean([one(weights) - other(weights) for one, other in measures], axis=0)

    drawn = np.concatenate([of(part) for part in _resamples(seed, count)])
    interval = np.quantile(drawn[np.isfinite(drawn)], EDGES)
    return float(of(np.ones((1, count)))[0]), interval.tolist()


def resampled(
    figure: Figure, firsts: Sequence[Judged], others: Sequence[Judged], seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """The mean figures of two sets of models on the same rows, which are drawn for all at once.

    Args:
        figure: of their task.
        firsts, others: models of a setting each, one per seed.
        seed: of the resamples.

    Returns:
        for each set (1 + samples,) float: on all rows, then in each resample.
    """
    models = [*firsts, *others]
    groups, count = _groups(models)
    measures = [_values(figure, *of, count) for of in zip(models, groups, strict=True)]
    weights = (np.ones((1, count)), *_resamples(seed, count))
    found = np.concatenate([np.stack([one(part) for one in measures], 1) for part in weights])
    return found[:, : len(firsts)].mean(axis=1), found[:, len(firsts) :].mean(axis=1)


def least_differences(
    figure: Figure, original: Judged, others: Sequence[Judged], seed: int = 0
) -> list[float]:
    """How much worse than the original each model may be: with 95 % confidence all bounds hold.

    Whichever model is chosen by these bounds keeps its bound. They cover the sampling of rows only,
    not the chance in training.

    Args:
        figure: of their task.
        original: the model to compare with.
        others: on the same rows.
        seed: of the resamples.

    Returns:
        for each the worst-case difference: the least, or the greatest if less is better.
    """
    if not others:
        return []
    measures, weights = _patterns(figure, original, others)
    total = weights.sum()
    first, *rest = measures

    def of(drawn: np.ndarray) -> np.ndarray:
        before = first(drawn)
        return figure.sign * np.array([one(drawn) - before for one in rest]).T

    [middle] = of(weights[None])
    parts = _resamples(seed, round(total), weights / total)
    drawn = np.concatenate([of(part) for part in parts])
    spread = drawn.std(axis=0)  # above zero since rows were added
    away = np.divide(drawn - middle, spread, out=np.zeros_like(drawn), where=spread > 0)
    bounds = middle - np.quantile(away.max(axis=1), INTERVAL) * spread
    return (figure.sign * bounds).tolist()


def _patterns(
    figure: Figure, original: Judged, others: Sequence[Judged]
) -> tuple[list[Measure], np.ndarray]:
    """The distinct rows for all models: each model's figure as a function of weights, the weights.

    On half of the added weight only the original is right, on the other half only it is wrong. A
    figure by which no row is wholly right or wrong has no added rows.
    """
    models = [original, *others]
    kinds = [one.output.row_kinds(figure.name, one.said) for one in models]
    _, first, counts = np.unique(np.stack(kinds, 1), axis=0, return_index=True, return_counts=True)
    weights = counts.astype(float)
    extremes = original.output.extremes(figure.name, original.said)
    if extremes is not None:
        rows = extremes[0].shape[0]
        weights = np.concatenate([weights, np.full(2 * rows, ADDED / 2 / rows)])
    groups = np.arange(len(weights))
    measures = []
    for place, one in enumerate(models):
        table = one.counts(figure)[first]
        if extremes is not None:
            table = _stacked([table, *(extremes if place == 0 else reversed(extremes))])
        measures.append(_measure(figure, one.output, table, groups, len(groups)))
    return measures, weights


def _stacked(tables: Sequence[np.ndarray]) -> np.ndarray:
    """Stacked counts; sparse if the first are."""
    if isinstance(tables[0], np.ndarray):
        return np.concatenate(tables)
    from scipy.sparse import csr_array, vstack

    return vstack([csr_array(table) for table in tables], format="csr")


def _groups(judged: Sequence[Judged]) -> tuple[list[np.ndarray], int]:
    """Per model the group number of each row, and how many groups there are."""
    if any(one.said.examples is None for one in judged):
        return _alone(judged)
    every = np.concatenate([one.said.examples for one in judged]).astype(str)
    found, inverse = np.unique(every, axis=0, return_inverse=True)
    ends = np.cumsum([len(one) for one in judged])
    return np.split(inverse.reshape(-1), ends[:-1]), len(found)


def _alone(judged: Sequence[Judged]) -> tuple[list[np.ndarray], int]:
    """Like `_groups`, with each row of each model in its own group."""
    ends = np.cumsum([len(one) for one in judged])
    return np.split(np.arange(ends[-1]), ends[:-1]), int(ends[-1])


def _resamples(seed: int, rows: int, shares: np.ndarray | None = None) -> Iterator[np.ndarray]:
    """How often each row, or each kind of row, occurs in a resample of all rows.

    Args:
        seed: of the resamples.
        rows: how many.
        shares: (kinds,) of each kind; if None, every row is its own kind.

    Yields:
        (a part of the samples, kinds) float.
    """
    rng = np.random.default_rng(seed)
    part = max(1, CELLS // (rows if shares is None else len(shares)))
    for begin in range(0, SAMPLES, part):
        size = min(part, SAMPLES - begin)
        if shares is None:
            drawn = (rng.integers(rows, size=rows) for _ in range(size))
            yield np.stack([np.bincount(one, minlength=rows) for one in drawn]).astype(float)
        else:
            yield rng.multinomial(rows, shares, size=size).astype(float)


def _values(figure: Figure, model: Judged, groups: np.ndarray, width: int) -> Measure:
    """A model's figure as a function of weights; arguments as in `_measure`."""
    return _measure(figure, model.output, model.counts(figure), groups, width)


def _measure(
    figure: Figure, output: Counts, counts: np.ndarray, groups: np.ndarray, width: int
) -> Measure:
    """A figure as a function of weights, (samples, width) float: how often each group counts.

    Args:
        figure: of the task.
        output: of the task.
        counts: (n, k) float or sparse, of n rows.
        groups: (n,) the group of each row.
        width: number of groups.

    Returns:
        a function that returns (samples,) float.
    """
    sums_of, k = _sums(counts, groups, width)
    part = max(1, CELLS // k)

    def values(weights: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore"):  # a resample may have no row from a small seed
            found = [
                output.of_counts(figure.name, sums_of(weights[begin : begin + part]))
                for begin in range(0, len(weights), part)
            ]
        return np.concatenate(found)

    return values


def _sums(counts: np.ndarray, groups: np.ndarray, width: int) -> tuple[Measure, int]:
    """A function from weights (samples, width) to the sums (samples, k), and k."""
    if isinstance(counts, np.ndarray):
        columns = [np.bincount(groups, weights=column, minlength=width) for column in counts.T]
        return lambda weights: np.stack([weights @ one for one in columns], axis=-1), len(columns)
    from scipy.sparse import csr_array

    rows = np.arange(len(groups))
    members = csr_array((np.ones(len(groups)), (groups, rows)), (width, len(groups)))
    table = csr_array(members @ counts)
    return lambda weights: (table.T @ weights.T).T, counts.shape[1]
