"""One side of the comparison: every step from one tree, in a folder of its own."""

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

from golden import made_data
from golden.moves import Names
from golden.steps import Step

LONGEST = 1800  # seconds of a step, on a machine that does other work too
FAILED = "failed"  # folder of what a step said that did not end well
PRINTED = "printed"  # folder of what steps print
PLACE = "place.txt"  # where the folder was when the steps were run, which stands in paths
# One thread, so that sums have one order; plots are drawn without a screen.
ENVIRONMENT = {
    "KERAS_BACKEND": "tensorflow",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "CUDA_VISIBLE_DEVICES": "",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "MPLBACKEND": "agg",
    "COLUMNS": "100",
    "PYTHONDONTWRITEBYTECODE": "1",
}


def run(
    tree: Path,
    folder: Path,
    names: Names,
    steps: Sequence[Step],
    jobs: int,
    told: Callable[[str], None],
) -> None:
    """Makes the data in a new folder and runs the steps there.

    Args:
        tree: a checkout.
        folder: of all that comes of it; the data in it are the same for every tree.
        names: those of the tree.
        steps: in the order in which they begin, but for those that wait for others.
        jobs: processes at a time.
        told: what is going on, a line a step.
    """
    folder.mkdir()
    (folder / PLACE).write_text(str(folder), "utf-8")
    made_data.make(folder / "data")
    (folder / FAILED).mkdir()
    (folder / PRINTED).mkdir()
    side = _Side(tree, folder, names)
    waiting, done, running = list(steps), set(), {}
    with ThreadPoolExecutor(jobs) as pool:
        while waiting or running:
            for step in [s for s in waiting if done.issuperset(s.after)]:
                if len(running) == jobs:
                    break
                waiting.remove(step)
                running[pool.submit(side.carry_out, step)] = step
            if not running:
                raise ValueError(f"steps that wait for each other: {[s.name for s in waiting]}")
            ended, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in ended:
                done.add(_ended(running.pop(future), future, told))
    _exported(folder)


def _ended(step: Step, future: "Future[float]", told: Callable[[str], None]) -> str:
    told(f"{step.name}: {future.result():.0f} s")
    return step.name


def _exported(folder: Path) -> None:
    """What exported models answer, in a process that has the interpreters and nothing of ours."""
    root = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-m", "golden.exported", str(folder)],
        cwd=root,
        env=os.environ | ENVIRONMENT,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        (folder / FAILED / "exported models").write_text(done.stderr, "utf-8")


class _Side:
    def __init__(self, tree: Path, folder: Path, names: Names):
        self.folder = folder
        self.names = names
        self.environment = os.environ | ENVIRONMENT
        self.environment |= {"PYTHONPATH": str(tree), "KERASTC_CACHE": str(folder / "cache")}
        self._check(tree)

    def carry_out(self, step: Step) -> float:
        """Runs a step; how it failed is kept in a file. Returns its seconds."""
        began = time.monotonic()
        words = shlex.split(self.names.line(step.line))
        with self._start(words) as process:
            fault = (self._kill if step.killed_at else self._finish)(process, step)
        if fault:
            line = f"kerastc {shlex.join(words)}\n"
            (self.folder / FAILED / step.name).write_text(line + fault, "utf-8")
        return time.monotonic() - began

    def _start(self, words: Sequence[str]) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "kerastc", *words],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def _finish(self, process: subprocess.Popen, step: Step) -> str:
        try:
            printed, said = process.communicate(timeout=LONGEST)
        except subprocess.TimeoutExpired:
            process.kill()
            return f"it took more than {LONGEST} s"
        if process.returncode:
            return f"exit status {process.returncode}\n{said}"
        if "--json" in step.line:
            (self.folder / PRINTED / f"{step.name}.json").write_text(printed, "utf-8")
        return ""

    def _kill(self, process: subprocess.Popen, step: Step) -> str:
        """Kills the process as soon as its run has so many evaluations behind it."""
        history = self.folder / self.names.file_then(f"{step.watched}/history.csv")
        end = time.monotonic() + LONGEST
        while process.poll() is None and time.monotonic() < end:
            try:
                if len(history.read_text("utf-8").splitlines()) > step.killed_at:
                    break
            except FileNotFoundError:
                pass
            time.sleep(0.002)
        process.kill()
        _, said = process.communicate()
        if process.returncode != -signal.SIGKILL:
            return f"it ended before it could be killed, with {process.returncode}\n{said}"
        return ""

    def _check(self, tree: Path) -> None:
        """Refuses to compare where another kerastc than the tree's would run."""
        asked = "import importlib.util as u; print(u.find_spec('kerastc').origin)"
        found = subprocess.run(
            [sys.executable, "-P", "-c", asked],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        if not Path(found).resolve().is_relative_to(tree.resolve()):
            raise RuntimeError(f"{found} would run in the place of what is in {tree}")
