"""The model against its baseline: the table of the page and the verdict in words."""

from collections.abc import Mapping
from typing import Any

from kerastc import formatting
from kerastc.outputs.output import Output
from kerastc.scores.figures import Figure


def against_baseline(
    metrics: Mapping[str, Any], part: str, output: type[Output]
) -> dict[str, Any] | None:
    """The model and the baseline of `metrics.json` side by side; None if it has no baseline.

    Args:
        metrics: the content of metrics.json.
        part: validation or test.
        output: of the task, whose figures are compared.

    Returns:
        `name` of the baseline, `rows` (figure, model, its interval, baseline, its interval; all
        text), `beaten`, and the `verdict` in a sentence.
    """
    baseline = metrics.get("baseline") or {}
    if not baseline.get(part) or not metrics.get(part):
        return None
    model, other = metrics[part], baseline[part]
    rows = [
        (figure.heading, *_figure(model, figure.name), *_figure(other, figure.name))
        for figure in output.figures
    ]
    costs, other_costs = metrics.get("training") or {}, baseline.get("training") or {}
    for name, key, form in (
        ("Training time", "seconds", formatting.duration),
        ("Parameters", "parameters", formatting.count),
    ):
        rows.append((name, form(costs.get(key)), "", form(other_costs.get(key)), ""))
    name = baseline.get("name", "baseline")
    beaten, words = verdict(model, other, name, output.main)
    return {"name": name, "rows": rows, "beaten": beaten, "verdict": words}


def verdict(
    model: Mapping[str, Any], other: Mapping[str, Any], name: str, figure: Figure
) -> tuple[bool, str]:
    """Whether the model beats the baseline, and by how much.

    It does if the whole 95 % interval of its figure is better than the baseline's figure.

    Args:
        model, other: from `Output.metrics`, for the same examples.
        name: of the baseline.
        figure: that decides.
    """
    value, beaten = model[figure.name], other[figure.name]
    low, high = (model.get("intervals") or {}).get(figure.name) or [value] * 2
    worst, best = (low, high) if figure.higher else (high, low)
    figures = f"{figure.label} {value:.3f} [{low:.3f}, {high:.3f}] against {beaten:.3f}"
    if figure.sign * worst > figure.sign * beaten:
        return True, f"The model beats the {name}: {figures}."
    if figure.sign * best < figure.sign * beaten:
        return False, f"The model is worse than the {name}: {figures}."
    return False, (
        f"The model does not beat the {name}: {figures}, which lies within the 95 % interval."
    )


def _figure(metrics: Mapping[str, Any], key: str) -> tuple[str, str]:
    bounds = (metrics.get("intervals") or {}).get(key)
    return formatting.number(metrics.get(key)), formatting.interval(bounds)
