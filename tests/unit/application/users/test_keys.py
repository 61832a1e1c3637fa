"""Rotating and revoking keys, as those notice who are logged in and those who read the audit log."""

from __future__ import annotations

from contextlib import AbstractContextManager

import attrs
import pytest

from printapic.application.ports.audit import AuditQuery
from printapic.application.ports.keys import ROTATE_EVERY, KeyNotFound, KeyState, NextKeyTooNew
from printapic.application.ports.unit_of_work import StorageUnavailable, UnitOfWork, UnitOfWorkFactory
from printapic.domain.actors import Actor
from printapic.domain.audit.event import AuditAction, AuditStream
from printapic.domain.users.session import SessionInvalid
from tests.shop_floor import DAY, MINUTE, PASSWORD, ShopFloor


def states(floor: ShopFloor) -> list[KeyState]:
    return [key.state for key in floor.shop.list_keys()]


def audited(floor: ShopFloor) -> list[tuple[str, dict[str, str]]]:
    with floor.unit_of_work.reading() as work:
        records = work.audit.page(AuditQuery(stream=AuditStream.ADMIN), before=None, limit=10)
    return [(record.entry.action, dict(record.entry.details)) for record in records]


def test_a_rotation_logs_nobody_out(floor: ShopFloor, anna: Actor) -> None:
    before = floor.shop.log_in(email="anna@example.org", password=PASSWORD)
    floor.clock.advance(5 * MINUTE)
    active = floor.shop.rotate_keys()
    assert states(floor) == [KeyState.RETIRING, KeyState.ACTIVE, KeyState.NEXT]
    after = floor.shop.refresh_session(refresh_token=before.refresh_token)
    assert after.refresh_token.startswith(f"prt_{active.kid}.")
    for pair in (before, after):
        assert floor.shop.authenticate(access_token=pair.access_token).user_id == anna.user_id


def test_a_key_that_signs_is_overdue_after_a_while_and_others_never_are(floor: ShopFloor) -> None:
    floor.clock.advance(5 * MINUTE)
    active = floor.shop.rotate_keys()
    now = floor.clock.now()
    assert not active.overdue(at=now)
    assert not active.overdue(at=now + ROTATE_EVERY - MINUTE)
    assert active.overdue(at=now + ROTATE_EVERY)
    assert [key.overdue(at=now + 2 * ROTATE_EVERY) for key in floor.shop.list_keys()] == [False, True, False]
    assert attrs.evolve(active, signs_since=None, created_at=None).overdue(at=now), "nobody knows since when"


def test_a_rotation_waits_until_the_next_key_is_known_everywhere(floor: ShopFloor) -> None:
    floor.clock.advance(5 * MINUTE)
    floor.shop.rotate_keys()
    with pytest.raises(NextKeyTooNew):
        floor.shop.rotate_keys()
    assert states(floor) == [KeyState.RETIRING, KeyState.ACTIVE, KeyState.NEXT]
    floor.shop.rotate_keys(at_once=True)
    assert states(floor) == [KeyState.RETIRING, KeyState.RETIRING, KeyState.ACTIVE, KeyState.NEXT]


def test_rotations_and_revocations_are_in_the_audit_log_by_the_names_of_keys(floor: ShopFloor) -> None:
    active = floor.shop.rotate_keys(at_once=True)
    floor.shop.revoke_key(kid=active.kid)
    with pytest.raises(KeyNotFound):
        floor.shop.revoke_key(kid="nobody")
    assert audited(floor) == [
        (AuditAction.KEY_REVOKED, {"kid": active.kid}),
        (AuditAction.KEYS_ROTATED, {"active": active.kid}),
    ]


def test_a_revoked_key_takes_its_sessions_with_it_and_new_ones_begin(floor: ShopFloor, anna: Actor) -> None:
    pair = floor.shop.log_in(email="anna@example.org", password=PASSWORD)
    leaked = next(key for key in floor.shop.list_keys() if key.state is KeyState.ACTIVE)
    assert floor.shop.revoke_key(kid=leaked.kid).state is KeyState.REVOKED
    with pytest.raises(SessionInvalid):
        floor.shop.authenticate(access_token=pair.access_token)
    with pytest.raises(SessionInvalid):
        floor.shop.refresh_session(refresh_token=pair.refresh_token)
    again = floor.shop.log_in(email="anna@example.org", password=PASSWORD)
    assert floor.shop.authenticate(access_token=again.access_token).user_id == anna.user_id


def test_a_mail_under_way_stays_good_whatever_happens_to_keys(floor: ShopFloor) -> None:
    floor.shop.register(email="carl@example.org")
    floor.work()
    token = floor.token()
    floor.shop.rotate_keys(at_once=True)
    floor.shop.revoke_key(kid=floor.shop.list_keys()[0].kid)
    floor.shop.verify_email(token=token, password=PASSWORD)
    pair = floor.shop.log_in(email="carl@example.org", password=PASSWORD)
    floor.shop.authenticate(access_token=pair.access_token)


def test_public_keys_are_listed_until_their_last_token_has_expired(floor: ShopFloor) -> None:
    first, second = (key.kid for key in floor.shop.list_public_keys())
    third = floor.shop.rotate_keys(at_once=True)
    assert third.kid == second
    assert [key.kid for key in floor.shop.list_public_keys()][:2] == [first, second]
    floor.clock.advance(DAY)
    assert first not in {key.kid for key in floor.shop.list_public_keys()}


@attrs.frozen
class ReadOnly(UnitOfWorkFactory):
    """A database that takes nothing in."""

    inner: UnitOfWorkFactory

    def __call__(self) -> AbstractContextManager[UnitOfWork]:
        raise StorageUnavailable

    def reading(self) -> AbstractContextManager[UnitOfWork]:
        return self.inner.reading()


def test_no_key_changes_where_the_log_cannot_be_written(floor: ShopFloor) -> None:
    before = floor.shop.list_keys()
    rotate = attrs.evolve(floor.shop.rotate_keys, unit_of_work=ReadOnly(floor.unit_of_work))
    revoke = attrs.evolve(floor.shop.revoke_key, unit_of_work=ReadOnly(floor.unit_of_work))
    with pytest.raises(StorageUnavailable):
        rotate(at_once=True)
    with pytest.raises(StorageUnavailable):
        revoke(kid=before[0].kid)
    assert floor.shop.list_keys() == before
