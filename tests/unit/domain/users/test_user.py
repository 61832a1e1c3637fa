from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from printapic.domain.actors import Role
from printapic.domain.ids import RegistrationId, UserId
from printapic.domain.users.email import EmailAddress
from printapic.domain.users.events import RegistrationRequested, RolesGranted, UserVerified
from printapic.domain.users.permissions import PERMISSIONS
from printapic.domain.users.user import (
    AccountDisabled,
    CredentialsInvalid,
    Locale,
    PasswordTooLong,
    PasswordTooShort,
    PasswordUnreadable,
    Registration,
    TokenInvalid,
    User,
    UserNotFound,
    check_new_password,
)

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DAY, SECOND = timedelta(hours=24), timedelta(seconds=1)
ANNA = UserId(UUID(int=2))
EMAIL = EmailAddress.parse("Anna@example.com")


def registration() -> Registration:
    return Registration.request(
        id=RegistrationId(UUID(int=1)),
        email=EMAIL,
        password_hash="$hash$",
        name="Anna",
        locale=Locale.DE,
        at=NOON,
    )


def user(*roles: Role) -> User:
    return User.verify(
        id=ANNA,
        email=EMAIL,
        password_hash="$hash$",
        name=None,
        locale=Locale.EN,
        roles=frozenset(roles),
        at=NOON,
    )


@pytest.mark.parametrize(
    "password", ["fifteen letters", "ü" * 512, "x" * 1024, "🐎" * 15, "a\0b" * 5, " " * 15]
)
def test_a_password_needs_length_and_nothing_else(password: str) -> None:
    check_new_password(password)


@pytest.mark.parametrize("password", ["", "x" * 14, "🐎" * 14])
def test_a_short_password_is_refused(password: str) -> None:
    with pytest.raises(PasswordTooShort) as refusal:
        check_new_password(password)
    assert refusal.value.details == {"min_length": 15}


@pytest.mark.parametrize("password", ["x" * 1025, "ü" * 513, "🐎" * 257])
def test_a_password_of_more_bytes_than_can_be_checked_is_refused(password: str) -> None:
    with pytest.raises(PasswordTooLong) as refusal:
        check_new_password(password)
    assert refusal.value.details == {"max_bytes": 1024}


def test_a_password_that_nobody_can_type_is_refused() -> None:
    with pytest.raises(PasswordUnreadable):
        check_new_password("half a character: \ud800")


def test_a_registration_is_a_wish_that_lasts_a_day() -> None:
    wish = registration()
    assert (wish.created_at, wish.expires_at) == (NOON, NOON + DAY)
    assert (wish.token_sha256, wish.used_at) == (None, None)
    assert wish.take_events() == (RegistrationRequested(at=NOON, registration_id=wish.id),)


def test_redeeming_a_registration_makes_its_user() -> None:
    wish = registration()
    anna = wish.redeem(user_id=ANNA, at=NOON + SECOND)
    assert (anna.id, anna.email, anna.password_hash) == (ANNA, EMAIL, "$hash$")
    assert (anna.name, anna.locale, anna.roles) == ("Anna", Locale.DE, frozenset({Role.CUSTOMER}))
    assert (anna.created_at, anna.disabled_at) == (NOON + SECOND, None)
    assert wish.used_at == NOON + SECOND
    assert anna.take_events() == (UserVerified(at=NOON + SECOND, user_id=ANNA),)


def test_a_registration_can_be_redeemed_until_its_last_second() -> None:
    assert registration().redeem(user_id=ANNA, at=NOON + DAY - SECOND).id == ANNA


@pytest.mark.parametrize("late", [DAY, DAY + SECOND, 100 * DAY])
def test_a_registration_cannot_be_redeemed_too_late(late: timedelta) -> None:
    wish = registration()
    with pytest.raises(TokenInvalid):
        wish.redeem(user_id=ANNA, at=NOON + late)
    assert wish.used_at is None


def test_a_registration_cannot_be_redeemed_twice() -> None:
    wish = registration()
    wish.redeem(user_id=ANNA, at=NOON)
    with pytest.raises(TokenInvalid):
        wish.redeem(user_id=UserId(UUID(int=3)), at=NOON + SECOND)
    assert wish.used_at == NOON


def test_a_granted_role_is_added_and_told() -> None:
    anna = user(Role.CUSTOMER)
    anna.take_events()
    anna.grant(Role.ADMIN, at=NOON + SECOND)
    assert anna.roles == {Role.CUSTOMER, Role.ADMIN}
    assert anna.take_events() == (RolesGranted(at=NOON + SECOND, user_id=ANNA, roles=("admin", "customer")),)


def test_granting_a_role_twice_changes_nothing() -> None:
    anna = user(Role.CUSTOMER)
    anna.take_events()
    anna.grant(Role.CUSTOMER, at=NOON)
    assert anna.roles == {Role.CUSTOMER}
    assert anna.take_events() == ()


def test_a_user_may_do_what_their_roles_may() -> None:
    assert (
        user(Role.CUSTOMER, Role.OPERATOR).permissions
        == PERMISSIONS[Role.CUSTOMER] | PERMISSIONS[Role.OPERATOR]
    )


def test_nothing_that_proves_somebody_is_ever_shown() -> None:
    wish = registration()
    wish.token_sha256 = "4711" * 16
    shown = repr(wish) + repr(wish.redeem(user_id=ANNA, at=NOON))
    assert "$hash$" not in shown
    assert "4711" not in shown


@pytest.mark.parametrize("error", [UserNotFound(), CredentialsInvalid(), AccountDisabled(), TokenInvalid()])
def test_refusals_say_nothing_about_the_account(
    error: UserNotFound | CredentialsInvalid | AccountDisabled,
) -> None:
    assert error.details == {}
    assert "example.com" not in error.message
