"""A teacher's logits of tokens, carried to the tokens of a student's rows. NumPy alone."""

from collections.abc import Sequence

import numpy as np

from kerastc.text.encoded import Encoded
from kerastc.text.ragged import Ragged


def carried(logits: Sequence[np.ndarray], rows: Encoded, others: Encoded) -> Ragged:
    """The logits of the tokens of other rows of the same questions, (tokens, 2) each.

    A window gets those of the window that it shares most characters with. Where both have the same
    tokens, they are the same. Else a token gets the start of that which has its first character,
    if it is the first there, and the end of that which has its last, if it is the last there; all
    others get the least logit of the window.

    Args:
        logits: of the rows, (tokens, 2) each.
        rows: with `offsets`.
        others: likewise, of the same questions.
    """
    number = np.unique(rows.texts, return_inverse=True)[1].reshape(-1)
    number_of = np.unique(others.texts, return_inverse=True)[1].reshape(-1)
    own = [[] for _ in range(int(number.max(initial=-1)) + 1)]
    for row, text in enumerate(number.tolist()):
        own[text].append(row)
    reaches = [_reach(offsets) for offsets in rows.offsets]
    found = []
    for text, offsets in zip(number_of.tolist(), others.offsets, strict=True):
        begin, end = _reach(offsets)
        row = max(
            own[text],
            key=lambda row: min(end, reaches[row][1]) - max(begin, reaches[row][0]),
        )
        source = rows.offsets[row]
        given = np.asarray(logits[row], np.float32)[: len(source)]
        same = len(source) == len(offsets) and (source == offsets).all()
        found.append(given if same else _mapped(given, source, offsets))
    return Ragged(np.concatenate([np.zeros((0, 2), np.float32), *found]), [*map(len, found)])


def _reach(offsets: np.ndarray) -> tuple[int, int]:
    """The characters of a context that a window has, from the first to the one behind the last."""
    there = offsets[offsets[:, 1] > offsets[:, 0]]
    return (int(there[0, 0]), int(there[-1, 1])) if len(there) else (0, 0)


def _mapped(given: np.ndarray, source: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """The logits of the tokens at `source` for those at `offsets`, (tokens, 2)."""
    found = np.repeat(given.min(axis=0, keepdims=True), len(offsets), axis=0)
    found[0] = given[0]
    there = np.flatnonzero(source[:, 1] > source[:, 0])
    mine = np.flatnonzero(offsets[:, 1] > offsets[:, 0])
    if not len(there) or not len(mine):
        return found
    for side, edge in ((0, offsets[mine, 0]), (1, offsets[mine, 1] - 1)):
        # The token whose characters have the edge: the last that begins at or before it.
        place = np.searchsorted(source[there, 0], edge, side="right") - 1
        inside = (place >= 0) & (edge < source[there[place], 1])
        of = np.where(inside, there[place], -1)
        neighbour = np.roll(of, 1 if side == 0 else -1)
        neighbour[0 if side == 0 else -1] = -1
        outermost = inside & (of != neighbour)
        found[mine[outermost], side] = given[of[outermost], side]
    return found
