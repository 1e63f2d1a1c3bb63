"""Progress bars on standard error for work of over two seconds; silent where nobody watches."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


@cache
def console() -> "Console":
    """Standard error, shared with the bars, so that what is printed does not break them."""
    from rich.console import Console

    return Console(stderr=True)


def tell(line: str) -> None:
    """Prints a line on standard error: what long work has done, and what comes next."""
    print(line, file=sys.stderr, flush=True)


@contextmanager
def progress(description: str, total: int | None = None) -> Iterator[Callable[..., None]]:
    """Shows a bar that goes away at the end; yields `advance(n=1, note="")`.

    Nothing is printed where standard error is no terminal, or on a device without `rich`.

    Args:
        description: what is going on, in a few words.
        total: the number of steps, where it is known; a spinner otherwise.
    """
    if not sys.stderr.isatty() or not (bars := _bars()):
        yield lambda n=1, note=None: None
        return
    with bars:
        task = bars.add_task(description, total=total, note="")

        def advance(n: int = 1, note: str | None = None) -> None:
            bars.update(task, advance=n, **({} if note is None else {"note": note}))

        yield advance


def _bars():
    """The bars, not yet shown; None without `rich`."""
    try:
        from rich import progress
    except ImportError:
        return None
    return progress.Progress(
        progress.SpinnerColumn(),
        progress.TextColumn("{task.description}"),
        progress.BarColumn(bar_width=24),
        progress.MofNCompleteColumn(),
        progress.TimeElapsedColumn(),
        progress.TimeRemainingColumn(),
        progress.TextColumn("{task.fields[note]}"),
        console=console(),
        transient=True,
    )
