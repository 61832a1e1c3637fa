"""The people of a conformance run, and what they did in the shop before it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from printapic.domain.actors import Role
from printapic.entrypoints.embedded import open_container
from printapic.entrypoints.http.admission import Admission
from printapic.entrypoints.settings import Settings
from tests.integration.http.live_shop import PASSWORD, LiveShop, Person, wait_until

ROLES = {
    "staff": (Role.CUSTOMER, Role.OPERATOR, Role.SUPPORT, Role.ADMIN),
    "customer": (Role.CUSTOMER,),
    "neighbour": (Role.CUSTOMER,),
}
"""Everybody by name. Staff buy here as well, so that one pass comes everywhere."""


@contextmanager
def beside(url: str) -> Iterator[LiveShop]:
    """The shop that a process of its own serves at `url`, with its data at hand for what has no route."""
    settings = Settings.from_environment()
    with (
        open_container(settings) as container,
        httpx.Client(base_url=url, timeout=30, trust_env=False) as client,
    ):
        yield LiveShop(url, container, Path(settings.data), client, Admission(logins=1))


def move_in(shop: LiveShop) -> dict[str, Person]:
    """Everybody, each with photos, and with orders that are open, paid, in production and delivered."""
    people = {name: shop.person(*roles) for name, roles in ROLES.items()}
    for person in people.values():
        shop.order(person)
        _paid(shop, person)
        _delivered(shop, person, people["staff"])
    return people


def _paid(shop: LiveShop, who: Person) -> dict[str, Any]:
    order = shop.order(who)
    started = shop.start_payment(who, order["id"])
    assert shop.press(started.json()["redirect_url"]).status_code == 303, started.text
    path = f"/v1/orders/{order['id']}"
    wait_until(lambda: bool(shop.call("GET", path, who).json()["status"] == "confirmed"), 30)
    return order


def _delivered(shop: LiveShop, who: Person, staff: Person) -> None:
    path = f"/v1/orders/{_paid(shop, who)['id']}"
    shop.call("POST", f"{path}/waive-edit-window", who)
    wait_until(lambda: shop.call("POST", f"{path}/start-production", staff).status_code == 200, 30)
    shipped = shop.call("POST", f"{path}/shipments", staff, json={"carrier": "DHL"})
    assert shipped.status_code in (200, 201), shipped.text
    (parcel,) = shop.call("GET", f"{path}/shipments", who).json()["items"]
    delivered = shop.call("POST", f"{path}/shipments/{parcel['id']}/delivered", staff)
    assert delivered.status_code == 200, delivered.text


def write_credentials(people: dict[str, Person], path: Path) -> None:
    """How each of them logs in, as a Web Fuzzing Commons document."""
    entries = [
        {
            "name": name,
            "loginEndpointAuth": {
                "endpoint": "/v1/sessions",
                "verb": "POST",
                "contentType": "application/json",
                "payloadRaw": json.dumps({"email": person.email, "password": PASSWORD}),
                "token": {
                    "extractFrom": "body",
                    "extractSelector": "/access_token",
                    "sendIn": "header",
                    "sendName": "Authorization",
                    "sendTemplate": "Bearer {token}",
                },
            },
        }
        for name, person in people.items()
    ]
    path.write_text(json.dumps({"auth": entries}))
