"""The process that measures one model: started, asked, ended."""

import json
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from typing import Any

from kerastc.errors import UserError


class Process:
    """`python -m kerastc.deploy.measure.worker`, used as a context.

    Args:
        name: of the model, for errors.
        load: the first request, see `kerastc.deploy.measure.worker`; its answer is `loaded`.
        module: the module to run; another one must answer the same requests.
    """

    def __init__(
        self, name: str, load: dict[str, Any], module: str = "kerastc.deploy.measure.worker"
    ):
        self.name = name
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  (closed with the process)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", module],  # -P: imports nothing from the current folder
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
            encoding="utf-8",
        )
        try:
            self.loaded = self.ask({"load": load})
        except BaseException:
            self.end()
            raise

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to a request.

        Raises:
            UserError: it failed, or the process died of it.
        """
        with suppress(BrokenPipeError):  # a dead process gives no line below
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise UserError(f"{self.name} ended the process that ran it: {self._last_words()}.")
        answer = json.loads(line)
        if "error" in answer:
            raise UserError(answer["error"], answer["hint"])
        return answer

    def end(self) -> None:
        """Ends the process, by force if need be."""
        self._process.stdout.close()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._said.close()

    def _last_words(self) -> str:
        code = self._process.wait()
        if code < 0:
            return signal.Signals(-code).name
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"exit status {code}"
