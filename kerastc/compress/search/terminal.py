"""What a search found, on the terminal."""

import shlex

from kerastc import formatting
from kerastc.compress.search.result import Search, Trial
from kerastc.printable import echo
from kerastc.scores.pareto import COSTS
from kerastc.table import show_table


def search_tables(search: Search) -> None:
    """The Pareto front, the chosen trial, and its test figures."""
    metric = search.budget.metric
    front = search.front
    if search.chosen is not None and search.chosen not in front:
        front = sorted([*front, search.chosen], key=lambda t: (t.cost(search.goal), t.words))
    names = [f"{i}{' *' * (t is search.chosen)}" for i, t in enumerate(front, 1)]
    show_table(
        ("", metric, "to original", "at worst", "size", "p50", "memory", "took"),
        [(name, *_cells(search, t)) for name, t in zip(names, front, strict=True)],
        f"Validation {metric} against {search.goal}: the {len(search.front)} of "
        f"{len(search.trials)} trials that no other beats in both"
        + ", and the chosen one"
        * (len(front) > len(search.front)),
    )
    echo()
    for name, trial in zip(names, front, strict=True):
        echo(f"{name:4} {trial}   {search.verdict(trial)}")
    echo(f"\nThe original has {search.original[metric]:.4f}. {search.rule}")
    for words, error in search.failed.items():
        echo(f"Failed: {words}: {error}")
    if search.untold:
        echo(search.untold)
    if search.chosen is not None and search.result is not None:
        _chosen(search, search.chosen)


def _cells(search: Search, trial: Trial) -> tuple[str, ...]:
    return (
        f"{search.value(trial):.3f}",
        formatting.signed(search.difference(trial)),
        formatting.signed(search.least(trial)),
        *(form(trial.cost(goal)) for goal, (_, form, _) in COSTS.items()),
        formatting.duration(trial.seconds),
    )


def _chosen(search: Search, chosen: Trial) -> None:
    form = COSTS[search.goal][1]
    part = "test" if "test" in search.result else "validation"
    figures = search.result[part]
    name, label = search.figure.name, search.figure.label
    interval = figures["intervals"].get(name)
    between = f", 95 % {interval[0]:.3f} to {interval[1]:.3f}" if interval else ""
    apart = "; the test rows had no part in the choice." if part == "test" else ""
    alone = " There are no test rows: the figure is of those that chose."
    echo(
        f"Chosen (*) for {search.goal}, {form(chosen.cost(search.goal))}: {chosen}\n"
        f"On {len(search.judged):,} validation rows: {search.told(chosen)}."
    )
    echo(f"Its {part} {label} is {figures[name]:.4f}{between}" + (apart or f".{alone}"))
    echo(f"Run:     {search.result['run']}")
    echo(f"Compare: kerastc compare {shlex.quote(str(search.run))}")
