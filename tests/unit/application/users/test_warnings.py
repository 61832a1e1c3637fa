"""What is done to an account is told its owner by mail, each time once, so that they can object."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from printapic.domain.actors import Actor, Role
from printapic.domain.users.permissions import Permission
from printapic.domain.users.user import Locale
from tests.shop_floor import PASSWORD, ShopFloor, user_of

ANNA = "anna@example.org"


def set_roles(floor: ShopFloor, anna: Actor) -> None:
    floor.shop.set_roles(user_id=user_of(anna), roles=frozenset({Role.ADMIN}), actor_id=None)


def create_admin(floor: ShopFloor, anna: Actor) -> None:
    floor.shop.create_admin(email=ANNA, password=PASSWORD)


def disable(floor: ShopFloor, anna: Actor) -> None:
    floor.shop.disable_user(user_id=user_of(anna), actor_id=None)


def enable(floor: ShopFloor, anna: Actor) -> None:
    floor.shop.enable_user(user_id=user_of(anna), actor_id=None)


def erase(floor: ShopFloor, anna: Actor) -> None:
    floor.shop.request_erasure(user_id=user_of(anna), actor_id=None)


def issue_key(floor: ShopFloor, anna: Actor) -> None:
    scopes = frozenset({Permission.ORDER_OWN})
    floor.shop.issue_api_key(owner_id=user_of(anna), name="WIN-A-PRIZE", scopes=scopes)


ACTS: dict[Callable[[ShopFloor, Actor], None], tuple[str, str]] = {
    set_roles: ("What your account may do was changed", "Die Rechte Ihres Kontos wurden geändert"),
    create_admin: ("What your account may do was changed", "Die Rechte Ihres Kontos wurden geändert"),
    disable: ("Your account was closed", "Ihr Konto wurde geschlossen"),
    erase: ("Your account will be erased", "Ihr Konto wird gelöscht"),
    issue_key: ("An API key was made for your account", "Für Ihr Konto wurde ein API-Schlüssel erstellt"),
}


def told(floor: ShopFloor, act: Callable[[ShopFloor, Actor], None], anna: Actor) -> list[str]:
    """The subjects of the mails that come of it."""
    floor.work()
    before = len(floor.mailer.mails)
    act(floor, anna)
    floor.work()
    mails = floor.mailer.mails[before:]
    assert {mail.to for mail in mails} <= {ANNA}
    assert not [mail for mail in mails if "WIN-A-PRIZE" in mail.content.text + mail.content.html]
    return [mail.content.subject for mail in mails]


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("locale", Locale)
def test_the_owner_is_told_once_in_their_language(
    floor: ShopFloor, anna: Actor, act: Callable[[ShopFloor, Actor], None], locale: Locale
) -> None:
    floor.shop.update_profile(user_id=user_of(anna), locale=locale)
    assert told(floor, act, anna) == [ACTS[act][list(Locale).index(locale)]]
    assert re.search(r"2\.? (March|März) 2026, 12:00", floor.mailer.mails[-1].content.text)
    assert floor.failed() == []


@pytest.mark.parametrize("act", [set_roles, create_admin, disable, erase])
def test_what_changes_nothing_is_not_told_again(
    floor: ShopFloor, anna: Actor, act: Callable[[ShopFloor, Actor], None]
) -> None:
    act(floor, anna)
    assert told(floor, act, anna) == []


def test_closing_and_opening_again_are_two_mails(floor: ShopFloor, anna: Actor) -> None:
    assert told(floor, enable, anna) == []
    assert told(floor, disable, anna) == ["Your account was closed"]
    assert told(floor, enable, anna) == ["Your account is open again"]


def test_whoever_leaves_after_their_account_was_closed_is_told_of_both(floor: ShopFloor, anna: Actor) -> None:
    assert told(floor, disable, anna) == ["Your account was closed"]
    assert told(floor, erase, anna) == ["Your account will be erased"]


def test_each_key_is_a_mail_of_its_own(floor: ShopFloor, anna: Actor) -> None:
    """Two in the same moment too: a thief must not hide a key behind one that was expected."""
    issue_key(floor, anna)
    assert told(floor, issue_key, anna) == ["An API key was made for your account"]
    assert len([mail for mail in floor.mailer.mails if "API key" in mail.content.subject]) == 2
