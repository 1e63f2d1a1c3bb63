"""Imports Keras on the backend that was chosen, and makes it repeat itself exactly."""

import importlib.util
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from kerastc.errors import UserError

BACKENDS = ("tensorflow", "jax", "torch")


def backend_name(name: str | None = None) -> str:
    """The backend that will run: the one given, else KERAS_BACKEND, else the first installed.

    Nothing is imported, so that an error is reported at once.

    Raises:
        UserError: for an unknown name or a missing package.
    """
    name = name or os.environ.get("KERAS_BACKEND") or _first_installed()
    if name not in BACKENDS:
        raise UserError(f"There is no backend {name!r}.", f"Allowed: {', '.join(BACKENDS)}.")
    if not _installed(name):
        package = name if name == "tensorflow" else f"'kerastc[{name}]'"
        raise UserError(
            f"The backend {name} is not installed.", f"Install it with: pip install {package}"
        )
    return name


def choose_backend(name: str | None = None) -> str:
    """Imports Keras on the backend that `backend_name` gives.

    Raises:
        UserError: as there; also if Keras already runs on another backend in this process.
    """
    name = backend_name(name)
    before = os.environ.get("KERAS_BACKEND")
    os.environ["KERAS_BACKEND"] = name
    with _told(f"Starting {name} …"), _native_notes_kept_back():
        import keras
        import keras_hub  # noqa: F401  (it imports the rest of TensorFlow)
    if keras.backend.backend() != name:
        os.environ["KERAS_BACKEND"] = before or keras.backend.backend()
        raise UserError(
            f"Keras already runs on {keras.backend.backend()} in this process.",
            f"Start a new one for {name}.",
        )
    return name


def make_deterministic() -> None:
    """Makes the backend use deterministic kernels, so that resuming is exact."""
    name = choose_backend()
    if name == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
    elif name == "torch":
        import torch

        torch.use_deterministic_algorithms(True, warn_only=True)


@contextmanager
def precision(policy: str) -> Iterator[None]:
    """Layers built in the block compute in `policy`, such as `mixed_bfloat16`."""
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Shows a line while the block runs; a moving bar would be lost with the notes below."""
    terminal = sys.stderr.isatty() and "keras" not in sys.modules
    if terminal:
        print(what, end="", file=sys.stderr, flush=True)
    try:
        yield
    finally:
        if terminal:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


@contextmanager
def _native_notes_kept_back() -> Iterator[None]:
    """Hides what C++ writes to standard error while TensorFlow is imported, unless that fails.

    TensorFlow 2.21 reports on every start that it found no GPU, whatever TF_CPP_MIN_LOG_LEVEL is.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    kept = os.dup(2)
    with tempfile.TemporaryFile() as notes:
        os.dup2(notes.fileno(), 2)
        try:
            yield
        except BaseException:
            notes.seek(0)
            os.write(kept, notes.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def _installed(name: str) -> bool:
    # An import blocker shows as a spec that cannot be found; a broken install shows at import.
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _first_installed() -> str:
    found = [name for name in BACKENDS if _installed(name)]
    if not found:
        raise UserError(
            "No backend is installed.", "Install one with: pip install tensorflow (or jax, torch)"
        )
    return found[0]
