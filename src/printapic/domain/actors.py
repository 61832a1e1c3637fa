"""Who does something: the word that orders, payments and users all use for it."""

from __future__ import annotations

from enum import StrEnum
from ipaddress import ip_address, ip_network

import attrs

from printapic.domain.ids import UserId


class Role(StrEnum):
    """`SYSTEM` stands for workers and timers; nobody can log in as it."""

    CUSTOMER = "customer"
    OPERATOR = "operator"
    SUPPORT = "support"
    ADMIN = "admin"
    SYSTEM = "system"


@attrs.frozen
class Actor:
    """A person with their roles, or the system itself (`user_id` None)."""

    user_id: UserId | None
    roles: frozenset[Role]


@attrs.frozen(kw_only=True)
class Caller:
    """From where somebody calls: for limits, for the list of sessions and for the audit log.

    `address` is the client's IP address in its normal spelling, None inside the process; `device` a short
    label such as "Firefox on Windows", already cleaned for display; `request_id` that of the HTTP request.
    """

    address: str | None = None
    device: str | None = None
    request_id: str | None = None

    @property
    def network(self) -> str | None:
        """What counts as one client: an IPv4 address, or the /64 in which an IPv6 host picks its own."""
        if self.address is None:
            return None
        address = ip_address(self.address)
        return self.address if address.version == 4 else str(ip_network((address, 64), strict=False))


UNKNOWN_CALLER = Caller()
SYSTEM = Actor(None, frozenset({Role.SYSTEM}))
