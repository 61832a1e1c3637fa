"""Idempotency keys: a request that comes twice is done once, and answered twice with the same bytes."""

from __future__ import annotations

from abc import abstractmethod
from datetime import timedelta
from typing import Protocol, TypeAlias

import attrs

from printapic.domain.ids import UserId


@attrs.frozen(kw_only=True)
class KeyedRequest:
    """`key` is the client's word for its request, and means something only in its `scope`.

    `scope` and `fingerprint` are SHA-256 digests in hex: of who asks and where, and of what is asked.
    """

    user_id: UserId
    scope: str
    key: str
    fingerprint: str


@attrs.frozen(kw_only=True)
class StoredReply:
    """An HTTP answer as it went out. Names and values of headers are any bytes."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class Claimed:
    """The request is this caller's to do. `token` proves it."""

    scope: str
    key: str
    token: str


@attrs.frozen
class InFlight:
    """Somebody else is at it, who may have died: after `leased_for` the request can be claimed again."""

    leased_for: timedelta


@attrs.frozen
class Replay:
    """The request was done; this was the answer."""

    reply: StoredReply


@attrs.frozen
class Differs:
    """The key came with another request before."""


Claim: TypeAlias = Claimed | InFlight | Replay | Differs


class IdempotencyKeys(Protocol):
    """Who does a request now, and what was answered to those that are done. Safe to use from many threads.

    Every method is a short transaction of its own and no part of a unit of work: a claim has to be seen
    by everybody before the work begins, and to outlive the work where that is rolled back. Times are by
    the store's own clock. Every method raises `StorageUnavailable` when the store fails.
    """

    @abstractmethod
    def claim(self, request: KeyedRequest, *, lease: timedelta, keep: timedelta) -> Claim:
        """Take the request in hand for as long as `lease`, or say why not.

        Of any number who try at once one gets it; so it is with a claim whose lease ended, which goes to
        the same request only. All that is known of a key is forgotten `keep` after its claim.
        """

    @abstractmethod
    def finish(self, claim: Claimed, reply: StoredReply) -> bool:
        """Keep the answer. Does nothing and returns False where the claim is no longer ours."""

    @abstractmethod
    def release(self, claim: Claimed) -> bool:
        """Let the request be claimed again: nothing came of it. False where the claim is no longer ours."""

    @abstractmethod
    def forget(self, user_id: UserId) -> None:
        """Remove all keys and answers of a user, whose account is erased."""
