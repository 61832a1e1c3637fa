"""The people of a conformance run, what they did in the shop before it, and what is known of that."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
    "visitor": (Role.CUSTOMER,),
}
"""Everybody by name. Staff buy here as well, so that one pass comes everywhere; the visitor's address is
the one that is used to log in, so that too many wrong passwords shut out nobody else."""

_PATIENCE_S = 60


@contextmanager
def beside(url: str) -> Iterator[LiveShop]:
    """The shop that a process of its own serves at `url`, with its data at hand for what has no route."""
    settings = Settings.from_environment()
    with (
        open_container(settings) as container,
        httpx.Client(base_url=url, timeout=30, trust_env=False) as client,
    ):
        yield LiveShop(url, container, Path(settings.data), client, Admission(logins=1))


def move_in(shop: LiveShop, folder: Path) -> None:
    """Let everybody have orders of every kind, and write down what a stranger could not guess."""
    people = {name: shop.person(*roles) for name, roles in ROLES.items()}
    orders, batches = [], []
    for name in ("staff", "customer", "neighbour"):
        placed, batch = _shopping(shop, people[name], people["staff"])
        orders += placed
        batches.append(f"{batch}.zip")
    known = {"orders": orders, "batches": batches, "addresses": [people["visitor"].email]}
    events = shop.call("GET", "/v1/webhook-events", people["staff"]).json()["items"]
    known["events"] = [event["event_id"] for event in events]
    known |= {name: [str(person.id)] for name, person in people.items()}
    for name, values in known.items():
        (folder / f"{name}.txt").write_text("\n".join(json.dumps(value) for value in values))
    _write_credentials(people, folder / "people.json")


def _shopping(shop: LiveShop, who: Person, staff: Person) -> tuple[list[str], str]:
    """Orders that wait for money, for the printer, are ready for it, in production, sent and delivered."""
    image = shop.upload(who)["id"]
    orders = [str(shop.place(who, shop.order_request(image)).json()["id"]) for _ in range(8)]
    paid, ready, sent = orders[2:], orders[4:], orders[6:]
    for order in paid:
        started = shop.start_payment(who, order)
        assert shop.press(started.json()["redirect_url"]).status_code == 303, started.text
    for order in paid:
        _until(shop, who, order, "confirmed")
    for order in ready:
        assert shop.call("POST", f"/v1/orders/{order}/waive-edit-window", who).status_code == 200
    printing = orders[5:]
    for order in printing:
        _begin(shop, staff, order)
    batch = shop.call("POST", "/v1/production/batches", staff, json={"order_ids": printing})
    for order in sent:
        shipped = shop.call("POST", f"/v1/orders/{order}/shipments", staff, json={"carrier": "DHL"})
        assert shipped.status_code == 200, shipped.text
    (parcel,) = shop.call("GET", f"/v1/orders/{orders[7]}/shipments", who).json()["items"]
    done = shop.call("POST", f"/v1/orders/{orders[7]}/shipments/{parcel['id']}/delivered", staff)
    assert done.status_code == 200, done.text
    return orders, str(batch.json()["id"])


def _until(shop: LiveShop, who: Person, order: str, status: str) -> None:
    def arrived() -> bool:
        return bool(shop.call("GET", f"/v1/orders/{order}", who).json()["status"] == status)

    wait_until(arrived, _PATIENCE_S)


def _begin(shop: LiveShop, staff: Person, order: str) -> None:
    """As soon as the print files are made."""

    def begun() -> bool:
        return shop.call("POST", f"/v1/orders/{order}/start-production", staff).status_code == 200

    wait_until(begun, _PATIENCE_S)


def _write_credentials(people: dict[str, Person], path: Path) -> None:
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
