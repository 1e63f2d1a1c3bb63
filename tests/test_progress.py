"""How far long work is, on a terminal of 80 columns and without one."""

import io

import pytest
from rich.console import Console

from kerastc import progress
from kerastc.progress import Lines, clock_time


class Clock:
    """Seconds that pass when they are told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_without_a_terminal_a_line_comes_every_half_minute_and_at_each_note():
    clock, lines = Clock(), []
    work = Lines("Training", 100, lines.append, clock)
    for second in range(1, 66):
        clock.now = float(second)
        work.advance()
    assert lines == ["Training: 30%, 1:10 left", "Training: 60%, 0:40 left"]
    work.advance(0, note="epoch 1: val_loss 0.5312, val_accuracy 0.8123")
    assert lines[2] == "Training: 65%, 0:35 left; epoch 1: val_loss 0.5312, val_accuracy 0.8123"
    assert max(map(len, lines)) <= 80


def test_what_is_left_is_told_by_the_present_pace():
    clock, lines = Clock(), []
    work = Lines("Training", 1000, lines.append, clock)
    work.advance(500)  # before the training was stopped
    for seconds in (29, *[1] * 59):  # the first step traces a graph
        clock.now += seconds
        work.advance()
    assert lines == ["Training: 50%, 2:04:30 left", "Training: 53%, 7:48 left"]


def test_one_step_tells_no_pace():
    clock, lines = Clock(), []
    work = Lines("Training", 100, lines.append, clock)
    clock.now = 31.0
    work.advance()
    assert lines == ["Training: 1%"]


def test_short_work_without_a_terminal_is_silent(capsys):
    with progress.progress("Reading", 3) as advance:
        advance(3)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("seconds", "shown"), [(0, "0:00"), (67, "1:07"), (3787, "1:03:07")])
def test_times(seconds, shown):
    assert clock_time(seconds) == shown


@pytest.mark.parametrize("width", [60, 80])
def test_a_bar_fits_the_terminal_and_its_figures_have_labels(monkeypatch, width):
    shown = io.StringIO()
    terminal = Console(file=shown, width=width, force_terminal=True, color_system=None)
    monkeypatch.setattr(progress, "console", lambda: terminal)
    bars = progress._bars()
    task = bars.add_task("Comparing near-duplicate texts", total=1_600_000, note="")
    bars.update(task, advance=400_000, note="epoch 12: val_loss 0.5312, val_accuracy 0.8123")
    terminal.print(bars.get_renderable())
    lines = shown.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    assert "gone" in lines[0] and "val_accuracy 0.8123" in lines[1]
    if width == 80:
        assert "Comparing near-duplicate" in lines[0] and "400000/1600000" in lines[0]
