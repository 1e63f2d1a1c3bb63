"""Reads any runs and compares them: their different settings, and their results."""

import json
from collections.abc import Mapping, Sequence
from math import inf
from pathlib import Path
from typing import Any

from kerastc import formatting
from kerastc.errors import UserError
from kerastc.found_runs import is_run
from kerastc.report.comparison.by_task import by_task
from kerastc.report.comparison.figures import Compared
from kerastc.report.comparison.table import COSTS, PLACES, STEPS, Comparison, has, value
from kerastc.report.record import RunRecord, read_record, shortest_names
from kerastc.scores.figures import Figure
from kerastc.scores.recommendation import Recommendation, candidate, recommend
from kerastc.scores.seeds import spreads

# Costs of training that are also shown over seeds.
_SPREAD_COSTS = (Figure("seconds", share=False), Figure("images", share=False))


def compare(folders: Sequence[Path], figure: str = "", teacher: str = "") -> Comparison:
    """Reads the runs, of the same recipe or not, finished or not.

    Args:
        folders: run folders; duplicates count once.
        figure: the validation figure by which it recommends; by default their task's main one.
        teacher: whose figures the others are to keep: a run, or the value of a setting by which
            runs differ, such as an encoder.

    Raises:
        UserError: no folder is given, or one is not a run; no run is the teacher's.
    """
    given = [*folders, Path(teacher)] if teacher and is_run(Path(teacher)) else folders
    distinct = {Path(folder).resolve(): Path(folder) for folder in given}
    if not distinct:
        raise UserError("There is no run to compare.", "Name one or more run folders.")
    records = [read_record(folder) for folder in distinct.values()]
    names = shortest_names(list(distinct))
    compared = Compared.of(records, figure)
    pairs = [(_row(r, name, compared), r) for r, name in zip(records, names, strict=True)]
    pairs.sort(key=lambda pair: _place(pair[0], compared.main))
    rows = [row for row, _ in pairs]
    records = [record for _, record in pairs]
    found = _differing(rows)
    implied = _implied(rows, records, found)
    differing = [field for field in found if field not in implied]
    baselines = _baselines(pairs, compared)
    tasks = by_task(pairs, differing, teacher)
    several = tasks is not None and len(tasks.columns) > 1
    return Comparison(
        rows,
        differing,
        implied,
        _groups(rows, differing, compared),
        records,
        baselines,
        None if several else _recommendation(pairs, baselines, differing, compared.chosen),
        compared,
        tasks,
    )


def _place(row: Mapping[str, Any], main: Figure) -> tuple[bool, float]:
    """The sort key that `Comparison.sorted_by` describes."""
    value = formatting.finite(row["validation"].get(main.name))
    return row["state"] != "finished", inf if value is None else -main.sign * value


def _row(record: RunRecord, name: str, compared: Compared) -> dict[str, Any]:
    training = record.metrics.get("training") or _compressing(record)
    config = formatting.flatten(record.settings)
    if record.steps:
        config[STEPS] = " ".join(record.steps)
    seed = config.pop("seed", record.environment.get("seed"))
    epochs = len(record.history)
    main = compared.main.name
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
        "train": {main: training.get(f"train_{main}")},
        **{part: compared.figures_of(record.metrics.get(part) or {}) for part in compared.parts},
        "training": {key: training.get(key) for key in COSTS},
    }


def _compressing(record: RunRecord) -> dict[str, Any]:
    """The costs of a compressed run: the seconds of its steps, and what is left."""
    steps = record.compression.get("steps") or ()
    if not steps:
        return {}
    seconds, (_, left) = [step["seconds"] for step in steps], steps[-1]["parameters"]
    return {"seconds": sum(seconds), "parameters": left}


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
        # A field that only some runs of a recipe have differs too: the recipe has changed.
        compared = [row for row in rows if row["recipe"] in recipes_having]
        if len({_key(row["config"].get(field)) for row in compared}) > 1:
            found.append(field)
    return found


def _implied(
    rows: Sequence[Mapping[str, Any]], records: Sequence[RunRecord], differing: Sequence[str]
) -> list[str]:
    """The differing fields that follow from the others.

    A recipe, or a chosen method, has its own settings, which differ though nobody changed them:
    they follow from the recipe and from what was changed.
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


def _groups(
    rows: Sequence[Mapping[str, Any]], differing: Sequence[str], compared: Compared
) -> list[dict[str, Any]]:
    """Groups of finished runs that share all but the seed, the best mean on validation first.

    Empty if no group has several seeds; otherwise settings with a single run are included, too.
    """
    together, main = _but_for_seeds(rows), compared.main
    if not any(len({_key(row["seed"]) for row in members}) > 1 for members in together):
        return []
    groups = [
        {
            "settings": {
                field: value(members[0], field) for field in differing if has(members[0], field)
            },
            "seeds": [row["seed"] for row in members],
            "runs": [row["run"] for row in members],
            "train": spreads([row["train"] for row in members], [main]),
            **{
                part: spreads([row[part] for row in members], figures)
                for part, figures in compared.parts.items()
            },
            "training": spreads([row["training"] for row in members], _SPREAD_COSTS),
        }
        for members in together
    ]
    return sorted(groups, key=lambda g: -main.sign * (g["validation"][main.name]["mean"] or 0))


def _but_for_seeds(rows: Sequence[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """The finished runs, or baselines, grouped by all settings but the seed."""
    together: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["state"] in ("finished", "baseline"):
            same = [row["state"], row["recipe"], row["backend"], row["device"], row["config"]]
            together.setdefault(_key(same), []).append(row)
    return list(together.values())


def _baselines(
    pairs: Sequence[tuple[Mapping[str, Any], RunRecord]], compared: Compared
) -> list[dict[str, Any]]:
    """A row for each distinct baseline: runs on the same splits share theirs."""
    together: dict[str, list[tuple[Mapping[str, Any], Mapping[str, Any]]]] = {}
    for row, record in pairs:
        baseline = record.metrics.get("baseline") or {}
        if row["state"] == "finished" and baseline.get("validation"):
            figures = [baseline["validation"], baseline.get("test")]
            together.setdefault(_key([row["fingerprint"], figures]), []).append((row, baseline))
    return [_baseline_row(members, compared) for members in together.values()]


def _baseline_row(
    members: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]], compared: Compared
) -> dict[str, Any]:
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
        "train": {compared.main.name: None},
        **{part: compared.figures_of(baseline.get(part) or {}) for part in compared.parts},
        "training": {key: training.get(key) for key in COSTS} | {"steps": 0},
    }


def _agreed(values: Sequence[Any]) -> Any:
    """The value, or None if there are several."""
    return values[0] if len(set(map(_key, values))) == 1 else None


def _recommendation(
    pairs: Sequence[tuple[Mapping[str, Any], RunRecord]],
    baselines: Sequence[Mapping[str, Any]],
    differing: Sequence[str],
    figure: Figure,
) -> Recommendation | None:
    """Also None if runs have different outputs or labels: their tasks differ."""
    finished = [record for row, record in pairs if row["state"] == "finished"]
    if len({(record.answered, record.labels) for record in finished}) != 1:
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
        candidates.append(
            candidate(" ".join(words) or name, members, figure, finished[0].output, said)
        )
    units = {record.units for record in finished}
    return recommend(
        [found for found in candidates if found], units.pop() if len(units) == 1 else "rows"
    )


def _key(value: Any) -> str:
    """Settings in a hashable form."""
    return json.dumps(value, sort_keys=True, default=str)
