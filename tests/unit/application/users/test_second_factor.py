"""A second factor: enrolled with a right code, needed from then on, and lost without despair."""

from __future__ import annotations

from datetime import timedelta

import pytest

from printapic.application.ports.throttle import TooManyRequests
from printapic.domain.actors import Actor, Role
from printapic.domain.audit.event import AuditAction
from printapic.domain.ids import SessionId
from printapic.domain.users.permissions import Permission, PermissionDenied
from printapic.domain.users.second_factor import (
    AlreadyEnrolled,
    CodeInvalid,
    NotEnrolled,
    SecondFactorMissing,
    SecondFactorRequired,
)
from printapic.domain.users.session import ReauthenticationRequired, SessionInvalid
from printapic.domain.users.user import CredentialsInvalid, UserNotFound
from tests.shop_floor import DAY, HOUR, MINUTE, PASSWORD, ShopFloor, open_floor, user_of

ANNA = "anna@example.org"
SECOND = timedelta(seconds=1)
STEP = 30 * SECOND


def subjects(floor: ShopFloor) -> list[str]:
    return [mail.content.subject for mail in floor.mailer.mails]


def test_from_the_first_right_code_on_each_login_takes_one(floor: ShopFloor, anna: Actor) -> None:
    own = floor.session(ANNA)
    secret, enrolment = floor.shop.enrol_second_factor(user_id=user_of(anna), session_id=own)
    floor.shop.log_in(email=ANNA, password=PASSWORD)
    assert enrolment.uri.startswith("otpauth://totp/PrintAPic:")
    assert "<svg" in enrolment.qr_svg
    codes = floor.shop.confirm_second_factor(user_id=user_of(anna), session_id=own, code=floor.code(secret))
    assert len(set(codes)) == 10
    with pytest.raises(SecondFactorMissing):
        floor.shop.log_in(email=ANNA, password=PASSWORD)
    with pytest.raises(CredentialsInvalid):
        floor.shop.log_in(email=ANNA, password="not Anna's password")
    floor.clock.advance(STEP)
    floor.session(ANNA, floor.code(secret))
    floor.work()
    assert "Your account has a second factor now" in subjects(floor)
    assert AuditAction.MFA_ENROLLED in floor.audited()


def test_enrolling_ends_the_other_sessions_and_makes_this_one_a_proven_one(
    floor: ShopFloor, anna: Actor
) -> None:
    floor.session(ANNA)
    own = floor.session(ANNA)
    floor.enrol(anna, own)
    (left,) = floor.shop.list_sessions(user_id=user_of(anna))
    assert (left.id, left.second_factor) == (own, True)


def test_a_code_works_once(floor: ShopFloor, anna: Actor) -> None:
    secret, _ = floor.enrol(anna, floor.session(ANNA))
    code = floor.code(secret)
    floor.session(ANNA, code)
    with pytest.raises(CredentialsInvalid):
        floor.session(ANNA, code)


@pytest.mark.parametrize("code", ["000000", "12345", "not a code", "\ud800", "\u0660" * 6])
def test_a_wrong_code_is_wrong_credentials(floor: ShopFloor, anna: Actor, code: str) -> None:
    floor.enrol(anna, floor.session(ANNA))
    with pytest.raises(CredentialsInvalid):
        floor.session(ANNA, code)
    assert floor.audited()[-1] == AuditAction.LOG_IN_FAILED


def test_nobody_guesses_codes(floor: ShopFloor, anna: Actor) -> None:
    secret, _ = floor.enrol(anna, floor.session(ANNA))
    floor.clock.advance(HOUR)
    for number in range(5):
        with pytest.raises(CredentialsInvalid):
            floor.session(ANNA, f"{number:06}")
    with pytest.raises(TooManyRequests):
        floor.session(ANNA, floor.code(secret))
    floor.clock.advance(MINUTE)
    floor.session(ANNA, floor.code(secret))


def test_a_recovery_code_works_once_ends_other_sessions_and_is_told(floor: ShopFloor, anna: Actor) -> None:
    own = floor.session(ANNA)
    _, codes = floor.enrol(anna, own)
    saved = codes[3].upper().replace("-", " ")
    recovered = floor.session(ANNA, saved)
    assert [session.id for session in floor.shop.list_sessions(user_id=user_of(anna))] == [recovered]
    with pytest.raises(CredentialsInvalid):
        floor.session(ANNA, codes[3])
    floor.work()
    assert "A recovery code was used" in subjects(floor)
    assert AuditAction.RECOVERY_CODE_USED in floor.audited()


def test_new_recovery_codes_make_the_old_ones_worthless(floor: ShopFloor, anna: Actor) -> None:
    own = floor.session(ANNA)
    _, old = floor.enrol(anna, own)
    new = floor.shop.renew_recovery_codes(user_id=user_of(anna), session_id=own)
    with pytest.raises(CredentialsInvalid):
        floor.session(ANNA, old[0])
    floor.session(ANNA, new[0])


def test_an_enrolment_can_begin_again_until_it_is_confirmed(floor: ShopFloor, anna: Actor) -> None:
    own = floor.session(ANNA)
    lost, _ = floor.shop.enrol_second_factor(user_id=user_of(anna), session_id=own)
    secret, _ = floor.shop.enrol_second_factor(user_id=user_of(anna), session_id=own)
    with pytest.raises(CodeInvalid):
        floor.shop.confirm_second_factor(user_id=user_of(anna), session_id=own, code=floor.code(lost))
    floor.shop.confirm_second_factor(user_id=user_of(anna), session_id=own, code=floor.code(secret))
    with pytest.raises(AlreadyEnrolled):
        floor.shop.enrol_second_factor(user_id=user_of(anna), session_id=own)
    with pytest.raises(AlreadyEnrolled):
        floor.shop.confirm_second_factor(user_id=user_of(anna), session_id=own, code=floor.code(secret))


def test_an_enrolment_waits_half_an_hour_for_its_first_code(floor: ShopFloor, anna: Actor) -> None:
    own = floor.session(ANNA)
    secret, _ = floor.shop.enrol_second_factor(user_id=user_of(anna), session_id=own)
    for _ in range(8):
        floor.clock.advance(4 * MINUTE)
        floor.shop.reauthenticate(user_id=user_of(anna), session_id=own, password=PASSWORD)
    with pytest.raises(CodeInvalid):
        floor.shop.confirm_second_factor(user_id=user_of(anna), session_id=own, code=floor.code(secret))


def test_without_an_enrolment_there_is_nothing_to_confirm_renew_disable_or_reset(
    floor: ShopFloor, anna: Actor
) -> None:
    own, who = floor.session(ANNA), user_of(anna)
    with pytest.raises(NotEnrolled):
        floor.shop.confirm_second_factor(user_id=who, session_id=own, code="123456")
    for enrolled in (False, True):
        if enrolled:
            floor.shop.enrol_second_factor(user_id=who, session_id=own)
        with pytest.raises(NotEnrolled):
            floor.shop.disable_second_factor(user_id=who, session_id=own, code="123456")
        with pytest.raises(NotEnrolled):
            floor.shop.renew_recovery_codes(user_id=who, session_id=own)
        with pytest.raises(NotEnrolled):
            floor.shop.reset_second_factor(user_id=who, actor_id=None)


def test_disabling_takes_a_code_and_ends_the_other_sessions(floor: ShopFloor, anna: Actor) -> None:
    own = floor.session(ANNA)
    secret, _ = floor.enrol(anna, own)
    floor.session(ANNA, floor.code(secret))
    with pytest.raises(CodeInvalid):
        floor.shop.disable_second_factor(user_id=user_of(anna), session_id=own, code=floor.code(secret))
    floor.clock.advance(STEP)
    floor.shop.disable_second_factor(user_id=user_of(anna), session_id=own, code=floor.code(secret))
    assert [session.id for session in floor.shop.list_sessions(user_id=user_of(anna))] == [own]
    floor.session(ANNA)
    floor.work()
    assert "Your second factor was removed" in subjects(floor)
    assert AuditAction.MFA_DISABLED in floor.audited()


def test_without_the_factor_staff_loses_what_it_opened() -> None:
    floor = open_floor(staff_need_second_factor=True)
    admin = Actor(floor.shop.create_admin(email="root@example.org", password=PASSWORD), frozenset())
    pair = floor.shop.log_in(email="root@example.org", password=PASSWORD)
    own = floor.shop.authenticate(access_token=pair.access_token).session_id
    secret, _ = floor.enrol(admin, own)
    floor.shop.authenticate(access_token=pair.access_token).demand(frozenset({Permission.ROLE_WRITE}))
    floor.shop.disable_second_factor(user_id=user_of(admin), session_id=own, code=floor.code(secret))
    with pytest.raises(SecondFactorRequired):
        floor.shop.authenticate(access_token=pair.access_token).demand(frozenset({Permission.ROLE_WRITE}))


def test_what_went_wrong_after_a_right_password_is_remembered(floor: ShopFloor, anna: Actor) -> None:
    own = floor.session(ANNA)
    floor.enrol(anna, own)
    with pytest.raises(SecondFactorMissing):
        floor.session(ANNA)
    assert floor.audited()[-1] == AuditAction.LOG_IN_FAILED
    with pytest.raises(CodeInvalid):
        floor.shop.disable_second_factor(user_id=user_of(anna), session_id=own, code="000000")
    assert floor.audited()[-1] == AuditAction.REAUTHENTICATION_FAILED
    floor.shop.renew_recovery_codes(user_id=user_of(anna), session_id=own)
    assert floor.audited()[-1] == AuditAction.RECOVERY_CODES_RENEWED


def test_right_codes_do_not_count(floor: ShopFloor, anna: Actor) -> None:
    own = floor.session(ANNA)
    secret, _ = floor.enrol(anna, own)
    for _ in range(8):
        floor.clock.advance(STEP)
        floor.session(ANNA, floor.code(secret))
        floor.clock.advance(STEP)
        floor.shop.reauthenticate(
            user_id=user_of(anna), session_id=own, password=PASSWORD, otp=floor.code(secret)
        )


def test_guessed_codes_wait_longer_and_longer(floor: ShopFloor, anna: Actor) -> None:
    floor.enrol(anna, floor.session(ANNA))
    waits = []
    for _ in range(120):
        try:
            floor.session(ANNA, "000000")
        except CredentialsInvalid:
            continue
        except TooManyRequests as refusal:
            waits.append(refusal.retry_after_s)
            floor.clock.advance(timedelta(seconds=refusal.retry_after_s))
    assert waits[0] <= 60
    assert 180 in waits
    assert max(waits) == 1728


def test_a_recovery_code_disables_it_too(floor: ShopFloor, anna: Actor) -> None:
    own = floor.session(ANNA)
    _, codes = floor.enrol(anna, own)
    floor.shop.disable_second_factor(user_id=user_of(anna), session_id=own, code=codes[0])
    assert [session.id for session in floor.shop.list_sessions(user_id=user_of(anna))] == [own]


def test_every_change_takes_a_recent_proof(floor: ShopFloor, anna: Actor) -> None:
    own, who = floor.session(ANNA), user_of(anna)
    secret, _ = floor.enrol(anna, own)
    floor.clock.advance(6 * MINUTE)
    with pytest.raises(ReauthenticationRequired):
        floor.shop.enrol_second_factor(user_id=who, session_id=own)
    with pytest.raises(ReauthenticationRequired):
        floor.shop.confirm_second_factor(user_id=who, session_id=own, code=floor.code(secret))
    with pytest.raises(ReauthenticationRequired):
        floor.shop.disable_second_factor(user_id=who, session_id=own, code=floor.code(secret))
    with pytest.raises(ReauthenticationRequired):
        floor.shop.renew_recovery_codes(user_id=who, session_id=own)


def test_a_foreign_session_proves_nothing(floor: ShopFloor, anna: Actor) -> None:
    bert = floor.customer("bert@example.org")
    for session_id in (floor.session(ANNA), SessionId(user_of(anna))):
        with pytest.raises(SessionInvalid):
            floor.shop.enrol_second_factor(user_id=user_of(bert), session_id=session_id)


def test_a_lost_factor_is_removed_after_three_days_and_its_owner_is_told_at_once(
    floor: ShopFloor, anna: Actor
) -> None:
    floor.enrol(anna, floor.session(ANNA))
    floor.shop.reset_second_factor(user_id=user_of(anna), actor_id=None)
    factor = floor.shop.reset_second_factor(user_id=user_of(anna), actor_id=None)
    floor.work()
    assert factor.reset_due_at == floor.clock.now() + 3 * DAY
    assert subjects(floor).count("Your second factor will be removed") == 1
    floor.later(3 * DAY - SECOND)
    with pytest.raises(SecondFactorMissing):
        floor.session(ANNA)
    floor.later(SECOND)
    floor.session(ANNA)
    assert floor.audited().count(AuditAction.MFA_RESET) == 2
    assert subjects(floor)[-1] == "Your second factor was removed"


def test_logging_in_with_the_app_calls_a_reset_off(floor: ShopFloor, anna: Actor) -> None:
    secret, _ = floor.enrol(anna, floor.session(ANNA))
    floor.shop.reset_second_factor(user_id=user_of(anna), actor_id=None)
    floor.session(ANNA, floor.code(secret))
    floor.later(3 * DAY)
    with pytest.raises(SecondFactorMissing):
        floor.session(ANNA)


def test_at_the_shops_own_machine_a_reset_needs_no_waiting(floor: ShopFloor, anna: Actor) -> None:
    floor.enrol(anna, floor.session(ANNA))
    floor.shop.reset_second_factor(user_id=user_of(anna), actor_id=None, at_once=True)
    assert floor.shop.list_sessions(user_id=user_of(anna)) == ()
    floor.session(ANNA)
    with pytest.raises(UserNotFound):
        floor.shop.reset_second_factor(
            user_id=floor.shop.register.identifiers.uuid(),  # type: ignore[arg-type]
            actor_id=None,
        )


def test_where_it_is_demanded_staff_has_no_rights_before_they_have_enrolled() -> None:
    floor = open_floor(staff_need_second_factor=True)
    admin = floor.shop.create_admin(email="root@example.org", password=PASSWORD)
    pair = floor.shop.log_in(email="root@example.org", password=PASSWORD)
    bare = floor.shop.authenticate(access_token=pair.access_token)
    assert bare.actor.roles == {Role.CUSTOMER}
    bare.demand(frozenset({Permission.ACCOUNT_SELF}))
    bare.demand(frozenset({Permission.ORDER_OWN}))
    with pytest.raises(SecondFactorRequired):
        bare.demand(frozenset({Permission.ROLE_WRITE}))
    with pytest.raises(PermissionDenied):
        bare.demand(frozenset({Permission.PRODUCTION_ADVANCE}))
    floor.enrol(Actor(admin, frozenset({Role.ADMIN})), bare.session_id)
    proven = floor.shop.authenticate(access_token=pair.access_token)
    proven.demand(frozenset({Permission.ROLE_WRITE}))
    assert proven.withheld == frozenset()
    assert proven.actor.roles == {Role.CUSTOMER, Role.ADMIN}


def test_an_operator_without_a_second_factor_may_still_see_to_their_account() -> None:
    floor = open_floor(staff_need_second_factor=True)
    floor.shop.create_user(email="olga@example.org", password=PASSWORD, roles=frozenset({Role.OPERATOR}))
    pair = floor.shop.log_in(email="olga@example.org", password=PASSWORD)
    bare = floor.shop.authenticate(access_token=pair.access_token)
    assert bare.permissions == {Permission.ACCOUNT_SELF}
