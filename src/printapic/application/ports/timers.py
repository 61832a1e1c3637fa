"""Timers: what is to happen once in a while, however many processes there are to think of it."""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime, timedelta
from typing import Protocol


class Timers(Protocol):
    """The timers of a unit of work. A claim holds when the unit commits, and is void when it does not."""

    @abstractmethod
    def claim(self, name: str, slot: datetime, *, pause: timedelta = timedelta()) -> bool:
        """Take a stretch of time, named by its beginning, for whoever asks first.

        False where this one, or a later one, is taken: what was missed is not made up for. Also where one
        is taken that began `pause` before, or less.
        """

    @abstractmethod
    def last(self, name: str) -> datetime | None:
        """The beginning of the stretch that was taken last."""

    @abstractmethod
    def forget(self, prefix: str, *, before: datetime) -> None:
        """Remove the timers whose names begin so, of which the last stretch began before."""
