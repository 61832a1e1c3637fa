"""Turns of the threads that write to SQLite, which admits one writer at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from printapic.adapters.persistence.sql.engine import TURN, TURN_S
from printapic.application.ports.unit_of_work import StorageUnavailable


@contextmanager
def turn_to_write(engine: Engine) -> Iterator[None]:
    """Wait for one's turn to write to SQLite. Raises `StorageUnavailable` when it does not come.

    Whom SQLite itself lets wait sleeps longer and longer before asking again, and among 24 threads the
    unlucky ask until their time is up. Other processes are waited for in that way nevertheless.
    """
    options = engine.get_execution_options()
    turn = options.get(TURN)
    if turn is None:
        yield
        return
    if not turn.acquire(timeout=options[TURN_S]):
        raise StorageUnavailable
    try:
        yield
    finally:
        turn.release()
