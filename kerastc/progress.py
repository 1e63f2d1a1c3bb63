"""Progress bars on standard error for work of over two seconds; silent where nobody watches."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

console = Console(stderr=True)


@contextmanager
def progress(description: str, total: int | None = None) -> Iterator[Callable[..., None]]:
    """Shows a bar that goes away at the end; yields `advance(n=1, note="")`.

    Nothing is printed where standard error is no terminal.

    Args:
        description: what is going on, in a few words.
        total: the number of steps, where it is known; a spinner otherwise.
    """
    columns = [
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    ]
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bars:
        task = bars.add_task(description, total=total, note="")

        def advance(n: int = 1, note: str | None = None) -> None:
            bars.update(task, advance=n, **({} if note is None else {"note": note}))

        yield advance
