"""Trainings that stop where a test wants them to."""

import pytest


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
