"""The journey over HTTP, from nobody to a parcel on the doormat."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from printapic.domain.actors import Role
from tests.integration.http.live_shop import PASSWORD, LiveShop, Person, picture, unzip
from tests.integration.http.problems import problem

_TOKEN = re.compile(r"(?<![\w-])[\w-]{43}(?![\w-])", re.ASCII)


def mailed_token(shop: LiveShop, address: str) -> str:
    shop.work()
    for path in (shop.folder / "mail").glob("*.eml"):
        mail = message_from_bytes(path.read_bytes(), policy=policy.default)
        assert isinstance(mail, EmailMessage)
        body = mail.get_body(("plain",))
        if address in mail["To"] and body is not None and (token := _TOKEN.search(body.get_content())):
            return token[0]
    raise AssertionError("no mail with a token came")


def test_somebody_registers_logs_in_refreshes_and_logs_out(shop: LiveShop) -> None:
    address = f"{secrets.token_hex(6)}@example.com"
    register = {"email": address, "password": PASSWORD, "name": "Änna", "locale": "de"}
    first = shop.client.post("/v1/users", json=register)
    assert (first.status_code, first.json()) == (202, {"status": "accepted"})
    proof = {"token": mailed_token(shop, address), "password": PASSWORD}
    assert shop.client.post("/v1/users/verify", json=proof).status_code == 204
    assert shop.client.post("/v1/users/verify", json=proof).json()["code"] == "token-invalid"

    again = shop.client.post("/v1/users", json=register)
    assert (again.status_code, again.content) == (202, first.content)

    session = shop.client.post("/v1/sessions", json={"email": address.upper(), "password": PASSWORD}).json()
    me = {"Authorization": f"bearer {session['access_token']}"}
    account = shop.client.get("/v1/users/me", headers=me).json()
    assert account["email"] == address
    assert account["name"] == "Änna"
    assert account["roles"] == ["customer"]

    refreshed = shop.client.post("/v1/sessions/refresh", json={"refresh_token": session["refresh_token"]})
    assert refreshed.status_code == 200
    renewed = {"Authorization": f"Bearer {refreshed.json()['access_token']}"}
    assert shop.client.delete("/v1/sessions/current", headers=renewed).status_code == 204
    assert shop.client.get("/v1/users/me", headers=renewed).status_code == 401
    worthless = shop.client.post(
        "/v1/sessions/refresh", json={"refresh_token": refreshed.json()["refresh_token"]}
    )
    assert worthless.status_code == 401


def test_a_photo_comes_back_as_it_was_and_in_every_size(shop: LiveShop, anna: Person) -> None:
    content = picture()
    answer = shop.call("POST", "/v1/images", anna, files={"file": ("Grüße aus Rom.jpg", content)})
    image = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/v1/images/{image['id']}"
    assert image["sha256"] == hashlib.sha256(content).hexdigest()
    assert (image["state"], image["format"]) == ("ready", "jpeg")
    assert (image["width_px"], image["height_px"]) == (900, 600)
    assert image["file_name"] == "Grüße aus Rom.jpg"

    again = shop.call("POST", "/v1/images", anna, files={"file": ("other.jpg", content)})
    assert (again.status_code, again.json()["id"]) == (200, image["id"])

    original = shop.call("GET", f"/v1/images/{image['id']}/original", anna)
    assert original.content == content
    assert original.headers["cache-control"] == "no-store"
    assert original.headers["content-disposition"].startswith("attachment;")
    assert "filename*=UTF-8''Gr%C3%BC%C3%9Fe%20aus%20Rom.jpg" in original.headers["content-disposition"]

    for preset in ("thumbnail", "preview", "web"):
        shown = shop.call("GET", image["renditions"][preset], anna)
        assert shown.status_code == 200
        assert shown.headers["content-type"] == "image/jpeg"
        assert shown.headers["cache-control"] == "private, max-age=86400, immutable"
        assert "sandbox" in shown.headers["content-security-policy"]
        assert shown.headers["x-content-type-options"] == "nosniff"
        bare = shop.call("GET", image["renditions"][preset].removesuffix(".jpg"), anna)
        assert bare.content == shown.content
        known = shop.call(
            "GET", image["renditions"][preset], anna, headers={"If-None-Match": shown.headers["etag"]}
        )
        assert (known.status_code, known.content) == (304, b"")
        assert known.headers["etag"] == shown.headers["etag"]

    prints = shop.call("GET", f"/v1/images/{image['id']}/printability", anna).json()
    assert prints["largest_printable"] in {each["sku"] for each in prints["products"]}
    cropped = shop.call("GET", f"/v1/images/{image['id']}/printability?crop=0.1,0,0.5,0.5", anna).json()
    assert {each["crop_px"]["left"] for each in cropped["products"]} == {90}

    assert shop.call("DELETE", f"/v1/images/{image['id']}", anna).status_code == 204
    for gone in ("", "/original", "/renditions/web.jpg", "/printability"):
        assert shop.call("GET", f"/v1/images/{image['id']}{gone}", anna).json()["code"] == "image-not-found"


def test_an_order_is_paid_printed_shipped_and_delivered(shop: LiveShop, anna: Person) -> None:
    operator = shop.person(Role.OPERATOR)
    order = shop.paid(anna)
    path = f"/v1/orders/{order['id']}"

    waived = shop.call("POST", f"{path}/waive-edit-window", anna)
    assert waived.status_code == 200, waived.text
    shop.work()
    if shop.call("GET", path, anna).json()["status"] == "confirmed":
        assert shop.call("POST", f"{path}/start-production", operator).status_code == 200
    assert shop.call("GET", path, anna).json()["status"] == "in_production"

    queue = shop.call("GET", "/v1/production/queue?limit=500", operator).json()["items"]
    assert order["id"] in {entry["order_id"] for entry in queue}
    batch = shop.call("POST", "/v1/production/batches", operator, json={"order_ids": [order["id"]]})
    assert batch.status_code == 201
    archive = shop.call("GET", batch.json()["download"], operator)
    assert archive.headers["content-type"] == "application/zip"
    files = unzip(archive.content)
    manifest = json.loads(files["manifest.json"])["files"]
    assert [hashlib.sha256(files[entry["file"]]).hexdigest() for entry in manifest] == [
        entry["sha256"] for entry in manifest
    ]

    parcel = {"carrier": "DHL", "tracking_number": "12345", "tracking_url": "https://dhl.example/12345"}
    shipped = shop.call("POST", f"{path}/shipments", operator, json=parcel)
    assert (shipped.status_code, shipped.json()["status"]) == (200, "shipped")
    [shipment] = shop.call("GET", f"{path}/shipments", anna).json()["items"]
    assert shipment["tracking_url"] == parcel["tracking_url"]
    delivered = shop.call("POST", f"{path}/shipments/{shipment['id']}/delivered", operator)
    assert delivered.json()["status"] == "delivered"

    steps = [entry["to"] for entry in shop.call("GET", f"{path}/history", anna).json()["items"]]
    assert steps == ["awaiting_payment", "confirmed", "confirmed", "in_production", "shipped", "delivered"]
    shop.work()
    told = {each["kind"] for each in shop.call("GET", "/v1/notifications", anna).json()["items"]}
    assert {"order-placed", "payment-received", "shipped", "delivered"} <= told


def test_an_order_can_be_called_off_and_the_money_goes_back(shop: LiveShop, anna: Person) -> None:
    order = shop.paid(anna)
    cancelled = shop.call("POST", f"/v1/orders/{order['id']}/cancel", anna, json={"reason": "Ordered twice"})
    assert cancelled.json()["status"] == "cancelled"
    shop.work()
    [payment] = shop.call("GET", f"/v1/orders/{order['id']}/payments", anna).json()["items"]
    assert payment["status"] == "refunded"
    assert payment["refunded"] == payment["captured"] == order["total"]
    support = shop.person(Role.SUPPORT)
    log = shop.call("GET", f"/v1/payments/{payment['id']}/transactions", support).json()["items"]
    types = ["due", "capture", "fee", "refund_requested", "refund_succeeded"]
    assert [row["type"] for row in log] == types


def test_a_cancellation_needs_no_body(shop: LiveShop, anna: Person) -> None:
    order = shop.order(anna)
    assert shop.call("POST", f"/v1/orders/{order['id']}/cancel", anna).json()["status"] == "cancelled"


def test_production_waits_while_an_order_is_held(shop: LiveShop, anna: Person) -> None:
    order, support = shop.paid(anna), shop.person(Role.SUPPORT)
    path = f"/v1/orders/{order['id']}"
    held = shop.call("POST", f"{path}/hold", support, json={"reason": "quality"}).json()
    assert (held["status"], held["hold_reason"]) == ("on_hold", "quality")
    [release] = [
        action
        for action in shop.call("GET", f"{path}/actions", anna).json()["items"]
        if action["trigger"] == "release"
    ]
    assert (release["available"], release["reason_code"]) == (False, "hold-not-yours")
    assert shop.call("POST", f"{path}/release", anna).json()["code"] == "order-transition-refused"
    assert shop.call("POST", f"{path}/release", support).json()["status"] == "confirmed"


def test_an_admin_gives_up_an_order_in_production(shop: LiveShop, anna: Person) -> None:
    order, admin, operator = shop.paid(anna), shop.person(Role.ADMIN), shop.person(Role.OPERATOR)
    path = f"/v1/orders/{order['id']}"
    shop.call("POST", f"{path}/waive-edit-window", anna)
    shop.work()
    shop.call("POST", f"{path}/start-production", operator)
    aborted = shop.call("POST", f"{path}/abort", admin, json={"reason": "The paper is used up"})
    assert aborted.json()["status"] == "cancelled"


def test_the_same_photo_sent_many_times_at_once_is_kept_once(shop: LiveShop, anna: Person) -> None:
    content = picture()
    with ThreadPoolExecutor(6) as senders:
        found = list(senders.map(lambda _: shop.upload(anna, content)["id"], range(12)))
    assert len(set(found)) == 1
    assert len(shop.call("GET", "/v1/images", anna).json()["items"]) == 1


def test_an_order_that_did_not_change_is_not_sent_again(shop: LiveShop, anna: Person) -> None:
    order = shop.order(anna)
    path = f"/v1/orders/{order['id']}"
    tag = shop.call("GET", path, anna).headers["etag"]
    assert shop.call("GET", path, anna, headers={"If-None-Match": f'"x", {tag}'}).status_code == 304
    stale = shop.call("POST", f"{path}/cancel", anna, headers={"If-Match": '"999"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "version-differs")
    assert shop.call("GET", path, anna).json()["status"] == "awaiting_payment"
    fresh = shop.call("POST", f"{path}/cancel", anna, headers={"If-Match": tag})
    assert fresh.json()["status"] == "cancelled"
    assert fresh.headers["etag"] not in ("", tag)
    assert shop.call("GET", path, anna, headers={"If-None-Match": tag}).status_code == 200


def test_lists_come_in_pages_that_leave_nothing_out(shop: LiveShop, anna: Person) -> None:
    ids = [shop.upload(anna, picture(f"page {number}", 300, 200))["id"] for number in range(5)]
    found: list[str] = []
    cursor = ""
    while True:
        answer = shop.call("GET", f"/v1/images?limit=2{cursor}", anna).json()
        found += [image["id"] for image in answer["items"]]
        if answer["next_cursor"] is None:
            break
        cursor = f"&cursor={answer['next_cursor']}"
    assert found == ids[::-1]


def test_a_cursor_leads_on_in_its_own_list_only(shop: LiveShop, anna: Person, bert: Person) -> None:
    for person in (anna, bert):
        for number in range(2):
            shop.upload(person, picture(f"{person.id} {number}", 300, 200))
    cursor = shop.call("GET", "/v1/images?limit=1", anna).json()["next_cursor"]
    assert len(shop.call("GET", f"/v1/images?limit=100&cursor={cursor}", anna).json()["items"]) == 1
    for path, who in (
        ("/v1/images?", bert),
        ("/v1/orders?", anna),
        ("/v1/notifications?", anna),
        ("/v1/products?", anna),
    ):
        problem(shop.call("GET", f"{path}cursor={cursor}", who), 422, "cursor-invalid")
    other = cursor[:-5] + ("A" if cursor[-5] != "A" else "B") + cursor[-4:]
    problem(shop.call("GET", f"/v1/images?cursor={other}", anna), 422, "cursor-invalid")


def test_the_catalogue_is_for_everybody_and_may_be_kept_for_a_minute(shop: LiveShop) -> None:
    answer = shop.client.get("/v1/products?limit=100")
    skus = [product["sku"] for product in answer.json()["items"]]
    assert answer.headers["cache-control"] == "public, max-age=60"
    known = shop.client.get("/v1/products?limit=100", headers={"If-None-Match": answer.headers["etag"]})
    assert known.status_code == 304
    paged: list[str] = []
    query = "limit=7"
    while True:
        page = shop.client.get(f"/v1/products?{query}").json()
        paged += [product["sku"] for product in page["items"]]
        if page["next_cursor"] is None:
            break
        query = f"limit=7&cursor={page['next_cursor']}"
    assert paged == skus
    one = shop.client.get(f"/v1/products/{skus[0]}").json()
    assert one["prices"]["EUR"][0]["from_quantity"] == 1
    methods = shop.client.get("/v1/shipping-methods?country=DE").json()["items"]
    assert "standard" in {method["code"] for method in methods}


def test_support_finds_users(shop: LiveShop, anna: Person) -> None:
    support = shop.person(Role.SUPPORT)
    assert shop.call("GET", f"/v1/users/{anna.id}", support).json()["email"] == anna.email
    first = shop.call("GET", "/v1/users?limit=1", support).json()
    second = shop.call("GET", f"/v1/users?limit=1&cursor={first['next_cursor']}", support).json()
    assert first["items"][0]["id"] < second["items"][0]["id"]


def test_the_shop_says_that_it_is_well(shop: LiveShop) -> None:
    assert shop.client.get("/health/live").json()["status"] == "ok"
    ready = shop.client.get("/health/ready")
    assert ready.status_code == 200
    assert ready.json()["dependencies"]
    assert all(ready.json()["dependencies"].values())


@pytest.mark.parametrize("name", ["sharp-2725x2225.jpg", "alpha-2048x1536.png", "small.webp"])
def test_real_photos_are_taken(shop: LiveShop, anna: Person, photos: Path, name: str) -> None:
    image = shop.upload(anna, (photos / name).read_bytes(), name)
    assert image["state"] == "ready"
    assert shop.call("GET", image["renditions"]["web"], anna).status_code == 200
