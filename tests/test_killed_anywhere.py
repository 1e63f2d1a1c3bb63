"""The default way of a text run, killed at random moments: train, compress, export, benchmark."""

import csv
import hashlib
import itertools
import json
import random
import time

import pytest
from processes import Process, kerastc

SETTINGS = ["epochs=4", "batch_size=8", "max_tokens=32"]
TIMED = ("seconds", "examples_per_second", "val_examples_per_second")


class Way:
    """Runs commands on one run folder, in which somebody keeps files of their own.

    Args:
        base: an empty folder.
        kills: how often each command is killed before it may end.
        moments: draws the moments; a command's whole time by its name is in `times`.
    """

    def __init__(self, base, kills=0, times=None, seed=0):
        self.run, self.base, self.kills = base / "run", base, kills
        self.times = dict(times or {})
        self.moments = random.Random(seed)
        self.attempts = itertools.count()
        (self.run / ".git").mkdir(parents=True)
        (self.run / ".git" / "HEAD").write_text("ref: refs/heads/main")
        (self.run / ".env").write_text("SECRET=1")

    def kerastc(self, *words, again=None, folder=None):
        """Runs a command to its end; where `folder` holds a run, `again` takes its place."""
        for number in range(self.kills + 1):
            begun = again and (folder / "config.json").exists()
            process = Process(
                self.base / f"told-{next(self.attempts)}", kerastc, *(again if begun else words),
                KERASTC_CACHE=str(self.base / "cache"),
            )  # fmt: skip
            began = time.monotonic()
            last = number == self.kills
            moment = None if last else self.moments.uniform(0.2, 1.0) * self.times[words[0]]
            if process.wait(moment or 300) is None:
                process.kill()
                assert not last
            else:
                assert process.poll() == 0, process.err
            self.times.setdefault(words[0], time.monotonic() - began)
            if (self.run / "config.json").exists():
                (self.run / "notes.txt").write_text("mine")

    def train(self, data, encoder):
        words = ["train", "text", f"data={data}", f"backbone={encoder}", *SETTINGS]
        self.kerastc(
            *words, "--run", self.run, again=["train", "--resume", "--run", self.run],
            folder=self.run,
        )  # fmt: skip

    def compress_export_benchmark(self):
        child = self.run / "compressed" / "small"
        self.kerastc(
            "compress", self.run, "low-rank:rank=8", "recover:epochs=1", "--run", child,
            again=["compress", "--resume", "--run", child], folder=child,
        )  # fmt: skip
        self.kerastc("export", self.run)
        self.kerastc("benchmark", self.run, "--runs", "5")

    def foreign(self):
        names = (".git/HEAD", ".env", "notes.txt")
        return {name: (self.run / name).read_text() for name in names}

    def figures(self):
        """All that may not depend on the kills, by file."""
        found = {}
        for path in sorted(self.run.rglob("*")):
            name = str(path.relative_to(self.run))
            if path.name == "history.csv":
                with path.open() as file:
                    rows = list(csv.DictReader(file))
                found[name] = [{k: v for k, v in r.items() if k not in TIMED} for r in rows]
            elif path.name == "metrics.json":
                metrics = json.loads(path.read_text())
                found[name] = {part: metrics[part] for part in ("validation", "test")}
            elif path.suffix == ".tflite" or path.parent.name == "predictions":
                found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        return found


MINE = {".git/HEAD": "ref: refs/heads/main", ".env": "SECRET=1", "notes.txt": "mine"}


def test_a_default_training_killed_anywhere_comes_to_the_same(tmp_path, subjects_csv, tiny_encoder):
    for name in ("whole", "killed"):
        (tmp_path / name).mkdir()
    whole = Way(tmp_path / "whole")
    whole.train(subjects_csv, tiny_encoder)
    killed = Way(tmp_path / "killed", kills=1, times=whole.times, seed=1)
    killed.train(subjects_csv, tiny_encoder)
    assert killed.figures() == whole.figures()
    assert killed.foreign() == whole.foreign() == MINE


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_the_whole_way_killed_anywhere_comes_to_the_same(
    tmp_path, subjects_csv, tiny_encoder, seed
):
    for name in ("whole", "killed"):
        (tmp_path / name).mkdir()
    whole = Way(tmp_path / "whole")
    killed = Way(tmp_path / "killed", kills=3, seed=seed)
    for way in (whole, killed):
        way.times = way.times or dict(whole.times)
        way.train(subjects_csv, tiny_encoder)
        way.compress_export_benchmark()
    assert killed.figures() == whole.figures()
    assert killed.foreign() == MINE
    assert not list(killed.run.rglob(".writing-*"))
