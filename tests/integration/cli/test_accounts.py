"""Accounts from the command line of the shop's own machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pyotp import TOTP

from printapic.application.shop import Shop
from printapic.domain.actors import Caller, Role
from printapic.domain.ids import UserId
from printapic.domain.users.permissions import Permission
from printapic.domain.users.session import SessionInvalid
from printapic.domain.users.user import AccountDisabled
from printapic.entrypoints.embedded import open_container, open_shop
from printapic.entrypoints.settings import Settings
from tests.integration.cli.terminal import Answer, Command

PASSWORD = "a long enough passphrase"
BOSS = "boss@example.com"
ANNA = "anna@example.com"
PHONE = Caller(address="203.0.113.9", device="Firefox on Android")


@contextmanager
def shop() -> Iterator[Shop]:
    with open_shop(Settings.from_environment(), background=False) as opened:
        yield opened


@pytest.fixture
def anna(data: Path) -> UserId:
    """A customer, beside the administrator."""
    with shop() as opened:
        opened.create_admin(email=BOSS, password=PASSWORD)
        return opened.create_user(email=ANNA, password=PASSWORD, name="Anna")


def rows(answer: Answer) -> Any:
    assert (answer.exit_code, answer.err) == (0, ""), answer
    return json.loads(answer.out)


def refused(answer: Answer, code: str) -> None:
    assert (answer.exit_code, answer.out) == (1, ""), answer
    assert answer.err.count("\n") == 1
    assert answer.err.endswith(f"[{code}]\n")


def test_roles_are_given_and_taken(printapic: Command, anna: UserId) -> None:
    given = rows(printapic("users", "grant", "--email", ANNA, "--role", "support", "--json"))
    assert [row["roles"] for row in given] == ["customer, support"]
    assert printapic("users", "revoke", "--email", ANNA, "--role", "customer").out == "support\n"
    [bare] = rows(printapic("users", "revoke", "--email", ANNA, "--role", "support", "--json"))
    assert (bare["email"], bare["roles"]) == (ANNA, "")
    assert printapic("users", "revoke", "--email", ANNA, "--role", "support").out == "no roles\n"
    [found] = rows(printapic("users", "list", "--containing", "ANNA@", "--json"))
    assert (found["id"], found["roles"]) == (str(anna), "")
    refused(printapic("users", "revoke", "--email", BOSS, "--role", "admin"), "last-administrator")
    refused(printapic("users", "revoke", "--email", "x@example.com", "--role", "admin"), "user-not-found")


def test_an_account_is_closed_and_opened(printapic: Command, anna: UserId) -> None:
    assert printapic("users", "disable", "--email", ANNA).out == "customer (disabled)\n"
    with shop() as opened, pytest.raises(AccountDisabled):
        opened.log_in(email=ANNA, password=PASSWORD)
    [closed] = rows(printapic("users", "disable", "--email", ANNA, "--json"))
    assert closed["disabled_at"] is not None
    [row] = rows(printapic("users", "enable", "--email", ANNA, "--json"))
    assert row["disabled_at"] is None
    with shop() as opened:
        opened.log_in(email=ANNA, password=PASSWORD)
    refused(printapic("users", "disable", "--email", BOSS), "last-administrator")
    refused(printapic("users", "disable", "--email", "no address"), "email-invalid")


def test_a_lost_second_factor_goes_in_three_days_or_now(printapic: Command, anna: UserId) -> None:
    refused(printapic("users", "reset-mfa", "--email", ANNA), "mfa-not-enabled")
    with open_container(Settings.from_environment()) as container:
        opened = container.shop()
        pair = opened.log_in(email=ANNA, password=PASSWORD)
        own = opened.authenticate(access_token=pair.access_token).session_id
        secret, _ = opened.enrol_second_factor(user_id=anna, session_id=own)
        code = TOTP(secret).at(container.clock().now())
        opened.confirm_second_factor(user_id=anna, session_id=own, code=code)
    assert printapic("users", "reset-mfa", "--email", ANNA).out.startswith("due: ")
    with shop() as opened:
        assert opened.read_second_factor(user_id=anna).enabled
    [row] = rows(printapic("users", "reset-mfa", "--email", ANNA, "--now", "--json"))
    assert row == {"id": str(anna), "email": ANNA, "due_at": None}
    with shop() as opened:
        assert not opened.read_second_factor(user_id=anna).enabled


def test_sessions_are_listed_and_ended(printapic: Command, anna: UserId) -> None:
    assert rows(printapic("sessions", "list", "--email", ANNA, "--json")) == []
    with shop() as opened:
        first, second, third = (
            opened.log_in(email=ANNA, password=PASSWORD, caller=PHONE).access_token for _ in range(3)
        )
    found = rows(printapic("sessions", "list", "--email", ANNA, "--json"))
    assert {(row["device"], row["address"]) for row in found} == {("Firefox on Android", "203.0.113.9")}
    newest = found[0]["id"]
    assert printapic("sessions", "revoke", "--email", ANNA, "--session", newest).out == "ended: 1\n"
    refused(printapic("sessions", "revoke", "--email", ANNA, "--session", newest), "session-not-found")
    other = found[1]["id"]
    refused(printapic("sessions", "revoke", "--email", BOSS, "--session", other), "session-not-found")
    with shop() as opened:
        opened.authenticate(access_token=second)
        with pytest.raises(SessionInvalid):
            opened.authenticate(access_token=third)
    assert rows(printapic("sessions", "revoke", "--email", ANNA, "--json")) == [
        {"user_id": str(anna), "ended": 2}
    ]
    with shop() as opened:
        for token in (first, second):
            with pytest.raises(SessionInvalid):
                opened.authenticate(access_token=token)
    assert printapic("sessions", "revoke", "--email", ANNA, "--session", "x").exit_code == 2


def test_keys_of_machines_are_listed_and_revoked(printapic: Command, anna: UserId) -> None:
    with shop() as opened:
        issued, key = opened.issue_api_key(
            owner_id=opened.find_user(email=BOSS).id,
            name="parcel desk",
            scopes=frozenset({Permission.ORDER_READ}),
        )
    [row] = rows(printapic("api-keys", "list", "--json"))
    assert (row["id"], row["name"], row["scopes"]) == (str(issued.id), "parcel desk", "order:read")
    assert key not in printapic("api-keys", "list").out
    for _ in range(2):
        assert printapic("api-keys", "revoke", str(issued.id)).out == f"revoked: {issued.id}\n"
    [row] = rows(printapic("api-keys", "list", "--json"))
    assert row["revoked_at"] is not None
    with shop() as opened, pytest.raises(SessionInvalid):
        opened.authenticate_api_key(api_key=key)
    refused(printapic("api-keys", "revoke", str(uuid4())), "api-key-not-found")


@pytest.mark.parametrize(
    "arguments",
    [
        ("users", "disable"),
        ("users", "revoke", "--email", ANNA, "--role", Role.SYSTEM.value),
        ("sessions", "list"),
        ("api-keys", "revoke", "x"),
    ],
)
def test_a_wrong_call_is_exit_code_2(printapic: Command, arguments: tuple[str, ...]) -> None:
    answer = printapic(*arguments)
    assert (answer.exit_code, answer.out) == (2, "")
    assert "Usage:" in answer.err
