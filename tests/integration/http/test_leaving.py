"""Taking one's data along and leaving, over HTTP."""

from __future__ import annotations

import io
import json
import zipfile
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from printapic.domain.actors import Role
from printapic.domain.ids import SessionId
from tests.integration.http.live_shop import PASSWORD, LiveShop, Person, picture, wait_until
from tests.integration.http.problems import problem
from tests.json_schema import violations


def stale(shop: LiveShop, who: Person) -> None:
    """Let the login of this person be ten minutes ago."""
    claims = shop.container.tokens().read_access_token(
        who.headers["Authorization"].removeprefix("Bearer "), at=shop.container.clock().now()
    )
    with shop.container.unit_of_work()() as work:
        session = work.sessions.get(SessionId(claims.session_id))
        assert session
        session.authenticated_at -= timedelta(minutes=10)
        work.sessions.save(session)
        work.commit()


def open_files() -> list[str]:
    """What this process, and so the server, has open."""
    names = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            names.append(str(descriptor.readlink()))
    return names


def test_an_export_is_a_zip_of_everything_with_its_schema(shop: LiveShop, anna: Person) -> None:
    content = picture(width_px=1800, height_px=1200)
    image = shop.upload(anna, content, name="Straße №1.jpg")
    order = shop.paid(anna)
    answer = shop.call("GET", "/v1/users/me/export", anna)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"].startswith("attachment;")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        told = json.loads(archive.read("export.json"))
        assert violations(json.loads(archive.read("export.schema.json")), told) == []
        by_id = {each["id"]: each for each in told["images"]}
        assert by_id[image["id"]]["file_name"] == "Straße №1.jpg"
        assert archive.read(by_id[image["id"]]["file"]) == content
    assert [each["number"] for each in told["orders"]] == [order["number"]]
    assert told["sessions"][0]["address"] == "127.0.0.1"


def test_a_client_that_goes_away_leaves_nothing_open(shop: LiveShop, anna: Person) -> None:
    for _ in range(3):
        shop.upload(anna, picture(width_px=3000, height_px=2000))
    with shop.client.stream("GET", "/v1/users/me/export", headers=anna.headers) as answer:
        assert answer.status_code == 200
        next(answer.iter_raw(1000))
    wait_until(lambda: not [path for path in open_files() if "originals" in path])


@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/users/me/export"), ("DELETE", "/v1/users/me")])
def test_an_old_login_is_asked_to_prove_itself(shop: LiveShop, anna: Person, method: str, path: str) -> None:
    stale(shop, anna)
    problem(shop.call(method, path, anna), 403, "reauthentication-required")
    assert shop.call("GET", "/v1/users/me", anna).status_code == 200


def test_whoever_leaves_is_out_at_once(shop: LiveShop, anna: Person) -> None:
    answer = shop.call("DELETE", "/v1/users/me", anna)
    assert (answer.status_code, answer.json()) == (202, {"status": "accepted", "open_orders": 0})
    problem(shop.call("GET", "/v1/users/me", anna), 401, "unauthenticated")
    login = shop.client.post("/v1/sessions", json={"email": anna.email, "password": PASSWORD})
    problem(login, 403, "account-disabled")


def test_open_orders_are_counted(shop: LiveShop, anna: Person) -> None:
    shop.order(anna)
    assert shop.call("DELETE", "/v1/users/me", anna).json()["open_orders"] == 1


def test_an_administrator_erases_who_asked_in_a_letter(shop: LiveShop, anna: Person) -> None:
    admin, path = shop.person(Role.ADMIN), f"/v1/users/{anna.id}"
    assert shop.call("DELETE", path, admin).status_code == 202
    wait_until(lambda: shop.call("GET", "/v1/users/me", anna).status_code == 401)
    shown = shop.call("GET", path, admin).json()
    assert shown["disabled"] is True
    etag = shop.call("GET", path, admin).headers["etag"]
    refused = shop.call("POST", f"{path}/enable", admin, headers={"If-Match": etag})
    problem(refused, 409, "account-leaving")
