"""Making what was deleted unreadable in the store's own files too."""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime
from typing import Protocol


class Shredder(Protocol):
    """Deleting a row frees its place in a file, and leaves the bytes there. Both methods may be repeated."""

    @abstractmethod
    def shred(self) -> None:
        """Overwrite what is deleted, as far as the store is a file of ours. Raises `StorageUnavailable`."""

    @abstractmethod
    def drop_copies(self, *, older_than: datetime) -> int:
        """Remove copies of the whole store that were put aside before then; how many."""
