"""Progress of long work on standard error: bars on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING

from kerastc.printable import printable

if TYPE_CHECKING:
    from kerastc.console import Console

SILENCE = 30  # seconds between two plain lines
BAR = 12  # characters
_surrounding: ContextVar[str] = ContextVar("surrounding", default="")
_quiet: ContextVar[bool] = ContextVar("quiet", default=False)


@cache
def console() -> "Console":
    """Standard error, shared with the bars, so that printed lines do not break them."""
    from kerastc.console import Console

    return Console(stderr=True)


def tell(line: str) -> None:
    """Prints a line on standard error: what has been done, and what comes next."""
    print(printable(line), file=sys.stderr, flush=True)


@contextmanager
def within(title: str) -> Iterator[None]:
    """Puts a title before the description of all work in the block: `Fold 2 of 5: Training`."""
    before = _surrounding.set(f"{title}: ")
    try:
        yield
    finally:
        _surrounding.reset(before)


@contextmanager
def quietly() -> Iterator[None]:
    """Shows no progress of the work in the block: it is a part of work that is shown already."""
    before = _quiet.set(True)
    try:
        yield
    finally:
        _quiet.reset(before)


@contextmanager
def progress(description: str, total: int | None = None) -> Iterator[Callable[..., None]]:
    """Shows the progress of some work; yields `advance(n=1, note="")`.

    On a terminal it is a bar that disappears at the end, with the note below it. Elsewhere, and on
    a device without `rich`, a line is printed every half minute and for every note.

    Args:
        description: what is going on, in a few words.
        total: the number of steps, if known; a spinner otherwise.
    """
    if _quiet.get():
        yield lambda n=1, note=None: None
        return
    description = _surrounding.get() + description
    bars = _bars() if sys.stderr.isatty() else None
    if bars is None:
        yield Lines(description, total, tell, time.monotonic).advance
        return
    with bars:
        task = bars.add_task(description, total=total, note="")

        def advance(n: int = 1, note: str | None = None) -> None:
            bars.update(task, advance=n, **({} if note is None else {"note": note}))

        yield advance


class Lines:
    """Reports the progress of some work in plain lines.

    Args:
        description: what is going on.
        total: the number of steps, if known.
        tell: takes a line.
        clock: gives seconds.
    """

    def __init__(
        self,
        description: str,
        total: int | None,
        tell: Callable[[str], None],
        clock: Callable[[], float],
    ):
        self.description, self.total, self.tell, self.clock = description, total, tell, clock
        self.done = 0
        self.began = self.told = clock()
        self.marks: list[tuple[float, int]] = []  # seconds, and the steps done by then

    def advance(self, n: int = 1, note: str | None = None) -> None:
        """Counts `n` more steps; prints a line after half a minute, or if there is a note."""
        self.done += n
        now = self.clock()
        if note or now - self.told >= SILENCE:
            self.told = now
            self.tell(self._line(now) + (f"; {note}" if note else ""))
            self.marks.append((now, self.done))
        elif not self.marks:
            self.marks.append((now, self.done))

    def _line(self, now: float) -> str:
        if not self.total:
            gone = clock_time(now - self.began)
            return f"{self.description}: {self.done:,} so far, {gone} gone"
        share = f"{self.description}: {min(self.done / self.total, 1):.0%}"
        return f"{share}, {clock_time(left)} left" if (left := self._left(now)) else share

    def _left(self, now: float) -> float:
        """Seconds, at the pace of the latter half of the time so far; 0 if there is none yet.

        The first step traces a graph, or stands for all that a stopped training had done.
        """
        early = [mark for mark in self.marks if mark[0] <= (self.began + now) / 2]
        then, done = early[-1] if early else self.marks[0] if self.marks else (now, self.done)
        return (
            (now - then) * (self.total - self.done) / (self.done - done) if self.done > done else 0
        )


def clock_time(seconds: float) -> str:
    """`3:07`, or `1:03:07` from an hour on."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _bars():
    """The bars, not yet shown; None without `rich`. Their line fits 80 columns."""
    try:
        from rich import progress
        from rich.table import Column

        from kerastc.console import Text
    except ImportError:
        return None

    class Times(progress.ProgressColumn):
        """The time taken so far, and the time left."""

        def render(self, task: progress.Task) -> Text:
            times = f"{clock_time(task.elapsed or 0)} gone"
            if task.time_remaining is not None and not task.finished:
                times += f", {clock_time(task.time_remaining)} left"
            return Text(times, style="progress.elapsed")

    class Bars(progress.Progress):
        """With each task's note in a line of its own."""

        def get_renderables(self):
            yield self.make_tasks_table(self.tasks)
            for task in self.tasks:
                if task.fields["note"]:
                    yield Text(f"  {task.fields['note']}", overflow="ellipsis", no_wrap=True)

    words = Column(overflow="ellipsis", no_wrap=True, max_width=34)
    return Bars(
        progress.SpinnerColumn(),
        progress.TextColumn("{task.description}", markup=False, table_column=words),
        progress.BarColumn(bar_width=BAR),
        progress.MofNCompleteColumn(),
        Times(table_column=Column(no_wrap=True)),
        console=console(),
        transient=True,
    )
