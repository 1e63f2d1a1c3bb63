import numpy as np

from kerastc.training.targets import OneHot


def test_they_are_one_hot_a_batch_at_a_time():
    labels = np.array([2, 0, 1, 2])
    targets = OneHot(labels, 3)
    dense = np.eye(3, dtype="float32")[labels]
    np.testing.assert_array_equal(targets[np.array([3, 1])], dense[[3, 1]])
    np.testing.assert_array_equal(np.concatenate([targets, dense], axis=1), np.hstack([dense] * 2))
    assert (len(targets), targets.shape) == (4, dense.shape)
    assert (targets.argmax(axis=1) == labels).all()
