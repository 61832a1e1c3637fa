"""How tests of the simulator get to something paid, and what they look at then."""

from __future__ import annotations

import json
from typing import Any

from printapic.domain.money import Money
from tests.providers.paypal.caller import PAYMENTS, Caller, done
from tests.providers.paypal.simulator import PayPalSimulator


def euros(value: str) -> Money:
    return Money.of(value, "EUR")


def news(paypal: PayPalSimulator) -> list[str]:
    return [json.loads(body)["event_type"] for body, _ in paypal.raw_deliveries()]


def captured(
    paypal: PayPalSimulator, shop: Caller, value: str = "12.90", code: str = "EUR"
) -> tuple[str, str]:
    """A paid order's id and its capture's."""
    order = shop.open(value, code)
    paypal.pay(order)
    return order, capture_in(done(shop.capture(order)))["id"]


def held(paypal: PayPalSimulator, shop: Caller, value: str = "30.00") -> tuple[str, str]:
    """An authorized order's id and its authorization's."""
    order = shop.open(value, intent="AUTHORIZE")
    paypal.pay(order)
    payments = done(shop.authorize(order))["purchase_units"][0]["payments"]
    return order, payments["authorizations"][0]["id"]


def capture_in(order: Any) -> Any:
    (capture,) = order["purchase_units"][0]["payments"]["captures"]
    return capture


def status_of(shop: Caller, capture: str) -> str:
    return str(done(shop.get(f"{PAYMENTS}/captures/{capture}"))["status"])


def links_of(body: Any) -> dict[str, str]:
    return {link["rel"]: link["href"] for link in body["links"]}
