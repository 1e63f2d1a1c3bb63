"""One-class networks learn what is typical of the labelled images, and score the unlabelled ones.

Two objectives on the classifier's encoder with a linear layer on top of its pooled features:

- "svdd": soft-boundary Deep SVDD (Ruff et al. 2018, Deep One-Class Classification, eq. 3): the
  images' outputs should lie in a small sphere around a fixed centre.
- "svm": the one-class support vector machine (Schölkopf et al. 2001, Estimating the Support of a
  High-Dimensional Distribution, eq. 3.1) on features that are learned with it (Chalapathy et al.
  2018, Anomaly Detection using One-Class Neural Networks, eq. 4): their projections should lie
  above a threshold. The features have length 1, as with a Gaussian kernel; otherwise the threshold
  could grow with them without bound.

nu is the share of images outside, so radius and threshold are quantiles. The papers' penalty on
the weights is AdamW's decay. There are no bias terms: with them, the encoder could learn a constant
output (Ruff et al., proposition 2); the norms' shifts therefore stay at zero. The norms themselves
leave another route to that, so `collapsed` checks for it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from kerastc.inputs.image.batches import JUDGING, unlabelled_batches
from kerastc.models import encoder_of
from kerastc.training.predicting import predict
from kerastc.training.pretraining import Pretrainer

OUTPUTS = 32  # of the linear layer of Deep SVDD, as in its paper's networks for small images
NEAR_ZERO = 0.1  # a centre's entries are kept this far away: a unit of zero weights would match it
EQUAL = 1e-5  # scores that spread less, relative to the centre's length or threshold, are equal


def one_class_network(classifier: keras.Model, objective: str, seed: int = 0) -> keras.Model:
    """A classifier's encoder without bias terms, and a linear layer without one.

    Args:
        classifier: of `kerastc.models.image_classifier`, with random weights; it is used up.
        objective: "svdd" or "svm".
        seed: determines the layer's first weights.

    Returns:
        images (batch, height, width, channels) to (batch, 32) for svdd, (batch, 1) for svm.
    """
    encoder = encoder_of(classifier)
    for layer in encoder.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.beta.trainable = False  # zero, as initialised
    features = encoder.output
    if objective == "svm":
        features = keras.layers.UnitNormalization(dtype="float32", name="unit_length")(features)
    outputs = keras.layers.Dense(
        OUTPUTS if objective == "svdd" else 1,
        use_bias=False,
        kernel_initializer=keras.initializers.GlorotUniform(seed),
        dtype="float32",
        name="one_class",
    )(features)
    return keras.Model(encoder.input, outputs, name="one_class_network")


class OneClass(Pretrainer):
    """Fits a one-class network; radius or threshold is computed per batch.

    Args:
        network: of `one_class_network`.
        loss: of its outputs.
    """

    def __init__(self, network: keras.Model, loss: Callable[[Any], Any]):
        super().__init__(network)
        self.loss_of = loss

    def call(self, inputs, training=False):
        return self.encoder(inputs, training=training)

    def losses_of(self, inputs, outputs):
        return {"one_class": self.loss_of(outputs)}


def svdd_loss(outputs, centre, nu: float):
    """Soft-boundary Deep SVDD, eq. 3 without its penalty on the weights.

    The radius is the best one for the outputs: the quantile that leaves the share nu outside.

    Args:
        outputs: (batch, k) of the network.
        centre: (k,).
        nu: above 0, at most 1.
    """
    distances = squared_distances(outputs, centre)
    radius = ops.stop_gradient(ops.quantile(distances, 1 - nu))
    return radius + ops.mean(ops.relu(distances - radius)) / nu


def svm_loss(projections, kernel, nu: float):
    """The one-class support vector machine, eq. 3.1; the threshold is the nu-quantile.

    Args:
        projections: (batch, 1) or (batch,) of the features on the kernel.
        kernel: the linear layer's weights, (f, 1) or (f,).
        nu: above 0, at most 1.
    """
    projections = ops.reshape(projections, (-1,))
    threshold = ops.stop_gradient(ops.quantile(projections, nu))
    outside = ops.mean(ops.relu(threshold - projections)) / nu
    return ops.sum(ops.square(kernel)) / 2 + outside - threshold


def squared_distances(outputs, centre):
    """(batch,) of (batch, k) outputs from a centre (k,)."""
    return ops.sum(ops.square(ops.subtract(outputs, centre)), axis=-1)


def first_centre(network: keras.Model, images: np.ndarray, batch_size: int) -> np.ndarray:
    """The mean output of an untrained network, (k,) float32, with no entry near zero.

    Its norms use each batch's statistics, as in training, and keep their averages.

    Args:
        network: of `one_class_network`.
        images: (n, height, width, channels) uint8.
        batch_size: of the pass; at least 2.
    """
    batches = unlabelled_batches(images, batch_size)
    outputs = [
        np.asarray(ops.convert_to_numpy(network(batches[index][0], training=True)))
        for index in range(len(batches))
    ]
    return away_from_zero(np.concatenate(outputs).mean(axis=0, dtype="float64"))


def away_from_zero(centre: np.ndarray) -> np.ndarray:
    """A centre (k,) whose entries are at least 0.1 from zero, with their signs kept."""
    sides = np.where(centre < 0, -NEAR_ZERO, NEAR_ZERO)
    return np.where(np.abs(centre) < NEAR_ZERO, sides, centre).astype("float32")


@dataclass(frozen=True)
class Boundary:
    """The boundary between typical outputs and others, from a network's training images.

    Args:
        objective: "svdd" or "svm".
        border: for svdd the radius, not squared; for svm the threshold.
        centre: for svdd, (k,).
        size: the reference for the spread of scores: the centre's length, or the threshold.
    """

    objective: str
    border: float
    centre: tuple[float, ...] = ()

    @classmethod
    def around(cls, outputs: np.ndarray, nu: float, centre: np.ndarray | None) -> "Boundary":
        """The boundary that leaves a share nu of (n, k) outputs outside."""
        if centre is None:
            return cls("svm", float(np.quantile(outputs[:, 0].astype("float64"), nu)))
        distances = _distances(outputs, centre)
        return cls("svdd", float(np.quantile(distances, 1 - nu)), tuple(map(float, centre)))

    def scores(self, outputs: np.ndarray) -> np.ndarray:
        """How typical (n, k) outputs are, (n,) float64: above zero inside; higher is more typical.

        For svdd the radius minus the distance from the centre, for svm the projection minus the
        threshold.
        """
        if self.objective == "svm":
            return outputs[:, 0].astype("float64") - self.border
        return self.border - _distances(outputs, np.array(self.centre))

    def collapsed(self, scores: np.ndarray) -> bool:
        """Whether the network gives every image the same output, so that scores are meaningless."""
        size = np.linalg.norm(self.centre) if self.centre else abs(self.border)
        return not np.isfinite(scores).all() or bool(scores.std() <= EQUAL * size)


def outputs_of(network: keras.Model, images: np.ndarray, told: str) -> np.ndarray:
    """A network's outputs, (n, k) float32, for (n, height, width, channels) uint8 images."""
    return predict(network, unlabelled_batches(images, JUDGING), told)


def _distances(outputs: np.ndarray, centre: np.ndarray) -> np.ndarray:
    return np.linalg.norm(outputs.astype("float64") - centre, axis=1)
