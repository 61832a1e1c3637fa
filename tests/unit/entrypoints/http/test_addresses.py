"""Whose address counts: what the server sees, or what proxies of our own say, and nobody else."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from printapic.entrypoints.http.addresses import MOST_HOPS, Proxies
from printapic.entrypoints.http.headers import PROXIES, request_id

OURS = Proxies(frozenset({ip_network("10.0.0.0/8"), ip_network("fd00::/8")}))
NONE = Proxies()


def request(peer: str | None, *forwarded: str, **headers: str) -> dict[str, Any]:
    sent = [(b"x-forwarded-for", line.encode("latin-1", "replace")) for line in forwarded]
    sent += [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    return {"client": (peer, 50_000) if peer else None, "headers": sent, "state": {}}


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.7", [], "203.0.113.7"),
        ("203.0.113.7", ["198.51.100.1"], "203.0.113.7"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["192.0.2.9, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["192.0.2.9", "198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["192.0.2.9, 198.51.100.1, 10.9.9.9"], "198.51.100.1"),
        ("10.0.0.1", ["10.1.1.1, 10.9.9.9"], "10.1.1.1"),
        ("10.0.0.1", ["198.51.100.1:4711"], "198.51.100.1"),
        ("10.0.0.1", ["2001:DB8:0:0::1"], "2001:db8::1"),
        ("10.0.0.1", ["[2001:db8::1]:443"], "2001:db8::1"),
        ("10.0.0.1", ["fe80::1%eth0"], "fe80::1"),
        ("fd00::1", ["198.51.100.1"], "198.51.100.1"),
        ("::ffff:10.0.0.1", ["::ffff:198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["198.51.100.1, unknown"], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1, , 10.9.9.9"], "10.9.9.9"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("testclient", ["198.51.100.1"], None),
        (None, ["198.51.100.1"], None),
    ],
)
def test_the_rightmost_address_that_is_not_ours_is_the_client(
    peer: str | None, forwarded: list[str], client: str | None
) -> None:
    assert OURS.client_address(request(peer, *forwarded)) == client


@pytest.mark.parametrize("peer", ["10.0.0.1", "127.0.0.1", "::1"])
def test_without_proxies_nobody_is_believed(peer: str) -> None:
    assert NONE.client_address(request(peer, "198.51.100.1")) == peer


@given(st.lists(st.text(st.characters(max_codepoint=255), max_size=80), max_size=4))
def test_no_header_whatever_breaks_a_request(lines: list[str]) -> None:
    found = OURS.client_address(request("10.0.0.1", *lines))
    assert found is not None
    ip_address(found)


@given(st.ip_addresses(), st.lists(st.ip_addresses(), max_size=3))
def test_what_a_client_claims_never_reaches_behind_our_proxy(client: Any, claimed: list[Any]) -> None:
    chain = ", ".join(str(each) for each in [*claimed, client])
    alone = OURS.client_address(request("10.0.0.1", str(client)))
    if not OURS.speak(request(str(client))):
        assert OURS.client_address(request("10.0.0.1", chain)) == alone


def test_a_line_without_end_is_not_read_to_its_end() -> None:
    ours = ", 10.0.0.2" * 2 * MOST_HOPS
    assert OURS.client_address(request("10.0.0.1", f"198.51.100.1{ours}")) == "10.0.0.2"


def in_app(scope: dict[str, Any], proxies: Proxies) -> dict[str, Any]:
    return scope | {"litestar_app": SimpleNamespace(state={PROXIES: proxies})}


@pytest.mark.parametrize("given_id", ["0af7651916cd43dd8448eb211c80319c", "a-b-c-d-", "x" * 64])
def test_a_request_keeps_the_id_that_our_proxy_gave_it(given_id: str) -> None:
    scope = in_app(request("10.0.0.1", x_request_id=given_id), OURS)
    assert request_id(scope) == given_id
    assert request_id(scope) == given_id


@pytest.mark.parametrize("given_id", ["", "short", "x" * 65, "with space", "semi;colon", "äääääääää"])
def test_an_odd_id_is_replaced_whoever_gave_it(given_id: str) -> None:
    assert request_id(in_app(request("10.0.0.1", x_request_id=given_id), OURS)) != given_id


def test_an_id_given_by_a_stranger_or_given_twice_is_replaced() -> None:
    for scope in (
        in_app(request("203.0.113.7", x_request_id="0af7651916cd43dd"), OURS),
        in_app(request("10.0.0.1", x_request_id="0af7651916cd43dd"), NONE),
        request("10.0.0.1", x_request_id="0af7651916cd43dd"),
    ):
        assert request_id(scope) != "0af7651916cd43dd"
    twice = in_app(request("10.0.0.1", x_request_id="0af7651916cd43dd"), OURS)
    twice["headers"] *= 2
    assert request_id(twice) != "0af7651916cd43dd"
