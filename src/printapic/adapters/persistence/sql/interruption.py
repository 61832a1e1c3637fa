"""Interruption: taking a database connection away from a request whose time is up.

Where a network swallows packets, nothing else ends the wait: PostgreSQL's own timeouts are those of a
server that is not heard any more, and TCP's see a peer that acknowledges.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from typing import Any

from sqlalchemy import Engine, event

from printapic.application.ports import deadlines
from printapic.application.ports.deadlines import Deadline, Interruptible

_WATCHED = "printapic.watched"


class Line(Interruptible):
    """The socket of a connection that is in use. A duplicate, since the driver may close its own any time."""

    def __init__(self, deadline: Deadline, descriptor: int) -> None:
        self._deadline = deadline
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, fileno=os.dup(descriptor))
        self.interrupted = False

    def interrupt(self) -> None:
        """The thread that waits for an answer reads its end instead; the pool makes a new connection."""
        self.interrupted = True
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def begin(self) -> None:
        """Raises `DeadlineExceeded` where the time is up already."""
        try:
            self._deadline.watch(self)
        except BaseException:
            self._socket.close()
            raise

    def end(self) -> None:
        self._deadline.unwatch(self)
        self._socket.close()


def interrupt_late_requests(engine: Engine) -> None:
    """Have every connection that a request takes from the pool watched by the request's deadline.

    Jobs and programs have none, and wait as long as the server's own limits let them.
    """
    event.listen(engine, "checkout", _taken)
    event.listen(engine, "checkin", _given_back)


def _taken(driver_connection: Any, record: Any, _: object) -> None:
    deadline = deadlines.current()
    if deadline is not None:
        line = Line(deadline, driver_connection.pgconn.socket)
        line.begin()
        record.record_info[_WATCHED] = line


def _given_back(_: object, record: Any) -> None:
    line: Line | None = record.record_info.pop(_WATCHED, None)
    if line is not None:
        line.end()
        if line.interrupted:
            # A reader gives back without a word to the server: nobody has noticed that it is gone.
            record.invalidate()
