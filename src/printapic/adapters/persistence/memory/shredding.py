"""Shredding in memory."""

from __future__ import annotations

from datetime import datetime

from printapic.application.ports.shredding import Shredder


class MemoryShredder(Shredder):
    """What is deleted is gone, and nobody makes copies."""

    def shred(self) -> None:
        """Nothing to do."""

    def drop_copies(self, *, older_than: datetime) -> int:
        """There are none."""
        return 0
