"""Reads any runs and lines them up: what was set differently, and what came of it."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kerastc import formatting
from kerastc.errors import UserError
from kerastc.report.comparison import COSTS, FIGURES, PARTS, PLACES, Comparison, has, value
from kerastc.report.record import RunRecord, read_record, shortest_names
from kerastc.scores.recommendation import Recommendation, candidate, recommend
from kerastc.scores.seeds import over_seeds
from kerastc.tasks import units_of


def compare(folders: Sequence[Path], figure: str = "accuracy") -> Comparison:
    """Reads the runs, of the same recipe or not, finished or not.

    Args:
        folders: run folders; one that is given twice counts once.
        figure: of validation, by which it recommends: of `pairs.FIGURES`.

    Raises:
        UserError: no folder is given, or one is no run.
    """
    distinct = {Path(folder).resolve(): Path(folder) for folder in folders}
    if not distinct:
        raise UserError("There is no run to compare.", "Name one or more run folders.")
    records = [read_record(folder) for folder in distinct.values()]
    names = shortest_names(list(distinct))
    pairs = [(_row(r, name), r) for r, name in zip(records, names, strict=True)]
    pairs.sort(key=lambda pair: _place(pair[0]))
    rows = [row for row, _ in pairs]
    records = [record for _, record in pairs]
    found = _differing(rows)
    implied = _implied(rows, records, found)
    differing = [field for field in found if field not in implied]
    baselines = _baselines(pairs)
    return Comparison(
        rows,
        differing,
        implied,
        _groups(rows, differing),
        records,
        baselines,
        _recommendation(pairs, baselines, differing, figure),
    )


def _place(row: Mapping[str, Any]) -> tuple[bool, float]:
    """The sort key that `SORTED_BY` says."""
    accuracy = formatting.finite(row["validation"]["accuracy"])
    return row["state"] != "finished", 0.0 if accuracy is None else -accuracy


def _row(record: RunRecord, name: str) -> dict[str, Any]:
    training = record.metrics.get("training") or {}
    config = formatting.flatten(record.settings)
    seed = config.pop("seed", record.environment.get("seed"))
    epochs = len(record.history)
    return {
        "run": name,
        "folder": str(record.folder),
        "recipe": record.recipe,
        "state": "finished" if record.finished else f"not finished, epoch {epochs}",
        "seed": seed,
        "backend": record.environment.get("backend"),
        "device": record.environment.get("device"),
        "fingerprint": record.data.get("fingerprint"),
        "config": config,
        "train": {"accuracy": training.get("train_accuracy")},
        **{
            part: _figures(record.metrics.get(part) or {})
            for part in ("validation", "test", "test_flipped")
        },
        "training": {key: training.get(key) for key in COSTS},
    }


def _figures(metrics: Mapping[str, Any]) -> dict[str, Any]:
    figures = {key: metrics.get(key) for key in FIGURES}
    intervals = metrics.get("intervals") or {}
    return figures | {f"{key}_interval": intervals.get(key) for key in ("accuracy", "macro_f1")}


def _differing(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    found = [
        field
        for field in PLACES
        if len({str(row[field]) for row in rows if row[field] is not None}) > 1
    ]
    fields = dict.fromkeys(field for row in rows for field in row["config"])
    for field in fields:
        having = [row for row in rows if field in row["config"]]
        recipes_having = {row["recipe"] for row in having}
        # A field missing in one of a recipe's own runs differs too: the recipe has changed.
        compared = [row for row in rows if row["recipe"] in recipes_having]
        if len({_key(row["config"].get(field)) for row in compared}) > 1:
            found.append(field)
    return found


def _implied(
    rows: Sequence[Mapping[str, Any]], records: Sequence[RunRecord], differing: Sequence[str]
) -> list[str]:
    """The differing fields that follow from the others.

    A recipe, or a method that it is told, has settings of its own, which differ though nobody
    changed them: they follow from the recipe and from what was changed.
    """
    if any(record.changed is None for record in records):
        return []
    changed = {*PLACES, *(field for record in records for field in record.changed)}
    said = [field for field in differing if field in changed]

    def told(row: Mapping[str, Any], fields: Sequence[str]) -> str:
        return _key([[has(row, field), value(row, field)] for field in fields])

    known = len({told(row, said) for row in rows})
    return [
        field
        for field in differing
        if field not in changed and len({told(row, [*said, field]) for row in rows}) == known
    ]


def _groups(rows: Sequence[Mapping[str, Any]], differing: Sequence[str]) -> list[dict[str, Any]]:
    """Groups of finished runs that share all but the seed, the best mean on validation first.

    There are none where no group has several seeds; otherwise settings of one run stand there, too.
    """
    together = _but_for_seeds(rows)
    if not any(len({_key(row["seed"]) for row in members}) > 1 for members in together):
        return []
    groups = [
        {
            "settings": {
                field: value(members[0], field) for field in differing if has(members[0], field)
            },
            "seeds": [row["seed"] for row in members],
            "runs": [row["run"] for row in members],
            "train": _spreads([row["train"] for row in members], ("accuracy",)),
            **{part: _spreads([row[part] for row in members], FIGURES) for part in PARTS},
            "test_flipped": _spreads([row["test_flipped"] for row in members], ("accuracy",)),
            "training": _spreads([row["training"] for row in members], ("seconds", "images")),
        }
        for members in together
    ]
    return sorted(groups, key=lambda g: -(g["validation"]["accuracy"]["mean"] or 0))


def _but_for_seeds(rows: Sequence[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """The finished runs, or baselines, with those together that share all but the seed."""
    together: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["state"] in ("finished", "baseline"):
            same = [row["state"], row["recipe"], row["backend"], row["device"], row["config"]]
            together.setdefault(_key(same), []).append(row)
    return list(together.values())


def _baselines(pairs: Sequence[tuple[Mapping[str, Any], RunRecord]]) -> list[dict[str, Any]]:
    """A row for each distinct baseline: runs on the same splits share theirs."""
    together: dict[str, list[tuple[Mapping[str, Any], Mapping[str, Any]]]] = {}
    for row, record in pairs:
        baseline = record.metrics.get("baseline") or {}
        if row["state"] == "finished" and baseline.get("validation"):
            figures = [baseline["validation"], baseline.get("test")]
            together.setdefault(_key([row["fingerprint"], figures]), []).append((row, baseline))
    return [_baseline_row(members) for members in together.values()]


def _baseline_row(members: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> dict[str, Any]:
    rows, (baseline, *_) = [row for row, _ in members], [baseline for _, baseline in members]
    training = baseline.get("training") or {}
    first = rows[0]
    return {
        "run": baseline.get("name", "baseline"),
        "folder": None,
        "state": "baseline",
        "of": [row["run"] for row in rows],
        **{field: _agreed([row[field] for row in rows]) for field in (*PLACES, "seed")},
        "fingerprint": first["fingerprint"],
        "config": {
            field: setting
            for field, setting in first["config"].items()
            if all(_key(row["config"].get(field)) == _key(setting) for row in rows)
        },
        "train": {"accuracy": None},
        "validation": _figures(baseline["validation"]),
        "test": _figures(baseline.get("test") or {}),
        "test_flipped": _figures({}),
        "training": {key: training.get(key) for key in COSTS} | {"steps": 0},
    }


def _agreed(values: Sequence[Any]) -> Any:
    """The value, or None where there are several."""
    return values[0] if len(set(map(_key, values))) == 1 else None


def _recommendation(
    pairs: Sequence[tuple[Mapping[str, Any], RunRecord]],
    baselines: Sequence[Mapping[str, Any]],
    differing: Sequence[str],
    figure: str,
) -> Recommendation | None:
    """None, too, where the runs tell other classes apart: their figures are of other tasks."""
    if len({record.classes for row, record in pairs if row["state"] == "finished"}) != 1:
        return None
    said = {}
    for row, record in pairs:
        if row["state"] == "finished" and (found := record.predictions_of("validation")):
            said[row["run"]] = found
    candidates = []
    for members in (*_but_for_seeds([row for row, _ in pairs]), *_but_for_seeds(baselines)):
        first = members[0]
        words = [
            f"{field}={formatting.scalar(value(first, field))}"
            for field in differing
            if has(first, field)
        ]
        if first["state"] == "baseline":
            words.insert(0, first["run"])
        name = first["run"] if len(members) == 1 else first["recipe"]
        candidates.append(candidate(" ".join(words) or name, members, said, figure))
    found = {units_of(predictions.columns) for predictions in said.values()}
    units = found.pop() if len(found) == 1 else "rows"
    return recommend([found for found in candidates if found], units)


def _spreads(
    figures: Sequence[Mapping[str, Any]], keys: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """What `over_seeds` says of each figure, from the runs that have it."""
    spreads = {}
    for key in keys:
        values = [f[key] for f in figures if formatting.finite(f[key]) is not None]
        spreads[key] = over_seeds(values, share=key not in ("loss", "seconds", "images"))
    return spreads


def _key(value: Any) -> str:
    """Settings in a form that can be compared and hashed."""
    return json.dumps(value, sort_keys=True, default=str)
