"""What stops work from outside, Ctrl-C, SIGTERM or a full disk: how to resume is told."""

import errno
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from kerastc.errors import UserError
from kerastc.processes.exchange import Lost, is_of_another
from kerastc.processes.place import here
from kerastc.run import Run


@contextmanager
def told_how_to_resume(run: Run) -> Iterator[None]:
    """Turns an end from outside into a message that states how far the run is."""
    try:
        with _interrupts_that_last():
            yield
    except KeyboardInterrupt:
        raise UserError(*_standing(run, "Stopped")) from None
    except (RuntimeError, ValueError) as error:
        if not is_of_another(error):
            raise
        raise Lost(*_standing(run, f"Another of {here().count} processes ended")) from None
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES):
            raise
        raise UserError(
            f"{error.strerror}: {error.filename or run.folder}. {run.folder} is {run.standing()}.",
            f"Make room (or give it write access). {run.how_to_go_on}",
        ) from None


def _standing(run: Run, what: str) -> tuple[str, str]:
    if not here().first:
        return f"{what}.", "Process 0 tells how to go on."
    return f"{what} {run.standing()}. Nothing of {run.folder} is lost.", run.how_to_go_on


@contextmanager
def _interrupts_that_last() -> Iterator[None]:
    """Ctrl-C and SIGTERM raise KeyboardInterrupt, again and again until it gets through.

    Python drops exceptions raised inside a destructor, and TensorFlow has many destructors. An
    interrupt dropped there comes again at once, and nothing is printed of it; one lost otherwise
    comes again after a second.
    """
    tell_dropped = sys.unraisablehook

    def interrupt(number, frame):
        signal.setitimer(signal.ITIMER_REAL, 1)
        raise KeyboardInterrupt

    def repeat(dropped):
        if issubclass(dropped.exc_type, KeyboardInterrupt):
            signal.setitimer(signal.ITIMER_REAL, 0.001)
        else:
            tell_dropped(dropped)

    numbers = [signal.SIGTERM, signal.SIGALRM]
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else the shell ignores it
        numbers.append(signal.SIGINT)
    before = {number: signal.signal(number, interrupt) for number in numbers}
    sys.unraisablehook = repeat
    try:
        yield
    finally:
        sys.unraisablehook = tell_dropped
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
