"""API keys: what machines carry, and never more than who answers for them may do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from printapic.application.ports.audit import AuditQuery
from printapic.application.users.principal import Principal
from printapic.domain.actors import Actor, Caller, Role
from printapic.domain.audit.event import AuditAction
from printapic.domain.ids import ApiKeyId
from printapic.domain.users.api_key import (
    ApiKeyNotFound,
    LifetimeNotAllowed,
    NetworkInvalid,
    ScopeNotGrantable,
    ScopesMixed,
)
from printapic.domain.users.permissions import Permission
from printapic.domain.users.session import SessionInvalid
from tests.shop_floor import DAY, MINUTE, ShopFloor, user_of

ROOT = "admin@example.org"
READ = frozenset({Permission.ORDER_READ})
WAREHOUSE = Caller(address="198.51.100.7")


@pytest.fixture
def root(floor: ShopFloor) -> Actor:
    return floor.staff(Role.ADMIN)


def issue(floor: ShopFloor, owner: Actor, scopes: frozenset[Permission] = READ, **wishes: object) -> str:
    _, key = floor.shop.issue_api_key(
        owner_id=user_of(owner),
        name="warehouse",
        scopes=scopes,
        **wishes,  # type: ignore[arg-type]
    )
    return key


def enter(floor: ShopFloor, key: str, caller: Caller = WAREHOUSE) -> Principal:
    return floor.shop.authenticate_api_key(api_key=key, caller=caller)


def test_a_key_lets_a_machine_do_what_it_is_for_in_its_owners_name(floor: ShopFloor, root: Actor) -> None:
    machine = enter(floor, issue(floor, root))
    assert machine.user_id == root.user_id
    assert machine.permissions == READ
    assert machine.actor.roles == {Role.ADMIN}
    assert machine.api_key is not None
    with pytest.raises(SessionInvalid):
        _ = machine.session_id


def test_the_key_itself_is_kept_nowhere(floor: ShopFloor, root: Actor) -> None:
    key = issue(floor, root)
    (record,) = floor.shop.list_api_keys()
    assert key not in repr(record)
    assert record.sha256 not in repr(record)
    assert record.sha256 in floor.stored()
    assert key not in floor.stored()
    assert floor.audited()[-1] == AuditAction.API_KEY_ISSUED


@pytest.mark.parametrize("what", ["", "guessed", "pap_test_", "\ud800", "x" * 5000])
def test_what_is_no_key_of_ours_opens_nothing(floor: ShopFloor, root: Actor, what: str) -> None:
    issue(floor, root)
    with pytest.raises(SessionInvalid):
        enter(floor, what)


def test_another_secret_under_a_known_id_opens_nothing(floor: ShopFloor, root: Actor) -> None:
    issue(floor, root)
    (record,) = floor.shop.list_api_keys()
    with pytest.raises(SessionInvalid):
        enter(floor, floor.shop.issue_api_key.key_mint.mint(record.id))
    with pytest.raises(SessionInvalid):
        enter(floor, floor.shop.issue_api_key.key_mint.mint(ApiKeyId(user_of(root))))


def test_a_key_lives_ninety_days_unless_told_otherwise(floor: ShopFloor, root: Actor) -> None:
    usual, short = issue(floor, root), issue(floor, root, lifetime=DAY)
    floor.clock.advance(DAY)
    enter(floor, usual)
    with pytest.raises(SessionInvalid):
        enter(floor, short)
    floor.clock.advance(89 * DAY)
    with pytest.raises(SessionInvalid):
        enter(floor, usual)


@pytest.mark.parametrize("lifetime", [timedelta(0), -DAY, 366 * DAY])
def test_no_key_lives_for_ever_or_not_at_all(floor: ShopFloor, root: Actor, lifetime: timedelta) -> None:
    with pytest.raises(LifetimeNotAllowed):
        issue(floor, root, lifetime=lifetime)


def test_a_revoked_key_is_over_and_may_be_revoked_again(floor: ShopFloor, root: Actor) -> None:
    key = issue(floor, root)
    (record,) = floor.shop.list_api_keys()
    for _ in range(2):
        floor.shop.revoke_api_key(key_id=record.id, actor_id=user_of(root))
    with pytest.raises(SessionInvalid):
        enter(floor, key)
    assert floor.audited().count(AuditAction.API_KEY_REVOKED) == 1
    with pytest.raises(ApiKeyNotFound):
        floor.shop.revoke_api_key(key_id=ApiKeyId(user_of(root)), actor_id=user_of(root))


def test_a_key_is_worth_nothing_when_its_owner_is_closed_and_less_when_they_are(
    floor: ShopFloor, root: Actor
) -> None:
    floor.staff(Role.ADMIN, Role.SUPPORT)
    both = issue(floor, root, frozenset({Permission.ORDER_READ, Permission.PRICE_WRITE}))
    floor.shop.set_roles(user_id=user_of(root), roles=frozenset({Role.SUPPORT}), actor_id=None)
    assert enter(floor, both).permissions == READ
    floor.shop.disable_user(user_id=user_of(root), actor_id=None)
    with pytest.raises(SessionInvalid):
        enter(floor, both)


@pytest.mark.parametrize(
    ("networks", "address", "admitted"),
    [
        (("198.51.100.0/24",), "198.51.100.7", True),
        (("198.51.100.0/24",), "198.51.101.7", False),
        (("2001:db8::/48", "198.51.100.7/32"), "2001:db8:0:9::1", True),
        (("2001:db8::/48",), "198.51.100.7", False),
        (("198.51.100.0/24",), None, False),
    ],
)
def test_a_key_may_be_bound_to_networks(
    floor: ShopFloor, root: Actor, networks: tuple[str, ...], address: str | None, admitted: bool
) -> None:
    key = issue(floor, root, networks=networks)
    if admitted:
        enter(floor, key, Caller(address=address))
    else:
        with pytest.raises(SessionInvalid):
            enter(floor, key, Caller(address=address))


@pytest.mark.parametrize("networks", [("home",), ("198.51.100.7/24",), ("10.0.0.0/8",) * 21])
def test_networks_are_written_as_such_and_not_without_end(
    floor: ShopFloor, root: Actor, networks: tuple[str, ...]
) -> None:
    with pytest.raises(NetworkInvalid):
        issue(floor, root, networks=networks)


@pytest.mark.parametrize(
    "scope",
    [Permission.ACCOUNT_SELF, Permission.ROLE_WRITE, Permission.API_KEY_WRITE, Permission.PRODUCTION_ADVANCE],
)
def test_no_key_does_what_its_owner_may_not_or_what_takes_a_person(
    floor: ShopFloor, root: Actor, scope: Permission
) -> None:
    with pytest.raises(ScopeNotGrantable) as refusal:
        issue(floor, root, READ | {scope})
    assert refusal.value.details == {"scopes": [scope.value]}


def test_a_machine_is_a_customer_or_a_colleague_and_never_both(floor: ShopFloor, root: Actor) -> None:
    own = frozenset({Permission.ORDER_OWN})
    with pytest.raises(ScopesMixed):
        issue(floor, root, own | READ)
    assert enter(floor, issue(floor, root, own)).actor.roles == {Role.CUSTOMER}


def test_the_last_use_is_noted_once_a_minute(floor: ShopFloor, root: Actor) -> None:
    key = issue(floor, root)
    (unused,) = floor.shop.list_api_keys()
    assert unused.last_used_at is None
    first = floor.clock.now()
    for _ in range(3):
        enter(floor, key)
        floor.clock.advance(MINUTE / 4)
    (used,) = floor.shop.list_api_keys()
    assert (used.last_used_at, used.version) == (first, unused.version + 1)
    floor.clock.advance(MINUTE)
    enter(floor, key)
    assert floor.shop.list_api_keys()[0].last_used_at == floor.clock.now()


def revoke(floor: ShopFloor, root: Actor) -> None:
    (record,) = floor.shop.list_api_keys()
    floor.shop.revoke_api_key(key_id=record.id, actor_id=user_of(root))


def outlive(floor: ShopFloor, root: Actor) -> None:
    floor.clock.advance(90 * DAY)


def disable_owner(floor: ShopFloor, root: Actor) -> None:
    floor.staff(Role.ADMIN, Role.SUPPORT)
    floor.shop.disable_user(user_id=user_of(root), actor_id=None)


def carry_away(floor: ShopFloor, root: Actor) -> None:
    """To a place where this key may not be used, as is seen when it is."""


@pytest.mark.parametrize(
    ("happens", "reason"),
    [
        (revoke, "revoked"),
        (outlive, "expired"),
        (disable_owner, "owner disabled"),
        (carry_away, "foreign network"),
    ],
)
def test_a_right_key_that_is_refused_is_remembered_once_a_minute(
    floor: ShopFloor, root: Actor, happens: Callable[[ShopFloor, Actor], None], reason: str
) -> None:
    key = issue(floor, root, networks=("198.51.100.0/24",))
    (record,) = floor.shop.list_api_keys()
    happens(floor, root)
    where = Caller(address="203.0.113.9") if happens is carry_away else WAREHOUSE
    for minutes in (1, 2):
        for _ in range(3):
            with pytest.raises(SessionInvalid):
                enter(floor, key, where)
        query = AuditQuery(action=AuditAction.API_KEY_REFUSED)
        noted = floor.shop.read_audit_log(query=query)
        assert len(noted) == minutes
        assert noted[0].entry.details == {"reason": reason}
        assert (noted[0].entry.api_key_id, noted[0].entry.subject_id) == (record.id, root.user_id)
        floor.clock.advance(MINUTE)


def test_a_wrong_secret_is_no_sign_of_a_leak(floor: ShopFloor, root: Actor) -> None:
    issue(floor, root)
    revoke(floor, root)
    (record,) = floor.shop.list_api_keys()
    with pytest.raises(SessionInvalid):
        enter(floor, floor.shop.issue_api_key.key_mint.mint(record.id))
    assert AuditAction.API_KEY_REFUSED not in floor.audited()


def test_keys_are_listed_newest_first_in_pages(floor: ShopFloor, root: Actor) -> None:
    for _ in range(3):
        issue(floor, root)
    first = floor.shop.list_api_keys(limit=2)
    rest = floor.shop.list_api_keys(before=first[-1].id, limit=2)
    ids = [key.id for key in (*first, *rest)]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == 3
