from __future__ import annotations

from uuid import UUID

from printapic.domain.actors import SYSTEM, Actor, Role
from printapic.domain.ids import UserId


def test_the_system_is_nobody_in_particular() -> None:
    assert Actor(None, frozenset({Role.SYSTEM})) == SYSTEM


def test_an_actor_is_a_value() -> None:
    anna = UserId(UUID(int=1))
    assert Actor(anna, frozenset({Role.CUSTOMER})) == Actor(anna, frozenset({Role.CUSTOMER}))
    assert Actor(anna, frozenset({Role.CUSTOMER})) != Actor(anna, frozenset({Role.ADMIN}))


def test_roles_are_stored_and_shown_by_name() -> None:
    assert [str(role) for role in Role] == ["customer", "operator", "support", "admin", "system"]
