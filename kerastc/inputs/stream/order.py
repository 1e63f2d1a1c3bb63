"""The order of an epoch over more windows than memory should know of.

Blocks of successive windows are permuted, and so are the windows of each group of blocks that
follow one another then: what is read of the disk is in pieces of some size, and neighbours in the
corpus are seldom in one batch. Order and place follow from seed and epoch alone, so a training goes
on at any step without having read what is before it.
"""

from functools import lru_cache

import numpy as np

BLOCK = 64  # windows read at once, at least
BLOCKS = 1 << 20  # at most; in a corpus with more windows a block has more of them
GROUP = 8192  # windows that are mixed with one another, about


class Order:
    """Batches of the numbers from 0 to before `rows`, in an order of each epoch.

    All batches have `batch_size` numbers but one, which has the rest.

    Args:
        rows: how many numbers there are.
        batch_size: numbers of a batch.
        seed: of the order.
    """

    def __init__(self, rows: int, batch_size: int, seed: int):
        self.rows, self.batch_size, self.seed = rows, batch_size, seed
        least = max(BLOCK, -(-rows // BLOCKS))
        self.block = -(-least // batch_size) * batch_size
        self.blocks = -(-rows // self.block)
        self.at_once = max(1, GROUP // self.block)  # blocks of a group
        self.groups = -(-self.blocks // self.at_once)
        self._permutation = lru_cache(1)(self._permuted)

    def __len__(self) -> int:
        """How many batches an epoch has."""
        return -(-self.rows // self.batch_size)

    def place(self, epoch: int, index: int) -> tuple[int, int]:
        """The group of a batch in an epoch, and its number among the group's batches."""
        _, ends = self._permutation(epoch)
        group = int(np.searchsorted(ends, index, side="right"))
        return group, index - (int(ends[group - 1]) if group else 0)

    def blocks_of(self, epoch: int, group: int) -> list[tuple[int, int]]:
        """The first number of each block of a group, and the one behind its last."""
        permutation, _ = self._permutation(epoch)
        chosen = permutation[group * self.at_once : (group + 1) * self.at_once].tolist()
        return [(n * self.block, min((n + 1) * self.block, self.rows)) for n in chosen]

    def batches_of(self, epoch: int, group: int, lengths: np.ndarray) -> list[np.ndarray]:
        """The batches of a group, each as places among the numbers of its blocks.

        Args:
            epoch, group: of them.
            lengths: (n,) int, of each; those of one length share a batch as far as possible.
        """
        random = np.random.default_rng([self.seed, epoch, 1, group])
        rows = random.permutation(len(lengths))
        rows = rows[np.argsort(lengths[rows], kind="stable")]
        batches = np.split(rows, range(self.batch_size, len(rows), self.batch_size))
        return [batches[place] for place in random.permutation(len(batches))]

    def _permuted(self, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """The blocks in order, and for each group how many batches it and those before it have."""
        permutation = np.random.default_rng([self.seed, epoch, 0]).permutation(self.blocks)
        batches = np.full(self.blocks, self.block // self.batch_size)
        last = self.rows - (self.blocks - 1) * self.block
        batches[self.blocks - 1] = -(-last // self.batch_size)
        starts = np.arange(0, self.blocks, self.at_once)
        return permutation, np.cumsum(np.add.reduceat(batches[permutation], starts))
