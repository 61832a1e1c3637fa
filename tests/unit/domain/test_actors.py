from __future__ import annotations

from uuid import UUID

import pytest

from printapic.domain.actors import SYSTEM, UNKNOWN_CALLER, Actor, Caller, Role
from printapic.domain.ids import UserId


def test_the_system_is_nobody_in_particular() -> None:
    assert Actor(None, frozenset({Role.SYSTEM})) == SYSTEM


def test_an_actor_is_a_value() -> None:
    anna = UserId(UUID(int=1))
    assert Actor(anna, frozenset({Role.CUSTOMER})) == Actor(anna, frozenset({Role.CUSTOMER}))
    assert Actor(anna, frozenset({Role.CUSTOMER})) != Actor(anna, frozenset({Role.ADMIN}))


def test_roles_are_stored_and_shown_by_name() -> None:
    assert [str(role) for role in Role] == ["customer", "operator", "support", "admin", "system"]


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::", "2001:db8:1:3::/64"),
        ("::1", "::/64"),
    ],
)
def test_a_whole_64_of_ipv6_is_one_client(address: str, network: str) -> None:
    assert Caller(address=address).network == network
    assert UNKNOWN_CALLER.network is None
