"""Addresses: from where a request comes, over however many proxies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

import attrs

from printapic.entrypoints.settings import Network

Address = IPv4Address | IPv6Address
MOST_HOPS = 20
_LONGEST = 64


@attrs.frozen
class Proxies:
    """The proxies of this shop's own operator, whose word about the client is believed."""

    networks: frozenset[Network] = frozenset()

    def client_address(self, scope: Mapping[str, Any]) -> str | None:
        """The client's IP address in its normal spelling; None where the server knows none.

        Each proxy adds at the right of `X-Forwarded-For` from where it was called. What one of our own says
        counts; what was in the header before is anybody's claim, and never looked at.
        """
        address = _peer(scope)
        for hop in _hops(scope):
            if address is None or not self._ours(address):
                break
            said = _parsed(hop)
            if said is None:
                break
            address = said
        return None if address is None else str(address)

    def speak(self, scope: Mapping[str, Any]) -> bool:
        """Whether the request came over one of them."""
        peer = _peer(scope)
        return peer is not None and self._ours(peer)

    def _ours(self, address: Address) -> bool:
        return any(address in network for network in self.networks)


def sent(scope: Mapping[str, Any], name: bytes) -> list[str]:
    """Every value that was sent under this name in lower case, in order."""
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def _peer(scope: Mapping[str, Any]) -> Address | None:
    client = scope.get("client")
    return _parsed(str(client[0])) if client else None


def _hops(scope: Mapping[str, Any]) -> Iterator[str]:
    """What `X-Forwarded-For` says, the nearest first, and not without end."""
    for line in reversed(sent(scope, b"x-forwarded-for")):
        yield from reversed(line.rsplit(",", MOST_HOPS))


def _parsed(text: str) -> Address | None:
    """An address as proxies write it: bare, in brackets, with a port, with a zone, or IPv4 inside IPv6."""
    text = text.strip()
    if len(text) > _LONGEST:
        return None
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
