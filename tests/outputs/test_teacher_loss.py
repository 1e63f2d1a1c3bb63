"""What a student is told, against Keras's own distillation and closed forms."""

import keras
import numpy as np
import pytest

from kerastc.outputs.classes.head import (
    NO_LABEL,
    CountedAccuracy,
    CrossEntropy,
    TeacherLoss,
    targets_of,
    with_teacher,
)

pytestmark = pytest.mark.backend
RANDOM = np.random.default_rng(0)
TEACHER, STUDENT = (RANDOM.normal(0, 3, (6, 4)).astype("float32") for _ in range(2))
LABELS = targets_of([0, 1, 2, 3, 0, 1])
ONE_HOT = np.eye(4, dtype="float32")[LABELS[:, 0]]


def value(loss, targets) -> float:
    return float(loss(keras.ops.convert_to_tensor(targets), keras.ops.convert_to_tensor(STUDENT)))


@pytest.mark.parametrize("temperature", [1.0, 2.0, 5.0])
def test_the_soft_part_is_that_of_keras(temperature):
    """With its loss given: by default it takes the divergence of the raw logits."""
    theirs = keras.distillation.LogitsDistillation(
        temperature=temperature, loss=keras.losses.KLDivergence()
    )
    expected = float(theirs.compute_loss(keras.ops.convert_to_tensor(TEACHER), STUDENT))
    ours = TeacherLoss(temperature, soft=1.0, hard=0.0)
    assert value(ours, with_teacher(LABELS, TEACHER)) == pytest.approx(expected, rel=1e-4)


def test_the_hard_part_is_cross_entropy_with_smoothing():
    theirs = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)
    ours = TeacherLoss(2.0, soft=0.0, hard=1.0, label_smoothing=0.1)
    both = with_teacher(LABELS, TEACHER)
    assert value(ours, both) == pytest.approx(value(theirs, ONE_HOT), rel=1e-5)


def test_a_student_like_its_teacher_loses_nothing_softly():
    loss = TeacherLoss(3.0, soft=1.0, hard=0.0)
    assert value(loss, with_teacher(LABELS, STUDENT)) == pytest.approx(0, abs=1e-6)


def test_a_row_without_a_label_has_no_hard_part_and_is_not_counted():
    targets = with_teacher(np.where(np.arange(6)[:, None] < 3, LABELS, NO_LABEL), TEACHER)
    hard = TeacherLoss(1.0, soft=0.0, hard=1.0, label_smoothing=0.1, reduction=None)
    rows = hard(targets, STUDENT)
    assert (keras.ops.convert_to_numpy(rows)[3:] == 0).all()
    metric = CountedAccuracy(4)
    metric.update_state(targets, STUDENT)
    assert float(metric.support.numpy().sum()) == 3


def test_labels_alone_give_plain_cross_entropy():
    theirs = keras.losses.CategoricalCrossentropy(from_logits=True)
    ours = TeacherLoss(2.0, soft=1.0, hard=0.3, label_smoothing=0.1)
    assert value(ours, LABELS) == pytest.approx(value(theirs, ONE_HOT), rel=1e-5)


def test_cross_entropy_takes_labels_mixtures_and_probabilities():
    """Against Keras's own on what each of them stands for; no label, no loss."""
    theirs = keras.losses.CategoricalCrossentropy(True, 0.1, reduction=None)
    ours = CrossEntropy(0.1, reduction=None)
    share = np.array([0.2, 0.4, 0.5, 0.6, 0.8, 1.0], "float32")
    other = ONE_HOT[::-1]
    mixed = share[:, None] * ONE_HOT + (1 - share[:, None]) * other
    targets = np.concatenate([LABELS, LABELS[::-1], share[:, None]], axis=1, dtype="float32")
    for given, meant in ((LABELS, ONE_HOT), (targets, mixed), (mixed[:, None], mixed)):
        np.testing.assert_allclose(
            keras.ops.convert_to_numpy(ours(given, STUDENT)),
            keras.ops.convert_to_numpy(theirs(meant, STUDENT)),
            rtol=1e-6,
        )
    none = keras.ops.convert_to_numpy(ours(np.full((6, 1), NO_LABEL), STUDENT))
    assert (none == 0).all()
