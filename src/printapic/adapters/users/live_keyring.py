"""Rings that change while the shop runs: in a file that several processes watch, or in memory."""

from __future__ import annotations

import logging
import threading
import time
from abc import abstractmethod
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from printapic.adapters.users import key_file
from printapic.adapters.users.key_rotation import revoked, rotated
from printapic.adapters.users.keyring import KeyRing, KeyRingUnusable
from printapic.application.ports.keys import PUBLISHED_FOR, KeyRecord, KeyRings, Secrets

LOOKED_AT_EVERY_S = 1.0
_logger = logging.getLogger(__name__)


class LiveKeyRing(KeyRings, Secrets):
    """A ring as it is now. Whoever needs more than one answer asks `current` once, and that one."""

    @abstractmethod
    def current(self, wanted: str | None = None) -> KeyRing:
        """The ring as it is. Naming a key that a very new ring may have finds that ring at once."""

    @abstractmethod
    def _change(self, to: Callable[[KeyRing], KeyRing]) -> KeyRing:
        """Make another ring of the present one, and keep it. Changes are made one after the other."""

    @property
    def active(self) -> str:
        return self.current().active

    @property
    def kids(self) -> tuple[str, ...]:
        return self.current().kids

    def secret(self, purpose: str, kid: str | None = None) -> bytes:
        return self.current(kid).secret(purpose, kid)

    def serves(self, kid: str, *, life: timedelta, at: datetime) -> bool:
        return self.current(kid).serves(kid, life=life, at=at)

    def list(self, *, at: datetime) -> tuple[KeyRecord, ...]:
        return self.current().records(at=at)

    def rotate(self, *, at: datetime, published_for: timedelta = PUBLISHED_FOR) -> KeyRecord:
        ring = self._change(lambda ring: rotated(ring, at=at, published_for=published_for))
        return ring.record(ring.active, at=at)

    def revoke(self, kid: str, *, at: datetime) -> KeyRecord:
        return self._change(lambda ring: revoked(ring, kid, at=at)).record(kid, at=at)


class FileKeyRing(LiveKeyRing):
    """The ring of one key file, looked at once a second at most, and at once for a key it does not know.

    A changed file that cannot be used is logged once, the last good ring stays, and every second it is tried
    again: it may only have been out of reach. Raises `KeyRingUnusable`
    where there is none to begin with.
    """

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._looking = threading.Lock()
        kept = key_file.read(path)
        self._ring = kept.ring
        self._stamp = kept.stamp
        self._unusable: tuple[key_file.Stamp | None, ...] = ()  # none, or one: a file may also be gone
        self._next_look = clock() + LOOKED_AT_EVERY_S

    def current(self, wanted: str | None = None) -> KeyRing:
        unknown = wanted is not None and wanted not in self._ring.kids
        due = self._clock() >= self._next_look
        # Whoever finds somebody looking already goes on with what there is.
        if (unknown or due) and self._looking.acquire(blocking=unknown):
            try:
                self._look(again=due)
            finally:
                self._looking.release()
        return self._ring

    def _look(self, *, again: bool) -> None:
        """Read a changed file; one that was unusable only `again`, which nobody but time brings about."""
        if again:
            self._next_look = self._clock() + LOOKED_AT_EVERY_S
        stamp = key_file.stamp(self._path)
        if stamp == self._stamp or (stamp in self._unusable and not again):
            return
        try:
            kept = key_file.read(self._path)
        except KeyRingUnusable as unusable:
            if stamp not in self._unusable:
                _logger.error("the changed key file is left alone: %s", unusable.message)
            self._unusable = (stamp,)
            return
        self._ring, self._stamp, self._unusable = kept.ring, kept.stamp, ()
        _logger.info("the keys have changed; %s signs", kept.ring.active)

    def _change(self, to: Callable[[KeyRing], KeyRing]) -> KeyRing:
        ring = key_file.change(self._path, to)
        with self._looking:
            self._look(again=True)  # somebody else may have changed it once more
        return ring


class MemoryKeyRing(LiveKeyRing):
    """A ring that ends with the process."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring
        self._changing = threading.Lock()

    def current(self, wanted: str | None = None) -> KeyRing:
        return self._ring

    def _change(self, to: Callable[[KeyRing], KeyRing]) -> KeyRing:
        with self._changing:
            self._ring = to(self._ring)
            return self._ring
