"""One class per example, in training: targets, losses of models and students, the judge.

A row of targets is one of

    (1,)             the number of its class; `NO_LABEL` if it has none
    (3,)             of a mixture: two class numbers, and the share of the first
    (3 + classes,)   the same, with the teacher's logits
    (1, classes)     probabilities: a soft label

and becomes class probabilities inside the graph, batch by batch.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras import ops

from kerastc.outputs.judge import Judge
from kerastc.outputs.output import Figure, Output
from kerastc.scores.class_scores import MACRO, PER_CLASS, class_scores
from kerastc.scores.softmax import softmax

if TYPE_CHECKING:
    from kerastc.models import Encoder
    from kerastc.training.config import FineTuningConfig, TrainingConfig
    from kerastc.training.teacher import Teaching

NO_LABEL = -100


def targets_of(labels: np.ndarray, rows: Sequence[Any] = ()) -> np.ndarray:
    """(n,) class numbers to targets, (n, 1) int32.

    Args:
        labels: of the examples.
        rows: the model's input rows, for targets of their parts; not needed for classes.
    """
    return np.asarray(labels, "int32")[:, None]


def unlearned(labels: np.ndarray, rows: Sequence[Any] = ()) -> dict[str, int]:
    """What no row teaches, as notes on the data: nothing, every example has its class."""
    return {}


def no_labels(count: int) -> np.ndarray:
    """The labels of `count` unlabelled examples, (count,) int32."""
    return np.full(count, NO_LABEL, "int32")


def with_teacher(targets: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """Targets with a teacher's logits appended, (n, 3 + classes) float32.

    Args:
        targets: (n, 1), or (n, 3) of mixtures.
        logits: (n, classes).
    """
    if targets.shape[1] == 1:
        targets = np.concatenate([targets, targets, np.ones_like(targets)], axis=1)
    return np.concatenate([targets, logits], axis=1, dtype="float32")


def wanted(targets, classes: int):
    """Inside the graph: the probabilities that targets represent.

    Args:
        targets: (batch, ...) of any kind, see above; a teacher's logits are ignored.
        classes: how many there are.

    Returns:
        (batch, classes) float32; zeros for a row without a label.
    """
    if len(targets.shape) == 3:
        return ops.cast(targets[:, 0], "float32")
    first = ops.one_hot(ops.cast(targets[:, 0], "int32"), classes, dtype="float32")
    if targets.shape[1] == 1:
        return first
    second = ops.one_hot(ops.cast(targets[:, 1], "int32"), classes, dtype="float32")
    share = ops.cast(targets[:, 2:3], "float32")
    return second * (1 - share) + share * first


class CrossEntropy(keras.losses.Loss):
    """The cross-entropy of logits with the labels; 0 for a row without one.

    Args:
        label_smoothing: share of a label spread over all classes.

    Call:
        y_true: (batch, ...) targets.
        y_pred: (batch, classes) logits.
        returns: (batch,).
    """

    def __init__(self, label_smoothing: float = 0.0, **kwargs):
        super().__init__(name="cross_entropy", **kwargs)
        self.label_smoothing = label_smoothing

    def call(self, y_true, y_pred):
        probabilities = wanted(y_true, y_pred.shape[-1])
        losses = keras.losses.categorical_crossentropy(
            probabilities, y_pred, from_logits=True, label_smoothing=self.label_smoothing
        )
        return losses * ops.cast(ops.any(probabilities > 0, axis=-1), losses.dtype)


class TeacherLoss(keras.losses.Loss):
    """hard * cross-entropy(label) + soft * T^2 * KL(teacher || student), both of softened logits.

    Args:
        temperature: T, by which both logits are divided; T^2 keeps the gradient's size.
        soft, hard: weights of the two parts.
        label_smoothing: share of a label spread over all classes.

    Call:
        y_true: (batch, 3 + classes) targets; (batch, 1), labels alone, gives their plain
            cross-entropy: validation.
        y_pred: (batch, classes) logits.
        returns: (batch,).

    `keras.distillation.LogitsDistillation(loss=KLDivergence())` has the same soft part; its model
    runs the teacher again in every epoch and drops the weights of the rows.

    Reference: Hinton, Vinyals and Dean 2015, Distilling the Knowledge in a Neural Network.
    """

    def __init__(
        self, temperature: float, soft: float, hard: float, label_smoothing: float = 0.0, **kwargs
    ):
        super().__init__(name="teacher_loss", **kwargs)
        self.temperature = temperature
        self.soft = soft
        self.hard = hard
        self.label_smoothing = label_smoothing

    def call(self, y_true, y_pred):
        classes = y_pred.shape[-1]
        y_pred = ops.cast(y_pred, "float32")
        labels = wanted(y_true, classes)
        if y_true.shape[-1] == 1:
            return _cross_entropy(labels, y_pred)
        spread = ops.sum(labels, axis=-1, keepdims=True) * self.label_smoothing / classes
        hard = _cross_entropy(labels * (1 - self.label_smoothing) + spread, y_pred)
        teacher = ops.log_softmax(y_true[:, 3:] / self.temperature)
        student = ops.log_softmax(y_pred / self.temperature)
        divergence = ops.sum(ops.exp(teacher) * (teacher - student), axis=-1)
        return self.hard * hard + self.soft * self.temperature**2 * divergence


def _cross_entropy(probabilities, logits):
    return -ops.sum(probabilities * ops.log_softmax(logits), axis=-1)


@keras.saving.register_keras_serializable("kerastc")
class CountedAccuracy(keras.metrics.Metric):
    """Accuracy, and the counts of each class from which it is computed.

    They are integers: float32 would stop counting at 2^24 rows.

    Args:
        classes: how many there are.
    """

    def __init__(self, classes, name="accuracy", **kwargs):
        super().__init__(name=name, **kwargs)
        self.classes = classes
        self.right, self.support, self.predicted = (
            self.add_variable((classes,), "zeros", dtype="int32", name=name)
            for name in ("right", "support", "predicted")
        )

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Counts targets, (batch, ...), against (batch, classes) logits; weights are ignored.

        For a mixture the larger part counts. A row without a label does not count.
        """
        labels = wanted(ops.convert_to_tensor(y_true), self.classes)
        counts = ops.cast(ops.max(labels, axis=-1, keepdims=True) > 0, "int32")
        truth = counts * ops.one_hot(ops.argmax(labels, axis=-1), self.classes, dtype="int32")
        guess = counts * ops.one_hot(ops.argmax(y_pred, axis=-1), self.classes, dtype="int32")
        for variable, rows in (
            (self.right, truth * guess),
            (self.support, truth),
            (self.predicted, guess),
        ):
            variable.assign_add(ops.cast(ops.sum(rows, axis=0), "int32"))

    def result(self):
        rows = ops.cast(ops.sum(self.support), "float32")
        return ops.cast(ops.sum(self.right), "float32") / ops.maximum(rows, 1.0)

    def counted(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Right, actual and predicted rows of each class, each (classes,)."""
        variables = (self.right, self.support, self.predicted)
        return tuple(ops.convert_to_numpy(value).astype("int64") for value in variables)

    def get_config(self):
        return {**super().get_config(), "classes": self.classes}


class ClassJudge(Judge):
    """Judges by accuracy, with macro and per-class figures besides.

    Args:
        labels: the class names.
    """

    main = Figure("accuracy")

    def __init__(self, labels: Sequence[str]):
        self.labels = tuple(labels)
        self.accuracy = CountedAccuracy(len(self.labels))
        self.metrics = (self.accuracy,)
        by_class = (f"{name}[{label}]" for name in PER_CLASS for label in self.labels)
        higher = ("accuracy", *MACRO, *by_class)
        self.figures = (Figure("loss", higher=False), *(Figure(name) for name in higher))

    def counted(self) -> dict[str, float]:
        return self._scores(*self.accuracy.counted())

    def final(
        self, outputs: np.ndarray, targets: np.ndarray, rows: Sequence[Any] = ()
    ) -> dict[str, float]:
        """As in `Judge`; outputs are (rows, classes) logits, targets (rows, 1) class numbers."""
        labels = targets[:, 0]
        probabilities = softmax(outputs)
        guessed = probabilities.argmax(axis=1)
        counts = (
            np.bincount(rows, minlength=len(self.labels))
            for rows in (labels[labels == guessed], labels, guessed)
        )
        chosen = probabilities[np.arange(len(labels)), labels]
        loss = -np.log(np.clip(chosen, 1e-7, 1.0)).mean()
        figures = {"loss": loss, "accuracy": (labels == guessed).mean()} | self._scores(*counts)
        return {name: float(value) for name, value in figures.items()}

    def _scores(self, *counts: np.ndarray) -> dict[str, float]:
        """Macro and per-class figures of counts as in `class_scores`, (classes,) each."""
        scores = class_scores(*counts)
        figures = {name: float(scores[name]) for name in MACRO}
        for name in PER_CLASS:
            values = zip(self.labels, scores[name], strict=True)
            figures |= {f"{name}[{label}]": float(value) for label, value in values}
        return figures


def class_weights(
    labels: np.ndarray, classes: int, kind: str, rows: Any = None
) -> np.ndarray | None:
    """The loss's weight of each row, (n,) float32, or None: n / (classes * rows of its class).

    Args:
        labels: (n,) int.
        classes: how many there are.
        kind: "balanced", or "none".
        rows: of tokens, if an example may have several.
    """
    if kind == "none":
        return None
    counts = np.bincount(labels, minlength=classes)
    weights = (len(labels) / (classes * np.maximum(counts, 1)))[labels].astype("float32")
    return weights if rows is None else weights[rows.texts]


def text_model(
    encoder: "Encoder", labels: Sequence[str], config: "FineTuningConfig"
) -> keras.Model:
    """An encoder with the layers after it that produce class logits."""
    from kerastc.models import sequence_classifier
    from kerastc.models.published_head import text_layers

    own = config.head == "backbone"
    published = text_layers(encoder, labels, config.pooling) if own else {}
    model = sequence_classifier(encoder, len(labels), **config.architecture())
    for name, weights in published.items():
        model.get_layer(name).set_weights(weights)
    return model


def loss(config: "TrainingConfig") -> keras.losses.Loss:
    """The loss of a training."""
    return CrossEntropy(config.label_smoothing)


def teacher_loss(teaching: "Teaching", config: "TrainingConfig") -> keras.losses.Loss:
    """The loss of a training with a teacher."""
    return TeacherLoss(teaching.temperature, teaching.soft, teaching.hard, config.label_smoothing)


def judge(output: Output) -> Judge:
    """The judge of a training."""
    return ClassJudge(output.labels)
