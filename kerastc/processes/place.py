"""Which of several processes this one is."""

import os
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from kerastc.errors import UserError
from kerastc.printable import echo

Layout = Literal["data", "model"]
LOOPBACK = "127.0.0.1"
WAIT = 300  # seconds for all to be there
PATIENCE = 20  # seconds for a process that was asked to end
Item = TypeVar("Item")


@dataclass(frozen=True)
class Place:
    """One of several processes.

    Args:
        rank: its number, from 0.
        count: how many there are.
        coordinator: HOST:PORT, where process 0 listens.
        layout: "data" divides the rows of a batch, "model" the large weights.
        started: whether another process started them all, on one machine, and ends them.
        devices: of all processes, between which a batch is divided.
    """

    rank: int = 0
    count: int = 1
    coordinator: str = ""
    layout: Layout = "data"
    started: bool = False
    devices: int = 1

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of the coordinator."""
        host, _, port = self.coordinator.rpartition(":")
        return host.strip("[]"), int(port)

    @property
    def words(self) -> list[str]:
        """The options that say which of several it is."""
        return ["--coordinator", self.coordinator, "--rank", str(self.rank)]

    @property
    def alone(self) -> bool:
        """Whether there is no other."""
        return self.count == 1

    @property
    def first(self) -> bool:
        """Whether it is the one that reads and writes the run."""
        return self.rank == 0

    def divides(self, rows: int) -> bool:
        """Whether a batch of so many rows is divided; else each process computes all of it."""
        return not self.alone and self.layout == "data" and rows % self.devices == 0

    def own(self, rows: int) -> slice:
        """The rows that this process computes of a batch of so many."""
        if not self.divides(rows):
            return slice(0, rows)
        part = rows // self.count
        return slice(self.rank * part, (self.rank + 1) * part)

    def share(self, items: Sequence[Item]) -> Sequence[Item]:
        """What this process does of work that any on this machine could do for all."""
        return items[self.rank :: self.count] if self.started else items


ALONE = Place()
_here = ALONE
_joined = False


def here() -> Place:
    """This process."""
    return _here


@contextmanager
def joined(place: Place) -> Iterator[None]:
    """Joins the others for the block, or until `leave`.

    Raises:
        UserError: JAX is not installed, or the others cannot be reached.
    """
    global _here, _joined
    if place.started:
        threading.Thread(target=end_with_parent, daemon=True).start()
        _keep_to_own_cores(place)
    _here, _joined = place, True
    _here = replace(place, devices=_connect(place))
    yield
    leave()


def leave() -> Place:
    """Leaves the others, once all have come to this point; which one this process has been."""
    global _here, _joined
    place = _here
    if _joined:
        import jax

        jax.distributed.shutdown()
        _here, _joined = ALONE, False
    return place


@contextmanager
def ending_at_once() -> Iterator[None]:
    """Ends a process that has not left the others where the block ends: JAX would wait for them."""
    try:
        yield
    except SystemExit as done:
        _end(done.code if isinstance(done.code, int) else int(done.code is not None))
        raise
    except BaseException:
        if _joined:
            traceback.print_exc()
        _end(1)
        raise


def _end(status: int) -> None:
    if _joined:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _connect(place: Place) -> int:
    """Waits for all processes; the number of their devices."""
    from kerastc.backend import backend_name

    backend_name("jax")
    host, port = place.address
    local = host == LOOPBACK
    if place.first:
        _require_free(LOOPBACK if local else "", port)
    import jax

    # JAX itself would abort.
    timer = threading.Timer(WAIT, _give_up, (place,))
    timer.daemon = True
    timer.start()
    jax.distributed.initialize(
        place.coordinator,
        place.count,
        place.rank,
        local_device_ids=place.rank if place.started else None,
        initialization_timeout=2 * WAIT,
        coordinator_bind_address=place.coordinator if local else f"[::]:{port}",
    )
    with _unheard():
        from jax.experimental import multihost_utils

        multihost_utils.sync_global_devices("kerastc")
    timer.cancel()
    return jax.device_count()


@contextmanager
def _unheard() -> Iterator[None]:
    """Keeps standard output to us: Gloo prints there to how many others it is connected."""
    sys.stdout.flush()
    kept = os.dup(1)
    with open(os.devnull, "w") as nothing:  # noqa: PTH123  (a device)
        os.dup2(nothing.fileno(), 1)
        try:
            yield
        finally:
            os.dup2(kept, 1)
            os.close(kept)


def _require_free(host: str, port: int) -> None:
    try:
        with socket.create_server((host, port)):
            pass
    except OSError as error:
        raise UserError(
            f"Process 0 cannot listen at port {port}: {error.strerror}.", "Give another port."
        ) from None


def _give_up(place: Place) -> None:
    echo(
        f"Error: Process {place.rank} has waited {WAIT} seconds at {place.coordinator}: not all of "
        f"the {place.count} processes came, or they cannot reach one another.",
        fg="red",
        err=True,
    )
    os._exit(1)


def _keep_to_own_cores(place: Place) -> None:
    """Divides the cores of the machine, if there is one for each process."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(cores) >= place.count:
        begin, end = (len(cores) * rank // place.count for rank in (place.rank, place.rank + 1))
        os.sched_setaffinity(0, cores[begin:end])


def end_with_parent() -> None:
    """Stops this process when the one that started it is gone, which closes its input."""
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(PATIENCE)
    os._exit(1)
