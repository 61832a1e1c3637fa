"""Credentials: which ones the door takes, how many at a time, and for how long it believes them."""

from __future__ import annotations

import base64
import json
import time
from datetime import timedelta

import pytest

from printapic.domain.actors import Role
from printapic.domain.users.permissions import Permission
from tests.integration.http.live_shop import LiveShop, Person, wait_until
from tests.integration.http.problems import problem


def tampered(token: str, **claims: object) -> str:
    head, body, signature = token.split(".")
    plain = json.loads(base64.urlsafe_b64decode(body + "=="))
    changed = base64.urlsafe_b64encode(json.dumps(plain | claims).encode()).rstrip(b"=").decode()
    return f"{head}.{changed}.{signature}"


def test_no_forged_token_opens_the_door(shop: LiveShop, anna: Person, bert: Person) -> None:
    token = anna.headers["Authorization"].removeprefix("Bearer ")
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"at+jwt"}').rstrip(b"=").decode()
    forgeries = [
        ".",
        "x",
        token[:-2],
        token + "A",
        token.upper(),
        tampered(token, sub=str(bert.id)),
        tampered(token, exp=int(time.time()) + 10**6),
        f"{none}.{token.split('.')[1]}.",
        "x" * 3000,
    ]
    for forgery in forgeries:
        headers = {"Authorization": f"Bearer {forgery}"}
        problem(shop.client.get("/v1/users/me", headers=headers), 401, "unauthenticated")
    for header in ("Basic eDp5", token, "Bearer", f"Bearer  {token}"):
        answer = shop.client.get("/v1/users/me", headers={"Authorization": header})
        problem(answer, 401, "unauthenticated")
    twice = [("Authorization", f"Bearer {token}"), ("Authorization", f"Bearer {token}")]
    problem(shop.client.get("/v1/users/me", headers=twice), 401, "unauthenticated")


def test_an_expired_token_opens_no_door(shop: LiveShop, anna: Person) -> None:
    tokens, now = shop.container.tokens(), shop.container.clock().now()
    session = shop.shop.authenticate(
        access_token=anna.headers["Authorization"].removeprefix("Bearer ")
    ).session_id
    old, _ = tokens.access_token(anna.id, session, 1, at=now - timedelta(minutes=10))
    answer = shop.client.get("/v1/users/me", headers={"Authorization": f"Bearer {old}"})
    problem(answer, 401, "unauthenticated")


def test_a_refresh_token_is_no_access_token(shop: LiveShop, anna: Person) -> None:
    login = {"email": anna.email, "password": "a password of many words"}
    refresh = shop.client.post("/v1/sessions", json=login).json()["refresh_token"]
    answer = shop.client.get("/v1/users/me", headers={"Authorization": f"Bearer {refresh}"})
    problem(answer, 401, "unauthenticated")


def test_a_session_that_ended_elsewhere_is_worthless_soon(shop: LiveShop, anna: Person) -> None:
    token = anna.headers["Authorization"].removeprefix("Bearer ")
    assert shop.call("GET", "/v1/users/me", anna).status_code == 200
    shop.shop.log_out(session_id=shop.shop.authenticate(access_token=token).session_id)
    wait_until(lambda: shop.call("GET", "/v1/users/me", anna).status_code == 401)
    problem(shop.call("GET", "/v1/users/me", anna), 401, "unauthenticated")


def test_what_one_ends_oneself_is_worthless_at_once(shop: LiveShop, anna: Person) -> None:
    elsewhere = Person(anna.id, anna.email, shop.log_in(anna.email))
    third = Person(anna.id, anna.email, shop.log_in(anna.email))
    for session in (anna, elsewhere, third):
        assert shop.call("GET", "/v1/users/me", session).status_code == 200
    listed = shop.call("GET", "/v1/sessions", elsewhere).json()["items"]
    [here] = [session["id"] for session in listed if session["current"]]
    assert shop.call("DELETE", f"/v1/sessions/{here}", anna).status_code == 204
    problem(shop.call("GET", "/v1/users/me", elsewhere), 401, "unauthenticated")
    assert shop.call("DELETE", "/v1/sessions", anna).status_code == 204
    problem(shop.call("GET", "/v1/users/me", third), 401, "unauthenticated")
    assert shop.call("DELETE", "/v1/sessions/current", anna).status_code == 204
    problem(shop.call("GET", "/v1/users/me", anna), 401, "unauthenticated")


@pytest.fixture
def key(shop: LiveShop) -> str:
    _, key = shop.shop.issue_api_key(
        owner_id=shop.person(Role.SUPPORT).id, name="test", scopes=frozenset({Permission.ORDER_READ})
    )
    return key


def test_no_forged_key_opens_the_door(shop: LiveShop, key: str) -> None:
    other = next(character for character in "abcdef" if character != key[30])
    for forgery in ("x", "pap_test_", key[:-1], key + "0", key[:30] + other + key[31:], "p" * 300):
        problem(shop.client.get("/v1/orders", headers={"X-API-Key": forgery}), 401, "unauthenticated")
    assert shop.client.get("/v1/orders", headers={"X-API-Key": key}).status_code == 200


def test_two_keys_are_none(shop: LiveShop, key: str) -> None:
    twice = [("X-API-Key", key), ("X-API-Key", key)]
    problem(shop.client.get("/v1/orders", headers=twice), 401, "unauthenticated")
    as_token = {"Authorization": f"Bearer {key}"}
    problem(shop.client.get("/v1/orders", headers=as_token), 401, "unauthenticated")


def test_a_key_that_was_revoked_elsewhere_is_worthless_soon(shop: LiveShop, key: str) -> None:
    headers = {"X-API-Key": key}
    assert shop.client.get("/v1/orders", headers=headers).status_code == 200
    shop.shop.revoke_api_key(key_id=shop.shop.list_api_keys(limit=1)[0].id, actor_id=None)
    wait_until(lambda: shop.client.get("/v1/orders", headers=headers).status_code == 401)


def test_headers_keep_browsers_out_of_mischief(shop: LiveShop, anna: Person) -> None:
    for answer in (
        shop.call("GET", "/v1/users/me", anna),
        shop.client.get("/v1/users/me"),
        shop.client.get("/nowhere"),
        shop.client.get("/v1/users/me", headers={"X-Request-Id": "chosen-by-the-client"}),
    ):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"
        assert "server" not in answer.headers
        assert "access-control-allow-origin" not in answer.headers
        assert "strict-transport-security" not in answer.headers
        assert answer.headers["x-request-id"] != "chosen-by-the-client"
