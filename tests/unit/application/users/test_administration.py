"""Giving people roles."""

from __future__ import annotations

import pytest

from printapic.application.users.administration import RoleNotGrantable
from printapic.domain.actors import Actor, Role
from printapic.domain.ids import UserId
from printapic.domain.users.email import EmailInvalid
from printapic.domain.users.password import PasswordTooLong, PasswordTooShort
from printapic.domain.users.user import Locale, UserNotFound
from tests.shop_floor import PASSWORD, ShopFloor, user_of


def test_the_first_administrator_needs_no_mail(floor: ShopFloor) -> None:
    user_id = floor.shop.create_admin(email="root@example.org", password=PASSWORD)
    assert floor.shop.read_user(user_id=user_id).roles == {Role.CUSTOMER, Role.ADMIN}
    floor.shop.log_in(email="root@example.org", password=PASSWORD)
    floor.work()
    assert floor.mailer.mails == ()


def test_somebody_with_an_account_becomes_administrator_and_keeps_the_password(
    floor: ShopFloor, anna: Actor
) -> None:
    for _ in range(2):
        assert floor.shop.create_admin(email="anna@example.org", password="a new password!") == anna.user_id
    assert Role.ADMIN in floor.shop.read_user(user_id=user_of(anna)).roles
    floor.shop.log_in(email="anna@example.org", password=PASSWORD)


@pytest.mark.parametrize(
    ("email", "password", "refusal"),
    [
        ("no address", PASSWORD, EmailInvalid),
        ("root@example.org", "too short", PasswordTooShort),
        ("root@example.org", "x" * 1025, PasswordTooLong),
    ],
)
def test_an_administrator_has_an_address_and_a_good_password(
    floor: ShopFloor, email: str, password: str, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        floor.shop.create_admin(email=email, password=password)


def test_granting_a_role_twice_changes_nothing(floor: ShopFloor, anna: Actor) -> None:
    once = floor.grant("anna@example.org", Role.SUPPORT)
    twice = floor.grant("anna@example.org", Role.SUPPORT)
    assert once.roles == twice.roles == {Role.CUSTOMER, Role.SUPPORT}
    assert floor.shop.read_user(user_id=user_of(anna)).roles == {Role.CUSTOMER, Role.SUPPORT}


def test_nobody_becomes_the_system(floor: ShopFloor, anna: Actor) -> None:
    with pytest.raises(RoleNotGrantable):
        floor.grant("anna@example.org", Role.SYSTEM)


@pytest.mark.parametrize(
    ("email", "refusal"), [("nobody@example.org", UserNotFound), ("no address", EmailInvalid)]
)
def test_a_role_needs_somebody_to_have_it(floor: ShopFloor, email: str, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        floor.grant(email, Role.SUPPORT)


def test_users_are_read_in_pages_and_an_unknown_one_is_not_found(floor: ShopFloor) -> None:
    people = [floor.customer(f"customer-{number}@example.org").user_id for number in range(3)]
    first = floor.shop.list_users(limit=2)
    rest = floor.shop.list_users(after=first[-1].id, limit=2)
    assert [user.id for user in (*first, *rest)] == people
    with pytest.raises(UserNotFound):
        floor.shop.read_user(user_id=UserId(floor.shop.register.identifiers.uuid()))


def test_a_program_makes_customers_it_knows_without_a_mail(floor: ShopFloor) -> None:
    user_id = floor.shop.create_user(
        email="Carl@example.org", password=PASSWORD, name="Carl", locale=Locale.DE
    )
    user = floor.shop.read_user(user_id=user_id)
    assert (user.name, user.locale, user.roles) == ("Carl", Locale.DE, frozenset({Role.CUSTOMER}))
    floor.shop.log_in(email="carl@example.org", password=PASSWORD)
    again = floor.shop.create_user(
        email="carl@example.org", password="another long password", roles=frozenset({Role.OPERATOR})
    )
    assert again == user_id
    assert floor.shop.read_user(user_id=user_id).roles == {Role.CUSTOMER, Role.OPERATOR}
    floor.shop.log_in(email="carl@example.org", password=PASSWORD)


def test_nobody_is_made_one_of_the_shops_own_workers(floor: ShopFloor) -> None:
    with pytest.raises(RoleNotGrantable):
        floor.shop.create_user(email="x@example.org", password=PASSWORD, roles=frozenset({Role.SYSTEM}))
