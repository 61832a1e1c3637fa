"""Getting back in without the password, and changing password and address with it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from printapic.adapters.system.clock import FixedClock
from tests.integration.http.devices import (
    Device,
    device,
    mailed_token,
    mails,
    same_answer,
    text_of,
    two_devices,
)
from tests.integration.http.live_shop import PASSWORD, LiveShop, Person, live_shop, wait_until
from tests.integration.http.problems import problem

ANOTHER = "another password of many words"


@pytest.fixture
def nobody() -> str:
    """An address without an account."""
    return f"{secrets.token_hex(6)}@example.com"


@pytest.fixture
def devices(shop: LiveShop, anna: Person) -> Iterator[tuple[Device, Device]]:
    with two_devices(shop, anna) as both:
        yield both


def test_a_forgotten_password_is_replaced_and_every_session_ends(
    shop: LiveShop, anna: Person, devices: tuple[Device, Device]
) -> None:
    here, there = devices
    assert here.logged_in()
    assert there.logged_in()
    assert shop.client.post("/v1/password-resets", json={"email": anna.email}).status_code == 202
    reset = {"token": mailed_token(shop, anna.email), "new_password": "short"}
    problem(shop.client.post("/v1/password-resets/confirm", json=reset), 422, "password-too-short")
    reset["new_password"] = ANOTHER
    assert shop.client.post("/v1/password-resets/confirm", json=reset).status_code == 204
    problem(shop.client.post("/v1/password-resets/confirm", json=reset), 422, "token-invalid")
    wait_until(lambda: not here.logged_in() and not there.logged_in())
    problem(here.refresh(), 401, "unauthenticated")
    problem(here.log_in(), 401, "invalid-credentials")
    assert here.log_in(ANOTHER).status_code == 201


def test_a_reset_tells_nobody_whether_there_is_an_account(shop: LiveShop, anna: Person, nobody: str) -> None:
    known, unknown = (
        shop.client.post("/v1/password-resets", json={"email": email}) for email in (anna.email, nobody)
    )
    assert known.status_code == 202
    assert same_answer(known, unknown)
    assert len(mails(shop, anna.email)) == 1
    assert mails(shop, nobody) == []


def test_a_registration_tells_nobody_whether_there_is_an_account(
    shop: LiveShop, anna: Person, nobody: str
) -> None:
    known, unknown = (
        shop.client.post("/v1/users", json={"email": email, "password": ANOTHER})
        for email in (anna.email, nobody)
    )
    assert known.status_code == 202
    assert same_answer(known, unknown)
    assert mailed_token(shop, nobody)
    with device(shop, anna.email) as here:
        problem(here.log_in(ANOTHER), 401, "invalid-credentials")
        assert here.log_in().status_code == 201


def test_a_verification_mail_tells_nobody_whether_somebody_waits_for_one(
    shop: LiveShop, anna: Person, nobody: str
) -> None:
    assert shop.client.post("/v1/users", json={"email": nobody, "password": PASSWORD}).status_code == 202
    assert len(mails(shop, nobody)) == 1
    answers = [
        shop.client.post("/v1/users/verification-mail", json={"email": email})
        for email in (nobody, anna.email, f"{secrets.token_hex(6)}@example.com")
    ]
    assert answers[0].status_code == 202
    assert all(same_answer(answers[0], other) for other in answers)
    assert len(mails(shop, nobody)) == 2
    [told] = mails(shop, anna.email)
    assert "already" in text_of(told)
    verify = {"token": mailed_token(shop, nobody), "password": "too short"}
    problem(shop.client.post("/v1/users/verify", json=verify), 422, "password-too-short")
    problem(shop.client.post("/v1/users/verify", json={"token": verify["token"]}), 422, "request-invalid")
    verify["password"] = ANOTHER
    assert shop.client.post("/v1/users/verify", json=verify).status_code == 204
    problem(shop.client.post("/v1/users/verify", json=verify), 422, "token-invalid")
    with device(shop, nobody) as new:
        problem(new.log_in(), 401, "invalid-credentials")
        assert new.log_in(ANOTHER).status_code == 201


def test_whoever_knows_the_password_changes_it_and_stays(devices: tuple[Device, Device]) -> None:
    here, there = devices
    change = {"current_password": "a guess of somebody else", "new_password": ANOTHER}
    problem(here.call("PUT", "/v1/users/me/password", change), 403, "password-wrong")
    assert there.logged_in()
    change["current_password"] = PASSWORD
    assert here.call("PUT", "/v1/users/me/password", change).status_code == 204
    assert here.logged_in()
    assert not there.logged_in()
    assert there.log_in(ANOTHER).status_code == 201


def test_an_address_changes_when_its_new_owner_says_so_and_the_old_one_can_take_it_back(
    shop: LiveShop, anna: Person, nobody: str, devices: tuple[Device, Device]
) -> None:
    here, there = devices
    assert here.call("PUT", "/v1/users/me/email", {"email": nobody}).status_code == 202
    confirm = {"token": mailed_token(shop, nobody)}
    assert here.call("GET", "/v1/users/me").json()["email"] == anna.email
    assert shop.client.post("/v1/email-changes/confirm", json=confirm).status_code == 204
    problem(shop.client.post("/v1/email-changes/confirm", json=confirm), 422, "token-invalid")
    assert here.call("GET", "/v1/users/me").json()["email"] == nobody
    wait_until(lambda: not there.logged_in())
    problem(there.log_in(), 401, "invalid-credentials")

    revert = {"token": mailed_token(shop, anna.email)}
    problem(shop.client.post("/v1/email-changes/confirm", json=revert), 422, "token-invalid")
    assert shop.client.post("/v1/email-changes/revert", json=revert).status_code == 204
    problem(shop.client.post("/v1/email-changes/revert", json=revert), 422, "token-invalid")
    wait_until(lambda: not here.logged_in())
    assert there.log_in().status_code == 201
    assert there.call("GET", "/v1/users/me").json()["email"] == anna.email


def test_an_address_of_somebody_else_is_asked_for_like_any_other(
    shop: LiveShop, anna: Person, bert: Person, nobody: str, devices: tuple[Device, Device]
) -> None:
    here, _ = devices
    taken, free = (here.call("PUT", "/v1/users/me/email", {"email": email}) for email in (bert.email, nobody))
    assert taken.status_code == 202
    assert same_answer(taken, free)
    assert len(mails(shop, bert.email)) == 1
    with pytest.raises(AssertionError, match="no mail with a token"):
        mailed_token(shop, bert.email)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/password-resets/confirm", {"token": "SECRET" * 100, "new_password": PASSWORD}),
        ("/v1/password-resets/confirm", {"token": "unknown", "new_password": "SECRET"}),
        ("/v1/users/verify", {"token": "SECRET", "password": None}),
        ("/v1/users/verify", {"token": "SECRET", "password": PASSWORD}),
        ("/v1/users/verify", {"token": "unknown", "password": "SECRET"}),
        ("/v1/email-changes/confirm", {"token": "SECRET"}),
        ("/v1/email-changes/revert", {"token": ["SECRET"]}),
        ("/v1/sessions", {"email": "a@example.com", "password": "SECRET" * 700}),
        ("/v1/sessions/refresh", {"refresh_token": "prt_SECRET"}),
        ("/v1/users", {"email": "a@example.com", "password": "SECRET"}),
    ],
)
def test_no_refusal_repeats_what_was_sent(shop: LiveShop, path: str, body: object) -> None:
    answer = shop.client.post(path, json=body)
    assert answer.status_code in (401, 422)
    assert "SECRET" not in answer.text


# Who sits at the device


@pytest.fixture(scope="module")
def clock() -> FixedClock:
    return FixedClock(datetime.now(UTC))


@pytest.fixture(scope="module")
def timeless(tmp_path_factory: pytest.TempPathFactory, clock: FixedClock) -> Iterator[LiveShop]:
    with live_shop(tmp_path_factory.mktemp("timeless"), clock=clock) as running:
        yield running


def test_after_five_minutes_one_proves_again_who_one_is(
    timeless: LiveShop, clock: FixedClock, nobody: str
) -> None:
    with device(timeless, timeless.person().email) as here:
        assert here.log_in().status_code == 201
        clock.advance(timedelta(minutes=5, seconds=1))
        assert here.refresh().status_code == 200
        change = {"email": nobody}
        for method, path, body in (
            ("PUT", "/v1/users/me/email", change),
            ("POST", "/v1/users/me/mfa", None),
        ):
            problem(here.call(method, path, body), 403, "reauthentication-required")
        wrong = {"password": "a guess of somebody else"}
        problem(here.call("POST", "/v1/sessions/current/proof", wrong), 403, "password-wrong")
        problem(here.call("PUT", "/v1/users/me/email", change), 403, "reauthentication-required")
        assert here.call("POST", "/v1/sessions/current/proof", {"password": PASSWORD}).status_code == 204
        assert here.call("PUT", "/v1/users/me/email", change).status_code == 202
