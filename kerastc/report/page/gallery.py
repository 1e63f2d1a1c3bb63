"""The plots of a run's page: which can be drawn, and their text alternatives."""

from collections.abc import Iterator, Sequence

from kerastc.report.drawing.captioned import Plot
from kerastc.report.exploration.page import exploration_plots
from kerastc.report.page.plots import further_columns, further_curves, learning_curves
from kerastc.report.record import RunRecord
from kerastc.scores.figures import Figure


def run_plots(record: RunRecord) -> Iterator[Plot]:
    """The plots for which a finished run has files."""
    history = record.history
    curves = record.page.curves
    shown = ("loss", "val_loss", *(f"val_{one.name}" for one in curves[:1]))
    if len(history) and any(name in history for name in shown):
        yield _learning(record, curves)
    known = [*(one.name for one in curves), *record.page.logged]
    if further := further_columns(history, known):
        told = ["loss", *(one.label for one in curves[:1])]
        yield Plot(
            "further_curves",
            further_curves(history, further, record.best_epoch),
            f"What the method logged besides {' and '.join(told)}, by their names in "
            "history.csv: blue for training, red for validation.",
            f"Line plots of {', '.join(further)}.",
        )
    yield from record.page.plots(record)
    if record.data.get("exploration"):
        yield from exploration_plots(record.data["exploration"])


def _learning(record: RunRecord, curves: Sequence[Figure]) -> Plot:
    history, best = record.history, record.best_epoch
    description = f"Line plots of {len(history)} evaluations."
    for name in ("loss", *(one.name for one in curves[:1])):
        column = f"val_{name}"
        if column in history:
            first, last = history[column].iloc[0], history[column].iloc[-1]
            description += f" Validation {name} goes from {first:.3f} to {last:.3f}."
    caption = (
        "Training figures are means since the evaluation before, with dropout while the weights "
        "change; validation figures are of that moment."
    )
    if best is not None:
        caption += f" The star marks epoch {best:.3g}, whose weights were kept."
    return Plot("learning_curves", learning_curves(history, curves, best), caption, description)
