"""A matrix of counts: what is there by what was predicted."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from kerastc.report.drawing.style import drawing, new_figure, plot_names

_SHARES_WRITTEN = 10  # a larger matrix has no room for shares below the counts
_COUNTS_WRITTEN = 26  # and a still larger one none for counts


@drawing()
def matrix_of_counts(
    matrix: np.ndarray, true: Sequence[str], predicted: Sequence[str], kind: str
) -> Figure:
    """Counts, and as colour the share of each row.

    Args:
        matrix: (n, n) int, by what is true and what was predicted.
        true, predicted: the names of its rows and columns.
        kind: what they are: "class".
    """
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    count = len(matrix)
    side = float(np.clip(0.8 * count, 2.8, 8.0))
    most = 24 if count <= _SHARES_WRITTEN else 18
    names, others = plot_names(true, most), plot_names(predicted, most)
    longest = 0.085 * max(map(len, (*names, *others)))
    figure = new_figure(side + longest + 1.9, side + min(longest, 1.5) + 0.9)
    figure.set_layout_engine("compressed")  # otherwise the square cells would cut the label
    axes = figure.add_subplot()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    label = f"share of the true {kind}"
    figure.colorbar(image, ax=axes, label=label, format=PercentFormatter(1.0), shrink=0.85)
    small = {"fontsize": float(np.clip(200 / count, 5, 11))}
    steep = max(map(len, others)) * count > 30
    axes.set_xticks(range(count), others, rotation=90 if steep else 0, **small)
    axes.set_yticks(range(count), names, **small)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    axes.grid(False)
    axes.spines[:].set_visible(False)
    if count <= _COUNTS_WRITTEN:
        _write_cells(axes, matrix, shares)
    return figure


def _write_cells(axes: Axes, matrix: np.ndarray, shares: np.ndarray) -> None:
    count = len(matrix)
    for true, guess in np.argwhere(matrix > 0):
        share = shares[true, guess]
        text = f"{matrix[true, guess]:,}"
        if count <= _SHARES_WRITTEN:
            text += f"\n{share:.0%}"
        axes.text(
            guess,
            true,
            text,
            ha="center",
            va="center",
            fontsize=float(np.clip(170 / count, 6, 11)),
            color="white" if share > 0.55 else "black",
        )
