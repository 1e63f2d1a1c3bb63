import math

import keras
import numpy as np
import pytest

from kerastc.training.config import TrainingConfig
from kerastc.training.schedules import Schedule, schedule_for

pytestmark = pytest.mark.backend


def rates(schedule, steps):
    return np.array([float(schedule(step)) for step in range(steps)])


def test_linear_falls_to_zero_in_equal_steps():
    expected = [0.4 * (1 - k / 10) for k in range(11)]
    np.testing.assert_allclose(rates(Schedule(0.4, "linear", 10), 11), expected, atol=1e-7)


def test_cosine_is_that_of_keras():
    ours = rates(Schedule(0.3, "cosine", 20), 21)
    theirs = rates(keras.optimizers.schedules.CosineDecay(0.3, 20), 21)
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_a_slanted_triangle_is_that_of_ulmfit():
    """Howard and Ruder 2018, eq. 3, by hand: T = 40, a tenth of it rises, ratio 32, peak 0.01.

    cut = 4; p(2) = 2/4, p(4) = 1, p(13) = 1 - 9 / (4 * 9) = 3/4, p(39) = 1/36.
    """
    config = TrainingConfig(epochs=4, schedule="slanted", learning_rate=0.01)
    schedule = schedule_for(config, batches_per_epoch=10)
    assert (schedule.updates, schedule.warmup) == (40, 4)
    found = rates(schedule, 50)
    by_hand = {0: 0.01 / 32, 2: 0.01 * 16.5 / 32, 4: 0.01, 13: 0.01 * 24.25 / 32}
    by_hand |= {39: 0.01 * (1 + 31 / 36) / 32, 40: 0.01 / 32, 49: 0.01 / 32}
    np.testing.assert_allclose(found[[*by_hand]], [*by_hand.values()], rtol=2e-6)
    assert found.argmax() == 4


def test_the_peak_of_a_slanted_triangle_can_be_set():
    config = TrainingConfig(epochs=1, schedule="slanted", warmup_fraction=0.25)
    assert schedule_for(config, batches_per_epoch=10).warmup == 2  # of 2.5, as in the paper
    config = TrainingConfig(epochs=1, schedule="slanted", warmup_steps=7)
    assert schedule_for(config, batches_per_epoch=10).warmup == 7


def test_constant_stays_at_the_peak():
    assert set(rates(Schedule(0.25, "constant", 10), 12)) == {0.25}


@pytest.mark.parametrize("shape", ["constant", "linear", "cosine"])
def test_warm_up_rises_in_equal_steps_and_meets_the_peak(shape):
    found = rates(Schedule(1.0, shape, 20, warmup=4), 5)
    np.testing.assert_allclose(found[:4], [0.25, 0.5, 0.75, 1.0], atol=1e-6)
    assert math.isclose(found[4], 1.0, rel_tol=1e-6)


def test_accumulated_batches_share_one_rate():
    """Keras counts batches; the rate must move per update (a trap that is on record)."""
    plain = rates(Schedule(1.0, "linear", 5), 5)
    accumulated = rates(Schedule(1.0, "linear", 5, accumulation=3), 15)
    np.testing.assert_allclose(accumulated, np.repeat(plain, 3), atol=1e-7)


def test_schedule_ends_with_the_last_update_of_the_training():
    config = TrainingConfig(epochs=3, accumulation=2, schedule="linear", warmup_fraction=0.2)
    schedule = schedule_for(config, batches_per_epoch=10)
    assert (schedule.updates, schedule.warmup) == (15, 3)
    assert float(schedule(29)) > 0
    assert float(schedule(30)) == 0


def test_a_schedule_survives_its_config():
    schedule = Schedule(0.1, "cosine", 9, warmup=2, accumulation=2)
    again = Schedule.from_config(schedule.get_config())
    np.testing.assert_array_equal(rates(again, 18), rates(schedule, 18))


def test_two_ways_of_saying_warm_up_are_refused():
    with pytest.raises(ValueError, match="give only one"):
        TrainingConfig(warmup_steps=5, warmup_fraction=0.1)
