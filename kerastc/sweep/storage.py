"""Opens the database of a study, and makes SQLite safe for several workers."""

import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastc.errors import UserError

if TYPE_CHECKING:
    import optuna

_SQLITE_SECONDS = 60  # how long a worker waits for another one's transaction
_GRACE = 3  # heartbeats that may fail before a trial counts as abandoned


def load_optuna() -> Any:
    """The optuna module, silent but for warnings.

    Raises:
        UserError: if it is not installed.
    """
    try:
        import optuna
    except ImportError:
        raise UserError(
            "A sweep needs Optuna, which is not installed.",
            "Install it with: pip install 'kerastc[sweep]'",
        ) from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def sqlite_url(path: Path) -> str:
    """The storage URL of a file, for any characters in its path."""
    load_optuna()
    from sqlalchemy.engine import URL

    return URL.create("sqlite", database=str(path.resolve())).render_as_string()


def open_storage(url: str, heartbeat: int) -> "optuna.storages.RDBStorage":
    """Opens a storage, and makes its tables if it has none.

    Args:
        url: Optuna storage URL.
        heartbeat: seconds between a worker's signs of life.

    Raises:
        UserError: for a URL that names no database, or one whose Python driver is missing.
        sqlalchemy.exc.SQLAlchemyError: if it does not answer; see `storage_errors_told`.
    """
    optuna = load_optuna()
    from sqlalchemy.exc import ArgumentError, DatabaseError

    sqlite = url.startswith("sqlite")
    for last in (False, False, False, False, True):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
                storage = optuna.storages.RDBStorage(
                    url,
                    engine_kwargs={"connect_args": {"timeout": _SQLITE_SECONDS}} if sqlite else {},
                    heartbeat_interval=heartbeat,
                    grace_period=_GRACE * heartbeat,
                )
        except (ArgumentError, ImportError, RuntimeError) as error:
            raise UserError(
                f"--storage {without_password(url)}: {str(error).splitlines()[0]}",
                "Write it as sqlite:///study.db or postgresql://USER:PASSWORD@HOST/DATABASE (with "
                "its Python driver installed).",
            ) from None
        except DatabaseError:
            # Two workers must not make the tables at the same time.
            if last:
                raise
            time.sleep(0.5)
        else:
            break
    if sqlite:
        _write_from_the_start(storage.engine)
    return storage


@contextmanager
def storage_errors_told(url: str) -> Iterator[None]:
    """Turns a database's failure into a message."""
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (SQLAlchemyError, load_optuna().exceptions.StorageInternalError) as error:
        reason = str(error.__cause__ or error).splitlines()[0]
        raise UserError(
            f"The study's storage {without_password(url)} does not answer: {reason}",
            "Fix it and give the same command again; finished trials are kept.",
        ) from None


def without_password(url: str) -> str:
    """The URL in a form that may be shown and kept."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        return make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        return url


def _write_from_the_start(engine: Any) -> None:
    """Begins every SQLite transaction with its write lock.

    Python's driver begins one only at the first change: between reading a trial's state and
    changing it, another worker could claim the same trial.
    """
    from sqlalchemy import event

    engine.dispose()  # closes connections opened without it

    @event.listens_for(engine, "connect")
    def no_implicit_begin(connection: Any, _: Any) -> None:
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
