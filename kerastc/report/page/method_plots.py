"""Figures for methods for few labels: images in rows, similarities, projections, rounds."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from kerastc.images import contact_sheet
from kerastc.report.drawing.style import (
    BLUE,
    GREY,
    LIGHT_GREY,
    MANY_POINTS,
    SKY,
    drawing,
    new_figure,
    plot_names,
    series_style,
)

_TSNE_ROWS = 2000  # more take minutes
_NAMED_GROUPS = 30  # with more classes a matrix shows only the borders


@drawing()
def image_rows(rows: Mapping[str, np.ndarray]) -> Figure:
    """Images in rows, each row with a title above.

    Args:
        rows: title to images, uint8 (n, height, width, 1 or 3); all of the same size.
    """
    sheets = [contact_sheet(images, columns=len(images)) for images in rows.values()]
    width = 9.6
    scale = width / max(sheet.shape[1] for sheet in sheets)
    heights = [min(1.6, sheet.shape[0] * scale) for sheet in sheets]
    figure = new_figure(width, sum(heights) + 0.36 * len(sheets))
    grid = figure.subplots(len(sheets), 1, squeeze=False, height_ratios=heights).ravel()
    names = plot_names(list(rows), 100)
    for axes, sheet, name in zip(grid, sheets, names, strict=True):
        grey = {"cmap": "gray", "vmin": 0, "vmax": 255} if sheet.shape[2] == 1 else {}
        axes.imshow(sheet.squeeze(2) if grey else sheet, interpolation="nearest", **grey)
        axes.set_title(name, fontsize=10)
        axes.set_anchor("W")
        axes.axis("off")
    return figure


@drawing()
def similarity_matrix(
    similarities: np.ndarray,
    labels: np.ndarray | None = None,
    classes: Sequence[str] = (),
    title: str = "",
) -> Figure:
    """Similarities as colours, from -1 to 1, like cosines.

    Args:
        similarities: (rows, columns) float, any order; with labels (n, n).
        labels: (n,) int, ascending: lines separate the classes.
        classes: their names.
        title: above the matrix.
    """
    figure = new_figure(7.6, 6.4)
    figure.set_layout_engine("compressed")  # otherwise the square cells would cut the names
    axes = figure.add_subplot()
    image = axes.imshow(similarities, cmap="RdBu_r", vmin=-1, vmax=1, interpolation="nearest")
    figure.colorbar(image, ax=axes, label="cosine similarity", shrink=0.85)
    axes.grid(False)
    axes.set_title(title)
    if labels is None:
        axes.set_xlabel("image")
        axes.set_ylabel("image")
        return figure
    borders = np.flatnonzero(np.diff(labels)) + 0.5
    for draw in (axes.axvline, axes.axhline):
        for border in borders:
            draw(border, color="black", linewidth=0.6)
    there, first, counts = np.unique(labels, return_index=True, return_counts=True)
    middles = first + (counts - 1) / 2
    names = [plot_names(classes, 18)[label] for label in there]
    if len(there) > _NAMED_GROUPS:
        middles, names = [], []
    axes.set_xticks(middles, names, rotation=90, fontsize=8)
    axes.set_yticks(middles, names, fontsize=8)
    return figure


def principal_components(features: np.ndarray, components: int = 2) -> np.ndarray:
    """Features on the axes of their greatest variance, (n, components) float.

    Each axis is oriented so that its largest loading is positive, so that the picture does not
    depend on how the decomposition was computed.

    Args:
        features: (n, f) float.
        components: how many, at most f.
    """
    centred = np.asarray(features, dtype=np.float64) - np.mean(features, axis=0)
    axes = np.linalg.svd(centred, full_matrices=False)[2][:components]
    largest = np.abs(axes).argmax(axis=1)
    return centred @ (axes * np.sign(axes[np.arange(len(axes)), largest])[:, None]).T


def neighbourhoods(features: np.ndarray, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Features in a plane, with near ones kept near: t-SNE (van der Maaten and Hinton 2008).

    Args:
        features: (n, f) float.
        seed: of the method, and of the sample if there are more than 2,000 rows.

    Returns:
        the points (m, 2) and their rows in `features` (m,) int, ascending.
    """
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits  # installed with scikit-learn

    rows = np.arange(len(features))
    if len(rows) > _TSNE_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(rows, _TSNE_ROWS, replace=False))
    perplexity = min(30.0, (len(rows) - 1) / 3)
    method = TSNE(2, perplexity=perplexity, init="pca", random_state=seed)
    with threadpool_limits(1):  # threads that wait for a busy core spin: 45 times slower
        return method.fit_transform(np.asarray(features)[rows]), rows


@drawing()
def projection(
    points: np.ndarray, labels: np.ndarray, classes: Sequence[str], title: str = ""
) -> Figure:
    """Points in a plane, coloured by their classes.

    If there are more classes than distinguishable colours, some from all over their list are named
    and the others are grey, behind them.

    Args:
        points: (n, 2) float.
        labels: (n,) int.
        classes: the class names.
        title: above the points.
    """
    points, labels = np.asarray(points), np.asarray(labels)
    named = np.arange(len(classes))
    if len(classes) > MANY_POINTS:
        named = np.linspace(0, len(classes) - 1, MANY_POINTS).astype(int)
    names = plot_names(classes, 24)
    figure = new_figure(8.4, 6.4)
    axes = figure.add_subplot()
    others = ~np.isin(labels, named)
    if others.any():
        look = {"color": LIGHT_GREY, "marker": ".", "markersize": 4, "label": "others"}
        axes.plot(*points[others].T, linestyle="", **look)
    for place, label in enumerate(named):
        look = {**series_style(place), "linestyle": "", "markersize": 5, "alpha": 0.75}
        axes.plot(*points[labels == label].T, label=names[label], **look)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(title)
    figure.legend(loc="outside right upper")
    return figure


@drawing()
def rounds(
    counts: Mapping[str, Sequence[float]], shares: Mapping[str, Sequence[float]], first: int = 1
) -> Figure:
    """What each round of a method took, as bars, and its results, as lines.

    Args:
        counts: name to images per round; drawn in front of each other.
        shares: name to a share from 0 to 1 per round; NaN if a round has none.
        first: the number of the first round.
    """
    figure = new_figure(8.4, 5.4 if counts and shares else 3.4)
    panels = list(figure.subplots(bool(counts) + bool(shares), 1, sharex=True, squeeze=False).flat)
    if counts:
        _bars(panels[0], counts, first)
    if shares:
        for place, (name, values) in enumerate(shares.items()):
            look = series_style(place)
            panels[-1].plot(
                first + np.arange(len(values)), values, label=plot_names([name])[0], **look
            )
        panels[-1].yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        panels[-1].legend(loc="best", fontsize=9)
    panels[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
    panels[-1].set_xlabel("round")
    return figure


def _bars(axes: Axes, counts: Mapping[str, Sequence[float]], first: int) -> None:
    looks = ((BLUE, ""), (SKY, "///"), (GREY, "..."))
    width = 0.8 / len(counts)
    names = plot_names(list(counts))
    for i, (name, values) in enumerate(zip(names, counts.values(), strict=True)):
        colour, hatch = looks[i % len(looks)]
        places = first + np.arange(len(values)) + (i - (len(counts) - 1) / 2) * width
        bars = axes.bar(places, values, width * 0.92, color=colour, hatch=hatch, label=name,
                        edgecolor="white")  # fmt: skip
        axes.bar_label(bars, [f"{value:,.0f}" for value in values], fontsize=8, padding=1)
    axes.margins(y=0.15)
    axes.set_ylabel("images")
    axes.legend(loc="best", fontsize=9)
