"""A small trained run that the tests of this room compress."""

from pathlib import Path

import pytest

from kerastc import launch
from kerastc.folders import Folders

SMALL = ["trainable=all", "epochs=3", "learning_rate=5e-3", "batch_size=16", "max_tokens=12"]


@pytest.fixture(scope="session")
def folders(tmp_path_factory) -> Folders:
    folder = tmp_path_factory.mktemp("folders")
    return Folders(folder / "runs", folder / "cache")


@pytest.fixture(scope="session")
def trained(tiny_encoder, subjects_csv, folders) -> Path:
    words = [f"data={subjects_csv}", f"backbone={tiny_encoder}", *SMALL]
    return launch.train("text", words, folders=folders, folder=folders.runs / "whole").folder


FEW = ["width=0.25", "labelled=320", "least_images=320", "epochs=8", "batch_size=32"]


@pytest.fixture(scope="session")
def trained_images(folders) -> Path:
    """A small network that tells scanned digits apart."""
    words = [*FEW, "validation=100", "test=150", "unlabelled=64", "learning_rate=1e-2"]
    return launch.train("supervised", words, folders=folders, folder=folders.runs / "images").folder
