"""An interruption that Python drops, since it came inside a destructor, comes again at once."""

import os
import signal
import time

import pytest

from kerastc.errors import UserError
from kerastc.interrupts import told_how_to_resume
from kerastc.run import Run


class Interrupted:
    """Gets the signal while it is destroyed."""

    def __init__(self, number):
        self.number = number

    def __del__(self):
        os.kill(os.getpid(), self.number)
        time.sleep(0.05)


class Broken:
    """Fails while it is destroyed."""

    def __del__(self):
        raise ZeroDivisionError


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupt_lost_in_a_destructor_comes_again(tmp_path, number, monkeypatch):
    told = []
    monkeypatch.setattr("sys.unraisablehook", told.append)
    run = Run.create(tmp_path / "run", {"recipe": "text"})
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    handlers = [signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGALRM)]
    try:
        with pytest.raises(UserError, match="Stopped"), told_how_to_resume(run):
            Broken()
            Interrupted(number)
            time.sleep(0.5)  # little is left to do
        assert [dropped.exc_type for dropped in told] == [ZeroDivisionError]
        assert handlers == [signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGALRM)]
        assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    finally:
        signal.signal(signal.SIGINT, before)
