"""Tasks done by several processes, which end when the one that started them does."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from kerastc.errors import UserError
from kerastc.progress import quietly

AHEAD = 2  # tasks that wait beside those being done


class Killed(UserError):
    """A process that helped was killed."""


_work: Callable[[Any], Any] | None = None


def each(
    tasks: Iterable[Any], start: Callable[..., Callable[[Any], Any]], given: tuple, workers: int
) -> Iterator[tuple[Any, Any]]:
    """Does tasks, and yields each with its result as it is done, in any order.

    Args:
        tasks: taken one by one, a few ahead of the work.
        start: makes what does a task, once in each process.
        given: its arguments.
        workers: processes; 1 works in this one.

    Raises:
        UserError: a process was killed; and whatever a task raises.
    """
    if workers == 1:
        work = start(*given)
        for task in tasks:
            yield task, work(task)
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, context, _begin, (start, given))
    waiting: dict[Any, Any] = {}
    try:
        for task in tasks:
            waiting[pool.submit(_do, task)] = task
            if len(waiting) >= workers + AHEAD:
                yield from _finished(waiting)
        while waiting:
            yield from _finished(waiting)
    except BrokenProcessPool:
        raise Killed(
            "A process that helped was killed, perhaps because memory ran out.",
            "Give the same command again: it goes on where it stopped. Fewer --workers need less "
            "memory.",
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _finished(waiting: dict[Any, Any]) -> Iterator[tuple[Any, Any]]:
    done, _ = wait(waiting, return_when=FIRST_COMPLETED)
    for future in done:
        yield waiting.pop(future), future.result()


def _begin(start: Callable[..., Callable[[Any], Any]], given: tuple) -> None:
    global _work
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent stops, and with it this process
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # a process a core already
    _work = start(*given)


def _do(task: Any) -> Any:
    with quietly():  # the parent shows the progress
        return _work(task)


def _end_with_parent() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)
