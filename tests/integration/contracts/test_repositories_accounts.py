"""What the repositories of accounts find, and what ends with one statement."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from printapic.application.ports.unit_of_work import ConcurrentUpdate
from printapic.domain.actors import Role
from printapic.domain.ids import ApiKeyId, UserId
from printapic.domain.users.account_request import RequestKind
from printapic.domain.users.email import EmailAddress
from printapic.domain.users.session import SessionEnd
from tests import builders as b
from tests.integration.stores import Store

DAY = timedelta(days=1)


def test_administrators_are_those_who_can_log_in(store: Store) -> None:
    admin = b.another_customer(roles=frozenset({Role.ADMIN, Role.SUPPORT}), disabled_at=None)
    other = b.another_customer(roles=frozenset({Role.ADMIN}), disabled_at=None)
    closed = b.another_customer(roles=frozenset({Role.ADMIN}))
    support = b.another_customer(roles=frozenset({Role.SUPPORT}), disabled_at=None)
    with store.units() as work:
        for user in (other, support, closed, admin):
            work.users.add(user)
        assert work.users.administrators() == tuple(sorted((admin, other), key=lambda user: user.id))


@pytest.mark.parametrize(
    ("text", "found"),
    [("ANN", ["anna"]), ("example.net", ["anna", "bert"]), ("smith", ["bert"]), ("100%", []), ("a_n", [])],
)
def test_users_are_found_by_part_of_address_or_name(store: Store, text: str, found: list[str]) -> None:
    people = {
        "anna": b.another_customer(email=EmailAddress.parse("Anna@example.net"), name=None),
        "bert": b.another_customer(email=EmailAddress.parse("b@example.net"), name="Bert Smith"),
    }
    with store.units() as work:
        for user in people.values():
            work.users.add(user)
        work.commit()
    with store.units.reading() as work:
        assert work.users.all(after=None, limit=10, containing=text) == tuple(people[name] for name in found)
        assert work.users.all(after=None, limit=1, containing="example.net") == (people["anna"],)


def test_the_newest_registration_that_can_be_redeemed_is_the_pending_one(store: Store) -> None:
    anna = EmailAddress.parse("anna@example.net")
    later = b.NOON + timedelta(days=1)
    old, new, used, late, other = (
        b.a_registration(email=anna, used_at=None, expires_at=later),
        b.a_registration(email=anna, used_at=None, expires_at=later),
        b.a_registration(email=anna, used_at=b.NOON, expires_at=later),
        b.a_registration(email=anna, used_at=None, expires_at=b.NOON),
        b.a_registration(used_at=None, expires_at=later),
    )
    with store.units() as work:
        for registration in (new, old, used, late, other):
            work.registrations.add(registration)
        assert work.registrations.pending(anna.key, at=b.NOON) == max(old, new, key=lambda each: each.id)
        assert work.registrations.pending("nobody@example.net", at=b.NOON) is None


def test_live_sessions_are_listed_newest_first_and_ended_together(store: Store) -> None:
    anna, bert = b.another_customer(), b.another_customer()
    alive: dict[str, Any] = {
        "revoked_at": None,
        "ended_by": None,
        "refreshed_at": b.NOON,
        "expires_at": b.NOON + timedelta(days=1),
        "idle_s": 3600,
    }
    first, second, third = (b.a_session(user_id=anna.id, **alive) for _ in range(3))
    foreign = b.a_session(user_id=bert.id, **alive)
    ended = b.a_session(user_id=anna.id)
    expired = b.a_session(user_id=anna.id, **{**alive, "expires_at": b.NOON})
    idle = b.a_session(user_id=anna.id, **{**alive, "idle_s": 0})
    with store.units() as work:
        for user in (anna, bert):
            work.users.add(user)
        for session in (first, second, third, foreign, ended, expired, idle):
            work.sessions.add(session)
        work.commit()
    with store.units.reading() as work:
        assert work.sessions.live(anna.id, at=b.NOON) == (third, second, first)
        assert work.sessions.live(anna.id, at=b.NOON, limit=1) == (third,)
    with store.units() as work:
        stale = work.sessions.get(first.id)
        assert stale is not None
        ends = work.sessions.end_all(anna.id, SessionEnd.REVOKED, at=b.NOON, keep=second.id)
        assert ends == 4
        with pytest.raises(ConcurrentUpdate):
            work.sessions.save(stale)
    with store.units() as work:
        assert work.sessions.end_all(anna.id, SessionEnd.ERASED, at=b.NOON, keep=second.id) == 4
        work.commit()
    with store.units.reading() as work:
        assert work.sessions.live(anna.id, at=b.NOON) == (second,)
        assert work.sessions.live(bert.id, at=b.NOON) == (foreign,)
        gone = work.sessions.get(first.id)
        assert gone is not None
        assert (gone.revoked_at, gone.ended_by, gone.version) == (
            b.NOON,
            SessionEnd.ERASED,
            first.version + 1,
        )


def test_requests_are_found_by_their_tokens(store: Store) -> None:
    request, other = b.an_account_request(), b.an_account_request()
    with store.units() as work:
        work.account_requests.add(request)
        work.account_requests.add(other)
        assert request.token_sha256 is not None
        assert work.account_requests.by_token(request.token_sha256) == request
        assert work.account_requests.by_token("0" * 64) is None


def test_open_requests_of_a_user_are_withdrawn_together(store: Store) -> None:
    anna, bert = UserId(b.new_id()), UserId(b.new_id())
    kind = RequestKind.EMAIL_CHANGE
    early, late, used, other_kind, foreign = (
        b.an_account_request(kind=kind, user_id=anna, used_at=None, created_at=b.NOON),
        b.an_account_request(kind=kind, user_id=anna, used_at=None, created_at=b.NOON + DAY),
        b.an_account_request(kind=kind, user_id=anna, used_at=b.NOON),
        b.an_account_request(kind=RequestKind.EMAIL_REVERT, user_id=anna, used_at=None),
        b.an_account_request(kind=kind, user_id=bert, used_at=None),
    )
    with store.units() as work:
        for request in (early, late, used, other_kind, foreign):
            work.account_requests.add(request)
        work.commit()
    with store.units() as work:
        withdraw = work.account_requests.withdraw_all
        assert withdraw(anna, frozenset({kind}), at=b.NOON + 2 * DAY, since=b.NOON + DAY) == 1
        assert withdraw(anna, frozenset({kind}), at=b.NOON + 2 * DAY) == 1
        assert withdraw(anna, frozenset({kind}), at=b.NOON + 2 * DAY) == 0
        stored = [work.account_requests.get(each.id) for each in (early, late, used, other_kind, foreign)]
        assert [each.used_at if each else None for each in stored] == [
            b.NOON + 2 * DAY,
            b.NOON + 2 * DAY,
            b.NOON,
            None,
            None,
        ]
        assert [each.version if each else 0 for each in stored[:2]] == [early.version + 1, late.version + 1]


def test_a_user_has_one_second_factor_which_can_be_removed_once(store: Store) -> None:
    anna = b.another_customer()
    factor = b.a_second_factor(id=anna.id)
    with store.units() as work:
        work.users.add(anna)
        work.second_factors.add(factor)
        with pytest.raises(ConcurrentUpdate):
            work.second_factors.add(b.a_second_factor(id=anna.id))
        work.commit()
    with store.units() as work:
        found = work.second_factors.get(anna.id)
        assert found is not None
        found.disable(at=b.NOON)
        work.second_factors.remove(found)
        assert work.second_factors.get(anna.id) is None
        with pytest.raises(ConcurrentUpdate):
            work.second_factors.remove(found)
    with store.units() as work:
        found = work.second_factors.get(anna.id)
        assert found is not None
        found.disable(at=b.NOON)
        work.second_factors.remove(found)
        work.commit()
    assert store.jobs() == ["SecondFactorDisabled"]
    with store.units.reading() as work:
        assert work.second_factors.get(anna.id) is None


def test_keys_come_with_their_owners_and_are_listed_newest_first(store: Store) -> None:
    anna = b.another_customer()
    keys = [b.an_api_key(owner_id=anna.id) for _ in range(3)]
    with store.units() as work:
        work.users.add(anna)
        for key in keys:
            work.api_keys.add(key)
        work.commit()
    with store.units.reading() as work:
        assert work.api_keys.with_owner(keys[0].id) == (keys[0], anna)
        assert work.api_keys.with_owner(ApiKeyId(anna.id)) is None
        first = work.api_keys.all(before=None, limit=2)
        assert [*first, *work.api_keys.all(before=first[-1].id, limit=2)] == keys[::-1]
