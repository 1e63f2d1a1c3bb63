"""Full and read-only disks: small real ones, where this process may mount them."""

import itertools
import json
import shutil
import subprocess

import pytest
from processes import Process, kerastc


def mount(folder, options):
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)])
    return done.returncode == 0


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    if not shutil.which("mount") or not mount(folder, "size=60k"):
        pytest.skip("mounting a small disk needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def train(tiny_encoder, subjects_csv, tmp_path, monkeypatch):
    monkeypatch.setenv("KERASTC_CACHE", str(tmp_path / "cache"))
    attempts = itertools.count()
    words = [f"data={subjects_csv}", f"backbone={tiny_encoder}", "epochs=3", "max_tokens=32"]

    def call(*options):
        line = ["train", *options] if "--resume" in options else ["train", "text", *words, *options]
        process = Process(tmp_path / f"attempt-{next(attempts)}", kerastc, *line)
        assert process.wait() is not None
        return process

    return call


def test_a_full_disk_loses_nothing(small_disk, train, tmp_path):
    run = small_disk / "run"
    stopped = train("--run", str(run))
    assert stopped.poll() == 1
    assert "No space left on device" in stopped.err and "--resume" in stopped.err
    assert "Traceback" not in stopped.err
    assert mount(small_disk, "remount,size=64m")
    assert train("--resume", "--run", str(run)).poll() == 0
    assert train("--run", str(tmp_path / "whole")).poll() == 0
    ours, whole = (
        json.loads((folder / "metrics.json").read_text())["test"]
        for folder in (run, tmp_path / "whole")
    )
    assert ours == whole


def test_a_read_only_runs_folder_is_named(small_disk, train):
    assert mount(small_disk, "remount,ro")
    done = train("--runs", str(small_disk))
    assert done.poll() == 1
    assert f"Read-only file system: {small_disk}" in done.err
    assert "Traceback" not in done.err
