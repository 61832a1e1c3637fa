"""The second factor over HTTP: enrolling an app, logging in with it, losing it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest
from pyotp import TOTP

from printapic.adapters.system.clock import FixedClock
from printapic.domain.actors import Role
from tests.integration.http.devices import Device, device, mailed_token, two_devices
from tests.integration.http.live_shop import PASSWORD, LiveShop, live_shop, wait_until
from tests.integration.http.problems import problem

STEP = timedelta(seconds=30)
ME = "/v1/users/me/mfa"


class App:
    """An authenticator app, which shows another code each time that somebody looks."""

    def __init__(self, clock: FixedClock, secret: str) -> None:
        self._clock, self._secret = clock, secret

    def code(self) -> str:
        return TOTP(self._secret).at(self._clock.advance(STEP))


@pytest.fixture(scope="module")
def clock() -> FixedClock:
    return FixedClock(datetime.now(UTC))


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory, clock: FixedClock) -> Iterator[LiveShop]:
    """A shop whose staff needs a second factor, at a time that stands still."""
    folder = tmp_path_factory.mktemp("strict")
    with live_shop(folder, clock=clock, staff_second_factor=True) as running:
        yield running


@pytest.fixture
def here(strict: LiveShop) -> Iterator[Device]:
    with device(strict, strict.person().email) as logged_in:
        assert logged_in.log_in().status_code == 201
        yield logged_in


def enrol(here: Device, clock: FixedClock) -> tuple[App, list[str]]:
    """An app that is known from now on, and the recovery codes."""
    app = App(clock, here.call("POST", ME).json()["secret"])
    answer = here.call("POST", f"{ME}/confirm", {"code": app.code()})
    assert answer.status_code == 200, answer.text
    return app, answer.json()["recovery_codes"]


def test_an_app_is_enrolled_with_what_the_shop_shows(here: Device, clock: FixedClock) -> None:
    assert here.call("GET", ME).json() == {"enabled": False, "recovery_codes_left": 0, "reset_due_at": None}
    answer = here.call("POST", ME)
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    shown = answer.json()
    address = urlsplit(shown["uri"])
    assert (address.scheme, address.netloc) == ("otpauth", "totp")
    assert parse_qs(address.query)["secret"] == [shown["secret"]]
    assert ElementTree.fromstring(shown["qr_svg"]).tag.endswith("svg")
    problem(here.call("POST", f"{ME}/confirm", {"code": "000000"}), 422, "mfa-code-invalid")
    assert here.call("GET", ME).json()["enabled"] is False
    enrol(here, clock)
    assert here.call("GET", ME).json() == {"enabled": True, "recovery_codes_left": 10, "reset_due_at": None}
    problem(here.call("POST", ME), 409, "mfa-already-enabled")


def test_each_login_takes_a_code_that_was_not_used_before(
    strict: LiveShop, here: Device, clock: FixedClock
) -> None:
    with device(strict, here.email) as there:
        assert there.log_in().status_code == 201
        app, _ = enrol(here, clock)
        wait_until(lambda: not there.logged_in())
        problem(there.log_in(), 403, "mfa-required")
        problem(there.log_in(otp="000000"), 401, "invalid-credentials")
        problem(there.log_in("a guess of somebody else", otp=app.code()), 401, "invalid-credentials")
        code = app.code()
        assert there.log_in(otp=code).status_code == 201
        problem(there.log_in(otp=code), 401, "invalid-credentials")
        assert there.call("GET", "/v1/sessions").json()["items"][0]["second_factor"] is True


def test_a_recovery_code_is_good_once_and_ends_the_other_sessions(
    strict: LiveShop, here: Device, clock: FixedClock
) -> None:
    _, codes = enrol(here, clock)
    assert len(set(codes)) == 10
    with device(strict, here.email) as there:
        assert there.log_in(otp=codes[0].upper().replace("-", " ")).status_code == 201
        problem(there.log_in(otp=codes[0]), 401, "invalid-credentials")
        assert there.call("GET", ME).json()["recovery_codes_left"] == 9
        wait_until(lambda: not here.logged_in())
        renewed = there.call("POST", f"{ME}/recovery-codes").json()["recovery_codes"]
        assert not set(renewed) & set(codes)
        problem(there.log_in(otp=codes[1]), 401, "invalid-credentials")
        assert there.log_in(otp=renewed[0]).status_code == 201


def test_a_proof_takes_the_code_as_well(here: Device, clock: FixedClock) -> None:
    app, _ = enrol(here, clock)
    proof = {"password": PASSWORD}
    problem(here.call("POST", "/v1/sessions/current/proof", proof), 403, "mfa-required")
    assert here.call("POST", "/v1/sessions/current/proof", proof | {"otp": app.code()}).status_code == 204


def test_disabling_takes_a_code_in_a_header(here: Device, clock: FixedClock) -> None:
    problem(here.call("DELETE", ME, X_One_Time_Code="000000"), 409, "mfa-not-enabled")
    app, _ = enrol(here, clock)
    problem(here.call("DELETE", ME), 422, "mfa-code-invalid")
    problem(here.call("DELETE", ME, X_One_Time_Code="000000"), 422, "mfa-code-invalid")
    assert here.call("DELETE", ME, X_One_Time_Code=app.code()).status_code == 204
    assert here.log_in().status_code == 201


def test_a_reset_of_the_password_does_not_replace_the_second_factor(
    strict: LiveShop, here: Device, clock: FixedClock
) -> None:
    app, _ = enrol(here, clock)
    assert strict.client.post("/v1/password-resets", json={"email": here.email}).status_code == 202
    reset = {"token": mailed_token(strict, here.email), "new_password": "eight+ chars"}
    assert strict.client.post("/v1/password-resets/confirm", json=reset).status_code == 204
    problem(here.log_in("eight+ chars"), 403, "mfa-required")
    assert here.log_in("eight+ chars", otp=app.code()).status_code == 201


def test_staff_gets_its_rights_with_the_first_code(strict: LiveShop, clock: FixedClock) -> None:
    with two_devices(strict, strict.person(Role.SUPPORT)) as (here, there):
        problem(here.call("GET", "/v1/users"), 403, "second-factor-required")
        app, _ = enrol(here, clock)
        assert here.call("GET", "/v1/users").status_code == 200
        assert there.log_in(otp=app.code()).status_code == 201
        assert there.call("GET", "/v1/users").status_code == 200


def test_who_lost_everything_is_helped_in_three_days(
    strict: LiveShop, here: Device, clock: FixedClock
) -> None:
    enrol(here, clock)
    user_id = here.call("GET", "/v1/users/me").json()["id"]
    with device(strict, strict.person(Role.ADMIN).email) as admin:
        assert admin.log_in().status_code == 201
        app, _ = enrol(admin, clock)
        answer = admin.call("POST", f"/v1/users/{user_id}/mfa-reset")
        assert answer.status_code == 202
        due = datetime.fromisoformat(answer.json()["due_at"])
        assert due == clock.now() + timedelta(hours=72)
        own = admin.call("GET", "/v1/users/me").json()["id"]
        problem(admin.call("POST", f"/v1/users/{own}/mfa-reset"), 403, "own-roles")
        clock.advance(timedelta(hours=71))
        strict.work()
        problem(here.log_in(), 403, "mfa-required")
        clock.advance(timedelta(hours=1))
        strict.work()
        assert here.log_in().status_code == 201
        assert admin.log_in(otp=app.code()).status_code == 201
