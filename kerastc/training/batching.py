"""Batches in an order fixed by seed and epoch, and the stretches between evaluations."""

import copy

import keras
import numpy as np

from kerastc.processes.place import here
from kerastc.training.placing import Placed


class Batches(keras.utils.PyDataset):
    """Batches of rows that need no padding: cached features, images.

    Attributes:
        open_axes: how many first axes of the inputs differ from batch to batch.
        open_target_axes: likewise of the targets and weights.
        sizes: tokens of each row, (n,) int; None where rows have none.

    Args:
        inputs: (n, ...) array.
        targets: (n, ...), one row each, as the loss takes them.
        batch_size: rows per batch; the last one may be smaller.
        weights: (n,) float32 weights of the loss, or None.
        seed: the order's seed; None keeps the rows in their order.
        rows: the row numbers to take, (m,) int; None takes all.
    """

    open_axes = 1
    open_target_axes = 1
    sizes: np.ndarray | None = None

    def __init__(self, inputs, targets, batch_size, weights=None, seed=None, rows=None):
        super().__init__()
        self.taken = np.arange(len(targets)) if rows is None else np.asarray(rows)
        self.inputs = inputs
        self.targets = targets
        self.weights = weights
        self.batch_size = batch_size
        self.seed = seed
        self.begin_epoch(0)

    def begin_epoch(self, epoch: int) -> None:
        """Orders the rows for an epoch; the same epoch gets the same order in every process."""
        self.epoch = epoch
        self.batches = self._ordered(self._permutation())

    def rows(self) -> np.ndarray:
        """The row numbers of this epoch in the order of the batches, (n,) int."""
        return np.concatenate(self.batches)

    def sample(self, rows: int, seed: int) -> "Batches":
        """The same with at most so many rows, drawn at random; itself if it has no more."""
        if rows >= len(self.taken):
            return self
        drawn = np.random.default_rng(seed).choice(self.taken, rows, replace=False)
        sample = copy.copy(self)
        sample.taken = np.sort(drawn)
        sample.begin_epoch(0)
        return sample

    def __len__(self) -> int:
        return -(-len(self.taken) // self.batch_size)

    def __getitem__(self, index: int):
        rows = self.batches[index]
        batch = (self._inputs(rows), self._targets(rows))
        return batch if self.weights is None else (*batch, self._weights(rows))

    def _generator(self) -> np.random.Generator:
        return np.random.default_rng([self.seed, self.epoch])

    def _permutation(self) -> np.ndarray:
        return self.taken if self.seed is None else self._generator().permutation(self.taken)

    def _ordered(self, rows: np.ndarray) -> list[np.ndarray]:
        return np.split(rows, range(self.batch_size, len(rows), self.batch_size))

    def _inputs(self, rows: np.ndarray):
        return self.inputs[rows]

    def _targets(self, rows: np.ndarray):
        return self.targets[rows]

    def _weights(self, rows: np.ndarray):
        return self.weights[rows]


class Around(keras.utils.PyDataset):
    """Other batches, in their order; a subclass says what becomes of each.

    Args:
        batches: the others, for training.

    Attributes:
        open_axes, open_target_axes: as in `Batches`.
    """

    def __init__(self, batches: keras.utils.PyDataset):
        super().__init__()
        self.batches = batches
        self.open_axes = batches.open_axes
        self.open_target_axes = batches.open_target_axes

    @property
    def epoch(self) -> int:
        """The current one."""
        return self.batches.epoch

    def begin_epoch(self, epoch: int) -> None:
        """As in `Batches`."""
        self.batches.begin_epoch(epoch)

    def __len__(self) -> int:
        return len(self.batches)


class Stretches(keras.utils.PyDataset):
    """The batches of all epochs in their order, cut into stretches between two evaluations.

    Keras treats a stretch as an epoch; the first and last may be shorter than the others.

    Args:
        batches: the training data.
        epochs: how often they are gone through.
        every: batches per stretch; 0 makes each epoch one.

    Attributes:
        steps: batches in all.
        index: the current stretch; their number if no step is left.
        first: the step at which it begins.
    """

    def __init__(self, batches: Batches, epochs: int, every: int = 0):
        super().__init__()
        self.batches = batches
        self.steps = epochs * len(batches)
        self.every = every or len(batches)
        self.go_on(0)

    @property
    def open_axes(self) -> int:
        """As in `Batches`."""
        return self.batches.open_axes

    @property
    def open_target_axes(self) -> int:
        """As in `Batches`."""
        return self.batches.open_target_axes

    @property
    def count(self) -> int:
        """How many stretches there are."""
        return -(-self.steps // self.every)

    def go_on(self, done: int) -> None:
        """Starts after `done` steps, also in the middle of a stretch."""
        self.done = done
        self.begin(self.count if done >= self.steps else done // self.every)

    def begin(self, index: int) -> None:
        """Makes stretch `index` the current one, and counts its rows from zero."""
        self.index = index
        self.first = max(index * self.every, self.done)
        self.end = min((index + 1) * self.every, self.steps)
        self._read: dict[int, int] = {}

    @property
    def rows(self) -> int:
        """Rows of this stretch that were read, each once: Keras looks at some batches twice."""
        return sum(self._read.values())

    def __len__(self) -> int:
        return self.end - self.first

    def __getitem__(self, index: int):
        epoch, place = divmod(self.first + index, len(self.batches))
        if epoch != self.batches.epoch:
            self.batches.begin_epoch(epoch)
        batch = self.batches[place]
        self._read[index] = len(batch[1])
        return batch


def among(own, rows: int):
    """A batch in which the rows that other processes compute are zeros.

    Args:
        own: arrays of the rows of this process.
        rows: of the batch.
    """

    def spread(array: np.ndarray) -> np.ndarray:
        if len(array) == rows:
            return array
        found = np.zeros((rows, *array.shape[1:]), array.dtype)
        found[here().own(rows)] = array
        return found

    return keras.tree.map_structure(spread, own)


def open_specs(arrays, open_axes: int):
    """TensorFlow's specifications of a batch's arrays, with first axes of any length.

    Args:
        arrays: an array or a structure of them.
        open_axes: as in `Batches`; features keep their width.
    """
    import tensorflow as tf

    def spec(array):
        free = (None,) * min(open_axes, array.ndim)
        return tf.TensorSpec(free + array.shape[len(free) :], array.dtype)

    return keras.tree.map_structure(spec, arrays)


def feed(batches: Batches | Stretches):
    """The input for `fit` and `evaluate`: on TensorFlow a tf.data pipeline of varying lengths.

    Keras would infer the shapes from the first two batches and refuse a longer later one. Of
    several processes each gets its rows.
    """
    if not here().alone:
        return Placed(batches)
    if keras.backend.backend() != "tensorflow":
        return batches
    import tensorflow as tf

    inputs, targets, *weights = batches[0]
    specs = (
        open_specs(inputs, batches.open_axes),
        open_specs(targets, batches.open_target_axes),
        *(open_specs(part, batches.open_target_axes) for part in weights),
    )
    flat = keras.tree.flatten(specs)

    def read(index):
        arrays = tf.numpy_function(
            lambda i: keras.tree.flatten(batches[int(i)]), [index], [spec.dtype for spec in flat]
        )
        for array, spec in zip(arrays, flat, strict=True):
            array.set_shape(spec.shape)
        return keras.tree.pack_sequence_as(specs, arrays)

    # A graph of one function; `from_generator` traces four, which is felt where epochs are short.
    # Keras is told the length, or it would read a batch too many, which may use up dropout draws.
    data = tf.data.Dataset.range(len(batches)).map(read).prefetch(2)
    # The thread that tunes a pipeline sleeps twice as long each time, and the end of `fit` waits
    # for it, up to the length of the epoch. There is nothing to tune here.
    options = tf.data.Options()
    options.autotune.enabled = False
    return data.with_options(options)
