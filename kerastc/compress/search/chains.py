"""Keeps the models between steps, so that chains which start alike share them."""

import hashlib
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from kerastc.compress.record import Account
from kerastc.compress.steps.parse import parse
from kerastc.compress.subject import Subject
from kerastc.compress.work import Work
from kerastc.models.loading import load_model
from kerastc.progress import tell
from kerastc.run import Run
from kerastc.training.interim import remove_checkpoints

MODEL = ("model.keras", "tokenizer", "preprocessing.json")


class Chains:
    """Models of a run by the steps applied to it, each made once.

    Args:
        folder: where they are kept, one folder per chain.
        source: the run that all chains start from.
        original: the first run of its line.
        subject: makes the subject of `source`, before any step.
    """

    def __init__(self, folder: Path, source: Run, original: Run, subject: Callable[[], Subject]):
        self.folder = folder
        self.source = source
        self.original = original
        self.subject = subject

    def model_after(self, words: Sequence[str]) -> Run:
        """The folder of the model after some steps: model.keras and its files.

        Stopped steps resume where they were.

        Args:
            words: steps, without quantize.

        Raises:
            UserError: a step does not apply.
        """
        if not words:
            return self.source
        account = self._account(words)
        if len(account.steps) < len(words):
            begin = self.model_after(words[:-1])
            account.steps = self.record(words[:-1])
            self._take_last(account, begin, words)
        return account.last_done

    def record(self, words: Sequence[str]) -> list[dict[str, Any]]:
        """What the finished steps reported, as in compression.json."""
        return list(self._account(words).steps) if words else []

    def lay_out(self, words: Sequence[str], run: Run) -> None:
        """Puts finished steps into a run that starts with them; it resumes after them."""
        for number in range(1, len(words) + 1):
            done = self._account(words[:number]).last_done
            between = shutil.ignore_patterns(*MODEL[:2]) if number < len(words) else None
            with run.writing("steps", str(number)) as folder:
                shutil.copytree(done.folder, folder, ignore=between)
        if words:
            compression = self._account(words).run.read_json("compression.json")
            run.write_json("compression.json", compression)

    def _take_last(self, account: Account, begin: Run, words: Sequence[str]) -> None:
        """Applies the last of some steps to the model of the others."""
        subject = self.subject()
        subject.input.read(begin)
        work = Work(subject, load_model(begin.required("model.keras")), account.run)
        tell(f"    {words[-1]}")
        with account.step(work, len(words), words[-1]):
            account.details = parse(words)[-1].apply(work)
        tell(account.told())
        remove_checkpoints(account.last_done)

    def _account(self, words: Sequence[str]) -> Account:
        digest = hashlib.sha256(" ".join(words).encode()).hexdigest()
        folder = self.folder / f"{len(words)}-{digest[:12]}"
        return Account(Run(folder, self.source.cache), self.original)
