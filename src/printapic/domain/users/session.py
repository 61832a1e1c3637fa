"""Sessions: the time between logging in and logging out on one device."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self

import attrs

from printapic.domain.actors import Role
from printapic.domain.errors import Unauthenticated
from printapic.domain.events import Aggregate, aware_utc
from printapic.domain.ids import SessionId, UserId

CUSTOMER_LIFETIME = timedelta(days=30)
STAFF_LIFETIME = timedelta(hours=12)


class SessionInvalid(Unauthenticated):
    """Absent, forged, expired and revoked credentials are told apart nowhere."""

    code = "unauthenticated"

    def __init__(self) -> None:
        super().__init__("Please log in.")


@attrs.define(kw_only=True, eq=False)
class Session(Aggregate):
    """One login. `generation` counts refreshes: only the newest refresh token is good."""

    id: SessionId = attrs.field(on_setattr=attrs.setters.frozen)
    user_id: UserId
    generation: int = 1
    created_at: datetime = attrs.field(validator=aware_utc)
    refreshed_at: datetime = attrs.field(validator=aware_utc)
    expires_at: datetime = attrs.field(validator=aware_utc)
    revoked_at: datetime | None = attrs.field(default=None, validator=aware_utc)

    @classmethod
    def start(cls, *, id: SessionId, user_id: UserId, roles: frozenset[Role], at: datetime) -> Self:  # noqa: A002
        """Log in. Staff sessions are shorter than customers'."""
        lifetime = CUSTOMER_LIFETIME if roles <= {Role.CUSTOMER} else STAFF_LIFETIME
        return cls(id=id, user_id=user_id, created_at=at, refreshed_at=at, expires_at=at + lifetime)

    def live(self, *, at: datetime) -> bool:
        return self.revoked_at is None and at < self.expires_at

    def refresh(self, generation: int, *, at: datetime) -> None:
        """Exchange the newest refresh token for the next. Raises `SessionInvalid` for any other."""
        if not self.live(at=at) or generation != self.generation:
            raise SessionInvalid
        self.generation += 1
        self.refreshed_at = at

    def revoke(self, *, at: datetime) -> None:
        if self.revoked_at is None:
            self.revoked_at = at
