"""Another password: for whoever forgot it, and for whoever knows it."""

from __future__ import annotations

import attrs
import pytest

from printapic.application.ports.throttle import TooManyRequests
from printapic.domain.actors import Actor, Caller, Role
from printapic.domain.audit.event import AuditAction
from printapic.domain.users.email import EmailAddress, EmailInvalid
from printapic.domain.users.password import PasswordGuessable, PasswordTooShort
from printapic.domain.users.session import SessionInvalid
from printapic.domain.users.user import CredentialsInvalid, PasswordWrong, TokenInvalid
from tests.shop_floor import DAY, HOUR, MINUTE, PASSWORD, ShopFloor, user_of

ANNA = "anna@example.org"
OTHER = "seven quiet tangerines"
HOME = Caller(address="203.0.113.9", device="Firefox on Linux")


def reset_token(floor: ShopFloor, email: str = ANNA) -> str:
    floor.shop.request_password_reset(email=email)
    floor.work()
    return floor.token()


def test_a_mailed_token_sets_another_password(floor: ShopFloor, anna: Actor) -> None:
    floor.shop.reset_password(token=reset_token(floor), new_password=OTHER)
    floor.shop.log_in(email=ANNA, password=OTHER)
    with pytest.raises(CredentialsInvalid):
        floor.shop.log_in(email=ANNA, password=PASSWORD)


def test_the_mail_goes_to_the_stored_address_and_not_to_the_typed_one(floor: ShopFloor, anna: Actor) -> None:
    reset_token(floor, "ANNA@EXAMPLE.ORG")
    assert floor.mailer.mails[-1].to == ANNA


def test_a_reset_ends_every_session_and_logs_nobody_in(floor: ShopFloor, anna: Actor) -> None:
    pairs = [floor.shop.log_in(email=ANNA, password=PASSWORD) for _ in range(2)]
    floor.shop.reset_password(token=reset_token(floor), new_password=OTHER)
    for pair in pairs:
        with pytest.raises(SessionInvalid):
            floor.shop.authenticate(access_token=pair.access_token)
    assert floor.shop.list_sessions(user_id=user_of(anna)) == ()


def test_the_owner_is_told_that_the_password_changed(floor: ShopFloor, anna: Actor) -> None:
    floor.shop.reset_password(token=reset_token(floor), new_password=OTHER)
    floor.work()
    assert floor.mailer.mails[-1].content.subject == "Your password was changed"
    assert floor.audited()[-1] == AuditAction.PASSWORD_RESET


def test_a_reset_token_works_once_and_for_half_an_hour(floor: ShopFloor, anna: Actor) -> None:
    token = reset_token(floor)
    floor.shop.reset_password(token=token, new_password=OTHER)
    with pytest.raises(TokenInvalid):
        floor.shop.reset_password(token=token, new_password=PASSWORD)
    late = reset_token(floor)
    floor.clock.advance(30 * MINUTE)
    with pytest.raises(TokenInvalid):
        floor.shop.reset_password(token=late, new_password=PASSWORD)


def test_a_bad_password_does_not_use_the_token_up(floor: ShopFloor, anna: Actor) -> None:
    token = reset_token(floor)
    with pytest.raises(PasswordTooShort):
        floor.shop.reset_password(token=token, new_password="too short")
    with pytest.raises(PasswordGuessable):
        floor.shop.reset_password(token=token, new_password=f"{ANNA}123")
    floor.shop.reset_password(token=token, new_password=OTHER)


def test_older_reset_links_die_with_the_old_password(floor: ShopFloor, anna: Actor) -> None:
    first, second = reset_token(floor), reset_token(floor)
    floor.shop.reset_password(token=second, new_password=OTHER)
    with pytest.raises(TokenInvalid):
        floor.shop.reset_password(token=first, new_password=PASSWORD)


@pytest.mark.parametrize("token", ["", "guessed", "\ud800", "x" * 10_000])
def test_a_token_that_was_never_mailed_sets_nothing(floor: ShopFloor, anna: Actor, token: str) -> None:
    with pytest.raises(TokenInvalid):
        floor.shop.reset_password(token=token, new_password=OTHER)


def test_a_token_for_something_else_sets_no_password(floor: ShopFloor, anna: Actor) -> None:
    session_id = floor.session(ANNA)
    floor.shop.request_email_change(user_id=user_of(anna), session_id=session_id, email="new@example.org")
    floor.work()
    with pytest.raises(TokenInvalid):
        floor.shop.reset_password(token=floor.token(), new_password=OTHER)


def test_asking_for_an_unknown_or_closed_account_does_the_same_and_mails_nobody(
    floor: ShopFloor, anna: Actor
) -> None:
    floor.shop.disable_user(user_id=user_of(anna), actor_id=None)
    floor.work()
    mails = len(floor.mailer.mails)
    for email in (ANNA, "nobody@example.org"):
        floor.shop.request_password_reset(email=email, caller=HOME)
    assert len(floor.waiting("SendAccountMail")) == 2
    assert floor.audited()[-2:] == [AuditAction.PASSWORD_RESET_REQUESTED] * 2
    floor.work()
    assert len(floor.mailer.mails) == mails
    with pytest.raises(EmailInvalid):
        floor.shop.request_password_reset(email="no address")


def test_an_account_that_was_closed_meanwhile_gets_no_new_password(floor: ShopFloor, anna: Actor) -> None:
    token = reset_token(floor)
    floor.shop.disable_user(user_id=user_of(anna), actor_id=None)
    with pytest.raises(TokenInvalid):
        floor.shop.reset_password(token=token, new_password=OTHER)


def test_a_reset_mailed_to_an_address_that_is_no_longer_the_accounts_is_worthless(
    floor: ShopFloor, anna: Actor
) -> None:
    """Neither a thief's after the owner took the account back, nor one in a mailbox that was left."""
    own = floor.session(ANNA)
    token = reset_token(floor)
    with floor.unit_of_work() as work:
        user = work.users.get(user_of(anna))
        user.change_email(EmailAddress.parse("anna@new.example"), at=floor.clock.now())
        work.users.save(user)
        work.commit()
    with pytest.raises(TokenInvalid):
        floor.shop.reset_password(token=token, new_password=OTHER)
    assert len(floor.shop.list_sessions(user_id=user_of(anna))) == 1
    assert own is not None


def test_other_mails_to_an_address_do_not_use_its_resets_up(floor: ShopFloor, anna: Actor) -> None:
    floor.clock.advance(DAY)
    for _ in range(5):
        floor.shop.request_verification_mail(email=ANNA)
    with pytest.raises(TooManyRequests):
        floor.shop.request_verification_mail(email=ANNA)
    floor.shop.reset_password(token=reset_token(floor), new_password=OTHER)


def test_a_wrong_present_password_is_remembered(floor: ShopFloor, anna: Actor) -> None:
    own = floor.session(ANNA)
    with pytest.raises(PasswordWrong):
        floor.shop.change_password(
            user_id=user_of(anna), session_id=own, current_password="not hers", new_password=OTHER
        )
    assert floor.audited()[-1] == AuditAction.REAUTHENTICATION_FAILED


def test_a_right_present_password_does_not_count(floor: ShopFloor, anna: Actor) -> None:
    own = floor.session(ANNA)
    for number in range(8):
        present, new = (PASSWORD, OTHER) if number % 2 == 0 else (OTHER, PASSWORD)
        floor.shop.change_password(
            user_id=user_of(anna), session_id=own, current_password=present, new_password=new
        )


def test_strangers_who_guess_do_not_keep_a_known_device_from_changing_the_password(
    floor: ShopFloor, anna: Actor
) -> None:
    pair = floor.shop.log_in(email=ANNA, password=PASSWORD)
    own = floor.shop.authenticate(access_token=pair.access_token).session_id
    for _ in range(5):
        with pytest.raises(CredentialsInvalid):
            floor.shop.log_in(email=ANNA, password="a stranger's guess")
    floor.shop.reauthenticate(
        user_id=user_of(anna), session_id=own, password=PASSWORD, device_token=pair.device_token
    )
    floor.shop.change_password(
        user_id=user_of(anna),
        session_id=own,
        current_password=PASSWORD,
        new_password=OTHER,
        device_token=pair.device_token,
    )


def test_nobodys_mailbox_is_flooded(floor: ShopFloor, anna: Actor) -> None:
    floor.clock.advance(DAY)
    for email in (ANNA, "nobody@example.org"):
        for _ in range(5):
            floor.shop.request_password_reset(email=email)
        with pytest.raises(TooManyRequests):
            floor.shop.request_password_reset(email=email)
    floor.clock.advance(HOUR)
    with pytest.raises(TooManyRequests):
        floor.shop.request_password_reset(email=ANNA)
    floor.clock.advance(DAY)
    floor.shop.request_password_reset(email=ANNA)


def test_whoever_knows_the_password_changes_it_and_stays_logged_in_alone(
    floor: ShopFloor, anna: Actor
) -> None:
    other, own = floor.session(ANNA), floor.session(ANNA)
    floor.shop.change_password(
        user_id=user_of(anna), session_id=own, current_password=PASSWORD, new_password=OTHER
    )
    assert [session.id for session in floor.shop.list_sessions(user_id=user_of(anna))] == [own]
    assert other != own
    floor.shop.log_in(email=ANNA, password=OTHER)
    assert AuditAction.PASSWORD_CHANGED in floor.audited()


def test_changing_a_password_takes_the_present_one_and_a_good_new_one(floor: ShopFloor, anna: Actor) -> None:
    own = floor.session(ANNA)
    for present, new, refusal in (
        ("not Anna's password", OTHER, PasswordWrong),
        (PASSWORD, "too short", PasswordTooShort),
    ):
        with pytest.raises(refusal):
            floor.shop.change_password(
                user_id=user_of(anna), session_id=own, current_password=present, new_password=new
            )
    floor.shop.log_in(email=ANNA, password=PASSWORD)


def test_guessing_the_present_password_in_a_stolen_session_is_slow(floor: ShopFloor, anna: Actor) -> None:
    own = floor.session(ANNA)

    def guess(password: str) -> None:
        floor.shop.change_password(
            user_id=user_of(anna), session_id=own, current_password=password, new_password=OTHER
        )

    for number in range(5):
        with pytest.raises(PasswordWrong):
            guess(f"guess number {number}")
    with pytest.raises(TooManyRequests):
        guess(PASSWORD)


def test_of_two_who_change_the_password_at_once_one_does(floor: ShopFloor, anna: Actor) -> None:
    own = floor.session(ANNA)
    reset = reset_token(floor)
    change = floor.shop.change_password

    class SlowHasher(type(change.hasher)):  # type: ignore[misc]
        """Somebody else is faster while this one hashes."""

        def hash(self, password: str) -> str:
            floor.shop.reset_password(token=reset, new_password="a third good password")
            return str(change.hasher.hash(password))

    slow = SlowHasher(cost=4)
    with pytest.raises(PasswordWrong):
        attrs.evolve(change, hasher=slow)(
            user_id=user_of(anna), session_id=own, current_password=PASSWORD, new_password=OTHER
        )
    floor.shop.log_in(email=ANNA, password="a third good password")


def test_with_a_second_factor_a_shorter_password_will_do(floor: ShopFloor, anna: Actor) -> None:
    own = floor.session(ANNA)
    floor.enrol(anna, own)
    floor.shop.change_password(
        user_id=user_of(anna), session_id=own, current_password=PASSWORD, new_password="x7 paper"
    )
    floor.clock.advance(MINUTE)
    floor.shop.reset_password(token=reset_token(floor), new_password="y8 waves")


def test_a_password_that_contains_the_shops_name_and_little_else_is_refused(floor: ShopFloor) -> None:
    with pytest.raises(PasswordGuessable):
        floor.shop.create_user(email=ANNA, password="PrintAPic PrintAPic!", roles=frozenset({Role.CUSTOMER}))
