"""Contrastive learning: two views of an image should be more alike than views of different images.

Chen et al. 2020, A Simple Framework for Contrastive Learning of Visual Representations (SimCLR).
Many images in a batch make the task hard enough to learn from, but need no more memory here than
few: the views are encoded in chunks, whose activations are recomputed in the backward pass (Gao et
al. 2021, Scaling Deep Contrastive Learning Batch Size under Memory Limited Peak Setup). The
gradient is that of the whole batch; a step costs one more forward pass.
"""

import keras
import numpy as np
from keras import ops

from kerastc.inputs.image.batches import Augment
from kerastc.models import encoder_of
from kerastc.training.batching import Batches


def nt_xent(first, second, temperature: float):
    """The normalised, temperature-scaled cross-entropy; Chen et al. 2020, eq. 1, over all pairs.

    Computed in float32 as a log-sum-exp, so that no temperature overflows.

    Args:
        first, second: (n, d) floats, row i of both of the same image; of any length but zero.
        temperature: above 0.

    Returns:
        () float32: the mean over the 2n views of minus the log of the softmax of the twin among the
        2n - 1 others; log(2n - 1) where all are alike.
    """
    logits, positives = _similarities(first, second)
    return ops.mean(ops.logsumexp(logits / temperature, axis=1) - positives / temperature)


def pairs_found(first, second):
    """The share of the views that are more like their twin than like any other, () float32."""
    logits, positives = _similarities(first, second)
    return ops.mean(ops.cast(positives >= ops.max(logits, axis=1) - 1e-6, "float32"))


def _similarities(first, second):
    """Cosines of 2n views with all others, (2n, 2n), and with their twins, (2n,)."""
    first, second = _unit(first), _unit(second)
    views = ops.concatenate([first, second])
    rows = ops.arange(ops.shape(views)[0])
    # Far below any cosine, and still a number when divided by a small temperature.
    logits = ops.where(rows[:, None] == rows, -1e6, ops.matmul(views, ops.transpose(views)))
    positives = ops.sum(first * second, axis=1)
    return logits, ops.concatenate([positives, positives])


def _unit(vectors):
    vectors = ops.cast(vectors, "float32")
    squares = ops.sum(ops.square(vectors), axis=1, keepdims=True)
    return vectors * ops.rsqrt(ops.maximum(squares, 1e-12))


def projector_of(classifier: keras.Model, units: int, seed: int) -> keras.Model:
    """Images to the vectors that are compared, (batch, units) float32.

    The classifier's own encoder, then two dense layers with batch normalisation (Chen et al. 2020,
    section 4.2): the encoder keeps information that they lose.
    """
    encoder = encoder_of(classifier)
    x, width = encoder.output, encoder.output.shape[-1]
    seeds = np.random.SeedSequence([seed, 4]).generate_state(2) >> 1
    for number, (count, draw) in enumerate(zip((width, units), seeds, strict=True), 1):
        x = keras.layers.Dense(
            count,
            use_bias=False,
            kernel_initializer=keras.initializers.HeNormal(int(draw)),
            dtype="float32",
            name=f"projection{number}",
        )(x)
        x = keras.layers.BatchNormalization(dtype="float32", name=f"projection{number}_norm")(x)
        if number == 1:
            x = keras.layers.ReLU(dtype="float32", name="projection1_relu")(x)
    return keras.Model(encoder.input, x, name="projector")


def encoded(model: keras.Model, images, chunks: int, statistics: bool = True):
    """A model's outputs in training, (n, ...), with the activations of n / chunks images in memory.

    Norms use the statistics of a chunk, as they would on several devices.

    Args:
        model: without dropout, since recomputed values must be the same.
        images: (n, height, width, channels).
        chunks: how many; n is a multiple of it.
        statistics: whether the norms' moving averages follow these images.
    """
    weights = [ops.convert_to_tensor(variable) for variable in model.trainable_variables]
    # Copies: on PyTorch the assignment below would change the values for recomputing.
    state = [ops.copy(ops.convert_to_tensor(v)) for v in model.non_trainable_variables]

    def encode(link, part, *values):
        first, *rest = values
        rest, before = rest[: len(weights) - 1], rest[len(weights) - 1 :]
        outputs, after = model.stateless_call([first + link, *rest], before, part, training=True)
        return [link, outputs, *map(ops.stop_gradient, after)]

    if chunks > 1:
        encode = keras.remat(encode)
    # The link is zero. Its gradient needs that of a chunk's first layer, the last to be known, and
    # goes to the chunk before: so the chunks are recomputed one after the other. TensorFlow
    # would otherwise begin with all of them, and hold the activations of the whole batch.
    link = ops.zeros(())
    found = []
    for part in ops.split(images, chunks):
        link, outputs, *state = encode(link, part, *weights, *state)
        found.append(outputs)
    if statistics:
        for variable, value in zip(model.non_trainable_variables, state, strict=True):
            variable.assign(value)
    return ops.concatenate(found) if chunks > 1 else found[0]


class PairBatches(Batches):
    """Batches of two views of each image: {"first", "second"}, float32 pixels from 0 to 255.

    Every batch is full; the rest of an epoch's images go into the next one.

    Args:
        images: (n, height, width, channels) uint8.
        batch_size: images.
        at_once: larger batches are a multiple of it.
        augment: makes a view of an image.
        seed: of order and views.
        times: passes over the images per epoch.
    """

    def __init__(
        self,
        images: np.ndarray,
        batch_size: int,
        at_once: int,
        augment: Augment,
        seed: int,
        times: int = 1,
    ):
        self.augment = augment
        self.times = times
        size = min(batch_size, len(images))
        self.chunks = max(size // at_once, 1)
        size -= size % at_once if size > at_once else 0
        super().__init__(images, np.zeros((len(images), 0), "float32"), size, seed=seed)

    def __len__(self) -> int:
        return self.times * len(self.taken) // self.batch_size

    def __getitem__(self, index: int):
        rows = self.batches[index]
        views = {}
        for number, name in enumerate(("first", "second")):
            random = np.random.default_rng([self.seed, self.epoch, index, number])
            views[name] = self.augment(self.inputs[rows], random).astype("float32")
        return views, self.targets[rows]

    def _permutation(self) -> np.ndarray:
        # Pass by pass: the same image twice in a batch would be its own negative.
        random = self._generator()
        return np.concatenate([random.permutation(self.taken) for _ in range(self.times)])
