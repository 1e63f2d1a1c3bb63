"""The lengths of texts, and distributions fitted to them by least squares."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

MOST = 997  # thousandths of the texts that `LengthSummary.most` covers
_BINS = 80


@dataclass(frozen=True)
class Histogram:
    """Texts by length, in bins of equal width.

    Args:
        first: the shortest length; bin i holds the lengths from `first + i * width` on.
        width: whole lengths in a bin.
        counts: texts in each bin, at most 80 bins.
        longer: number of texts beyond the last bin.
    """

    first: int
    width: int
    counts: tuple[int, ...]
    longer: int

    @property
    def centres(self) -> np.ndarray:
        """The mean of the lengths that fall in each bin, (bins,) float64."""
        return self.first + np.arange(len(self.counts)) * self.width + (self.width - 1) / 2

    @property
    def density(self) -> np.ndarray:
        """Share of all texts in each bin, per unit of length, (bins,) float64."""
        return np.array(self.counts) / ((sum(self.counts) + self.longer) * self.width)


@dataclass(frozen=True)
class Lengths:
    """The lengths of all texts, in one unit.

    Args:
        mean, median: of the lengths.
        shortest, longest: the ends.
        most: the least length that 99.7 % of the texts do not exceed.
        histogram: the lengths in bins.
    """

    mean: float
    median: float
    shortest: int
    longest: int
    most: int
    histogram: Histogram

    @classmethod
    def of(cls, lengths: np.ndarray) -> "Lengths":
        """Summarises lengths, (n,) int with n > 0."""
        by_length = np.cumsum(np.bincount(lengths))
        most = int(np.searchsorted(by_length * 1000, len(lengths) * MOST))
        return cls(
            mean=float(lengths.mean()),
            median=float(np.median(lengths)),
            shortest=int(lengths.min()),
            longest=int(lengths.max()),
            most=most,
            histogram=_histogram(lengths, most),
        )

    def as_dict(self) -> dict:
        """All of it, for JSON."""
        histogram = self.histogram
        return {
            "mean": self.mean,
            "median": self.median,
            "shortest": self.shortest,
            "longest": self.longest,
            "most": self.most,
            "histogram": {
                "first": histogram.first,
                "width": histogram.width,
                "counts": list(histogram.counts),
                "longer": histogram.longer,
            },
        }


@dataclass(frozen=True)
class Fit:
    """A distribution, fitted.

    Args:
        distribution: one of `DENSITIES`.
        parameters: by name; empty if the fit failed.
        squared_error: the squared difference of the densities, summed over the bins; None if the
            fit failed.
        problem: why it failed; empty if it did not.
    """

    distribution: str
    parameters: Mapping[str, float]
    squared_error: float | None
    problem: str = ""

    def as_dict(self) -> dict:
        """All of it, for JSON."""
        return {
            "distribution": self.distribution,
            "parameters": dict(self.parameters),
            "squared_error": self.squared_error,
            "problem": self.problem,
        }


def fit_lengths(histogram: Histogram) -> tuple[Fit, ...]:
    """Fits every distribution of `DENSITIES` to the densities of the bins; the best fit is first.

    Args:
        histogram: of lengths; bins at length 0, where some densities are infinite, are left out.
    """
    centres = histogram.centres
    there = centres > 0
    return fit_densities(centres[there], histogram.density[there])


def fit_densities(centres: np.ndarray, density: np.ndarray) -> tuple[Fit, ...]:
    """Fits every distribution of `DENSITIES` by least squares; failures come last.

    Args:
        centres: (bins,) float64, above 0.
        density: (bins,) float64, at least 0.
    """
    fits = [_fit(name, centres, density) for name in DENSITIES]
    return tuple(sorted(fits, key=lambda f: math.inf if f.problem else f.squared_error))


def density_at(distribution: str, parameters: Mapping[str, float], x: np.ndarray) -> np.ndarray:
    """The density of a distribution in `DENSITIES` at each x > 0, of x's shape.

    Args:
        distribution: its name.
        parameters: as a `Fit` has them.
    """
    with np.errstate(all="ignore"):  # far in the tails, infinity times zero means zero
        return np.nan_to_num(DENSITIES[distribution].at(x, *parameters.values()), nan=0.0)


def _histogram(lengths: np.ndarray, most: int) -> Histogram:
    """Bins just wide enough for 80 of them to cover nearly all texts."""
    first, last = int(lengths.min()), int(lengths.max())
    width = max(1, math.ceil((most - first + 1) * 1.25 / _BINS))
    bins = min(_BINS, (last - first) // width + 1)
    place = (lengths - first) // width
    counts = np.bincount(place[place < bins], minlength=bins)
    return Histogram(first, width, tuple(counts.tolist()), int((place >= bins).sum()))


def _fit(name: str, centres: np.ndarray, density: np.ndarray) -> Fit:
    from scipy.optimize import least_squares

    family = DENSITIES[name]
    filled, needed = int((density > 0).sum()), len(family.parameters) + 1
    if filled < needed:
        return Fit(name, {}, None, f"needs {needed} different lengths, has {filled}")
    mean = np.average(centres, weights=density)
    deviation = np.sqrt(np.average((centres - mean) ** 2, weights=density))
    found = least_squares(
        lambda values: density_at(name, _named(family, values), centres) - density,
        family.start(mean, deviation),
        bounds=(1e-9, np.inf),
        x_scale="jac",
        # Densities are small numbers: the usual tolerances would stop before the last digits.
        ftol=1e-14,
        xtol=1e-12,
        gtol=1e-14,
        max_nfev=1000,
    )
    if not found.success:
        return Fit(name, {}, None, "does not converge")
    return Fit(name, _named(family, found.x), float(2 * found.cost))


def _named(family: "_Family", values: np.ndarray) -> dict[str, float]:
    return dict(zip(family.parameters, map(float, values), strict=True))


@dataclass(frozen=True)
class _Family:
    """A distribution: its parameters' names, its density, and where the search begins.

    Args:
        parameters: their names, in the order `at` takes them; all are above 0.
        at: maps x and the parameters to the density at x.
        start: maps mean and standard deviation to parameters to start from.
    """

    parameters: tuple[str, ...]
    at: Callable[..., np.ndarray]
    start: Callable[[float, float], list[float]]


def _normal(x: np.ndarray, mean: float, deviation: float) -> np.ndarray:
    return np.exp(-(((x - mean) / deviation) ** 2) / 2) / (deviation * math.sqrt(2 * math.pi))


def _exponential(x: np.ndarray, scale: float) -> np.ndarray:
    return np.exp(-x / scale) / scale


def _gamma(x: np.ndarray, shape: float, scale: float) -> np.ndarray:
    return np.exp((shape - 1) * np.log(x / scale) - x / scale - math.lgamma(shape)) / scale


def _weibull(x: np.ndarray, shape: float, scale: float) -> np.ndarray:
    return shape / scale * (x / scale) ** (shape - 1) * np.exp(-((x / scale) ** shape))


def _weibull_start(mean: float, deviation: float) -> list[float]:
    shape = (deviation / mean) ** -1.086  # Justus et al. 1978, good to a few hundredths
    return [shape, mean / math.gamma(1 + 1 / shape)]


# All have support from 0, as lengths do, without a location parameter.
DENSITIES = {
    "normal": _Family(("mean", "deviation"), _normal, lambda mean, sd: [mean, sd]),
    "exponential": _Family(("scale",), _exponential, lambda mean, sd: [mean]),
    "gamma": _Family(("shape", "scale"), _gamma, lambda mean, sd: [(mean / sd) ** 2, sd**2 / mean]),
    "Weibull": _Family(("shape", "scale"), _weibull, _weibull_start),
}
