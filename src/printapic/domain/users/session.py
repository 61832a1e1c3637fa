"""Sessions: the time between logging in and logging out on one device."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

import attrs

from printapic.domain.actors import UNKNOWN_CALLER, Caller, Role
from printapic.domain.errors import Denied, Unauthenticated
from printapic.domain.events import Aggregate, aware_utc
from printapic.domain.ids import SessionId, UserId
from printapic.domain.users.events import RefreshTokenReused

GRACE = timedelta(seconds=10)
"""Parallel requests of one client may present the same token."""
LOST_REPLY = timedelta(minutes=5)
"""How long the predecessor is good while its successor was never used: the reply that carried it was lost."""
RECENT = timedelta(minutes=5)
"""How long a proof of identity is good for changes to the account itself."""


@attrs.frozen(kw_only=True)
class Lifetime:
    """`absolute` from the login on; `idle` from the last refresh on, which comes every few minutes."""

    absolute: timedelta
    idle: timedelta


CUSTOMER_LIFETIME = Lifetime(absolute=timedelta(days=30), idle=timedelta(days=14))
STAFF_LIFETIME = Lifetime(absolute=timedelta(hours=12), idle=timedelta(minutes=30))


class SessionInvalid(Unauthenticated):
    """Absent, forged, expired and revoked credentials are told apart nowhere."""

    code = "unauthenticated"

    def __init__(self) -> None:
        super().__init__("Please log in.")


class ReauthenticationRequired(Denied):
    """The session is good, but who sits at the device was last proven too long ago for this."""

    code = "reauthentication-required"

    def __init__(self) -> None:
        super().__init__("Please prove once more who you are, with your password or a code.")


class SessionEnd(StrEnum):
    """Why a session ended before its time."""

    LOGGED_OUT = "logged-out"
    REVOKED = "revoked"
    TOKEN_REUSED = "token-reused"  # noqa: S105
    PASSWORD_CHANGED = "password-changed"  # noqa: S105
    EMAIL_CHANGED = "email-changed"
    ROLES_CHANGED = "roles-changed"
    SECOND_FACTOR_CHANGED = "second-factor-changed"
    DISABLED = "disabled"
    ERASED = "erased"


class Presented(StrEnum):
    """What a refresh token turned out to be."""

    NEWEST = "newest"
    """It is used up, and its successor made."""
    PREDECESSOR = "predecessor"
    """Within the grace: the same successor again."""
    LOST_REPLY = "lost-reply"
    """The successor never reached its client: the same one again, and worth a note."""
    REUSED = "reused"
    """Somebody has a copy: the session has ended."""
    INVALID = "invalid"


@attrs.define(kw_only=True, eq=False)
class Session(Aggregate):
    """One login. `generation` counts refreshes; each generation has one refresh token, and one successor.

    `used_at` tells when a token of the newest generation was first seen, None until then. `address` and
    `device` are those of the login, for the owner's list.
    """

    id: SessionId = attrs.field(on_setattr=attrs.setters.frozen)
    user_id: UserId
    generation: int = 1
    created_at: datetime = attrs.field(validator=aware_utc)
    refreshed_at: datetime = attrs.field(validator=aware_utc)
    used_at: datetime | None = attrs.field(default=None, validator=aware_utc)
    authenticated_at: datetime = attrs.field(validator=aware_utc)
    expires_at: datetime = attrs.field(validator=aware_utc)
    idle_s: int
    second_factor: bool = False
    address: str | None = None
    device: str | None = None
    revoked_at: datetime | None = attrs.field(default=None, validator=aware_utc)
    ended_by: SessionEnd | None = None

    @classmethod
    def start(
        cls,
        *,
        id: SessionId,  # noqa: A002
        user_id: UserId,
        roles: frozenset[Role],
        second_factor: bool = False,
        caller: Caller = UNKNOWN_CALLER,
        at: datetime,
    ) -> Self:
        """Log in. Staff sessions are shorter than customers'."""
        lifetime = CUSTOMER_LIFETIME if roles <= {Role.CUSTOMER} else STAFF_LIFETIME
        return cls(
            id=id,
            user_id=user_id,
            created_at=at,
            refreshed_at=at,
            authenticated_at=at,
            expires_at=at + lifetime.absolute,
            idle_s=int(lifetime.idle.total_seconds()),
            second_factor=second_factor,
            address=caller.address,
            device=caller.device,
        )

    @property
    def last_used_at(self) -> datetime:
        return self.used_at or self.refreshed_at

    def live(self, *, at: datetime) -> bool:
        idle_until = self.refreshed_at + timedelta(seconds=self.idle_s)
        return self.revoked_at is None and at < min(self.expires_at, idle_until)

    def present(self, generation: int, *, at: datetime) -> Presented:
        """Take a refresh token of some generation, and end the session where it must be a stolen copy.

        After all but `REUSED` and `INVALID` the token of `self.generation` is to be handed out. A token of
        the future, which only a forger could name, ends nothing.
        """
        if not self.live(at=at) or generation > self.generation:
            return Presented.INVALID
        if generation == self.generation:
            self.generation += 1
            self.refreshed_at, self.used_at = at, None
            return Presented.NEWEST
        if generation == self.generation - 1:
            if at <= self.refreshed_at + GRACE:
                return Presented.PREDECESSOR
            if self.used_at is None and at <= self.refreshed_at + LOST_REPLY:
                return Presented.LOST_REPLY
        self.end(SessionEnd.TOKEN_REUSED, at=at)
        self._record(RefreshTokenReused(at=at, user_id=self.user_id, session_id=self.id))
        return Presented.REUSED

    def first_use(self, generation: int) -> bool:
        """Whether an access token of this generation is the first sign that its client has it."""
        return self.used_at is None and generation == self.generation

    def use(self, generation: int, *, at: datetime) -> None:
        """Remember that the newest tokens have arrived."""
        if self.first_use(generation):
            self.used_at = at

    def prove(self, *, second_factor: bool, at: datetime) -> None:
        """The person at the device proved again who they are."""
        self.authenticated_at = at
        self.second_factor = self.second_factor or second_factor

    def demand_recent_proof(self, *, at: datetime) -> None:
        """Raises `ReauthenticationRequired`."""
        if at > self.authenticated_at + RECENT:
            raise ReauthenticationRequired

    def end(self, reason: SessionEnd, *, at: datetime) -> None:
        """End it; ending twice changes nothing."""
        if self.revoked_at is None:
            self.revoked_at, self.ended_by = at, reason
