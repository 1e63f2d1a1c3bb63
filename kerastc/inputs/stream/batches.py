"""Masked windows in batches: those of a training as they are read, those of an evaluation kept."""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import keras
import numpy as np

from kerastc.inputs.input import Rows
from kerastc.inputs.stream.encode import POSITIONS, StreamInput
from kerastc.inputs.stream.masking import NO_TARGET, Masked, Masking
from kerastc.inputs.stream.order import Order
from kerastc.inputs.stream.rows import MaskedRows
from kerastc.inputs.stream.windows import Windows
from kerastc.processes.place import here
from kerastc.text.ragged import Ragged
from kerastc.training.batching import Batches, among

LENGTHS = 8  # to which windows of rows are padded: eighths of the greatest

Pad = Callable[[Any, int], dict[str, np.ndarray]]  # of rows of ids, to a length


class StreamBatches(keras.utils.PyDataset):
    """Batches to train on: windows read as they are needed, masked anew in each epoch.

    Args:
        windows: of the training rows.
        masking: of them.
        number: (vocabulary,) int32, the model's id of each of the corpus's tokens.
        pad: turns rows of the model's ids and a length into its inputs.
        batch_size: windows.
        seed: of the order.
    """

    open_axes = 2
    open_target_axes = 2

    def __init__(
        self,
        windows: Windows,
        masking: Masking,
        number: np.ndarray,
        pad: Pad,
        batch_size: int,
        seed: int,
    ):
        super().__init__()
        self.windows, self.masking, self.number, self.pad = windows, masking, number, pad
        self.order = Order(len(windows), batch_size, seed)
        self.begin_epoch(0)
        self._group = lru_cache(1)(self._read)

    def begin_epoch(self, epoch: int) -> None:
        """As in `kerastc.training.batching.Batches`."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.order)

    def __getitem__(self, index: int):
        """A batch; rows that other processes compute are neither read nor masked, but zeros."""
        epoch = self.epoch
        group, place = self.order.place(epoch, index)
        numbers, rows, lengths, batches = self._group(epoch, group)
        chosen = batches[place]
        own = chosen[here().own(len(chosen))]
        masked = self.masking(rows(own), numbers[own], epoch)
        length = int(lengths[chosen].max())
        inner = length - (self.windows.max_tokens - self.windows.room)
        most = self.masking.most(inner)
        return among(padded(renumbered(masked, self.number), self.pad, length, most), len(chosen))

    def _read(self, epoch: int, group: int):
        """The windows of a group: numbers, this process's tokens, padded lengths, and the batches.

        The tokens are a function of places in the group.
        """
        blocks = self.order.blocks_of(epoch, group)
        numbers = np.concatenate([np.arange(first, end) for first, end in blocks])
        sizes = np.concatenate([self.windows.sizes(first, end) for first, end in blocks])
        lengths = self._lengths(sizes)
        batches = self.order.batches_of(epoch, group, lengths)
        own = np.sort(np.concatenate([batch[here().own(len(batch))] for batch in batches]))
        read = self.windows.some(numbers[own])
        return numbers, lambda places: read[np.searchsorted(own, places)], lengths, batches

    def _lengths(self, sizes: np.ndarray) -> np.ndarray:
        """To what windows of these sizes are padded: few lengths, since JAX compiles for each."""
        most = self.windows.max_tokens
        if self.windows.packed:
            return np.full(len(sizes), most)
        step = -(-most // LENGTHS)
        return np.minimum(-(-sizes // step) * step, most)


class MaskedBatches(Batches):
    """Batches of rows that are masked, for evaluations and answers.

    Args:
        rows: n windows or texts.
        pad: as in `StreamBatches`.
        batch_size: of them.
        length: to which all are padded; None: those of a batch to its longest.
    """

    open_axes = 2
    open_target_axes = 2

    def __init__(self, rows: MaskedRows, pad: Pad, batch_size: int, length: int | None = None):
        self.pad, self.length = pad, length
        self.sizes = rows.positions.lengths
        self.places = int(self.sizes.max(initial=1))
        super().__init__(rows, rows.targets, batch_size)

    def _ordered(self, rows: np.ndarray) -> list[np.ndarray]:
        return super()._ordered(rows[np.argsort(self.inputs.ids.lengths[rows], kind="stable")])

    def __getitem__(self, index: int):
        found = self.inputs[self.batches[index]].masked
        length = self.length or int(found.ids.lengths.max())
        return padded(found, self.pad, length, self.places)


def renumbered(masked: Masked, number: np.ndarray) -> Masked:
    """The same by other ids of the tokens: `number` of each."""
    ids, positions, targets = masked
    return Masked(
        Ragged(number[ids.values], ids.lengths),
        positions,
        Ragged(number[targets.values], targets.lengths),
    )


def padded(masked: Masked, pad: Pad, length: int, places: int) -> tuple[dict, np.ndarray]:
    """The inputs and targets of a batch.

    Args:
        masked: n windows.
        pad: as in `StreamBatches`.
        length: of each in the batch.
        places: masked ones of each in the batch.

    Returns:
        the model's inputs, with `masked_positions` (n, places) int32, and targets, the same shape,
        `NO_TARGET` where there are fewer.
    """
    shape = (len(masked.ids), places)
    there = np.arange(places) < masked.positions.lengths[:, None]
    positions, targets = np.zeros(shape, np.int32), np.full(shape, NO_TARGET, np.int32)
    positions[there] = masked.positions.values
    targets[there] = masked.targets.values
    return pad(list(masked.ids), length) | {POSITIONS: positions}, targets


def batches(input: StreamInput, rows: Rows, size: int) -> MaskedBatches:
    """Rows for answers; targets are there if the rows have them."""
    pad = partial(input.preprocessing.tokenizer.pad, segments=input.segments)
    return MaskedBatches(rows, pad, size)
