"""What processes tell one another: JSON and arrays, to the last bit.

Every process has to make the same calls in the same order. A process that is alone tells itself.
"""

import io
import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from kerastc.errors import UserError
from kerastc.processes.place import here

LOST = 4  # status of a process that ends because another has
CHUNK = 1 << 20  # bytes of a message at once: XLA compiles for each length

Arrays = Mapping[str, np.ndarray]


class Told(UserError):
    """An error that all processes raise, since one of them has told it."""


class Lost(UserError):
    """Another process has ended, for a reason that this one does not know."""

    status = LOST


def is_of_another(error: Exception) -> bool:
    """Whether an error, JAX's RuntimeError or ValueError, says that another process is gone."""
    words = ("Gloo", "NCCL", "coordination service", "Connection ", "heartbeat")
    return not here().alone and any(word in str(error) for word in words)


def everyone(value: Any) -> list[Any]:
    """What each process gave, JSON, by its rank."""
    if here().alone:
        return [value]
    own = json.dumps(value).encode()
    return [json.loads(_sent(own, rank)) for rank in range(here().count)]


def first(make: Callable[[], Any]) -> Any:
    """What process 0 makes, JSON; the others do not call `make`.

    Raises:
        UserError: as `make` does, in all processes.
    """
    if here().alone:
        return make()
    told, failed = {}, None
    if here().first:
        try:
            told = {"value": make()}
        except UserError as error:
            told, failed = {"error": [error.message, error.hint]}, error
    told = json.loads(_sent(json.dumps(told).encode(), 0))
    if failed is not None:
        raise failed
    if "error" in told:
        raise Told(*told["error"])
    return told["value"]


def first_arrays(make: Callable[[], Arrays | None]) -> Arrays | None:
    """As `first`, of arrays by name, or None."""
    if here().alone:
        return make()
    made: Arrays | None = None

    def names() -> list[str] | None:
        nonlocal made
        made = make()
        return None if made is None else [*made]

    found = first(names)
    if found is None:
        return None
    return {name: _array(made[name] if here().first else None) for name in found}


def _array(array: np.ndarray | None) -> np.ndarray:
    """The array that process 0 gave."""
    buffer = io.BytesIO()
    if array is not None:
        np.lib.format.write_array(buffer, np.asarray(array), allow_pickle=False)
    return np.lib.format.read_array(io.BytesIO(_sent(buffer.getvalue(), 0)), allow_pickle=False)


def _sent(data: bytes, source: int) -> bytes:
    """The bytes of a process."""
    [size] = _broadcast(np.array([len(data)], np.uint32), source)
    found = bytearray()
    for begin in range(0, int(size), CHUNK):
        piece = np.zeros(CHUNK, np.uint8)
        own = np.frombuffer(data[begin : begin + CHUNK], np.uint8)
        piece[: len(own)] = own
        found += _broadcast(piece, source).tobytes()
    return bytes(found[: int(size)])


def _broadcast(array: np.ndarray, source: int) -> np.ndarray:
    from jax.experimental import multihost_utils

    is_source = here().rank == source
    return np.asarray(multihost_utils.broadcast_one_to_all(array, is_source=is_source))
