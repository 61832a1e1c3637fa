"""What administrators and support do to other people's accounts, and what people say of themselves."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from printapic.domain.actors import Role
from printapic.domain.users.session import RECENT
from tests.integration.http.live_shop import LiveShop, Person, wait_until
from tests.integration.http.problems import problem


@pytest.fixture
def admin(shop: LiveShop) -> Person:
    return shop.person(Role.ADMIN)


@pytest.fixture
def support(shop: LiveShop) -> Person:
    return shop.person(Role.SUPPORT)


# One's own profile


def test_a_profile_is_changed_where_something_is_said(shop: LiveShop, anna: Person) -> None:
    def patch(body: object, **headers: str) -> httpx.Response:
        return shop.call("PATCH", "/v1/users/me", anna, json=body, headers=headers)

    named = patch({"name": "Änna"})
    assert named.status_code == 200
    assert (named.json()["name"], named.json()["locale"]) == ("Änna", "en")
    german = patch({"locale": "de"})
    assert (german.json()["name"], german.json()["locale"]) == ("Änna", "de")
    assert patch({}).headers["etag"] == german.headers["etag"] != named.headers["etag"]
    problem(patch({"name": "Berta"}, **{"If-Match": named.headers["etag"]}), 412, "version-differs")
    nameless = patch({"name": None}, **{"If-Match": german.headers["etag"]})
    assert (nameless.json()["name"], nameless.json()["locale"]) == (None, "de")
    me = shop.call("GET", "/v1/users/me", anna)
    assert (me.json(), me.headers["etag"]) == (nameless.json(), nameless.headers["etag"])


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"roles": ["admin"]}, "/roles"),
        ({"email": "a@example.com"}, "/email"),
        ({"name": ""}, "/name"),
        ({"name": "two\nlines"}, "/name"),
        ({"locale": None}, "/locale"),
        ({"locale": "xx"}, "/locale"),
    ],
)
def test_a_profile_holds_nothing_else(
    shop: LiveShop, anna: Person, body: dict[str, Any], pointer: str
) -> None:
    answer = shop.call("PATCH", "/v1/users/me", anna, json=body)
    [fault] = problem(answer, 422, "request-invalid")["errors"]
    assert fault["pointer"] == pointer


# Roles


def set_roles(shop: LiveShop, admin: Person, user: Person, *roles: str, **headers: str) -> httpx.Response:
    path = f"/v1/users/{user.id}/roles"
    return shop.call("PUT", path, admin, json={"roles": roles}, headers=headers)


def test_roles_are_given_by_somebody_who_has_looked(shop: LiveShop, admin: Person, anna: Person) -> None:
    seen = shop.call("GET", f"/v1/users/{anna.id}", admin).headers["etag"]
    problem(set_roles(shop, admin, anna, "support"), 428, "precondition-required")
    problem(set_roles(shop, admin, anna, "support", **{"If-Match": "*"}), 428, "precondition-required")
    given = set_roles(shop, admin, anna, "support", **{"If-Match": seen})
    assert given.status_code == 200
    assert given.json()["roles"] == ["support"]
    problem(set_roles(shop, admin, anna, "operator", **{"If-Match": seen}), 412, "version-differs")
    problem(
        set_roles(shop, admin, anna, "system", **{"If-Match": given.headers["etag"]}),
        422,
        "role-not-grantable",
    )
    wait_until(lambda: shop.call("GET", "/v1/users/me", anna).status_code == 401)
    promoted = Person(anna.id, anna.email, shop.log_in(anna.email))
    assert shop.call("GET", "/v1/users", promoted).status_code == 200


def test_nobody_gives_roles_to_themselves_or_to_nobody(shop: LiveShop, admin: Person) -> None:
    own = shop.call("GET", "/v1/users/me", admin).headers["etag"]
    problem(set_roles(shop, admin, admin, "admin", "operator", **{"If-Match": own}), 403, "own-roles")
    problem(shop.call("POST", f"/v1/users/{admin.id}/disable", admin), 403, "own-roles")
    nobody = Person(uuid4(), "", {})  # type: ignore[arg-type]
    problem(set_roles(shop, admin, nobody, "support", **{"If-Match": '"1"'}), 404, "user-not-found")
    for command in ("disable", "enable", "mfa-reset"):
        problem(shop.call("POST", f"/v1/users/{nobody.id}/{command}", admin), 404, "user-not-found")
    problem(shop.call("DELETE", f"/v1/users/{nobody.id}/sessions", admin), 404, "user-not-found")


# Closing accounts and ending sessions


def test_a_disabled_account_is_closed_until_it_is_opened_again(
    shop: LiveShop, admin: Person, anna: Person
) -> None:
    path = f"/v1/users/{anna.id}"
    seen = shop.call("GET", path, admin).headers["etag"]
    closed = shop.call("POST", f"{path}/disable", admin, headers={"If-Match": seen})
    assert closed.status_code == 200
    assert closed.json()["disabled"] is True
    problem(shop.call("POST", f"{path}/enable", admin, headers={"If-Match": seen}), 412, "version-differs")
    problem(shop.call("GET", "/v1/users/me", anna), 401, "unauthenticated")
    login = {"email": anna.email, "password": "a password of many words"}
    problem(shop.client.post("/v1/sessions", json=login), 403, "account-disabled")
    login["password"] = "a guess of somebody else"
    problem(shop.client.post("/v1/sessions", json=login), 401, "invalid-credentials")
    again = shop.call("POST", f"{path}/enable", admin)
    assert again.json()["disabled"] is False
    problem(shop.call("GET", "/v1/users/me", anna), 401, "unauthenticated")
    shop.log_in(anna.email)


def test_support_logs_customers_out_and_administrators_everybody(
    shop: LiveShop, admin: Person, support: Person, anna: Person
) -> None:
    operator = shop.person(Role.OPERATOR)
    assert shop.call("DELETE", f"/v1/users/{anna.id}/sessions", support).status_code == 204
    problem(shop.call("GET", "/v1/users/me", anna), 401, "unauthenticated")
    for colleague in (operator, admin):
        answer = shop.call("DELETE", f"/v1/users/{colleague.id}/sessions", support)
        problem(answer, 403, "colleague-protected")
        assert shop.call("GET", "/v1/users/me", colleague).status_code == 200
    assert shop.call("DELETE", f"/v1/users/{operator.id}/sessions", admin).status_code == 204
    problem(shop.call("GET", "/v1/users/me", operator), 401, "unauthenticated")


def test_somebody_is_found_by_part_of_their_address_page_by_page(shop: LiveShop, support: Person) -> None:
    mark = secrets.token_hex(6)
    registered = {f"{mark}.{number}@example.com" for number in range(3)}
    for email in registered:
        shop.shop.create_user(email=email, password="a password of many words")
    found: list[str] = []
    cursor = ""
    while True:
        listed = shop.call("GET", f"/v1/users?q={mark.upper()}&limit=2{cursor}", support).json()
        found += [user["email"] for user in listed["items"]]
        if listed["next_cursor"] is None:
            break
        cursor = f"&cursor={listed['next_cursor']}"
    assert sorted(found) == sorted(registered)
    elsewhere = shop.call("GET", f"/v1/users?q=other&limit=2{cursor}", support)
    problem(elsewhere, 422, "cursor-invalid")
    assert shop.call("GET", "/v1/users?q=%25", support).json()["items"] == []
    for nonsense in ("", "%00", "x" * 201):
        problem(shop.call("GET", f"/v1/users?q={nonsense}", support), 422, "request-invalid")


# API keys


def issue(shop: LiveShop, admin: Person, **changes: object) -> httpx.Response:
    body = {"name": "Parcel desk", "scopes": ["order:read", "shipment:write"]} | changes
    return shop.call("POST", "/v1/api-keys", admin, json=body)


def test_a_key_is_shown_once_used_by_a_machine_and_revoked(shop: LiveShop, admin: Person) -> None:
    answer = issue(shop, admin, networks=["127.0.0.0/8"], expires_in_days=7)
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    issued = answer.json()
    key = {"X-API-Key": issued.pop("key")}
    assert key["X-API-Key"].startswith("pap_test_")
    assert issued["scopes"] == ["order:read", "shipment:write"]
    assert issued["networks"] == ["127.0.0.0/8"]
    assert issued["last_used_at"] is None
    assert shop.client.get("/v1/orders", headers=key).status_code == 200
    listed = shop.call("GET", "/v1/api-keys?limit=1", admin).json()
    [shown] = listed["items"]
    assert shown == issued | {"last_used_at": shown["last_used_at"]}
    assert shown["last_used_at"] is not None
    assert shop.call("DELETE", f"/v1/api-keys/{issued['id']}", admin).status_code == 204
    assert shop.call("DELETE", f"/v1/api-keys/{issued['id']}", admin).status_code == 204
    problem(shop.client.get("/v1/orders", headers=key), 401, "unauthenticated")
    problem(shop.call("DELETE", f"/v1/api-keys/{uuid4()}", admin), 404, "api-key-not-found")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"scopes": ["role:write"]}, "scope-not-grantable"),
        ({"scopes": ["production:read"]}, "scope-not-grantable"),
        ({"networks": ["203.0.113.1/24"]}, "network-invalid"),
        ({"networks": ["everywhere"]}, "network-invalid"),
        ({"scopes": []}, "request-invalid"),
        ({"scopes": ["everything"]}, "request-invalid"),
        ({"networks": ["127.0.0.0/8"] * 21}, "request-invalid"),
        ({"expires_in_days": 0}, "request-invalid"),
        ({"expires_in_days": 366}, "request-invalid"),
        ({"name": ""}, "request-invalid"),
        ({"owner_id": str(uuid4())}, "request-invalid"),
    ],
)
def test_a_key_can_not_be_for_everything(
    shop: LiveShop, admin: Person, changes: dict[str, object], code: str
) -> None:
    before = shop.shop.list_api_keys(limit=1)
    problem(issue(shop, admin, **changes), 422, code)
    assert [key.id for key in shop.shop.list_api_keys(limit=1)] == [key.id for key in before]


def test_a_key_is_issued_by_somebody_who_has_just_proven_who_they_are(shop: LiveShop, admin: Person) -> None:
    with shop.container.unit_of_work()() as work:
        [session] = work.sessions.live(admin.id, at=shop.container.clock().now())
        session.authenticated_at -= RECENT + timedelta(seconds=1)
        work.sessions.save(session)
        work.commit()
    problem(issue(shop, admin), 403, "reauthentication-required")
    proof = {"password": "a password of many words"}
    assert shop.call("POST", "/v1/sessions/current/proof", admin, json=proof).status_code == 204
    assert issue(shop, admin).status_code == 201
