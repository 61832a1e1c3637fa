"""One link of the audit log, as it is stored and as it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from uuid import UUID

import attrs

from printapic.domain.actors import Caller
from printapic.domain.events import aware_utc

_IPV4_PREFIX, _IPV6_PREFIX = 24, 48


@attrs.frozen(kw_only=True)
class AuditEntry:
    """What happened, in its place in the chain of its stream.

    `sequence` counts from 1 without gaps. `sealed` holds the caller's address and device, readable only
    with the data key of the subject; `network` is the coarse address of a caller who is nobody's subject.
    `mac` seals the entry and the one before it, under the key named `key_id`. Words are kept as they were
    written, so that an entry of a newer release can be read and verified too.
    """

    stream: str
    sequence: int
    at: datetime = attrs.field(validator=aware_utc)
    action: str
    actor_id: UUID | None
    subject_id: UUID | None
    session_id: UUID | None
    api_key_id: UUID | None
    request_id: str | None
    network: str | None
    sealed: str | None
    details: Mapping[str, str]
    key_id: str
    mac: str

    @property
    def owner_id(self) -> UUID | None:
        """Under whose data key the caller is sealed: that of whom it concerns, else of who did it."""
        return self.subject_id or self.actor_id


@attrs.frozen(kw_only=True)
class DamagedEntry:
    """A stored row that is none of ours: something in it has another form than what we write."""

    stream: str
    sequence: int | None


@attrs.frozen(kw_only=True)
class AuditRecord:
    """An entry as a reader sees it. `erased` says that the caller was forgotten with the subject's key."""

    entry: AuditEntry
    caller: Caller
    erased: bool


def coarse(address: str | None) -> str | None:
    """The network of an address, /24 or /48, in which a person is one of many; None for no address.

    An IPv4 address written as IPv6 (RFC 4291, 2.5.5.2) counts as what it is.
    """
    if address is None:
        return None
    try:
        found = ip_address(address)
    except ValueError:
        return None
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is None:
            return str(IPv6Network((int(found), _IPV6_PREFIX), strict=False))
        found = found.ipv4_mapped
    return str(IPv4Network((int(found), _IPV4_PREFIX), strict=False))
