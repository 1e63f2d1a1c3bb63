"""One-class networks: objectives against closed forms and scikit-learn, scores, the filter."""

from importlib import import_module

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from keras import ops
from sklearn.metrics import roc_auc_score
from sklearn.svm import OneClassSVM

from kerastc import data, methods, recipe, training
from kerastc.errors import UserError
from kerastc.methods import filtered
from kerastc.methods.image_filter import typical
from kerastc.methods.one_class import (
    Boundary,
    away_from_zero,
    first_centre,
    one_class_network,
    outputs_of,
    squared_distances,
    svdd_loss,
    svm_loss,
)
from kerastc.models import image_classifier
from kerastc.run import Run
from kerastc.settings import configure, validate
from kerastc.settings import word as settings_word

module = import_module("kerastc.methods.image_filter")


class Config(data.ImageData, methods.FilterConfig, training.ImageClassifierConfig):
    """As in a recipe with a filter."""


TINY = dict(
    width=0.25, least_images=60, batch_size=30, unlabelled=100, test=50, filter_epochs=1, kept=0.75
)
NUS = st.floats(0.05, 0.95)


@pytest.fixture
def run(tmp_path):
    return Run.create(tmp_path / "run", {}, tmp_path / "cache")


def network(objective):
    return one_class_network(image_classifier((8, 8, 1), 3, width=0.25), objective)


def images(count=8, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, 8, 8, 1), dtype=np.uint8)


def soft_boundary(distances, radius, nu):
    """Ruff et al. 2018, eq. 3, without the penalty; both squared."""
    return radius + np.maximum(distances - radius, 0).mean() / nu


@pytest.mark.backend
def test_svdd_is_eq_3_with_the_quantile_for_its_radius():
    outputs = np.random.default_rng(0).normal(size=(11, 4)).astype("float32")
    centre = np.array([0.5, -0.5, 1, 0], "float32")
    distances = np.square(outputs - centre).sum(axis=1)
    found = ops.convert_to_numpy(squared_distances(outputs, centre))
    np.testing.assert_allclose(found, distances, rtol=1e-5)
    # Of 11, one is inside or on the border and ten, 0.9 of the rest, are outside.
    radius = np.sort(distances)[1]
    loss = float(svdd_loss(ops.convert_to_tensor(outputs), centre, 0.9))
    assert loss == pytest.approx(soft_boundary(distances, radius, 0.9), rel=1e-5)


@settings(max_examples=40)
@given(arrays(np.float32, (20, 2), elements=st.floats(-8, 8, width=32)), NUS)
def test_no_other_radius_makes_svdd_smaller(outputs, nu):
    centre = np.ones(2, "float32")
    distances = np.square(outputs - centre).sum(axis=1)
    found = float(svdd_loss(outputs, centre, nu))
    best = min(soft_boundary(distances, radius, nu) for radius in distances)
    # The quantile lies between two distances, of which one is the best radius.
    gap = np.diff(np.sort(distances)).max()
    assert best - 1e-3 <= found <= best + gap / (nu * len(distances)) + 1e-3


@pytest.fixture(scope="module")
def linear():
    """Features, nu, and scikit-learn's solution in the scale of eq. 3.1: kernel and threshold."""
    features = np.random.default_rng(0).normal([2, 1, 3], [1, 0.5, 1], (101, 3))
    nu = 0.5
    solution = OneClassSVM(kernel="linear", nu=nu, tol=1e-9).fit(features)
    scale = nu * len(features)  # libsvm's coefficients sum to this, not to 1
    return features, nu, solution, solution.coef_[0] / scale, solution.offset_[0] / scale


@pytest.mark.backend
def test_svm_has_scikit_learns_objective_at_its_solution(linear):
    features, nu, _, kernel, threshold = linear
    projections = features @ kernel
    outside = np.maximum(threshold - projections, 0).mean() / nu
    expected = kernel @ kernel / 2 + outside - threshold
    found = svm_loss(projections.astype("float32"), kernel.astype("float32"), nu)
    assert float(found) == pytest.approx(expected, rel=1e-4)


def test_svm_is_smallest_at_scikit_learns_solution(linear):
    features, nu, _, kernel, _ = linear

    def loss(weights):
        weights = weights.astype("float32")
        return float(svm_loss((features @ weights).astype("float32"), weights, nu))

    least = loss(kernel)
    for seed in range(20):
        change = np.random.default_rng(seed).normal(size=3) * 0.05
        assert loss(kernel + change) > least
    assert loss(kernel * 1.05) > least and loss(kernel * 0.95) > least


def test_svm_scores_are_scikit_learns_decisions(linear):
    features, nu, solution, kernel, _ = linear
    outputs = (features @ kernel)[:, None]
    boundary = Boundary.around(outputs, nu, None)
    decisions = solution.decision_function(features) / (nu * len(features))
    np.testing.assert_allclose(boundary.scores(outputs), decisions, atol=2e-3)


@pytest.mark.parametrize("nu", [0.1, 0.9])
@pytest.mark.parametrize("objective", ["svdd", "svm"])
def test_a_share_of_nu_lies_outside_the_boundary(objective, nu):
    outputs = np.random.default_rng(0).normal(size=(1001, 3)).astype("float32")
    centre = np.ones(3) if objective == "svdd" else None
    boundary = Boundary.around(outputs, nu, centre)
    assert (boundary.scores(outputs) < 0).mean() == pytest.approx(nu, abs=0.002)
    assert not boundary.collapsed(boundary.scores(outputs))


def test_near_the_centre_is_typical():
    centre = np.array([1.0, 2.0])
    boundary = Boundary("svdd", 1.0, tuple(centre))
    scores = boundary.scores(np.array([[1, 2], [1, 3], [4, 6]], "float32"))
    assert scores.tolist() == [1, 0, -4]


@pytest.mark.parametrize("centre", [np.ones(3), None])
def test_equal_outputs_are_a_collapse(centre):
    outputs = np.ones((9, 3), "float32") * 0.7
    outputs += np.random.default_rng(0).normal(size=(9, 3)).astype("float32") * 1e-7
    boundary = Boundary.around(outputs, 0.9, centre)
    assert boundary.collapsed(boundary.scores(outputs))


def test_entries_of_the_centre_keep_away_from_zero():
    found = away_from_zero(np.array([0.05, -0.01, 0.0, 0.3, -2.0]))
    np.testing.assert_allclose(found, [0.1, -0.1, 0.1, 0.3, -2.0])


@pytest.mark.backend
@pytest.mark.parametrize("objective", ["svdd", "svm"])
def test_no_bias_term_is_trained(objective):
    model = network(objective)
    names = {weight.name for weight in model.trainable_weights}
    assert names == {"kernel", "gamma"}
    for weight in model.trainable_weights:
        weight.assign(np.zeros(weight.shape))
    # Without weights all outputs are zero, which no centre is: what biases would allow.
    assert not np.any(outputs_of(model, images(), ""))


@pytest.mark.backend
def test_the_centre_is_the_mean_of_what_training_sees():
    model = network("svdd")
    given = images()
    expected = ops.convert_to_numpy(model(given.astype("float32"), training=True)).mean(axis=0)
    found = first_centre(network("svdd"), given, 8)
    np.testing.assert_allclose(found, away_from_zero(expected), atol=1e-5)


def test_the_least_typical_are_left_out_and_the_others_keep_their_order():
    splits = data.load_images(Config(**TINY))
    scores = np.random.default_rng(0).permutation(100).astype(float)
    found = filtered(splits, scores, 0.75)
    rows = np.flatnonzero(scores >= 25)
    np.testing.assert_array_equal(found.unlabelled_rows, splits.unlabelled_rows[rows])
    np.testing.assert_array_equal(found.unlabelled.examples, splits.unlabelled.examples[rows])
    assert found.train is splits.train and len(splits.unlabelled) == 100


def test_without_a_filter_the_splits_stay(run):
    splits = data.load_images(Config(**TINY))
    assert typical(splits, Config(**TINY), run) == (splits, {})


@pytest.mark.parametrize("objective", ["svdd", "svm"])
def test_the_filter_tells_what_it_left_out_and_trains_once(objective, run, monkeypatch):
    config = Config(**TINY, filter=objective)
    splits = data.load_images(config)
    found, all_told = typical(splits, config, run)
    told = all_told["filter"]
    assert len(found.unlabelled) == told["kept"] == 75 and told["left out"] == 25
    assert not told["collapsed"]
    assert run.path("plots", "typical.png").is_file()
    monkeypatch.setattr(module, "fit_unlabelled", None)  # lies in the cache
    again, same = typical(splits, config, run)
    assert same == all_told
    np.testing.assert_array_equal(again.unlabelled_rows, found.unlabelled_rows)


def test_a_collapsed_network_leaves_nothing_out(run, monkeypatch, capsys):
    config = Config(**TINY, filter="svdd")
    splits = data.load_images(config)

    def collapsed(model, *_):
        for weight in model.trainable_weights:
            weight.assign(np.zeros(weight.shape))
        return {"objective": "svdd", "border": 1.0, "centre": [0.1] * 32, "seconds": 0.0}

    monkeypatch.setattr(module, "fit_one_class", collapsed)
    found, told = typical(splits, config, run)
    assert found is splits and told["filter"]["collapsed"] and told["filter"]["left out"] == 0
    assert "says the same of all images" in capsys.readouterr().err


def test_the_recipe_has_the_settings_of_its_method_alone():
    config_class = recipe.find("one-class").load().Config
    for method in methods.METHODS:
        own = recipe.find(method.replace("_", "-")).load().Config()
        found = validate(config_class, {"method": method, "filter": "none"}).model_dump()
        expected = own.model_dump(exclude={"folds"}) | methods.FilterConfig().model_dump()
        assert found == expected | {"method": method}


def test_the_recipe_learns_by_a_method_from_what_the_filter_leaves(run):
    one_class = recipe.find("one-class").load()
    words = [settings_word(key, value) for key, value in TINY.items()]
    few = ["method=joint_autoencoder", "epochs=1", "validation=50", "hidden=0.5"]
    config = configure(one_class.Config, [*words, *few])
    trained = one_class.train(one_class.load(config, run), config, run)
    assert trained.method["filter"]["kept"] == 75
    assert "reconstruction" in run.path("history.csv").read_text().splitlines()[0]


def test_a_setting_of_another_method_is_refused_with_its_method():
    config_class = recipe.find("one-class").load().Config
    with pytest.raises(UserError) as caught:
        configure(config_class, ["method=simclr", "consistency=2"])
    assert "'consistency'" in caught.value.message
    assert "method=fixmatch" in caught.value.hint


@pytest.mark.slow
@pytest.mark.parametrize("objective", ["svdd", "svm"])
def test_digits_are_told_from_what_is_none(objective, run):
    config = Config(filter=objective, labelled=300)
    splits = data.load_images(config)
    model = one_class_network(module.build_classifier(splits, config), objective)
    found = module.fit_one_class(model, splits, config, run)
    boundary = Boundary(found["objective"], found["border"], tuple(found["centre"]))
    digits = splits.unlabelled.examples
    shuffled = np.random.default_rng(0).permuted(digits.reshape(len(digits), -1), axis=1)
    foreign = {"shuffled": shuffled.reshape(digits.shape), "inverted": 255 - digits}
    typical = boundary.scores(outputs_of(model, digits, ""))
    for name, others in foreign.items():
        scores = boundary.scores(outputs_of(model, others, ""))
        truth = np.repeat([1, 0], len(digits))
        assert roc_auc_score(truth, np.concatenate([typical, scores])) > 0.9, name
