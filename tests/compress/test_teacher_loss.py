"""What a student is told, against Keras's own distillation and closed forms."""

import keras
import numpy as np
import pytest

from kerastc.compress.teacher_loss import TeacherLoss
from kerastc.training.metrics import CountedAccuracy

pytestmark = pytest.mark.backend
RANDOM = np.random.default_rng(0)
TEACHER, STUDENT = (RANDOM.normal(0, 3, (6, 4)).astype("float32") for _ in range(2))
LABELS = np.eye(4, dtype="float32")[[0, 1, 2, 3, 0, 1]]


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
    assert value(ours, np.concatenate([LABELS, TEACHER], 1)) == pytest.approx(expected, rel=1e-4)


def test_the_hard_part_is_cross_entropy_with_smoothing():
    theirs = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)
    ours = TeacherLoss(2.0, soft=0.0, hard=1.0, label_smoothing=0.1)
    both = np.concatenate([LABELS, TEACHER], 1)
    assert value(ours, both) == pytest.approx(value(theirs, LABELS), rel=1e-5)


def test_a_student_like_its_teacher_loses_nothing_softly():
    loss = TeacherLoss(3.0, soft=1.0, hard=0.0)
    assert value(loss, np.concatenate([LABELS, STUDENT], 1)) == pytest.approx(0, abs=1e-6)


def test_a_row_without_a_label_has_no_hard_part_and_is_not_counted():
    targets = np.concatenate([LABELS * [[1], [1], [1], [0], [0], [0]], TEACHER], 1)
    hard = TeacherLoss(1.0, soft=0.0, hard=1.0, label_smoothing=0.1, reduction=None)
    rows = hard(targets.astype("float32"), STUDENT)
    assert (keras.ops.convert_to_numpy(rows)[3:] == 0).all()
    metric = CountedAccuracy(4)
    metric.update_state(targets.astype("float32"), STUDENT)
    assert float(metric.support.numpy().sum()) == 3


def test_labels_alone_give_plain_cross_entropy():
    theirs = keras.losses.CategoricalCrossentropy(from_logits=True)
    ours = TeacherLoss(2.0, soft=1.0, hard=0.3, label_smoothing=0.1)
    assert value(ours, LABELS) == pytest.approx(value(theirs, LABELS), rel=1e-5)
