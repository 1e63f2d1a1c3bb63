"""Fitted instead of a classifier: the classifier, and a method's additions to its loss."""

from typing import Any

import keras
from keras import ops

from kerastc.models import any_size


class Learner(keras.Model):
    """Trains a classifier by its own method, on every backend.

    A method overrides `learn` and `further`; it never overrides a training step. In evaluation the
    learner gives the logits of the weights that will be kept.

    Args:
        classifier: images to logits.
        average: of weights from step to step, as in `MovingAverage`; 0 keeps none.
        terms: names of the losses that `further` adds, for the history.
    """

    def __init__(self, classifier: keras.Model, average: float = 0.0, terms: tuple[str, ...] = ()):
        super().__init__(name="learner")
        self.classifier = classifier
        self.resizable = any_size(classifier)  # called in training, since images may grow
        self.average = MovingAverage(classifier, average) if average else None
        self.terms = {name: keras.metrics.Mean(name) for name in terms}
        self.built = True

    def learn(self, inputs: Any) -> dict[str, Any]:
        """What a training step needs of a batch: "logits" of the labelled images, and more."""
        return {"logits": self.resizable(_labelled(inputs), training=True)}

    def further(self, inputs: Any, outputs: dict[str, Any]) -> dict[str, Any]:
        """Losses besides that of the labels, already weighted, by the names in `terms`."""
        return {}

    def keep(self) -> None:
        """Puts the weights used for evaluation into the classifier."""
        if self.average:
            for mine, averaged in zip(
                self.classifier.weights, self.average.model.weights, strict=True
            ):
                mine.assign(averaged)

    def call(self, inputs, training=False):
        if training:
            return self.learn(inputs)
        # On JAX and PyTorch `fit` tries a batch of training, of any size, before it trains.
        judge = self.average.resizable if self.average else self.resizable
        return judge(_labelled(inputs), training=False)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        if not isinstance(y_pred, dict):
            return super().compute_loss(x, y, y_pred, sample_weight, training)
        loss = super().compute_loss(x, y, y_pred["logits"], sample_weight, training)
        for name, value in self.further(x, y_pred).items():
            self.terms[name].update_state(value)
            loss = loss + value
        if self.average:
            self.average.follow(self.classifier)
        return loss

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        logits = y_pred["logits"] if isinstance(y_pred, dict) else y_pred
        return super().compute_metrics(x, y, logits, sample_weight)


class MovingAverage(keras.layers.Layer):
    """A copy of a classifier whose weights follow it slowly, and are not trained.

    Tarvainen and Valpola 2017, Mean teachers are better role models, eq. 2. It is updated at
    the beginning of a step, so it lags one step. In the first steps the average is over those so
    far, as in Adam's bias correction.

    Args:
        classifier: images to logits.
        share: of the old average in the new one, below 1.
    """

    def __init__(self, classifier: keras.Model, share: float):
        super().__init__(name="average", trainable=False)
        self.share = share
        self.model = keras.models.clone_model(classifier)
        for layer in self.model.layers:
            if getattr(layer, "kernel_regularizer", None) is not None:
                layer.kernel_regularizer = None  # the classifier already has the penalty
        self.model.set_weights(classifier.get_weights())
        self.model.trainable = False
        self.resizable = any_size(self.model)
        self.steps = self.add_weight((), "zeros", "float32", trainable=False, name="steps")
        self.built = True

    def follow(self, classifier: keras.Model) -> None:
        """Moves the average towards the classifier's weights, the statistics of norms included."""
        self.steps.assign_add(1.0)
        share = ops.minimum(self.share, 1.0 - 1.0 / self.steps)
        for mine, new in zip(self.model.weights, classifier.weights, strict=True):
            value = ops.cast(ops.stop_gradient(ops.convert_to_tensor(new)), mine.dtype)
            mine.assign(share * mine + (1.0 - share) * value)


def _labelled(inputs: Any) -> Any:
    """The labelled images of a batch."""
    return inputs["images"] if isinstance(inputs, dict) else inputs
