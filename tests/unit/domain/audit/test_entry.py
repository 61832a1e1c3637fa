"""Where somebody was, so coarse that it might have been anybody."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from printapic.domain.audit.entry import coarse


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("0.0.0.0", "0.0.0.0/24"),
        ("2001:db8:aa:bb:cc::1", "2001:db8:aa::/48"),
        ("::1", "::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("fe80::1%eth0", "fe80::/48"),
        ("unknown", None),
        ("", None),
        (None, None),
    ],
)
def test_an_address_becomes_a_network(address: str | None, network: str | None) -> None:
    assert coarse(address) == network


@given(st.ip_addresses())
def test_a_network_tells_no_address_of_it_from_another(address: object) -> None:
    network = coarse(str(address))
    assert network is not None
    assert coarse(network.partition("/")[0]) == network
