"""Whom somebody reaches: their own account, or those of others, and how far."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from printapic.domain.actors import Actor, Role
from printapic.domain.audit.event import AuditAction
from printapic.domain.users.permissions import Permission, permissions
from printapic.domain.users.session import ReauthenticationRequired, SessionInvalid
from printapic.domain.users.user import ColleagueProtected, Locale, OwnRoles
from tests.shop_floor import MINUTE, PASSWORD, ShopFloor, user_of

ANNA = "anna@example.org"
READ = frozenset({Permission.ORDER_READ})

ACTS: dict[str, Callable[[ShopFloor], Callable[..., Any]]] = {
    "set-roles": lambda floor: partial(floor.shop.set_roles, roles=frozenset({Role.ADMIN})),
    "disable": lambda floor: floor.shop.disable_user,
    "enable": lambda floor: floor.shop.enable_user,
    "reset-mfa": lambda floor: floor.shop.reset_second_factor,
}
"""What administrators do to an account that decides who gets in."""


@pytest.fixture(params=ACTS)
def act(request: pytest.FixtureRequest, floor: ShopFloor) -> Callable[..., Any]:
    return ACTS[request.param](floor)


def test_what_is_not_said_of_a_profile_stays(floor: ShopFloor, anna: Actor) -> None:
    change = floor.shop.update_profile
    before = floor.shop.read_user(user_id=user_of(anna))
    unchanged = change(user_id=before.id)
    assert unchanged.version == before.version
    german = change(user_id=before.id, locale=Locale.DE)
    assert (german.name, german.locale, german.version) == (before.name, Locale.DE, before.version + 1)
    nameless = change(user_id=before.id, name=None)
    assert (nameless.name, nameless.locale) == (None, Locale.DE)
    assert change(user_id=before.id, name=None, locale=Locale.DE).version == nameless.version


def test_support_ends_the_sessions_of_customers_and_not_those_of_colleagues(
    floor: ShopFloor, anna: Actor
) -> None:
    support, admin = permissions(frozenset({Role.SUPPORT})), permissions(frozenset({Role.ADMIN}))
    helper = user_of(floor.staff(Role.SUPPORT))
    floor.session(ANNA)
    end = floor.shop.end_sessions
    assert end(user_id=user_of(anna), actor_id=helper, actor_may=support) == 1
    floor.grant(ANNA, Role.OPERATOR)
    colleague = floor.session(ANNA)
    with pytest.raises(ColleagueProtected):
        end(user_id=user_of(anna), actor_id=helper, actor_may=support)
    assert [session.id for session in floor.shop.list_sessions(user_id=user_of(anna))] == [colleague]
    assert end(user_id=user_of(anna), actor_id=helper, actor_may=admin) == 1


def test_one_sees_what_is_left_of_ones_second_factor(floor: ShopFloor, anna: Actor) -> None:
    def seen() -> tuple[bool, int, bool]:
        state = floor.shop.read_second_factor(user_id=user_of(anna))
        return state.enabled, state.recovery_codes_left, state.reset_due_at is not None

    own = floor.session(ANNA)
    assert seen() == (False, 0, False)
    floor.shop.enrol_second_factor(user_id=user_of(anna), session_id=own)
    assert seen() == (False, 0, False)
    _, codes = floor.enrol(anna, own)
    floor.session(ANNA, codes[0])
    assert seen() == (True, 9, False)
    floor.shop.reset_second_factor(user_id=user_of(anna), actor_id=None)
    assert seen() == (True, 9, True)


def test_nobody_asks_for_the_removal_of_their_own_second_factor(floor: ShopFloor, anna: Actor) -> None:
    """A thief in the session could wait for three days: the owner disables it with a code."""
    floor.enrol(anna, floor.session(ANNA))
    with pytest.raises(OwnRoles):
        floor.shop.reset_second_factor(user_id=user_of(anna), actor_id=user_of(anna))
    assert floor.shop.read_second_factor(user_id=user_of(anna)).reset_due_at is None


def test_in_a_session_a_key_takes_a_proof_that_is_fresh(floor: ShopFloor, anna: Actor) -> None:
    floor.grant(ANNA, Role.ADMIN)
    own = floor.session(ANNA)
    wishes = {"owner_id": user_of(anna), "name": "till", "scopes": READ}
    key, _ = floor.shop.issue_api_key(session_id=own, **wishes)  # type: ignore[arg-type]
    floor.clock.advance(5 * MINUTE + timedelta(seconds=1))
    with pytest.raises(ReauthenticationRequired):
        floor.shop.issue_api_key(session_id=own, **wishes)  # type: ignore[arg-type]
    other = floor.shop.create_admin(email="root@example.org", password="nineteen blue herons")
    with pytest.raises(SessionInvalid):
        floor.shop.issue_api_key(session_id=own, **wishes | {"owner_id": other})  # type: ignore[arg-type]
    assert [each.id for each in floor.shop.list_api_keys()] == [key.id]


def test_the_shops_keeper_revokes_a_key_and_it_is_written_down_once(floor: ShopFloor, anna: Actor) -> None:
    floor.grant(ANNA, Role.ADMIN)
    key, _ = floor.shop.issue_api_key(owner_id=user_of(anna), name="till", scopes=READ)
    for _ in range(2):
        assert floor.shop.revoke_api_key(key_id=key.id, actor_id=None) == user_of(anna)
    assert floor.audited().count(AuditAction.API_KEY_REVOKED) == 1


def test_who_gets_in_is_decided_by_somebody_who_has_just_proven_who_they_are(
    floor: ShopFloor, anna: Actor, act: Callable[..., Any]
) -> None:
    """A stolen access token alone makes nobody an administrator."""
    floor.enrol(anna, floor.session(ANNA))
    root = floor.staff(Role.ADMIN)
    own = floor.session("admin@example.org")
    floor.clock.advance(5 * MINUTE + timedelta(seconds=1))
    before = floor.shop.read_user(user_id=user_of(anna)).version, floor.audited()
    with pytest.raises(ReauthenticationRequired):
        act(user_id=user_of(anna), actor_id=user_of(root), session_id=own)
    assert (floor.shop.read_user(user_id=user_of(anna)).version, floor.audited()) == before
    assert floor.shop.read_second_factor(user_id=user_of(anna)).reset_due_at is None
    floor.shop.reauthenticate(user_id=user_of(root), session_id=own, password=PASSWORD)
    act(user_id=user_of(anna), actor_id=user_of(root), session_id=own)


def test_nobody_acts_in_the_session_of_somebody_else(
    floor: ShopFloor, anna: Actor, act: Callable[..., Any]
) -> None:
    floor.enrol(anna, floor.session(ANNA))
    root = floor.staff(Role.ADMIN)
    foreign = floor.session("admin@example.org")
    other = floor.shop.create_admin(email="other@example.org", password=PASSWORD)
    for actor_id in (other, None):
        with pytest.raises(SessionInvalid):
            act(user_id=user_of(anna), actor_id=actor_id, session_id=foreign)
    floor.shop.end_sessions(
        user_id=user_of(root), actor_id=other, actor_may=permissions(frozenset({Role.ADMIN}))
    )
    with pytest.raises(SessionInvalid):
        act(user_id=user_of(anna), actor_id=user_of(root), session_id=foreign)
