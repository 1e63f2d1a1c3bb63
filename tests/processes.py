"""Processes of their own for tests, which begin with Keras imported.

To import Keras and TensorFlow takes longer than all that most of these processes are there for. So
they are forked from one that has imported them, and nothing of kerastc, and has computed nothing.
"""

import multiprocessing
import os
import runpy
import signal
import sys
from collections.abc import Callable
from pathlib import Path

LIBRARIES = ["keras", "keras_hub", "sklearn.linear_model", "sklearn.feature_extraction.text"]
LIBRARIES += ["matplotlib.backends.backend_agg", "pandas", "pydantic", "rich.console"]

_context = multiprocessing.get_context("forkserver")
# The others have threads as soon as they are imported, which a fork would leave behind.
if os.environ["KERAS_BACKEND"] == "tensorflow":
    _context.set_forkserver_preload(LIBRARIES)


def kerastc(*words: object) -> None:
    """What `python -m kerastc` does, in a `Process`."""
    sys.argv = ["kerastc", *map(str, words)]
    runpy.run_module("kerastc", run_name="__main__")


class Process:
    """A process that has been started.

    Args:
        told: a folder for what it prints.
        function: what it calls, of a module: `kerastc`, for one.
        arguments: its arguments.
        environment: variables that it has beside ours.
    """

    def __init__(self, told: Path, function: Callable, *arguments: object, **environment: str):
        self._out, self._err = told / "out", told / "err"
        told.mkdir(parents=True, exist_ok=True)
        begun = (function, arguments, os.environ | environment, Path.cwd(), self._out, self._err)
        self._process = _context.Process(target=_begin, args=begun)
        self._process.start()
        self.pid = self._process.pid

    def poll(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        return self._process.exitcode

    def wait(self, seconds: float = 300) -> int | None:
        """As `poll`, after the end or so many seconds."""
        self._process.join(seconds)
        return self.poll()

    def send_signal(self, number: int) -> None:
        """Sends a signal."""
        os.kill(self.pid, number)

    def kill(self) -> int:
        """Kills it, if it still runs; returns the exit status."""
        self._process.kill()
        return self.wait()

    @property
    def out(self) -> str:
        """What was printed so far."""
        return self._out.read_text()

    @property
    def err(self) -> str:
        """What was told on standard error so far."""
        return self._err.read_text()


def _begin(function, arguments, environment, folder, out, err) -> None:
    # A shell that runs the tests in the background has had SIGINT ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, path in ((1, out), (2, err)):
        with path.open("w") as file:
            os.dup2(file.fileno(), number)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    function(*arguments)
