"""Giving people roles."""

from __future__ import annotations

import pytest

from printapic.application.ports.versions import VersionDiffers
from printapic.application.users.administration import RoleNotGrantable
from printapic.domain.actors import Actor, Role
from printapic.domain.audit.event import AuditAction
from printapic.domain.ids import UserId
from printapic.domain.users.email import EmailInvalid
from printapic.domain.users.password import PasswordTooLong, PasswordTooShort
from printapic.domain.users.user import AccountDisabled, LastAdministrator, Locale, OwnRoles, UserNotFound
from tests.shop_floor import PASSWORD, ShopFloor, user_of

ANNA = "anna@example.org"


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


def test_an_administrator_gives_and_takes_roles_and_the_sessions_end(floor: ShopFloor, anna: Actor) -> None:
    root = floor.staff(Role.ADMIN)
    floor.session(ANNA)
    promoted = floor.shop.set_roles(
        user_id=user_of(anna), roles=frozenset({Role.OPERATOR}), actor_id=user_of(root)
    )
    assert promoted.roles == {Role.OPERATOR}
    assert floor.shop.list_sessions(user_id=user_of(anna)) == ()
    assert floor.audited().count(AuditAction.ROLES_CHANGED) == 1
    floor.grant(ANNA, Role.ADMIN)
    assert floor.audited().count(AuditAction.ROLES_CHANGED) == 2


def test_setting_the_same_roles_ends_no_session(floor: ShopFloor, anna: Actor) -> None:
    floor.session(ANNA)
    floor.shop.set_roles(user_id=user_of(anna), roles=frozenset({Role.CUSTOMER}), actor_id=None)
    assert len(floor.shop.list_sessions(user_id=user_of(anna))) == 1


def test_nobody_changes_their_own_roles_or_closes_their_own_account(floor: ShopFloor) -> None:
    root = user_of(floor.staff(Role.ADMIN))
    with pytest.raises(OwnRoles):
        floor.shop.set_roles(user_id=root, roles=frozenset({Role.CUSTOMER}), actor_id=root)
    with pytest.raises(OwnRoles):
        floor.shop.disable_user(user_id=root, actor_id=root)


def test_a_shop_keeps_an_administrator_who_can_log_in(floor: ShopFloor) -> None:
    one = floor.shop.create_admin(email="one@example.org", password=PASSWORD)
    two = floor.shop.create_admin(email="two@example.org", password=PASSWORD)
    floor.shop.disable_user(user_id=two, actor_id=one)
    with pytest.raises(LastAdministrator):
        floor.shop.set_roles(user_id=one, roles=frozenset({Role.SUPPORT}), actor_id=None)
    with pytest.raises(LastAdministrator):
        floor.shop.disable_user(user_id=one, actor_id=None)
    floor.shop.enable_user(user_id=two, actor_id=one)
    floor.shop.set_roles(user_id=one, roles=frozenset({Role.SUPPORT}), actor_id=two)


def test_a_closed_account_is_closed_once_and_can_be_opened_again(floor: ShopFloor, anna: Actor) -> None:
    floor.session(ANNA)
    for _ in range(2):
        assert floor.shop.disable_user(user_id=user_of(anna), actor_id=None).disabled_at is not None
    assert floor.shop.list_sessions(user_id=user_of(anna)) == ()
    with pytest.raises(AccountDisabled):
        floor.session(ANNA)
    for _ in range(2):
        assert floor.shop.enable_user(user_id=user_of(anna), actor_id=None).disabled_at is None
    floor.session(ANNA)
    audited = floor.audited()
    assert audited.count(AuditAction.USER_DISABLED) == audited.count(AuditAction.USER_ENABLED) == 1


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(floor: ShopFloor, anna: Actor) -> None:
    seen = frozenset({floor.shop.read_user(user_id=user_of(anna)).version})
    floor.shop.update_profile(user_id=user_of(anna), name="Anna A.", locale=Locale.DE, versions=seen)
    admins = frozenset({Role.ADMIN})
    with pytest.raises(VersionDiffers):
        floor.shop.update_profile(user_id=user_of(anna), name=None, locale=Locale.EN, versions=seen)
    with pytest.raises(VersionDiffers):
        floor.shop.set_roles(user_id=user_of(anna), roles=admins, actor_id=None, versions=seen)
    with pytest.raises(VersionDiffers):
        floor.shop.disable_user(user_id=user_of(anna), actor_id=None, versions=seen)
    with pytest.raises(VersionDiffers):
        floor.shop.enable_user(user_id=user_of(anna), actor_id=None, versions=seen)
    user = floor.shop.read_user(user_id=user_of(anna))
    assert (user.name, user.locale, user.roles) == ("Anna A.", Locale.DE, frozenset({Role.CUSTOMER}))


@pytest.mark.parametrize(
    ("text", "found"), [("ANNA", 1), ("example.org", 2), ("Bert", 1), ("%", 0), ("_", 0), ("zoe", 0)]
)
def test_users_are_found_by_part_of_their_address_or_name(
    floor: ShopFloor, anna: Actor, text: str, found: int
) -> None:
    floor.shop.create_user(email="b@example.org", password=PASSWORD, name="Bert")
    assert len(floor.shop.list_users(containing=text)) == found


def test_a_user_is_found_by_the_address_in_any_spelling(floor: ShopFloor, anna: Actor) -> None:
    assert floor.shop.find_user(email="Anna@Example.org").id == anna.user_id
    with pytest.raises(UserNotFound):
        floor.shop.find_user(email="nobody@example.org")
