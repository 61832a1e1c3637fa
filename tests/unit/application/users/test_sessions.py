"""Staying logged in, seeing where, and ending it: for owners, for thieves, and for lost replies."""

from __future__ import annotations

from datetime import timedelta

import pytest

from printapic.application.ports.throttle import TooManyRequests
from printapic.application.users.sessions import SessionNotFound, TokenPair
from printapic.domain.actors import Actor, Caller, Role
from printapic.domain.audit.event import AuditAction
from printapic.domain.ids import SessionId, UserId
from printapic.domain.users.second_factor import CodeInvalid, SecondFactorMissing
from printapic.domain.users.session import ReauthenticationRequired, SessionInvalid
from printapic.domain.users.user import PasswordWrong, UserNotFound
from tests.shop_floor import DAY, HOUR, MINUTE, PASSWORD, ShopFloor, user_of

ANNA = "anna@example.org"
SECOND = timedelta(seconds=1)
PHONE = Caller(address="203.0.113.9", device="Firefox on Android")


def log_in(floor: ShopFloor) -> TokenPair:
    return floor.shop.log_in(email=ANNA, password=PASSWORD, caller=PHONE)


def refresh(floor: ShopFloor, pair: TokenPair) -> TokenPair:
    return floor.shop.refresh_session(refresh_token=pair.refresh_token)


def alive(floor: ShopFloor, pair: TokenPair) -> bool:
    try:
        floor.shop.authenticate(access_token=pair.access_token)
    except SessionInvalid:
        return False
    return True


def test_requests_that_come_together_get_the_same_successor(floor: ShopFloor, anna: Actor) -> None:
    pair = log_in(floor)
    successors = {refresh(floor, pair).refresh_token for _ in range(5)}
    assert len(successors) == 1
    floor.clock.advance(10 * SECOND)
    assert refresh(floor, pair).refresh_token in successors


def test_a_client_that_never_got_the_reply_may_ask_again(floor: ShopFloor, anna: Actor) -> None:
    pair = log_in(floor)
    lost = refresh(floor, pair)
    floor.clock.advance(5 * MINUTE)
    assert refresh(floor, pair).refresh_token == lost.refresh_token
    assert floor.audited()[-1] == AuditAction.SESSION_RECOVERED


@pytest.mark.parametrize("use", ["access", "refresh"])
def test_once_the_successor_was_used_its_predecessor_is_a_copy(
    floor: ShopFloor, anna: Actor, use: str
) -> None:
    pair = log_in(floor)
    newer = refresh(floor, pair)
    floor.clock.advance(11 * SECOND)
    if use == "access":
        assert alive(floor, newer)
    else:
        newer = refresh(floor, newer)
    with pytest.raises(SessionInvalid):
        refresh(floor, pair)
    assert not alive(floor, newer)
    with pytest.raises(SessionInvalid):
        refresh(floor, newer)
    assert floor.audited()[-1] == AuditAction.REFRESH_REUSED
    floor.work()
    assert floor.mailer.mails[-1].content.subject == "We logged a device out"


def test_an_access_token_from_before_the_refresh_does_not_speak_for_the_new_one(
    floor: ShopFloor, anna: Actor
) -> None:
    """The reply with the new pair was lost, and the client goes on with what it has."""
    pair = log_in(floor)
    lost = refresh(floor, pair)
    assert alive(floor, pair)
    floor.clock.advance(MINUTE)
    assert refresh(floor, pair).refresh_token == lost.refresh_token


def test_a_closed_account_refreshes_nothing(floor: ShopFloor, anna: Actor) -> None:
    pair = log_in(floor)
    with floor.unit_of_work() as work:
        user = work.users.get(user_of(anna))
        user.disable(at=floor.clock.now())
        work.users.save(user)
        work.commit()
    with pytest.raises(SessionInvalid):
        refresh(floor, pair)


def test_one_session_refreshes_at_a_bearable_rate(floor: ShopFloor, anna: Actor) -> None:
    pair = log_in(floor)
    for _ in range(20):
        refresh(floor, pair)
    with pytest.raises(TooManyRequests):
        refresh(floor, pair)


def test_owners_see_where_they_are_logged_in_and_since_when(floor: ShopFloor, anna: Actor) -> None:
    first = log_in(floor)
    floor.clock.advance(HOUR)
    refresh(floor, first)
    floor.session(ANNA)
    newest, oldest = floor.shop.list_sessions(user_id=user_of(anna))
    assert newest.created_at == floor.clock.now()
    assert (oldest.address, oldest.device) == ("203.0.113.9", "Firefox on Android")
    assert oldest.last_used_at == floor.clock.now()
    assert floor.shop.list_sessions(user_id=UserId(newest.id)) == ()


def test_owners_end_one_session_or_all_others(floor: ShopFloor, anna: Actor) -> None:
    one, two, three = (floor.session(ANNA) for _ in range(3))
    floor.shop.end_session(user_id=user_of(anna), session_id=one, actor_id=user_of(anna))
    assert {session.id for session in floor.shop.list_sessions(user_id=user_of(anna))} == {two, three}
    assert floor.shop.end_sessions(user_id=user_of(anna), keep=three, actor_id=user_of(anna)) == 1
    assert [session.id for session in floor.shop.list_sessions(user_id=user_of(anna))] == [three]
    assert floor.audited().count(AuditAction.SESSION_REVOKED) == 2
    with pytest.raises(SessionNotFound):
        floor.shop.end_session(user_id=user_of(anna), session_id=one, actor_id=user_of(anna))


def test_nobody_ends_foreign_or_unknown_sessions(floor: ShopFloor, anna: Actor) -> None:
    bert = floor.customer("bert@example.org")
    for session_id in (floor.session(ANNA), SessionId(user_of(anna))):
        with pytest.raises(SessionNotFound):
            floor.shop.end_session(user_id=user_of(bert), session_id=session_id, actor_id=user_of(bert))
    with pytest.raises(UserNotFound):
        floor.shop.end_sessions(user_id=UserId(floor.session(ANNA)), actor_id=None)


def test_sessions_that_idled_away_are_not_listed(floor: ShopFloor, anna: Actor) -> None:
    floor.session(ANNA)
    floor.clock.advance(14 * DAY)
    assert floor.shop.list_sessions(user_id=user_of(anna)) == ()
    floor.grant(ANNA, Role.OPERATOR)
    floor.session(ANNA)
    floor.clock.advance(30 * MINUTE)
    assert floor.shop.list_sessions(user_id=user_of(anna)) == ()


def test_a_password_proves_again_who_sits_there(floor: ShopFloor, anna: Actor) -> None:
    own = floor.session(ANNA)
    floor.clock.advance(HOUR)
    with pytest.raises(ReauthenticationRequired):
        floor.shop.request_email_change(user_id=user_of(anna), session_id=own, email="new@example.org")
    with pytest.raises(PasswordWrong):
        floor.shop.reauthenticate(user_id=user_of(anna), session_id=own, password="not Anna's password")
    assert floor.audited()[-1] == AuditAction.REAUTHENTICATION_FAILED
    floor.shop.reauthenticate(user_id=user_of(anna), session_id=own, password=PASSWORD)
    assert floor.audited()[-1] == AuditAction.REAUTHENTICATED
    floor.shop.request_email_change(user_id=user_of(anna), session_id=own, email="new@example.org")


def test_with_a_second_factor_the_proof_takes_a_code_too(floor: ShopFloor, anna: Actor) -> None:
    own, who = floor.session(ANNA), user_of(anna)
    secret, codes = floor.enrol(anna, own)
    with pytest.raises(SecondFactorMissing):
        floor.shop.reauthenticate(user_id=who, session_id=own, password=PASSWORD)
    with pytest.raises(CodeInvalid):
        floor.shop.reauthenticate(user_id=who, session_id=own, password=PASSWORD, otp="000000")
    with pytest.raises(PasswordWrong):
        floor.shop.reauthenticate(
            user_id=who, session_id=own, password="not Anna's password", otp=floor.code(secret)
        )
    floor.shop.reauthenticate(user_id=who, session_id=own, password=PASSWORD, otp=floor.code(secret))
    floor.shop.reauthenticate(user_id=who, session_id=own, password=PASSWORD, otp=codes[0])
    assert [session.id for session in floor.shop.list_sessions(user_id=who)] == [own]


def test_a_foreign_session_is_proven_by_nobody(floor: ShopFloor, anna: Actor) -> None:
    bert = floor.customer("bert@example.org")
    with pytest.raises(SessionInvalid):
        floor.shop.reauthenticate(user_id=user_of(bert), session_id=floor.session(ANNA), password=PASSWORD)
