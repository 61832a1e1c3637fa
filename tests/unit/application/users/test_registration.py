"""Becoming a user: nothing is told to strangers, and one address is one account."""

from __future__ import annotations

import logging
import pickle
import re

import attrs
import pytest

from printapic.adapters.users.bcrypt import BcryptPasswordHasher
from printapic.application.ports.notifications import MailUnavailable
from printapic.application.ports.throttle import TooManyRequests
from printapic.application.users.limits import MAILS_PER_ADDRESS
from printapic.domain.actors import Actor, Role
from printapic.domain.users.email import EmailInvalid
from printapic.domain.users.password import PasswordGuessable, PasswordTooLong, PasswordTooShort
from printapic.domain.users.user import (
    REGISTRATION_LIFETIME,
    CredentialsInvalid,
    Locale,
    TokenInvalid,
)
from tests.shop_floor import HOUR, MINUTE, PASSWORD, ShopFloor, user_of

ANOTHER = "the words of a stranger"


def register(floor: ShopFloor, email: str = "anna@example.org", password: str | None = None) -> None:
    floor.shop.register(email=email, password=password, name="Anna", locale=Locale.DE)


def test_a_mailed_token_makes_the_account_that_was_asked_for(floor: ShopFloor) -> None:
    register(floor)
    floor.work()
    user = floor.shop.read_user(user_id=floor.shop.verify_email(token=floor.token(), password=PASSWORD))
    assert (user.email.address, user.name, user.locale) == ("anna@example.org", "Anna", Locale.DE)
    assert user.roles == {Role.CUSTOMER}
    assert floor.shop.log_in(email="anna@example.org", password=PASSWORD).expires_in_s > 0


def test_before_the_token_comes_back_there_is_no_account(floor: ShopFloor) -> None:
    register(floor)
    floor.work()
    assert floor.shop.list_users() == ()


def test_a_token_works_once(floor: ShopFloor) -> None:
    register(floor)
    floor.work()
    floor.shop.verify_email(token=floor.token(), password=PASSWORD)
    with pytest.raises(TokenInvalid):
        floor.shop.verify_email(token=floor.token(), password=PASSWORD)


def test_a_token_works_until_its_time_is_over(floor: ShopFloor) -> None:
    register(floor)
    floor.work()
    floor.clock.advance(REGISTRATION_LIFETIME)
    with pytest.raises(TokenInvalid):
        floor.shop.verify_email(token=floor.token(), password=PASSWORD)


@pytest.mark.parametrize("token", ["", "guessed", "\ud800"])
def test_a_token_that_was_never_mailed_is_worth_nothing(floor: ShopFloor, token: str) -> None:
    register(floor)
    floor.work()
    with pytest.raises(TokenInvalid):
        floor.shop.verify_email(token=token, password=PASSWORD)


def test_of_two_tokens_for_one_address_the_first_one_redeemed_wins(floor: ShopFloor) -> None:
    register(floor)
    floor.work()
    first = floor.token()
    register(floor)
    floor.work()
    second = floor.token()
    floor.shop.verify_email(token=second, password=PASSWORD)
    with pytest.raises(TokenInvalid):
        floor.shop.verify_email(token=first, password=ANOTHER)
    assert len(floor.shop.list_users()) == 1
    floor.shop.log_in(email="anna@example.org", password=PASSWORD)


def test_whoever_has_an_account_is_told_so_by_mail_and_gets_no_token(floor: ShopFloor, anna: Actor) -> None:
    register(floor, email="ANNA@example.org")
    floor.work()
    mail = floor.mailer.mails[-1]
    assert mail.to == "anna@example.org"
    assert "token" not in mail.content.text
    kinds = [entry.kind for entry in floor.shop.list_notifications(user_id=user_of(anna))]
    assert kinds == ["account-exists"]


def test_registering_tells_nobody_whether_an_address_is_known(floor: ShopFloor, anna: Actor) -> None:
    for email in ("anna@example.org", "nobody@example.org"):
        register(floor, email=email)
    assert len(floor.waiting("SendRegistrationMail")) == 2


@pytest.mark.parametrize(
    ("email", "password", "refusal"),
    [
        ("no address", PASSWORD, EmailInvalid),
        ("anna@example.org", "fourteen chars", PasswordTooShort),
        ("anna@example.org", "x" * 1025, PasswordTooLong),
        ("anna@example.org", "ﬃ" * 4, PasswordTooShort),
    ],
)
def test_what_cannot_become_an_account_is_refused_and_leaves_nothing(
    floor: ShopFloor, email: str, password: str, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        register(floor, email=email, password=password)
    assert floor.worker.list() == ()


def test_a_password_is_as_long_as_it_is_read_and_not_as_it_was_typed(floor: ShopFloor) -> None:
    """U+FB03 and U+FB01 are two and three letters, once normalised, and make sixteen of these thirteen."""
    register(floor, password="ﬃ rook ﬁsh go")
    floor.work()
    floor.shop.verify_email(token=floor.token(), password="ﬃ rook ﬁsh go")
    floor.shop.log_in(email="anna@example.org", password="ffi rook fish go")


def test_a_mail_server_that_is_down_delays_the_token_and_does_not_change_it(floor: ShopFloor) -> None:
    register(floor)
    floor.mailer.failure = MailUnavailable()
    floor.work()
    assert floor.mailer.mails == ()
    floor.mailer.failure = None
    floor.later(MINUTE)
    floor.shop.verify_email(token=floor.token(), password=PASSWORD)


def test_a_job_that_runs_again_mails_nothing_again(floor: ShopFloor) -> None:
    register(floor)
    job = floor.worker.list()[0]
    floor.work()
    again(floor, job.payload["registration_id"])
    assert len(floor.mailer.mails) == 1


def test_a_registration_that_was_redeemed_before_its_mail_was_sent_again_gets_none(floor: ShopFloor) -> None:
    register(floor)
    registration_id = floor.worker.list()[0].payload["registration_id"]
    floor.work()
    floor.shop.verify_email(token=floor.token(), password=PASSWORD)
    again(floor, registration_id)
    again(floor, "00000000-0000-7000-8000-000000000000")
    assert len(floor.mailer.mails) == 1


def test_the_mail_of_a_registration_is_sent_again_with_the_same_token(floor: ShopFloor) -> None:
    register(floor)
    floor.work()
    token = floor.token()
    floor.shop.request_verification_mail(email="ANNA@example.org")
    floor.work()
    assert len(floor.mailer.mails) == 2
    assert floor.token() == token
    floor.shop.verify_email(token=token, password=PASSWORD)


def test_of_several_registrations_the_newest_is_mailed_again(floor: ShopFloor) -> None:
    register(floor)
    register(floor)
    floor.work()
    newest = floor.token()
    floor.shop.request_verification_mail(email="anna@example.org")
    floor.work()
    assert floor.token() == newest


def test_whoever_asks_again_and_has_an_account_is_told_so(floor: ShopFloor, anna: Actor) -> None:
    floor.shop.request_verification_mail(email="anna@example.org")
    floor.work()
    assert floor.mailer.mails[-1].content.subject == "You already have an account"


def test_asking_again_without_a_registration_or_too_late_mails_nobody(floor: ShopFloor) -> None:
    register(floor)
    floor.work()
    floor.clock.advance(REGISTRATION_LIFETIME)
    for email in ("anna@example.org", "nobody@example.org"):
        floor.shop.request_verification_mail(email=email)
    floor.work()
    assert len(floor.mailer.mails) == 1
    with pytest.raises(EmailInvalid):
        floor.shop.request_verification_mail(email="no address")


def test_a_request_that_waited_too_long_is_answered_no_more(floor: ShopFloor) -> None:
    register(floor)
    floor.shop.request_verification_mail(email="anna@example.org")
    floor.later(HOUR)
    assert len(floor.mailer.mails) == 1
    floor.perform("SendAccountMail", request_id="00000000-0000-7000-8000-000000000000")
    assert len(floor.mailer.mails) == 1


def test_a_weak_password_leaves_the_token_as_it_was(floor: ShopFloor) -> None:
    register(floor)
    floor.work()
    with pytest.raises(PasswordTooShort):
        floor.shop.verify_email(token=floor.token(), password="too short")
    with pytest.raises(PasswordGuessable):
        floor.shop.verify_email(token=floor.token(), password="anna@example.org!!!")
    assert floor.shop.list_users() == ()
    floor.shop.verify_email(token=floor.token(), password=PASSWORD)
    floor.shop.log_in(email="anna@example.org", password=PASSWORD)


def test_a_stranger_who_asked_first_has_prepared_nothing_but_the_owners_account(floor: ShopFloor) -> None:
    """Pre-hijacking: ask for somebody else's account, use up their mails, and wait until they confirm."""
    for _ in range(MAILS_PER_ADDRESS.count):
        register(floor, password=ANOTHER)
    with pytest.raises(TooManyRequests):
        floor.shop.request_verification_mail(email="anna@example.org")
    floor.work()
    anna = floor.shop.verify_email(token=floor.token(), password=PASSWORD)
    with pytest.raises(CredentialsInvalid):
        floor.shop.log_in(email="anna@example.org", password=ANOTHER)
    floor.shop.log_in(email="anna@example.org", password=PASSWORD)
    for mail in floor.mailer.mails:
        with pytest.raises(TokenInvalid):
            floor.shop.verify_email(token=token_in(mail.content.text), password=ANOTHER)
    floor.shop.request_password_reset(email="anna@example.org")
    floor.work()
    floor.shop.reset_password(token=floor.token(), new_password="a third one, of the owner")
    floor.shop.log_in(email="anna@example.org", password="a third one, of the owner")
    assert [user.id for user in floor.shop.list_users()] == [anna]


def test_nothing_is_kept_of_a_password_that_somebody_asks_for_an_account_with(
    floor: ShopFloor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    words = "zebras eat quinces at dusk"
    register(floor, password=words)
    hasher = floor.shop.verify_email.new_password.hasher
    kept = everything(floor)
    assert "anna@example.org" in kept, "what is kept is not what is searched"
    assert "bcrypt" not in kept
    floor.work()
    floor.shop.verify_email(token=floor.token(), password=PASSWORD)
    floor.work()
    kept = everything(floor) + caplog.text
    assert "zebras" not in kept
    [password_hash] = set(re.findall(r"\$bcrypt-sha256[\w$=,./]+", kept))
    assert hasher.verify(PASSWORD, password_hash)
    assert not hasher.verify(words, password_hash)


def test_a_token_that_is_worth_nothing_costs_as_much_as_one_that_is(floor: ShopFloor) -> None:
    """Or a flood of invented ones would pass by the limit of the hasher."""
    register(floor)
    floor.work()
    hashed: list[str] = []

    class NotingHasher(BcryptPasswordHasher):
        def hash(self, password: str) -> str:
            hashed.append(password)
            return super().hash(password)

    verify = floor.shop.verify_email
    verify = attrs.evolve(verify, new_password=attrs.evolve(verify.new_password, hasher=NotingHasher(cost=4)))
    with pytest.raises(TokenInvalid):
        verify(token="guessed", password=PASSWORD)
    verify(token=floor.token(), password=PASSWORD)
    assert hashed == [PASSWORD, PASSWORD]


@pytest.mark.parametrize("password", ["passwordpassword", "qwertyuiopasdfgh", "anna@example.org1"])
def test_passwords_that_everybody_tries_first_are_refused(floor: ShopFloor, password: str) -> None:
    with pytest.raises(PasswordGuessable):
        register(floor, password=password)


def token_in(text: str) -> str:
    return text.partition("#token=")[2].split()[0].strip("<>")


def everything(floor: ShopFloor) -> str:
    """All rows, with the fields that `repr` hides; jobs are among them, and mails apart."""
    rows = [list(table.values()) for table in floor.unit_of_work.state.tables().values()]
    return pickle.dumps([rows, floor.worker.list(), floor.mailer.mails], protocol=0).decode("latin-1")


def again(floor: ShopFloor, registration_id: object) -> None:
    floor.perform("SendRegistrationMail", registration_id=str(registration_id))
