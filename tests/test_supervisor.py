"""Several processes started together end together, whichever ends first. None of them computes."""

import signal
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from processes import Process

from kerastc.cli import main
from kerastc.processes import supervisor

# What process 0 and 1 do, by the first argument; --rank is behind it.
MEMBER = """
import os, signal, sys, threading, time
from pathlib import Path
from kerastc.processes.place import end_with_parent

what, folder = sys.argv[1:3]
rank = int(sys.argv[sys.argv.index("--rank") + 1])
assert sys.argv[-1] == "--started" and "--coordinator" in sys.argv
Path(folder, str(rank)).write_text(str(os.getpid()))

def stopped(*_):
    print("stopped", rank, flush=True)
    Path(folder, f"stopped {rank}").touch()
    sys.exit(130)

def lost():
    while not Path(folder, "gone").exists():
        time.sleep(0.01)
    print("another ended", file=sys.stderr)
    sys.exit(4)

signal.signal(signal.SIGTERM, stopped)
threading.Thread(target=end_with_parent, daemon=True).start()
both = [Path(folder, one) for one in "01"]
while not all(path.exists() and path.read_text() for path in both):
    time.sleep(0.01)
print("out of", rank)
if what == "wait":
    time.sleep(60)
elif what == "refused":
    print("Error: refused", file=sys.stderr)
    sys.exit(1)
elif what in ("broken", "killed"):
    if not rank:
        lost()
    Path(folder, "gone").touch()
    if what == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    raise ZeroDivisionError
elif what == "first" and not rank:
    print("Error: of the first", file=sys.stderr)
    sys.exit(1)
elif what == "first":
    time.sleep(60)
"""


@pytest.fixture
def member(tmp_path):
    """The command of a process that does something."""
    script = tmp_path / "member.py"
    script.write_text(MEMBER)
    return lambda what: [sys.executable, str(script), what, str(tmp_path)]


def running(folder: Path) -> list[bool]:
    """Whether each still runs."""
    return [Path("/proc", (folder / rank).read_text()).exists() for rank in "01"]


def until(condition):
    for _ in range(6000):
        if condition():
            return
        time.sleep(0.005)
    pytest.fail("it never happened")


def test_all_end_well_and_the_first_is_heard(member, capfd):
    assert supervisor.start(member("nothing"), 2) == 0
    assert capfd.readouterr().out == "out of 0\n"


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("refused", ["Error: refused"]),
        ("first", ["Error: of the first"]),
        ("killed", ["another ended", "Error: Process 1 of 2 was ended by SIGKILL, perhaps because "
         "memory ran out."]),
    ],
)  # fmt: skip
def test_an_error_is_told_once(member, tmp_path, capfd, what, told):
    assert supervisor.start(member(what), 2) == 1
    assert capfd.readouterr().err.splitlines() == told
    assert running(tmp_path) == [False, False]


def test_what_a_process_said_before_it_broke_is_shown(member, capfd):
    assert supervisor.start(member("broken"), 2) == 1
    lines = capfd.readouterr().err.splitlines()
    assert lines[:2] == ["another ended", "Error: Process 1 of 2 ended with status 1:"]
    assert lines[-1] == "ZeroDivisionError" and "out of 1" in lines


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_stops_the_first_first(member, tmp_path, number):
    process = Process(tmp_path / "told", _start, member("wait"))
    until(lambda: (tmp_path / "0").exists() and (tmp_path / "1").exists())
    time.sleep(0.2)
    process.send_signal(number)
    assert process.wait() == 130
    assert process.out == "out of 0\nstopped 0\n"
    stopped = [(tmp_path / f"stopped {rank}").stat().st_mtime_ns for rank in "01"]
    assert stopped[0] < stopped[1]
    assert running(tmp_path) == [False, False]


@pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")
def test_processes_end_with_the_one_that_started_them(member, tmp_path):
    process = Process(tmp_path / "told", _start, member("wait"))
    until(lambda: (tmp_path / "0").exists() and (tmp_path / "1").exists())
    time.sleep(0.2)
    process.kill()
    until(lambda: running(tmp_path) == [False, False])


def _start(command):
    sys.exit(supervisor.start(command, 2))


@pytest.mark.parametrize(
    ("words", "status"),
    [(["--resume", "--run", "RUN"], 7), (["--from", "RUN"], 7), (["language-model"], 1)],
)
def test_a_run_goes_on_on_its_own_backend(words, status, monkeypatch):
    """The command that tells how to go on names no backend; which it is, each process reads."""
    if status == 7:
        pytest.importorskip("jax")
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    monkeypatch.setattr(supervisor, "start", lambda command, count: 7)
    done = CliRunner().invoke(main, ["train", *words, "--processes", "2"])
    assert done.exit_code == status, done.output
    assert ("Add --backend jax" in done.stderr) == (status == 1)


def test_a_layout_is_of_several_processes():
    done = CliRunner().invoke(main, ["train", "language-model", "--layout", "model"])
    assert done.exit_code == 1 and "Add --processes N" in done.stderr
