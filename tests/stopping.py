"""Trainings that stop where a test wants them to."""

import pytest

from kerastc import launch
from kerastc.errors import UserError
from kerastc.run import Run


class Stop(Exception):
    """Stands for a kill."""


def stopping_after_one_epoch(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Makes the first training stop once its first epoch is saved; returns the epochs saved."""
    from kerastc.training.checkpoints import Checkpoints

    save, saved = Checkpoints.on_epoch_end, []

    def stop_after_one(self, epoch, logs=None):
        save(self, epoch, logs)
        saved.append(epoch)
        if len(saved) == 1:
            raise Stop

    monkeypatch.setattr(Checkpoints, "on_epoch_end", stop_after_one)
    return saved


def stopped_and_resumed(recipe, words, folders, monkeypatch: pytest.MonkeyPatch, after=1) -> Run:
    """A run in `stopped` that Ctrl-C stopped at an evaluation, the `after`th, and that went on."""
    from kerastc.training.callbacks import Bar

    folder, on_epoch_end, seen = folders.runs / "stopped", Bar.on_epoch_end, []

    def stop(self, epoch, logs=None):
        on_epoch_end(self, epoch, logs)
        seen.append(epoch)
        if len(seen) == after:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Bar, "on_epoch_end", stop)
        with pytest.raises(UserError, match="Stopped after epoch"):
            launch.train(recipe, words, folders=folders, folder=folder)
    assert len(seen) == after
    return launch.train(None, folders=folders, folder=folder, resume=True)
