"""Chooses the Keras backend before Keras is imported, and makes it repeat itself exactly."""

import importlib.util
import os
import sys

from kerastc.errors import UserError

BACKENDS = ("tensorflow", "jax", "torch")


def choose_backend(name: str | None = None) -> str:
    """Sets KERAS_BACKEND: the name given, else that of the environment, else the first installed.

    Raises:
        UserError: for an unknown name, a package that is absent, or a Keras that already runs on
            another backend in this process.
    """
    name = name or os.environ.get("KERAS_BACKEND") or _first_installed()
    if name not in BACKENDS:
        raise UserError(f"There is no backend {name!r}.", f"Allowed: {', '.join(BACKENDS)}.")
    if not _installed(name):
        package = name if name == "tensorflow" else f"'kerastc[{name}]'"
        raise UserError(
            f"The backend {name} is not installed.", f"Install it with: pip install {package}"
        )
    os.environ["KERAS_BACKEND"] = name
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # its start-up notes drown our own lines
    if "keras" in sys.modules and sys.modules["keras"].backend.backend() != name:
        raise UserError(
            f"Keras already runs on {sys.modules['keras'].backend.backend()} in this process.",
            f"Start a new one for {name}.",
        )
    return name


def make_deterministic() -> None:
    """Asks the backend for kernels that give the same bits each time, so that resuming is exact."""
    name = choose_backend()
    if name == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
    elif name == "torch":
        import torch

        torch.use_deterministic_algorithms(True, warn_only=True)


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
