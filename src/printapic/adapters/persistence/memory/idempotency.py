"""Idempotency keys in memory: for tests, and for a shop that forgets everything when it ends."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import attrs

from printapic.application.ports.idempotency import (
    Claim,
    Claimed,
    Differs,
    IdempotencyKeys,
    InFlight,
    KeyedRequest,
    Replay,
    StoredReply,
)
from printapic.application.ports.unit_of_work import StorageUnavailable
from printapic.domain.ids import UserId


@attrs.frozen(kw_only=True)
class _Entry:
    """A request in hand, or done where there is a `reply`. Times are seconds of the monotonic clock."""

    request: KeyedRequest
    token: str
    leased_until: float
    expires_at: float
    reply: StoredReply | None = None


@attrs.define(eq=False)
class MemoryIdempotencyKeys(IdempotencyKeys):
    """Keeps claims and answers in this process; whatever is expired goes at the next claim.

    `broken` makes every method raise `StorageUnavailable`, so that what depends on the keys can be seen
    coping without them.
    """

    broken: bool = False
    _entries: dict[tuple[str, str], _Entry] = attrs.field(factory=dict, init=False, repr=False)
    _lock: threading.Lock = attrs.field(factory=threading.Lock, init=False, repr=False)

    def claim(self, request: KeyedRequest, *, lease: timedelta, keep: timedelta) -> Claim:
        with self._working():
            now = time.monotonic()
            self._remove_expired(now)
            entry = self._entries.get((request.scope, request.key))
            if entry is not None and (refusal := _refusal(entry, request, now)):
                return refusal
            claim = Claimed(scope=request.scope, key=request.key, token=secrets.token_hex(16))
            self._entries[request.scope, request.key] = _Entry(
                request=request,
                token=claim.token,
                leased_until=now + lease.total_seconds(),
                expires_at=now + keep.total_seconds(),
            )
            return claim

    def finish(self, claim: Claimed, reply: StoredReply) -> bool:
        with self._working():
            entry = self._ours(claim)
            if entry is not None:
                self._entries[claim.scope, claim.key] = attrs.evolve(entry, reply=reply)
            return entry is not None

    def release(self, claim: Claimed) -> bool:
        with self._working():
            entry = self._ours(claim)
            if entry is not None:
                del self._entries[claim.scope, claim.key]
            return entry is not None

    def forget(self, user_id: UserId) -> None:
        with self._working():
            for name, entry in tuple(self._entries.items()):
                if entry.request.user_id == user_id:
                    del self._entries[name]

    @contextmanager
    def _working(self) -> Iterator[None]:
        if self.broken:
            raise StorageUnavailable
        with self._lock:
            yield

    def _ours(self, claim: Claimed) -> _Entry | None:
        entry = self._entries.get((claim.scope, claim.key))
        return entry if entry and entry.reply is None and entry.token == claim.token else None

    def _remove_expired(self, now: float) -> None:
        for name, entry in tuple(self._entries.items()):
            if entry.expires_at <= now:
                del self._entries[name]


def _refusal(entry: _Entry, request: KeyedRequest, now: float) -> Claim | None:
    """Why this request cannot be claimed, or None where its last claimant's lease has ended."""
    if entry.request.fingerprint != request.fingerprint:
        return Differs()
    if entry.reply is not None:
        return Replay(entry.reply)
    if entry.leased_until <= now:
        return None
    return InFlight(timedelta(seconds=entry.leased_until - now))
