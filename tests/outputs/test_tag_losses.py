"""The losses of tags: over words alone, with weights, with a teacher."""

import keras
import numpy as np
import pytest

from kerastc.outputs.tags.head import (
    NO_LABEL,
    class_weights,
    loss,
    targets_of,
    teacher_loss,
    with_teacher,
)
from kerastc.outputs.tags.judge import CountedEntities
from kerastc.outputs.tags.losses import TeacherLoss
from kerastc.text.encoded import Encoded, Row
from kerastc.training.teacher import Teaching

RANDOM = np.random.default_rng(0)
TAGS = 3
TARGETS = np.array([[NO_LABEL, 1, NO_LABEL, 0], [NO_LABEL, 2, NO_LABEL, NO_LABEL]])
TEACHER, STUDENT = (RANDOM.normal(0, 3, (2, 4, TAGS)).astype("float32") for _ in range(2))
WORDS = [(0, 1), (0, 3), (1, 1)]


class Config:
    label_smoothing = 0.0


def of_words(array):
    return np.stack([array[place] for place in WORDS])


def value(of, targets):
    return float(of(keras.ops.convert_to_tensor(targets), keras.ops.convert_to_tensor(STUDENT)))


def taught():
    """A teacher's logits in the words alone, and none for the last token of the first row."""
    said = np.zeros_like(TEACHER)
    for place in WORDS:
        said[place] = TEACHER[place]
    return [said[0], said[1][:2]]


@pytest.mark.backend
def test_the_loss_is_the_mean_over_the_words():
    logs = STUDENT - np.log(np.exp(STUDENT).sum(axis=-1, keepdims=True))
    expected = -np.mean([logs[(*place, TARGETS[place])] for place in WORDS])
    assert value(loss(Config), TARGETS) == pytest.approx(expected, rel=1e-5)


@pytest.mark.backend
@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_a_teacher_is_heard_of_words_alone(temperature):
    """Against Keras's own distillation on the words, with its loss given."""
    theirs = keras.distillation.LogitsDistillation(
        temperature=temperature, loss=keras.losses.KLDivergence()
    )
    words = (keras.ops.convert_to_tensor(of_words(array)) for array in (TEACHER, STUDENT))
    expected = float(theirs.compute_loss(*words))
    soft = TeacherLoss(temperature, soft=1.0, hard=0.0)
    assert value(soft, with_teacher(TARGETS, taught())) == pytest.approx(expected, rel=1e-4)
    unlabelled = np.full_like(TARGETS, NO_LABEL)
    assert value(soft, with_teacher(unlabelled, taught())) == pytest.approx(expected, rel=1e-4)


def test_labels_and_teacher_are_weighed_and_validation_has_labels_alone():
    both = teacher_loss(Teaching(2.0, soft=0.7, hard=0.3), Config)
    hard, soft = TeacherLoss(2.0, soft=0, hard=1), TeacherLoss(2.0, soft=1, hard=0)
    targets = with_teacher(TARGETS, taught())
    expected = 0.3 * value(hard, targets) + 0.7 * value(soft, targets)
    assert value(both, targets) == pytest.approx(expected, rel=1e-5)
    assert value(both, TARGETS) == pytest.approx(value(loss(Config), TARGETS), rel=1e-6)
    assert value(hard, with_teacher(TARGETS, np.zeros_like(TEACHER))) == pytest.approx(
        value(loss(Config), TARGETS), rel=1e-6
    )


def test_words_are_counted_where_a_teacher_is_behind_their_tags():
    counts = []
    for targets in (TARGETS, with_teacher(TARGETS, taught())):
        metric = CountedEntities(("O", "B-A", "I-A"))
        metric.update_state(targets, STUDENT)
        counts.append(keras.ops.convert_to_numpy(metric.counts).tolist())
    assert counts[0] == counts[1] and counts[0][-1] == 3


def test_weights_are_those_of_scikit_learn():
    from sklearn.utils.class_weight import compute_class_weight

    labels = [np.array([0, 0, 4, 0]), np.array([0, 2])]
    tokens = [(-1, 0, 1, 1, 2, 3, -1), (-1, 0, 1, -1)]
    rows = Encoded.of(Row(np.arange(len(words)), words=np.array(words)) for words in tokens)
    weights = class_weights(labels, 5, "balanced", rows)
    every = np.concatenate(labels)
    tags = np.unique(every)
    theirs = dict(zip(tags, compute_class_weight("balanced", classes=tags, y=every), strict=True))
    targets = targets_of(labels, rows).values
    expected = [theirs.get(tag, 0) for tag in targets]
    np.testing.assert_allclose(weights.values, expected, rtol=1e-6)
    assert weights.values.sum() == pytest.approx(len(every))
    assert class_weights(labels, 5, "none", rows) is None
