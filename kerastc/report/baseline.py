"""The model against its baseline: the table of the page and the verdict in words."""

from collections.abc import Mapping
from typing import Any

from kerastc import formatting


def against_baseline(metrics: Mapping[str, Any], part: str) -> dict[str, Any] | None:
    """The model and the baseline of `metrics.json` side by side; None where it has no baseline.

    Args:
        metrics: the content of metrics.json.
        part: validation or test.

    Returns:
        `name` of the baseline, `rows` (figure, model, its interval, baseline, its interval; all
        text), `beaten`, and the `verdict` in a sentence.
    """
    baseline = metrics.get("baseline") or {}
    if not baseline.get(part) or not metrics.get(part):
        return None
    model, other = metrics[part], baseline[part]
    rows = [
        (formatting.METRIC_NAMES[key], *_figure(model, key), *_figure(other, key))
        for key in ("accuracy", "macro_f1", "loss")
    ]
    costs, other_costs = metrics.get("training") or {}, baseline.get("training") or {}
    for name, key, form in (
        ("Training time", "seconds", formatting.duration),
        ("Parameters", "parameters", formatting.count),
    ):
        rows.append((name, form(costs.get(key)), "", form(other_costs.get(key)), ""))
    name = baseline.get("name", "baseline")
    beaten, words = verdict(model, other, name)
    return {"name": name, "rows": rows, "beaten": beaten, "verdict": words}


def verdict(model: Mapping[str, Any], other: Mapping[str, Any], name: str) -> tuple[bool, str]:
    """Whether the model beats the baseline, and how far.

    It does where the whole 95 % interval of its accuracy lies above the baseline's accuracy.

    Args:
        model, other: what `classification_metrics` gives for the same texts.
        name: of the baseline.
    """
    low, high = (model.get("intervals") or {}).get("accuracy") or [model["accuracy"]] * 2
    accuracies = (
        f"accuracy {model['accuracy']:.3f} [{low:.3f}, {high:.3f}] against {other['accuracy']:.3f}"
    )
    if low > other["accuracy"]:
        return True, f"The model beats the {name}: {accuracies}."
    if high < other["accuracy"]:
        return False, f"The model is worse than the {name}: {accuracies}."
    return False, (
        f"The model does not beat the {name}: {accuracies}, which lies within the 95 % interval."
    )


def _figure(metrics: Mapping[str, Any], key: str) -> tuple[str, str]:
    bounds = (metrics.get("intervals") or {}).get(key)
    return formatting.number(metrics.get(key)), formatting.interval(bounds)
