"""Deadlines: until when somebody waits for an answer, and how what waits in a thread is woken then.

A thread cannot be cancelled, but the connection on which it waits can be closed under it.
"""

from __future__ import annotations

from abc import abstractmethod
from contextvars import ContextVar
from threading import Lock
from typing import Protocol

from printapic.domain.errors import Unavailable


class DeadlineExceeded(Unavailable):
    """Nobody waits any longer. What was being written is in doubt: the same request again is safe."""

    code = "deadline-exceeded"

    def __init__(self) -> None:
        super().__init__("This took too long. Please try again.")


class Interruptible(Protocol):
    """Something on which a thread may wait longer than anybody wants."""

    @abstractmethod
    def interrupt(self) -> None:
        """Make that thread return with an error, now. Called from any thread; never blocks or raises."""


class Deadline:
    """One request's. Threads that work for it say what they wait on; `expire` interrupts them all."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._watched: list[Interruptible] = []
        self._expired = False

    @property
    def expired(self) -> bool:
        return self._expired

    def watch(self, waiting: Interruptible) -> None:
        """Have `waiting` interrupted if the time runs out. Raises `DeadlineExceeded` if it has already."""
        with self._lock:
            if self._expired:
                raise DeadlineExceeded
            self._watched.append(waiting)

    def unwatch(self, waiting: Interruptible) -> None:
        """It is not waited for any longer, and may serve others: from now on it is never interrupted."""
        with self._lock:
            self._watched.remove(waiting)

    def expire(self) -> None:
        """The time is up."""
        with self._lock:
            self._expired = True
            for waiting in self._watched:
                waiting.interrupt()


_CURRENT: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


def begin(deadline: Deadline) -> None:
    """Let `deadline` hold for this context, and for threads that are given a copy of it."""
    _CURRENT.set(deadline)


def current() -> Deadline | None:
    """The deadline of the request that is being worked for; jobs and programs have none."""
    return _CURRENT.get()
