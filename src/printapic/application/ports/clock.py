"""The time."""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time. Use cases ask; the domain is told (`at=`)."""

    @abstractmethod
    def now(self) -> datetime:
        """The present moment in UTC, with its zone, never earlier than a moment told before."""
