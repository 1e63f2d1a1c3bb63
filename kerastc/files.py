"""Files and folders that appear whole, locks, and what this process has made.

Every file of the program is written this way: to a temporary path beside the target, flushed, then
renamed. Also used on devices: only Python's standard library is imported here.
"""

import contextlib
import json
import os
import secrets
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

TEMPORARY = ".writing-"  # what the names of unfinished files begin with
LONGEST_SUFFIX = 24  # characters

_made: dict[Path, None] = {}  # files and folders that were not there before this process, in order
_held: dict[tuple[Path, int], int] = {}  # by lock and thread, how many blocks are inside


@contextmanager
def writing(target: Path) -> Iterator[Path]:
    """Yields a temporary path that replaces `target` when the block succeeds.

    The block writes a file or makes a folder there. Any number of processes may write the same
    target at once: each has its own temporary path, and the last one wins. Links
    are replaced, never followed.

    Args:
        target: a file or a folder; its parents are made.
    """
    target = Path(target)
    make_folder(target.parent)
    temporary = target.with_name(_temporary_name(target.name))
    try:
        yield temporary
        _to_disk(temporary)
        new = not (target.is_symlink() or target.exists())
        _put(temporary, target)
        if new:
            _made[target.absolute()] = None
            _made.update(dict.fromkeys(sorted(target.absolute().rglob("*"))))
    finally:
        _remove(temporary)


def write_text(target: Path, text: str) -> None:
    """Writes a UTF-8 file, whole or not at all; line ends stay as they are."""
    with writing(target) as path:
        path.write_text(text, encoding="utf-8", newline="")


def write_json(target: Path, value: Any) -> None:
    """Writes JSON, whole or not at all."""
    write_text(target, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def make_folder(folder: Path, exist_ok: bool = True) -> None:
    """Makes a folder and its parents, and remembers which of them this process has made.

    Raises:
        FileExistsError: if it already exists and `exist_ok` is false: of several processes that
            make the same folder, exactly one does not get this error.
    """
    folder = Path(folder)
    if not folder.parent.exists():
        make_folder(folder.parent)
    try:
        folder.mkdir()
    except FileExistsError:
        if not (exist_ok and folder.is_dir()):
            raise
    else:
        _made[folder.absolute()] = None


def take_back(folder: Path) -> None:
    """Removes what this process made of and in a folder; everything else stays."""
    folder = Path(folder).absolute()
    ours = [path for path in _made if path == folder or folder in path.parents]
    parents = [path for path in _made if path in folder.parents]
    for path in reversed([*parents, *ours]):
        del _made[path]
        with contextlib.suppress(OSError):  # already gone, or a folder with other content
            if path.is_dir() and not path.is_symlink():
                path.rmdir()
            else:
                path.unlink()


def remove_known(folder: Path, *patterns: str) -> None:
    """Removes files with the program's own names, and folders that are then empty.

    Args:
        folder: where they are; it may be absent.
        patterns: of `Path.glob`.
    """
    for path in [path for pattern in patterns for path in folder.glob(pattern)]:
        if path.is_symlink() or path.is_file():
            path.unlink(missing_ok=True)
    inside = sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True)
    for path in (*inside, folder):
        with contextlib.suppress(OSError):  # it is not empty, or is absent
            path.rmdir()


@contextmanager
def lock(path: Path, busy: Callable[[str], None]) -> Iterator[None]:
    """Holds a lock file for this thread; the system releases it however the process ends.

    A thread that holds it may enter again. Where the system has no `flock` nothing is held.

    Args:
        path: of the file; a link there is not followed.
        busy: called with the pid of the process that holds the lock. It may raise; if it
            returns, the lock is waited for.
    """
    key = path.parent.resolve() / path.name, threading.get_ident()
    if _held.get(key):
        _held[key] += 1
        try:
            yield
        finally:
            _held[key] -= 1
        return
    try:
        import fcntl
    except ImportError:
        yield
        return
    new = not path.exists()
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, 0o644), "r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            busy(file.read(20).strip() or "unknown")
            fcntl.flock(file, fcntl.LOCK_EX)
        if new:
            _made[path.absolute()] = None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        _held[key] = 1
        try:
            yield
        finally:
            del _held[key]


def remove_leftovers(folder: Path) -> None:
    """Removes temporary files in a folder left by killed processes of this machine."""
    for path in folder.rglob(f"{TEMPORARY}{_host()}-*"):
        pid = path.name.removeprefix(f"{TEMPORARY}{_host()}-").split("-")[0]
        if pid.isdigit() and not _alive(int(pid)):
            _remove(path)


def _temporary_name(name: str) -> str:
    # The suffix stays last: Keras and NumPy choose the format by it.
    suffix = "".join(Path(name).suffixes[-2:])[-LONGEST_SUFFIX:]
    return f"{TEMPORARY}{_host()}-{os.getpid()}-{secrets.token_hex(4)}{suffix}"


def _host() -> str:
    return "".join(c for c in socket.gethostname() if c.isalnum())[:20] or "host"


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True


def _put(temporary: Path, target: Path) -> None:
    """Renames; an existing folder moves aside first, and back if that fails."""
    if target.is_symlink() or not (temporary.is_dir() and target.is_dir()):
        if target.is_symlink() and temporary.is_dir():
            target.unlink()
        temporary.replace(target)
        return
    aside = target.with_name(_temporary_name(target.name))
    target.rename(aside)
    try:
        temporary.rename(target)
    except BaseException:
        aside.rename(target)
        raise
    _remove(aside)


def _to_disk(path: Path) -> None:
    """Flushes a file, or a folder's files, so that the rename never reaches the disk first."""
    for part in path.rglob("*") if path.is_dir() else [path]:
        if part.is_file():
            with part.open("rb") as file:
                os.fsync(file.fileno())


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
