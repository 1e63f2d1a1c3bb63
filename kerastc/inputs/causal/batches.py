"""Pieces of a corpus in the order of its text, many at once: truncated back-propagation.

The text is cut into as many columns as a batch has rows, and a batch has a piece of each: the state
after it is the one before the next (Merity et al. 2017, section 4.1). Pieces have lengths that
are drawn, so that no token is always the first of one.
"""

from functools import lru_cache

import keras
import numpy as np

from kerastc.inputs.causal.encode import STATE, CausalInput
from kerastc.inputs.causal.rows import NextRows
from kerastc.inputs.stream.encode import POSITIONS
from kerastc.inputs.stream.joined import Stream
from kerastc.inputs.stream.masking import NO_TARGET
from kerastc.inputs.text.encode import IDS
from kerastc.training.batching import Batches

BEGINS = "begins"  # of each row 1 where its state is zero
HALF = 0.05  # share of the pieces that are half as long
STEPS = 14  # lengths are multiples of this part of the usual one: JAX compiles for each


class CausalBatches(keras.utils.PyDataset):
    """Batches to train on, read as they are needed.

    Args:
        stream: the text, of more than a token a column.
        batch_size: columns.
        bptt: the usual length of a piece.
        seed: of the lengths, which differ from epoch to epoch.
    """

    open_axes = 2
    open_target_axes = 2

    def __init__(self, stream: Stream, batch_size: int, bptt: int, seed: int):
        super().__init__()
        self.stream, self.batch_size, self.bptt, self.seed = stream, batch_size, bptt, seed
        self.column = (len(stream) - 1) // batch_size
        usual = (1 - HALF) * bptt + HALF * bptt / 2
        self.count = max(1, round(self.column / usual))
        self.begin_epoch(0)
        self._bounds = lru_cache(1)(self.bounds)

    def begin_epoch(self, epoch: int) -> None:
        """As in `kerastc.training.batching.Batches`."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.count

    def bounds(self, epoch: int) -> np.ndarray:
        """Where the pieces of a column begin, and its end, (pieces + 1,) int.

        Their number is the same in each epoch.
        """
        random = np.random.default_rng([self.seed, epoch])
        usual = np.where(random.random(self.count) < HALF, self.bptt / 2, self.bptt)
        step = max(1, self.bptt // STEPS)
        drawn = np.maximum(random.normal(usual, self.bptt / STEPS), 2 * step)
        ends = np.cumsum(drawn) * (self.column / drawn.sum())
        found = np.concatenate([[0], step * np.round(ends / step)]).astype(int)
        found[-1] = self.column
        # Where a step is much of the text, two of them can be one.
        return found if (np.diff(found) > 0).all() else self._even()

    def _even(self) -> np.ndarray:
        return np.arange(self.count + 1) * self.column // self.count

    def __getitem__(self, index: int):
        begin, end = self._bounds(self.epoch)[index : index + 2]
        read = [
            self.stream.read(start + begin, start + end + 1)
            for start in range(0, self.batch_size * self.column, self.column)
        ]
        tokens = np.stack(read)
        fresh = np.full(self.batch_size, index == 0, np.int32)
        return _asked(tokens[:, :-1]) | {BEGINS: fresh}, np.ascontiguousarray(tokens[:, 1:])


class JudgedBatches(Batches):
    """Pieces for evaluations, in the order of their text.

    Args:
        rows: whose text has columns.
    """

    open_axes = 2
    open_target_axes = 2

    def __init__(self, rows: NextRows):
        self.sizes = rows.positions.lengths
        super().__init__(rows, rows.targets, rows.columns)

    def sample(self, rows: int, seed: int) -> Batches:
        """The beginning of each column: a state goes on from row to row."""
        if rows >= len(self.taken):
            return self
        whole = -(-rows // self.batch_size) * self.batch_size
        found = JudgedBatches(self.inputs)
        found.taken = self.taken[:whole]
        found.begin_epoch(0)
        return found

    def __getitem__(self, index: int):
        inputs, targets = self.piece(index)
        return inputs | {BEGINS: np.full(len(targets), index == 0, np.int32)}, targets

    def piece(self, index: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Tokens, places and targets of a batch."""
        rows = self.inputs[self.batches[index]]
        shape = (len(rows), int(rows.ids.lengths[0]))
        return _asked(rows.ids.values.reshape(shape)), rows.targets.values.reshape(shape)


class CarriedBatches(JudgedBatches):
    """The same for a model that is given its state.

    Args:
        rows: likewise.
        state_size: numbers of the state.
    """

    def __init__(self, rows: NextRows, state_size: int):
        super().__init__(rows)
        self.state = np.zeros((rows.columns, state_size), np.float32)

    def __getitem__(self, index: int):
        inputs, targets = self.piece(index)
        return inputs | {STATE: self.state}, targets

    def carry(self, outputs) -> None:
        """Takes the state after a batch for the next one."""
        self.state = outputs[STATE]


class AloneBatches(Batches):
    """Texts, of which the word behind the last is asked for; padding behind them changes nothing.

    Args:
        rows: n of them.
        batch_size: of them.
        state_size: numbers of the model's state, which is zero before each.
    """

    open_axes = 2
    open_target_axes = 2

    def __init__(self, rows: NextRows, batch_size: int, state_size: int):
        self.state_size = state_size
        super().__init__(rows, rows.targets, batch_size)

    def __getitem__(self, index: int):
        rows = self.inputs[self.batches[index]]
        ids = np.zeros((len(rows), int(rows.ids.lengths.max())), np.int32)
        ids[np.arange(ids.shape[1]) < rows.ids.lengths[:, None]] = rows.ids.values
        state = np.zeros((len(rows), self.state_size), np.float32)
        places = rows.positions.values[:, None]
        inputs = {IDS: ids, POSITIONS: places, STATE: state}
        return inputs, np.full((len(rows), 1), NO_TARGET, np.int32)


def _asked(tokens: np.ndarray) -> dict[str, np.ndarray]:
    """Tokens, (rows, length) int32, all of whose places are asked for."""
    places = np.tile(np.arange(tokens.shape[1], dtype=np.int32), (len(tokens), 1))
    return {IDS: np.ascontiguousarray(tokens), POSITIONS: places}


def batches(input: CausalInput, rows: NextRows, size: int) -> Batches:
    """Rows for answers; targets are there if the rows have them."""
    if rows.columns is not None:
        return CarriedBatches(rows, input.state_size)
    return AloneBatches(rows, size, input.state_size)
