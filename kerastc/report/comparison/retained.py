"""What a setting's runs keep of a teacher's figures, by task and on average."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kerastc import formatting
from kerastc.scores.figures import Figure
from kerastc.scores.pairs import Judged
from kerastc.scores.retention import Retention, average, by_rows, by_seeds

if TYPE_CHECKING:
    from kerastc.report.comparison.by_task import Pair, TaskColumn


@dataclass(frozen=True)
class RetainedRow:
    """Retention of one setting.

    Args:
        figures: by task and figure; tasks that one of both lacks are missing, and figures of which
            no share can be kept.
        average: of the main figures of all tasks; None if one of them is missing.
    """

    figures: dict[str, dict[str, Retention]]
    average: Retention | None

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "figures": {
                task: {name: one.as_dict() for name, one in found.items()}
                for task, found in self.figures.items()
            },
            "average": self.average and self.average.as_dict(),
        }


def retained(
    students: "Mapping[str, list[Pair]]",
    teachers: "Mapping[str, list[Pair]]",
    columns: "Sequence[TaskColumn]",
) -> RetainedRow:
    """The retention of a setting's runs: by rows if these are the same, else by seeds.

    Args:
        students: its runs by task.
        teachers: the teacher's.
        columns: the tasks.
    """
    figures: dict[str, dict[str, Retention]] = {}
    for place, column in enumerate(columns):
        ours, theirs = students.get(column.name), teachers.get(column.name)
        if ours and theirs:
            found = {
                figure.name: _of(figure, column.part, ours, theirs, place)
                for figure in column.figures
                if figure.share and figure.higher
            }
            figures[column.name] = {name: one for name, one in found.items() if one}
    mains = [figures.get(column.name, {}).get(column.main.name) for column in columns]
    return RetainedRow(figures, None if None in mains else average(mains))


def _of(
    figure: Figure, part: str, ours: "list[Pair]", theirs: "list[Pair]", seed: int
) -> Retention | None:
    judged = [_judged(part, pairs) for pairs in (ours, theirs)]
    found = by_rows(figure, *judged, seed) if None not in judged else None
    if found is None:
        values = [
            [formatting.finite(row[part].get(figure.name)) for row, _ in pairs]
            for pairs in (ours, theirs)
        ]
        known = all(value is not None for few in values for value in few)
        found = by_seeds(*values, seed) if known else None
    return found


def _judged(part: str, pairs: "list[Pair]") -> list[Judged] | None:
    """The answers of all runs; None if one did not keep them."""
    found = []
    for _, record in pairs:
        said = record.predictions_of(part)
        if said is None:
            return None
        found.append(Judged(record.output, said))
    return found
