"""Checkpoints that the process takes with it: for tests."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from printapic.application.ports.audit import AuditCheckpoints, CheckpointsUnavailable


class MemoryAuditCheckpoints(AuditCheckpoints):
    """A list of lines. Setting `broken` makes it unavailable."""

    def __init__(self) -> None:
        self.broken = False
        self._lines: list[str] = []

    def append(self, text: str, *, at: datetime) -> None:
        self._check()
        self._lines.append(text)

    def all(self) -> Iterator[str]:
        self._check()
        yield from tuple(self._lines)

    def _check(self) -> None:
        if self.broken:
            raise CheckpointsUnavailable
