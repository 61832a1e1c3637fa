"""Who may do what: every operation of the published document, for everybody there is."""

from __future__ import annotations

import base64
import json
import time
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import attrs
import pytest
from litestar import get

from printapic.domain.actors import Role
from printapic.entrypoints.container import Container
from printapic.entrypoints.http.app import create_app
from printapic.entrypoints.http.policies import PolicyMissing, allow
from printapic.entrypoints.settings import Settings
from tests.integration.http.live_shop import LiveShop, Person, wait_until
from tests.integration.http.problems import problem

ANYONE_AT_ALL = "anonymous owner other operator support admin"
LOGGED_IN = "owner other operator support admin"
CUSTOMERS = "owner other"
READERS = "owner hidden operator support admin"
PAYMENT_READERS = "owner hidden support admin"
STAFF = "operator support admin"
ALLOWED = {
    "live": ANYONE_AT_ALL,
    "list_public_keys": ANYONE_AT_ALL,
    "ready": ANYONE_AT_ALL,
    "register": ANYONE_AT_ALL,
    "verify_email": ANYONE_AT_ALL,
    "request_verification_mail": ANYONE_AT_ALL,
    "request_password_reset": ANYONE_AT_ALL,
    "reset_password": ANYONE_AT_ALL,
    "confirm_email_change": ANYONE_AT_ALL,
    "revert_email_change": ANYONE_AT_ALL,
    "log_in": ANYONE_AT_ALL,
    "refresh_session": ANYONE_AT_ALL,
    "list_products": ANYONE_AT_ALL,
    "read_product": ANYONE_AT_ALL,
    "list_shipping_methods": ANYONE_AT_ALL,
    "quote_order": ANYONE_AT_ALL,
    "receive_webhook": ANYONE_AT_ALL,
    "log_out": LOGGED_IN,
    "list_sessions": LOGGED_IN,
    "end_session": LOGGED_IN,
    "end_other_sessions": LOGGED_IN,
    "reauthenticate": LOGGED_IN,
    "read_me": LOGGED_IN,
    "update_me": LOGGED_IN,
    "change_password": LOGGED_IN,
    "request_email_change": LOGGED_IN,
    "read_second_factor": LOGGED_IN,
    "enrol_second_factor": LOGGED_IN,
    "confirm_second_factor": LOGGED_IN,
    "disable_second_factor": LOGGED_IN,
    "renew_recovery_codes": LOGGED_IN,
    "list_notifications": LOGGED_IN,
    "list_users": "support admin",
    "read_user": "support admin",
    "set_roles": "admin",
    "disable_user": "admin",
    "enable_user": "admin",
    "reset_second_factor": "admin",
    "end_user_sessions": "support admin",
    "issue_api_key": "admin",
    "list_api_keys": "admin",
    "revoke_api_key": "admin",
    "read_audit_log": "admin",
    "upload_image": CUSTOMERS,
    "list_images": CUSTOMERS,
    "read_image": "owner hidden",
    "delete_image": "owner hidden",
    "read_original": "owner hidden",
    "read_rendition": "owner hidden",
    "check_printability": "owner hidden",
    "place_order": CUSTOMERS,
    "list_orders": LOGGED_IN,
    "read_order": READERS,
    "read_order_history": READERS,
    "read_order_actions": READERS,
    "list_shipments": READERS,
    "cancel_order": PAYMENT_READERS,
    "waive_edit_window": "owner hidden",
    "hold_order": STAFF,
    "release_order": READERS,
    "start_production": "operator",
    "ship_parcel": STAFF,
    "mark_delivered": STAFF,
    "abort_order": "admin",
    "read_production_queue": "operator",
    "create_batch": "operator",
    "download_batch": "operator",
    "start_payment": "owner hidden",
    "list_order_payments": PAYMENT_READERS,
    "read_payment": PAYMENT_READERS,
    "sync_payment": PAYMENT_READERS,
    "list_transactions": "support admin",
}
"""Who gets past the door. `hidden` instead of `other`: a foreign object looks as if it were not there."""


@attrs.frozen
class Cast:
    """Everybody, and what the owner owns."""

    people: dict[str, Person]
    path_values: dict[str, str]


@pytest.fixture(scope="module")
def document(shop: LiveShop) -> dict[str, Any]:
    return dict(shop.client.get("/schema/openapi.json").json())


@pytest.fixture(scope="module")
def cast(shop: LiveShop) -> Cast:
    owner = shop.person()
    order = shop.paid(owner)
    [payment] = shop.call("GET", f"/v1/orders/{order['id']}/payments", owner).json()["items"]
    return Cast(
        people={
            "owner": owner,
            "other": shop.person(),
            "operator": shop.person(Role.OPERATOR),
            "support": shop.person(Role.SUPPORT),
            "admin": shop.person(Role.ADMIN),
        },
        path_values={
            "user_id": str(shop.person().id),
            "session_id": str(uuid4()),
            "key_id": str(uuid4()),
            "image_id": str(shop.upload(owner)["id"]),
            "order_id": str(order["id"]),
            "payment_id": str(payment["id"]),
            "shipment_id": str(uuid4()),
            "preset": "web.jpg",
            "sku": "print-9x13-glossy",
            "file_name": f"{uuid4()}.zip",
            "provider": "simulated",
        },
    )


def operations(document: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {
        operation["operationId"]: (method.upper(), path)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }


def test_the_table_names_exactly_the_operations_that_there_are(document: dict[str, Any]) -> None:
    assert set(operations(document)) == set(ALLOWED)


def test_the_document_says_which_operations_need_a_token(document: dict[str, Any]) -> None:
    for item in document["paths"].values():
        for operation in item.values():
            public = ALLOWED[operation["operationId"]] == ANYONE_AT_ALL
            assert ({"bearer": []} in operation["security"]) is not public


@pytest.mark.parametrize("persona", ["anonymous", "other", "operator", "support", "admin", "owner"])
@pytest.mark.parametrize("operation", list(ALLOWED))
def test_everybody_gets_where_they_may_and_nowhere_else(
    shop: LiveShop, document: dict[str, Any], cast: Cast, operation: str, persona: str
) -> None:
    method, template = operations(document)[operation]
    who = cast.people.get(persona)
    if operation == "log_out" and who is not None:
        who = Person(who.id, who.email, shop.log_in(who.email))
    request: dict[str, Any] = {"headers": {"Idempotency-Key": uuid4().hex}}
    if operation == "start_payment":
        back = f"{shop.url}/"
        request["json"] = {"provider": "simulated", "return_url": back, "cancel_url": back}
    answer = shop.call(method, template.format(**cast.path_values), who, **request)
    allowed = ALLOWED[operation].split()
    if persona in allowed:
        assert answer.status_code not in (401, 403), answer.text
        assert answer.status_code < 500
    elif persona == "anonymous":
        problem(answer, 401, "unauthenticated")
    elif persona == "other" and "hidden" in allowed:
        assert answer.status_code == 404
        assert answer.json()["code"] in ("order-not-found", "image-not-found", "payment-not-found")
    else:
        problem(answer, 403, "permission-denied")


def test_a_foreign_object_looks_exactly_like_none(shop: LiveShop, cast: Cast) -> None:
    other = cast.people["other"]
    for template in ("/v1/orders/{}", "/v1/orders/{}/history", "/v1/images/{}", "/v1/payments/{}"):
        kind = {"o": "order_id", "i": "image_id", "p": "payment_id"}[template[4]]
        unknown = str(uuid4())
        foreign = shop.call("GET", template.format(cast.path_values[kind]), other)
        missing = shop.call("GET", template.format(unknown), other)
        assert foreign.status_code == missing.status_code == 404
        shown = [
            {key: value for key, value in answer.json().items() if key != "request_id"}
            for answer in (foreign, missing)
        ]
        text = [
            json.dumps(each).replace(cast.path_values[kind], "id").replace(unknown, "id") for each in shown
        ]
        assert text[0] == text[1]


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


def test_a_wrong_password_and_an_unknown_address_are_answered_alike(shop: LiveShop, anna: Person) -> None:
    wrong = shop.client.post("/v1/sessions", json={"email": anna.email, "password": "wrong" * 5})
    unknown = shop.client.post("/v1/sessions", json={"email": "nobody@example.com", "password": "wrong" * 5})
    same = [
        {
            key: value
            for key, value in problem(answer, 401, "invalid-credentials").items()
            if key != "request_id"
        }
        for answer in (wrong, unknown)
    ]
    assert same[0] == same[1]


def test_a_session_that_ended_elsewhere_is_worthless_soon(shop: LiveShop, anna: Person) -> None:
    token = anna.headers["Authorization"].removeprefix("Bearer ")
    assert shop.call("GET", "/v1/users/me", anna).status_code == 200
    shop.shop.log_out(session_id=shop.shop.authenticate(access_token=token).session_id)
    wait_until(lambda: shop.call("GET", "/v1/users/me", anna).status_code == 401)
    problem(shop.call("GET", "/v1/users/me", anna), 401, "unauthenticated")


def test_a_shop_with_a_route_that_says_not_for_whom_does_not_start(tmp_path: Path) -> None:
    @get("/v1/forgotten", sync_to_thread=False)
    def forgotten() -> str:
        return "secrets"

    with pytest.raises(PolicyMissing, match="/v1/forgotten"):
        create_app(Container(settings=Settings.memory(tmp_path)), more_routes=[forgotten])


def test_a_route_for_nobody_cannot_be_declared() -> None:
    with pytest.raises(ValueError, match="at least one permission"):
        allow()


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
