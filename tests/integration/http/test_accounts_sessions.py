"""Sessions over HTTP: where one is logged in, stolen refresh tokens, and devices that are known."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import httpx
import pytest

from printapic.domain.ids import SessionId
from printapic.entrypoints.settings import LocalThrottling
from tests.integration.http.devices import Device, device, mails, same_answer, two_devices
from tests.integration.http.live_shop import LiveShop, Person, live_shop, wait_until
from tests.integration.http.problems import problem

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
WRONG = {"password": "a guess of somebody else"}


@pytest.fixture
def here(shop: LiveShop, anna: Person) -> Iterator[Device]:
    with device(shop, anna.email, FIREFOX) as logged_in:
        assert logged_in.log_in().status_code == 201
        yield logged_in


def time_passes(shop: LiveShop, here: Device, by: timedelta) -> None:
    """As far as the refreshes of this session go."""
    [current] = [each for each in here.call("GET", "/v1/sessions").json()["items"] if each["current"]]
    with shop.container.unit_of_work()() as work:
        session = work.sessions.get(SessionId(UUID(current["id"])))
        assert session is not None
        session.refreshed_at -= by
        work.sessions.save(session)
        work.commit()


def test_one_sees_where_one_is_logged_in(shop: LiveShop, anna: Person, here: Device) -> None:
    found = here.call("GET", "/v1/sessions").json()
    assert found["next_cursor"] is None
    newest, oldest = found["items"]
    assert newest["device"] == "Firefox on Linux"
    assert newest["current"] is True
    assert oldest["current"] is False
    assert {each["address"] for each in found["items"]} == {"127.0.0.0/24"}
    assert newest["second_factor"] is False
    assert newest["created_at"] <= newest["last_used_at"] < newest["expires_at"]
    assert here.call("DELETE", f"/v1/sessions/{oldest['id']}").status_code == 204
    problem(here.call("DELETE", f"/v1/sessions/{oldest['id']}"), 404, "session-not-found")
    problem(shop.call("GET", "/v1/users/me", anna), 401, "unauthenticated")
    assert [each["id"] for each in here.call("GET", "/v1/sessions").json()["items"]] == [newest["id"]]


def test_a_refresh_token_that_comes_twice_ends_the_session_of_thief_and_owner(
    shop: LiveShop, anna: Person, here: Device
) -> None:
    stolen = here.refresh_token
    assert here.refresh().status_code == 200
    assert here.logged_in()
    time_passes(shop, here, timedelta(minutes=1))
    problem(shop.client.post("/v1/sessions/refresh", json={"refresh_token": stolen}), 401, "unauthenticated")
    problem(here.refresh(), 401, "unauthenticated")
    wait_until(lambda: not here.logged_in())
    assert shop.call("GET", "/v1/users/me", anna).status_code == 200
    assert len(mails(shop, anna.email)) == 1


def test_a_refresh_whose_answer_was_lost_can_be_repeated(here: Device, shop: LiveShop) -> None:
    before = here.refresh_token
    assert here.refresh().status_code == 200
    lost, here.refresh_token = here.refresh_token, before
    assert here.refresh().status_code == 200
    assert here.refresh_token == lost
    problem(
        shop.client.post("/v1/sessions/refresh", json={"refresh_token": f"{lost}x"}), 401, "unauthenticated"
    )
    assert here.refresh().status_code == 200


def test_fifty_refreshes_at_once_have_one_successor(shop: LiveShop, here: Device) -> None:
    token = {"refresh_token": here.refresh_token}

    def refresh(_: int) -> httpx.Response:
        return shop.client.post("/v1/sessions/refresh", json=token)

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(refresh, range(50)))
    served = [answer for answer in answers if answer.status_code != 503]  # too many at a time: come back
    assert {answer.status_code for answer in served} == {200}
    assert len({answer.json()["refresh_token"] for answer in served}) == 1
    here.refresh_token = served[0].json()["refresh_token"]
    assert here.refresh().status_code == 200


def test_the_cookie_of_a_device_opens_nothing_and_no_page_reads_it(shop: LiveShop, anna: Person) -> None:
    with device(shop, anna.email) as here:
        answer = here.log_in()
        [cookie] = answer.headers.get_list("set-cookie")
        name, *attributes = cookie.split("; ")
        assert name.startswith("printapic-device=")
        assert {each.lower() for each in attributes} == {
            "httponly",
            "max-age=31536000",
            "path=/",
            "samesite=strict",
        }
        assert "device" not in answer.json()
        here.access_token = "x"
        problem(here.call("GET", "/v1/users/me"), 401, "unauthenticated")
        again = here.log_in()
        assert again.cookies["printapic-device"] == answer.cookies["printapic-device"]


def test_a_refused_login_leaves_no_cookie(shop: LiveShop, anna: Person) -> None:
    stranger = f"{secrets.token_hex(6)}@example.com"
    known, unknown = (
        httpx.post(f"{shop.url}/v1/sessions", json={"email": email} | WRONG, trust_env=False)
        for email in (anna.email, stranger)
    )
    problem(known, 401, "invalid-credentials")
    assert same_answer(known, unknown)
    assert "set-cookie" not in known.headers


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveShop]:
    """A shop that counts attempts, all of which come from this one machine."""
    with live_shop(tmp_path_factory.mktemp("guarded"), throttling=LocalThrottling()) as running:
        yield running


def test_whoever_guesses_does_not_lock_out_a_device_that_is_known(guarded: LiveShop) -> None:
    with two_devices(guarded, guarded.person()) as (known, _), device(guarded, known.email) as guesser:
        refusals = [guesser.log_in("a guess of somebody else") for _ in range(6)]
        assert [answer.status_code for answer in refusals] == [401] * 5 + [429]
        problem(guesser.log_in(), 429, "too-many-requests")
        assert int(refusals[-1].headers["retry-after"]) >= 1
        assert known.log_in().status_code == 201
        known.client.cookies.set("printapic-device", "made.up")
        problem(known.log_in(), 429, "too-many-requests")
