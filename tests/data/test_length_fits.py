"""Fits of lengths against SciPy's distributions, and against sums done here."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import curve_fit

from kerastc.data.texts.length_fits import (
    DENSITIES,
    Lengths,
    density_at,
    fit_densities,
    fit_lengths,
)

# Parameters of each distribution, and SciPy's form of it.
KNOWN = {
    "normal": ({"mean": 43.0, "deviation": 9.0}, stats.norm(43, 9)),
    "exponential": ({"scale": 20.0}, stats.expon(scale=20)),
    "gamma": ({"shape": 6.0, "scale": 5.0}, stats.gamma(6, scale=5)),
    "Weibull": ({"shape": 2.7, "scale": 40.0}, stats.weibull_min(2.7, scale=40)),
}
SCIPY = {
    "normal": stats.norm.pdf,
    "exponential": lambda x, scale: stats.expon.pdf(x, scale=scale),
    "gamma": lambda x, shape, scale: stats.gamma.pdf(x, shape, scale=scale),
    "Weibull": lambda x, shape, scale: stats.weibull_min.pdf(x, shape, scale=scale),
}


def sampled(name: str, rows: int = 400_000) -> tuple[np.ndarray, np.ndarray]:
    """Centres and densities of a histogram of draws from a known distribution."""
    draws = KNOWN[name][1].rvs(rows, random_state=np.random.default_rng(0))
    density, edges = np.histogram(draws[draws > 0], bins=80, density=True)
    return (edges[:-1] + edges[1:]) / 2, density


@pytest.mark.parametrize("name", KNOWN)
def test_densities_are_those_of_scipy(name):
    parameters, scipy_form = KNOWN[name]
    x = np.array([1e-3, 0.5, 1.0, 7.0, 40.0, 300.0, 1e5])
    np.testing.assert_allclose(
        density_at(name, parameters, x), scipy_form.pdf(x), rtol=1e-9, atol=1e-300
    )


@pytest.mark.parametrize("name", KNOWN)
def test_the_parameters_that_drew_the_lengths_are_found(name):
    fits = {fit.distribution: fit for fit in fit_densities(*sampled(name))}
    assert fits[name].parameters == pytest.approx(KNOWN[name][0], rel=0.02)
    # Gamma and Weibull of shape 1 are exponential, so they may follow its draws more closely.
    containing = {"gamma", "Weibull"} if name == "exponential" else set()
    others = set(fits) - {name} - containing
    assert all(fits[name].squared_error < fits[other].squared_error for other in others)


@pytest.mark.parametrize("name", KNOWN)
def test_the_squared_error_is_the_sum_and_no_other_parameters_do_better(name):
    centres, density = sampled("gamma")
    fit = next(fit for fit in fit_densities(centres, density) if fit.distribution == name)
    scipy_density = SCIPY[name](centres, *fit.parameters.values())
    assert fit.squared_error == pytest.approx(((scipy_density - density) ** 2).sum(), rel=1e-9)
    # SciPy's own search from elsewhere, with another method (Levenberg and Marquardt).
    start = [value * 1.3 for value in fit.parameters.values()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it strays where the densities are no numbers
        found, _ = curve_fit(SCIPY[name], centres, density, start, method="lm")
    assert list(fit.parameters.values()) == pytest.approx(found.tolist(), rel=1e-3)


def test_fits_are_sorted_by_their_error():
    errors = [fit.squared_error for fit in fit_densities(*sampled("Weibull"))]
    assert errors == sorted(errors)
    assert len(errors) == len(DENSITIES)


@pytest.mark.parametrize(
    ("lengths", "failed"),
    [([7] * 9, 4), ([3, 4, 4], 3), ([0, 0, 5], 4), ([0], 4), ([1, 2, 3], 0)],
)
def test_lengths_that_determine_no_distribution_are_told(lengths, failed):
    fits = fit_lengths(Lengths.of(np.array(lengths)).histogram)
    problems = [fit.problem for fit in fits if fit.problem]
    assert len(problems) == failed
    assert all("different lengths" in problem for problem in problems)
    assert [bool(fit.problem) for fit in fits] == [False] * (4 - failed) + [True] * failed
    assert all(fit.squared_error is None and not fit.parameters for fit in fits if fit.problem)


any_lengths = st.lists(
    st.integers(0, 40) | st.sampled_from([100, 3_000, 10_000_000]), min_size=1, max_size=60
).map(np.array)


@given(any_lengths)
def test_every_length_stands_in_the_histogram_once(lengths):
    histogram = Lengths.of(lengths).histogram
    assert sum(histogram.counts) + histogram.longer == len(lengths)
    assert len(histogram.counts) <= 80
    edges = histogram.first + histogram.width * np.arange(len(histogram.counts) + 1)
    assert list(histogram.counts) == np.histogram(lengths, edges - 0.5)[0].tolist()


@settings(max_examples=40)
@given(any_lengths)
def test_summaries_are_those_of_numpy_and_fits_always_end(lengths):
    found = Lengths.of(lengths)
    assert found.mean == pytest.approx(np.mean(lengths))
    assert found.median == np.median(lengths)
    assert (found.shortest, found.longest) == (lengths.min(), lengths.max())
    assert (lengths <= found.most).mean() >= 0.997
    assert (lengths <= found.most - 1).mean() < 0.997
    for fit in fit_lengths(found.histogram):
        assert fit.problem or np.isfinite([*fit.parameters.values(), fit.squared_error]).all()


def test_the_density_of_the_bins_sums_to_one():
    histogram = Lengths.of(np.arange(10, 1000)).histogram
    assert histogram.width > 1
    assert histogram.density.sum() * histogram.width == pytest.approx(1)
    assert histogram.centres[0] == np.arange(10, 10 + histogram.width).mean()
