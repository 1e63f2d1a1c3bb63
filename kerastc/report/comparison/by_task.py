"""Runs of several tasks in one table: a row per setting, such as an encoder, a column per task."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from kerastc import formatting
from kerastc.errors import UserError, nearest
from kerastc.found_runs import is_run
from kerastc.report.account.lineage import ancestors
from kerastc.report.comparison.retained import RetainedRow, retained
from kerastc.report.comparison.table import has, value
from kerastc.report.record import RunRecord
from kerastc.run import Run
from kerastc.scores.figures import Figure
from kerastc.scores.seeds import over_seeds, spreads

Pair = tuple[Mapping[str, Any], RunRecord]  # a row of the comparison and its source


@dataclass(frozen=True)
class TaskColumn:
    """A task.

    Args:
        name: of its recipe in the study; of other runs, of the recipe and, if need be, the data.
        figures: those shown, the main one first.
        part: from which they are: test, or validation if a run has no test figures.
    """

    name: str
    figures: tuple[Figure, ...]
    part: str

    @property
    def main(self) -> Figure:
        """The figure that counts in the average."""
        return self.figures[0]


@dataclass(frozen=True)
class TaskRow:
    """A setting, with all its runs.

    Args:
        settings: by the fields in which rows differ, as text.
        seeds: of its runs.
        figures: by task and figure, from `over_seeds`; a task without a run is missing.
        average: over tasks of their main figures, from `over_seeds`; None if a task is missing.
        seconds: of training, by task the mean over seeds.
        parameters: by task.
        retention: what it keeps of the teacher's figures; None for the teacher, and without one.
    """

    settings: dict[str, str]
    seeds: tuple[Any, ...]
    figures: dict[str, dict[str, dict[str, Any]]]
    average: dict[str, Any] | None
    seconds: dict[str, float | None]
    parameters: dict[str, float | None]
    retention: RetainedRow | None

    @property
    def total_seconds(self) -> float | None:
        """Of training for all tasks."""
        return sum(self.seconds.values()) if None not in self.seconds.values() else None

    @property
    def most_parameters(self) -> float | None:
        """Of the largest of its models: they differ by head and vocabulary."""
        return max((n for n in self.parameters.values() if n is not None), default=None)

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "settings": self.settings,
            "seeds": list(self.seeds),
            "figures": self.figures,
            "average": self.average,
            "seconds": self.seconds,
            "total_seconds": self.total_seconds,
            "parameters": self.parameters,
            "retention": self.retention and self.retention.as_dict(),
        }


@dataclass(frozen=True)
class TaskTable:
    """The table.

    Args:
        fields: the settings in which its rows differ.
        columns: the tasks.
        rows: the teacher first, then the best average first.
        teacher: as the user calls it; empty if there is none.
    """

    fields: tuple[str, ...]
    columns: tuple[TaskColumn, ...]
    rows: tuple[TaskRow, ...]
    teacher: str

    @property
    def students(self) -> list[TaskRow]:
        """The rows with retention."""
        return [row for row in self.rows if row.retention]

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "tasks": {
                column.name: {"figures": [f.name for f in column.figures], "part": column.part}
                for column in self.columns
            },
            "teacher": self.teacher,
            "rows": [row.as_dict() for row in self.rows],
        }


def by_task(pairs: Sequence[Pair], differing: Sequence[str], teacher: str) -> TaskTable | None:
    """The table of the finished runs; None if they are of one task and there is no teacher.

    Args:
        pairs: of the comparison.
        differing: its differing fields.
        teacher: a run's folder, or the value of a field by which rows differ; may be empty.

    Raises:
        UserError: no row, or more than one, is the teacher.
    """
    pairs = [pair for pair in pairs if pair[0]["state"] == "finished" and pair[1].task]
    columns = _columns(pairs)
    of_study = any(_study_task(record) for _, record in pairs)
    tasks = {(record.answered, record.labels) for _, record in pairs}
    if not pairs or not (teacher or (len(columns) > 1 and (of_study or len(tasks) > 1))):
        return None
    fields = tuple(field for field in differing if _told_apart(columns.values(), field))
    table: dict[tuple[str, ...], dict[str, list[Pair]]] = {}
    for name, members in columns.items():
        for pair in members:
            key = tuple(_shown(pair[0], field) for field in fields)
            table.setdefault(key, {}).setdefault(name, []).append(pair)
    told = tuple(_column(name, members) for name, members in columns.items())
    first = _teacher(table, fields, teacher) if teacher else None
    rows = [
        _row(key, fields, cells, told, table[first] if first not in (None, key) else None)
        for key, cells in table.items()
    ]
    keys = dict(zip(map(id, rows), table, strict=True))
    rows.sort(key=lambda row: (keys[id(row)] != first, -((row.average or {}).get("mean") or 0)))
    return TaskTable(fields, told, tuple(rows), teacher)


def _study_task(record: RunRecord) -> str:
    """The name of a run's task in a study of tasks; of a compressed run, of its original."""
    config = record.config
    if record.steps and (line := ancestors(record.folder)):
        config = Run.open(line[-1]).config
    return str((config.get("study") or {}).get("task") or "")


def _columns(pairs: Sequence[Pair]) -> dict[str, list[Pair]]:
    """The runs of each task, by its name.

    Those of a study say it; others are of one task if they have data, output and labels in common.
    """
    said = {id(record): _study_task(record) for _, record in pairs}
    named = {_data(record): said[id(record)] for _, record in pairs if said[id(record)]}
    together: dict[Any, list[Pair]] = {}
    for row, record in pairs:
        key = said[id(record)] or named.get(_data(record)) or _data(record)
        together.setdefault(key, []).append((row, record))
    found: dict[str, list[Pair]] = {}
    recipes = [members[0][1].recipe for members in together.values()]
    for key, members in together.items():
        recipe = members[0][1].recipe
        name = key if isinstance(key, str) else recipe
        if not isinstance(key, str) and recipes.count(recipe) > 1:
            name = f"{recipe} {Path(str(key[0])).name}"
        found[name if name not in found else f"{name} ({len(found) + 1})"] = members
    return found


def _data(record: RunRecord) -> tuple[Any, ...]:
    """What runs of one task have in common: where the data are, the output, the labels."""
    places = record.config.get("locations") or {}
    path = (places.get("data") or {}).get("path") or record.settings.get("data")
    return path, record.answered, record.labels


def _told_apart(columns: Any, field: str) -> bool:
    """Whether runs of one task differ in a field."""
    return any(len({_shown(row, field) for row, _ in members}) > 1 for members in columns)


def _shown(row: Mapping[str, Any], field: str) -> str:
    return formatting.setting({field: value(row, field)} if has(row, field) else {}, field)


def _column(name: str, members: Sequence[Pair]) -> TaskColumn:
    _, record = members[0]
    figures = tuple(record.page.headline(record))
    found = [formatting.finite(row["test"].get(figures[0].name)) for row, _ in members]
    return TaskColumn(name, figures, "validation" if None in found else "test")


def _teacher(table: Mapping[tuple[str, ...], Any], fields: Sequence[str], word: str) -> tuple:
    """The key of the teacher's row."""
    if is_run(Path(word)):
        for key, cells in table.items():
            folders = {r.folder.resolve() for few in cells.values() for _, r in few}
            if Path(word).resolve() in folders:
                return key
        raise UserError(f"--teacher {word}: that run is not finished.")
    found = [key for key in table if word in key or word == " · ".join(key)]
    if len(found) == 1:
        return found[0]
    if found:
        names = "; ".join(" · ".join(key) for key in found)
        raise UserError(
            f"--teacher {word}: there are {len(found)} such: {names}.",
            "Give one of these in full, or its run.",
        )
    values = sorted({text for key in table for text in key if text != formatting.MISSING})
    raise UserError(
        f"--teacher {word}: it is neither a run nor the value of a setting in which runs differ.",
        nearest(word, values) or f"There are: {', '.join(values)}." * bool(values),
    )


def _row(
    key: tuple[str, ...],
    fields: Sequence[str],
    cells: Mapping[str, list[Pair]],
    columns: Sequence[TaskColumn],
    teachers: Mapping[str, list[Pair]] | None,
) -> TaskRow:
    figures, seconds, parameters = {}, {}, {}
    for column in columns:
        if column.name in cells:
            rows = [row for row, _ in cells[column.name]]
            found = [row[column.part] for row in rows]
            figures[column.name] = spreads(found, column.figures)
            seconds[column.name] = _mean([row["training"]["seconds"] for row in rows])
            parameters[column.name] = _mean([row["training"]["parameters"] for row in rows])
    return TaskRow(
        settings=dict(zip(fields, key, strict=True)),
        seeds=tuple(dict.fromkeys(row["seed"] for few in cells.values() for row, _ in few)),
        figures=figures,
        average=_average(cells, columns),
        seconds=seconds,
        parameters=parameters,
        retention=retained(cells, teachers, columns) if teachers else None,
    )


def _average(
    cells: Mapping[str, list[Pair]], columns: Sequence[TaskColumn]
) -> dict[str, Any] | None:
    """The mean of the main figures, over the seeds that every task has; else that of the means."""
    if any(column.name not in cells or not column.main.share for column in columns):
        return None
    values = [
        {row["seed"]: row[column.part][column.main.name] for row, _ in cells[column.name]}
        for column in columns
    ]
    if any(formatting.finite(one) is None for few in values for one in few.values()):
        return None
    if all(set(few) == set(values[0]) for few in values):
        return over_seeds([fmean(few[seed] for few in values) for seed in values[0]])
    return over_seeds([fmean(fmean(few.values()) for few in values)])


def _mean(values: Sequence[Any]) -> float | None:
    known = [value for value in values if formatting.finite(value) is not None]
    return fmean(known) if known else None
