"""Alerts: how the shop calls for somebody who looks after it."""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime
from typing import Protocol


class Alerts(Protocol):
    """Where whoever is on duty looks. Never raises: what is wrong already must not stop anything else."""

    @abstractmethod
    def concern(self, *, kind: str, ref: str, what: str, since: datetime) -> None:
        """Something waits too long or does not add up. Only stable words and ids, nothing personal."""
