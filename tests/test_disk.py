"""Full and read-only disks: small real ones, where this process may mount them."""

import json
import shutil
import subprocess
import sys

import pytest


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
    words = [f"data={subjects_csv}", f"backbone={tiny_encoder}", "epochs=3", "max_tokens=32"]

    def call(*options):
        line = [sys.executable, "-m", "kerastc", "train"]
        line += list(options) if "--resume" in options else ["text", *words, *options]
        return subprocess.run(line, capture_output=True, text=True, timeout=240)

    return call


def test_a_full_disk_loses_nothing(small_disk, train, tmp_path):
    run = small_disk / "run"
    stopped = train("--run", str(run))
    assert stopped.returncode == 1
    assert "No space left on device" in stopped.stderr and "--resume" in stopped.stderr
    assert "Traceback" not in stopped.stderr
    assert mount(small_disk, "remount,size=64m")
    assert train("--resume", "--run", str(run)).returncode == 0
    train("--run", str(tmp_path / "whole"))
    ours, whole = (
        json.loads((folder / "metrics.json").read_text())["test"]
        for folder in (run, tmp_path / "whole")
    )
    assert ours == whole


def test_a_read_only_runs_folder_is_named(small_disk, train):
    assert mount(small_disk, "remount,ro")
    done = train("--runs", str(small_disk))
    assert done.returncode == 1
    assert f"Read-only file system: {small_disk}" in done.stderr
    assert "Traceback" not in done.stderr
