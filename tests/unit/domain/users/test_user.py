from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from printapic.domain.actors import Role
from printapic.domain.ids import RegistrationId, UserId
from printapic.domain.users.email import EmailAddress, EmailInvalid
from printapic.domain.users.events import (
    ErasureRequested,
    PasswordChanged,
    RegistrationRequested,
    RolesChanged,
    UserDisabled,
    UserEnabled,
    UserErased,
    UserVerified,
)
from printapic.domain.users.permissions import PERMISSIONS
from printapic.domain.users.user import (
    AccountDisabled,
    AccountLeaving,
    CredentialsInvalid,
    Locale,
    Registration,
    TokenInvalid,
    User,
    UserNotFound,
)

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DAY, SECOND = timedelta(hours=24), timedelta(seconds=1)
ANNA = UserId(UUID(int=2))
EMAIL = EmailAddress.parse("Anna@example.com")


def registration() -> Registration:
    return Registration.request(
        id=RegistrationId(UUID(int=1)),
        email=EMAIL,
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


def test_a_registration_is_a_wish_that_lasts_a_day() -> None:
    wish = registration()
    assert (wish.created_at, wish.expires_at) == (NOON, NOON + DAY)
    assert (wish.token_sha256, wish.used_at) == (None, None)
    assert wish.take_events() == (RegistrationRequested(at=NOON, registration_id=wish.id),)


def test_redeeming_a_registration_makes_its_user() -> None:
    wish = registration()
    anna = wish.redeem(user_id=ANNA, password_hash="$hash$", at=NOON + SECOND)
    assert (anna.id, anna.email, anna.password_hash) == (ANNA, EMAIL, "$hash$")
    assert (anna.name, anna.locale, anna.roles) == ("Anna", Locale.DE, frozenset({Role.CUSTOMER}))
    assert (anna.created_at, anna.disabled_at) == (NOON + SECOND, None)
    assert wish.used_at == NOON + SECOND
    assert anna.take_events() == (UserVerified(at=NOON + SECOND, user_id=ANNA),)


def test_a_registration_can_be_redeemed_until_its_last_second() -> None:
    assert registration().redeem(user_id=ANNA, password_hash="$hash$", at=NOON + DAY - SECOND).id == ANNA


@pytest.mark.parametrize("late", [DAY, DAY + SECOND, 100 * DAY])
def test_a_registration_cannot_be_redeemed_too_late(late: timedelta) -> None:
    wish = registration()
    with pytest.raises(TokenInvalid):
        wish.redeem(user_id=ANNA, password_hash="$hash$", at=NOON + late)
    assert wish.used_at is None


def test_a_registration_cannot_be_redeemed_twice() -> None:
    wish = registration()
    wish.redeem(user_id=ANNA, password_hash="$hash$", at=NOON)
    with pytest.raises(TokenInvalid):
        wish.redeem(user_id=UserId(UUID(int=3)), password_hash="$other$", at=NOON + SECOND)
    assert wish.used_at == NOON


def test_changed_roles_are_told() -> None:
    anna = user(Role.CUSTOMER)
    anna.take_events()
    assert anna.set_roles(frozenset({Role.CUSTOMER, Role.ADMIN}), at=NOON + SECOND)
    assert anna.roles == {Role.CUSTOMER, Role.ADMIN}
    assert anna.take_events() == (RolesChanged(at=NOON + SECOND, user_id=ANNA, roles=("admin", "customer")),)


def test_the_same_roles_again_change_nothing() -> None:
    anna = user(Role.CUSTOMER)
    anna.take_events()
    assert not anna.set_roles(frozenset({Role.CUSTOMER}), at=NOON)
    assert anna.take_events() == ()


def test_a_changed_password_counts_from_then_on_and_is_told() -> None:
    anna = user(Role.CUSTOMER)
    anna.take_events()
    assert not anna.password_changed_since(NOON)
    anna.change_password("$other$", at=NOON + SECOND)
    assert anna.password_hash == "$other$"
    assert anna.password_changed_since(NOON)
    assert anna.password_changed_since(NOON + SECOND)
    assert not anna.password_changed_since(NOON + 2 * SECOND)
    assert anna.take_events() == (PasswordChanged(at=NOON + SECOND, user_id=ANNA),)


def test_a_better_hash_replaces_only_the_one_it_was_made_from() -> None:
    anna = user(Role.CUSTOMER)
    assert not anna.rehash_password("$older$", "$better$")
    assert anna.rehash_password("$hash$", "$better$")
    assert anna.password_hash == "$better$"
    assert anna.password_changed_at is None


def test_an_account_is_closed_and_opened_once() -> None:
    anna = user(Role.CUSTOMER)
    anna.take_events()
    anna.enable(at=NOON)
    for _ in range(2):
        anna.disable(at=NOON + SECOND)
    closed_at = anna.disabled_at
    anna.enable(at=NOON + DAY)
    assert (closed_at, anna.disabled_at) == (NOON + SECOND, None)
    assert anna.take_events() == (
        UserDisabled(at=NOON + SECOND, user_id=ANNA),
        UserEnabled(at=NOON + DAY, user_id=ANNA),
    )


def test_whoever_is_more_than_a_customer_is_staff() -> None:
    assert not user(Role.CUSTOMER).staff
    assert user(Role.CUSTOMER, Role.OPERATOR).staff
    assert user(Role.SUPPORT).staff


def test_a_user_may_do_what_their_roles_may() -> None:
    assert (
        user(Role.CUSTOMER, Role.OPERATOR).permissions
        == PERMISSIONS[Role.CUSTOMER] | PERMISSIONS[Role.OPERATOR]
    )


def test_nothing_that_proves_somebody_is_ever_shown() -> None:
    wish = registration()
    wish.expect("a token")
    assert wish.token_sha256
    shown = repr(wish) + repr(wish.redeem(user_id=ANNA, password_hash="$hash$", at=NOON))
    assert "$hash$" not in shown
    assert wish.token_sha256 not in shown


@pytest.mark.parametrize("error", [UserNotFound(), CredentialsInvalid(), AccountDisabled(), TokenInvalid()])
def test_refusals_say_nothing_about_the_account(
    error: UserNotFound | CredentialsInvalid | AccountDisabled,
) -> None:
    assert error.details == {}
    assert "example.com" not in error.message


def test_whoever_leaves_is_let_in_no_more_and_cannot_be_let_in_again() -> None:
    anna = user(Role.CUSTOMER)
    anna.take_events()
    anna.request_erasure(at=NOON)
    anna.request_erasure(at=NOON + DAY)
    assert (anna.disabled_at, anna.erasure_requested_at) == (NOON, NOON)
    assert anna.take_events() == (ErasureRequested(at=NOON, user_id=ANNA),)
    with pytest.raises(AccountLeaving):
        anna.enable(at=NOON + DAY)


def test_an_erased_user_has_an_id_and_an_address_that_nobody_can_have() -> None:
    anna = user(Role.CUSTOMER, Role.ADMIN)
    anna.change_password("$hash$", at=NOON)
    anna.take_events()
    anna.erase(at=NOON + DAY)
    anna.erase(at=NOON + 2 * DAY)
    assert anna.take_events() == (UserErased(at=NOON + DAY, user_id=ANNA),)
    assert (anna.id, anna.name, anna.locale, anna.roles) == (ANNA, None, Locale.EN, frozenset())
    assert (anna.password_hash, anna.password_changed_at) == ("!", None)
    with pytest.raises(EmailInvalid):
        EmailAddress.parse(anna.email.address)
