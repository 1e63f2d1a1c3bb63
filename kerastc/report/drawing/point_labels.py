"""Names next to the points of a plot that cover neither each other, a point nor the line."""

import textwrap
from collections.abc import Sequence
from itertools import pairwise, product

import numpy as np
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

_LINE = 30  # characters per line of a label
_MARKER = 6  # points that a marker takes around its centre
_RADII = (11, 22, 40, 64, 92)  # points from the marker to the label
_DIRECTIONS = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))
_ALIGN = {1: ("left", "bottom"), 0: ("center", "center"), -1: ("right", "top")}


def label_points(
    axes: Axes, names: Sequence[str], points: np.ndarray, named: Sequence[bool], line: np.ndarray
) -> None:
    """Writes a name at each of the named points, with a line to it if it is further away.

    Of the positions around a point, near ones first, the first that covers nothing is taken, or
    else the one that covers least. The axes must have their final limits.

    Args:
        axes: whose points they are.
        names: what to write, wrapped if long.
        points: (n, 2) float, data coordinates.
        named: which points get their name; the others are only kept free.
        line: (m, 2) float, the corners of a line of horizontal and vertical parts.
    """
    figure = axes.figure
    figure.draw_without_rendering()  # settles the layout, on which all positions depend
    scale = figure.dpi / 72
    places = axes.transData.transform(points)
    ways = list(product(_RADII, _DIRECTIONS))
    taken = [Bbox.from_extents(x, y, x, y).padded(_MARKER * scale) for x, y in places]
    taken += [
        Bbox([np.min(ends, axis=0), np.max(ends, axis=0)]).padded(2 * scale)
        for ends in pairwise(axes.transData.transform(line))
    ]
    window = axes.get_window_extent()
    for name, point, place, wanted in zip(names, points, places, named, strict=True):
        if not wanted:
            continue
        text = "\n".join(textwrap.wrap(name.replace(",", ", "), _LINE, break_on_hyphens=False))
        label = axes.annotate(
            text, point, xytext=(0, 0), textcoords="offset points", fontsize=9, linespacing=1.1
        )
        label.set_in_layout(False)
        box = label.get_window_extent()
        radius, way = min(  # the first, if equal
            ways,
            key=lambda at: _covered(_moved(box, place, at[1], at[0] * scale), taken, window),
        )
        taken.append(_moved(box, place, way, radius * scale))
        label.set_position((way[0] * radius, way[1] * radius))
        label.set_horizontalalignment(_ALIGN[way[0]][0])
        label.set_verticalalignment(_ALIGN[way[1]][1])
        if radius > _RADII[0]:
            axes.annotate(
                "", point, xytext=(way[0] * radius, way[1] * radius), textcoords="offset points",
                arrowprops={"arrowstyle": "-", "color": "#999999", "linewidth": 0.8, "shrinkB": 5},
                in_layout=False,
            )  # fmt: skip


def _moved(box: Bbox, place: np.ndarray, way: tuple[int, int], radius: float) -> Bbox:
    """The position, in pixels, of a label of the size of `box` at an offset from a point."""
    left, low = (
        place[axis] + way[axis] * radius + (way[axis] - 1) / 2 * extent
        for axis, extent in enumerate((box.width, box.height))
    )
    return Bbox.from_bounds(left, low, box.width, box.height)


def _covered(box: Bbox, taken: Sequence[Bbox], window: Bbox) -> float:
    """The area of a label that covers other things, or is outside the plot."""
    inside = Bbox.intersection(box, window)
    outside = box.width * box.height - (inside.width * inside.height if inside else 0)
    overlaps = (Bbox.intersection(box, other) for other in taken)
    return 2 * outside + sum(o.width * o.height for o in overlaps if o is not None)
