"""Shared parts of the tests: the backend, a tiny encoder, a small labelled file, small images."""

import os
import shutil
import string
import tempfile
from pathlib import Path

import hypothesis
import numpy as np
import pytest
from subjects import SUBJECTS

# Before any test imports Keras.
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# Nearly all that the tests cost on JAX is XLA's compilation. Tiny models need no optimised code,
# and what one test compiled serves the others, in whichever process they are.
compiled = None
if os.environ["KERAS_BACKEND"] == "jax" and "JAX_COMPILATION_CACHE_DIR" not in os.environ:
    compiled = tempfile.mkdtemp(prefix="kerastc-compiled-")
    os.environ |= {
        "JAX_COMPILATION_CACHE_DIR": compiled,
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.2",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }
    os.environ.setdefault(
        "XLA_FLAGS",
        "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true",
    )


# Runs and studies are flushed to the disk at each step, which waits for all else that is written.
memory = Path("/dev/shm")
if memory.is_dir() and "PYTEST_DEBUG_TEMPROOT" not in os.environ:
    room = os.statvfs(memory)
    if room.f_bavail * room.f_frsize > 4e9 and not room.f_flag & (os.ST_NOEXEC | os.ST_RDONLY):
        os.environ["PYTEST_DEBUG_TEMPROOT"] = str(memory)

# No test asserts a time, and a busy machine is slow.
#
# The same examples each time: what fails in a run fails in the next. `--hypothesis-profile=search`
# draws others.
hypothesis.settings.register_profile("search", deadline=None)
hypothesis.settings.register_profile("same", deadline=None, derandomize=True)
hypothesis.settings.load_profile("same")

# What tests trust is not what the user trusts.
state = tempfile.mkdtemp(prefix="kerastc-state-")
os.environ["XDG_STATE_HOME"] = state


def pytest_unconfigure():
    for folder in filter(None, (compiled, state)):
        shutil.rmtree(folder, ignore_errors=True)


def tiny(kind: str, folder: Path) -> Path:
    """Writes a KerasHub encoder of two layers and width 16, with a small vocabulary."""
    import keras
    import keras_hub

    letters = [*string.ascii_lowercase, *string.digits]
    words = " ".join(SUBJECTS.values()).split()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = [*special, *words, *letters, *(f"##{c}" for c in letters)]
    keras.utils.set_random_seed(7)
    backbone = getattr(keras_hub.models, f"{kind}Backbone")(
        vocabulary_size=len(vocabulary),
        num_layers=2,
        num_heads=2,
        hidden_dim=16,
        intermediate_dim=32,
        max_sequence_length=64,
    )
    backbone.save_to_preset(str(folder))
    tokenizer_class = getattr(keras_hub.models, f"{kind}Tokenizer")
    tokenizer_class(vocabulary=vocabulary, lowercase=True).save_to_preset(str(folder))
    return folder


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory) -> Path:
    """A folder with a DistilBERT."""
    return tiny("DistilBert", tmp_path_factory.mktemp("tiny") / "encoder")


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory) -> Path:
    """A folder with a BERT, which has segments."""
    return tiny("Bert", tmp_path_factory.mktemp("tiny-bert") / "encoder")


@pytest.fixture(scope="session")
def subjects_csv(tmp_path_factory) -> Path:
    """A file of 120 texts in three classes that a small model can learn."""
    random = np.random.default_rng(0)
    rows = ["text,label"]
    for name, words in SUBJECTS.items():
        texts = (random.choice(words.split(), random.integers(4, 9)) for _ in range(40))
        rows += [f"{' '.join(text)},{name}" for text in texts]
    path = tmp_path_factory.mktemp("subjects") / "subjects.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.fixture(scope="session")
def large_digits(tmp_path_factory) -> Path:
    """A file of the digits at 16 x 16 pixels."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = np.kron(digits.images * 15, np.ones((1, 2, 2))).astype("uint8")
    path = tmp_path_factory.mktemp("digits") / "digits.npz"
    parts = {"train": slice(300), "test": slice(300, 360)}
    arrays = {f"x_{name}": images[rows] for name, rows in parts.items()}
    arrays |= {f"y_{name}": digits.target[rows] for name, rows in parts.items()}
    np.savez(path, **arrays)
    return path
