"""API keys: what machines of the shop carry instead of a session."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import ip_address, ip_network
from typing import Self

import attrs

from printapic.domain.actors import Role
from printapic.domain.errors import Invalid, NotFound
from printapic.domain.events import Aggregate, aware_utc
from printapic.domain.ids import ApiKeyId, UserId
from printapic.domain.users.events import ApiKeyIssued
from printapic.domain.users.permissions import PERMISSIONS, Permission

DEFAULT_LIFETIME = timedelta(days=90)
MAX_LIFETIME = timedelta(days=365)
USE_NOTED_EVERY = timedelta(minutes=1)
MAX_NETWORKS = 20

SCOPES = frozenset(Permission) - {
    Permission.ACCOUNT_SELF,
    Permission.USER_WRITE,
    Permission.ROLE_WRITE,
    Permission.API_KEY_WRITE,
    Permission.SESSION_REVOKE,
}
"""What a key may be for. Nobody's account, role or key is in a machine's hands."""


class ApiKeyNotFound(NotFound):
    code = "api-key-not-found"

    def __init__(self) -> None:
        super().__init__("There is no such API key.")


class ScopeNotGrantable(Invalid):
    """A key may do no more than who issues it, and some things no key may do."""

    code = "scope-not-grantable"

    def __init__(self, scopes: frozenset[Permission]) -> None:
        super().__init__("A key of yours cannot have these scopes.", scopes=sorted(scopes))


class ScopesMixed(Invalid):
    """A machine is a customer or a colleague: what it may do with its own orders it must not do with all."""

    code = "scopes-mixed"

    def __init__(self) -> None:
        super().__init__("A key is for your own things or for the shop's work, not for both.")


class LifetimeNotAllowed(Invalid):
    code = "api-key-lifetime-not-allowed"

    def __init__(self) -> None:
        super().__init__(f"A key lives at most {MAX_LIFETIME.days} days.", max_days=MAX_LIFETIME.days)


class NetworkInvalid(Invalid):
    code = "network-invalid"

    def __init__(self) -> None:
        super().__init__("Networks are written like 203.0.113.0/24 or 2001:db8::/48.")


class Refusal(StrEnum):
    """Why a key is refused though its secret is right. Whoever carries it is told none of this."""

    REVOKED = "revoked"
    EXPIRED = "expired"
    FOREIGN_NETWORK = "foreign network"
    OWNER_DISABLED = "owner disabled"


@attrs.define(kw_only=True, eq=False)
class ApiKey(Aggregate):
    """A machine's credential. Only the SHA-256 of the key is kept.

    It acts in the name of `owner_id`, who issued it, and never does more than their roles allow now.
    `networks` are where it may be used from, none meaning everywhere.
    """

    id: ApiKeyId = attrs.field(on_setattr=attrs.setters.frozen)
    owner_id: UserId
    name: str
    scopes: frozenset[Permission]
    networks: tuple[str, ...] = ()
    sha256: str = attrs.field(repr=False)
    created_at: datetime = attrs.field(validator=aware_utc)
    expires_at: datetime = attrs.field(validator=aware_utc)
    last_used_at: datetime | None = attrs.field(default=None, validator=aware_utc)
    revoked_at: datetime | None = attrs.field(default=None, validator=aware_utc)

    @classmethod
    def issue(
        cls,
        *,
        id: ApiKeyId,  # noqa: A002
        owner_id: UserId,
        owner_may: frozenset[Permission],
        name: str,
        scopes: frozenset[Permission],
        networks: tuple[str, ...] = (),
        lifetime: timedelta = DEFAULT_LIFETIME,
        sha256: str,
        at: datetime,
    ) -> Self:
        """Raises `ScopeNotGrantable`, `ScopesMixed`, `LifetimeNotAllowed` or `NetworkInvalid`."""
        if excess := scopes - (owner_may & SCOPES):
            raise ScopeNotGrantable(excess)
        if scopes & PERMISSIONS[Role.CUSTOMER] and scopes - PERMISSIONS[Role.CUSTOMER]:
            raise ScopesMixed
        if not timedelta(0) < lifetime <= MAX_LIFETIME:
            raise LifetimeNotAllowed
        key = cls(
            id=id,
            owner_id=owner_id,
            name=name,
            scopes=scopes,
            networks=_normalised(networks),
            sha256=sha256,
            created_at=at,
            expires_at=at + lifetime,
        )
        key._record(ApiKeyIssued(at=at, user_id=owner_id, key_id=id))
        return key

    def roles(self, owner: frozenset[Role]) -> frozenset[Role]:
        """Those of the owner's roles in which this key acts: the customer's, or the colleague's."""
        as_customer = bool(self.scopes & PERMISSIONS[Role.CUSTOMER])
        return owner & {Role.CUSTOMER} if as_customer else owner - {Role.CUSTOMER}

    def live(self, *, at: datetime) -> bool:
        return self.revoked_at is None and at < self.expires_at

    def refusal(self, *, address: str | None, at: datetime) -> Refusal | None:
        """Why it is not good now, or not from there; None for a good one."""
        if self.revoked_at is not None:
            return Refusal.REVOKED
        if at >= self.expires_at:
            return Refusal.EXPIRED
        if not self.networks:
            return None
        inside = address is not None and any(
            ip_address(address) in ip_network(network) for network in self.networks
        )
        return None if inside else Refusal.FOREIGN_NETWORK

    def use_is_news(self, *, at: datetime) -> bool:
        """Whether `last_used_at` is worth writing down again."""
        return self.last_used_at is None or at >= self.last_used_at + USE_NOTED_EVERY

    def used(self, *, at: datetime) -> None:
        self.last_used_at = at

    def revoke(self, *, at: datetime) -> None:
        """End it; revoking twice changes nothing."""
        if self.revoked_at is None:
            self.revoked_at = at


def _normalised(networks: tuple[str, ...]) -> tuple[str, ...]:
    if len(networks) > MAX_NETWORKS:
        raise NetworkInvalid
    try:
        return tuple(str(ip_network(network)) for network in networks)
    except ValueError:
        raise NetworkInvalid from None
