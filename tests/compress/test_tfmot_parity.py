"""The same network, pruned by TensorFlow Model Optimization and by ours."""

import importlib.util
import json
import subprocess
import sys
from functools import partial
from itertools import product
from pathlib import Path

import keras
import numpy as np
import pytest
from pruned_by_tfmot import STEPS, network_weights, train

from kerastc.compress.masks.callback import Pruning
from kerastc.compress.masks.magnitude import m_by_n_mask, magnitude_masks
from kerastc.compress.masks.schedules import ConstantSparsity, PolynomialDecay

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow_model_optimization") is None
    or importlib.util.find_spec("tf_keras") is None,
    reason="the peer, an extra: pip install 'kerastc[compress]'",
)
CLASSES = {"ConstantSparsity": ConstantSparsity, "PolynomialDecay": PolynomialDecay}
SCHEDULES = [
    *(
        ("ConstantSparsity", dict(target_sparsity=0.3, begin_step=b, end_step=e, frequency=f))
        for b, e, f in product((0, 7), (-1, 12), (1, 5))
    ),
    *(
        (
            "PolynomialDecay",
            dict(
                initial_sparsity=i, final_sparsity=0.9, begin_step=b, end_step=e, frequency=f,
                power=p,
            ),
        )
        for i, b, e, f, p in product((0.0, 0.4), (0, 3), (13, 39), (1, 4), (1, 3))
    ),
]  # fmt: skip
CONSTANT = ("ConstantSparsity", dict(target_sparsity=0.6, begin_step=3, frequency=4))
POLYNOMIAL = (
    "PolynomialDecay",
    dict(initial_sparsity=0.1, final_sparsity=0.8, begin_step=1, end_step=13, frequency=3),
)
ONCE = ("ConstantSparsity", dict(target_sparsity=0.5, begin_step=1, end_step=1, frequency=1))
TRAININGS = {
    name: dict(schedule=schedule, optimizer=optimizer, block=block, group=group)
    for name, schedule, optimizer, block, group in (
        ("constant", CONSTANT, "SGD", (1, 1), None),
        ("polynomial", POLYNOMIAL, "Adam", (1, 1), None),
        ("tall", POLYNOMIAL, "SGD", (4, 1), None),
        ("group", ONCE, "SGD", (1, 1), (2, 4)),
    )
}


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tfmot")
    cases, out = folder / "cases.json", folder / "out.npz"
    cases.write_text(json.dumps({"schedules": SCHEDULES, "trainings": TRAININGS}))
    script = Path(__file__).with_name("pruned_by_tfmot.py")
    done = subprocess.run(
        [sys.executable, script, cases, out], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    with np.load(out) as arrays:
        return dict(arrays)


def ours(schedule, optimizer, block, group):
    name, arguments = schedule
    choose = partial(magnitude_masks, block=block)
    if group:
        choose = lambda kernels, sparsity: [m_by_n_mask(k, *group) for k in kernels]  # noqa: E731
    model = keras.Sequential(
        [keras.Input((8,)), keras.layers.Dense(12, activation="relu"), keras.layers.Dense(4)]
    )
    model.set_weights(network_weights())
    train(keras, model, optimizer, [Pruning(CLASSES[name](**arguments), choose)])
    return model.get_weights()


def test_schedules_are_equal_at_every_step(theirs):
    for i, (name, arguments) in enumerate(SCHEDULES):
        schedule = CLASSES[name](**arguments)
        mine = np.array([schedule(step) for step in range(STEPS)], "float64")
        np.testing.assert_allclose(mine, theirs[f"schedule_{i}"], atol=1e-6, err_msg=f"{arguments}")


@pytest.mark.parametrize("name", TRAININGS)
def test_masks_and_weights_are_equal(theirs, name):
    for i, array in enumerate(ours(**TRAININGS[name])):
        expected = theirs[f"{name}_{i}"]
        np.testing.assert_array_equal(array == 0, expected == 0)
        np.testing.assert_allclose(array, expected, atol=1e-6)
        if array.ndim == 2:
            assert 0.4 < (array == 0).mean() < 0.9


def test_their_schedule_objects_decide_in_ours(theirs):
    for i, array in enumerate(ours(**TRAININGS["polynomial"])):
        np.testing.assert_allclose(array, theirs[f"own_{i}"], atol=1e-6)
