"""Checkout sessions over the API: hosted pages made, shown, listed and ended."""

from __future__ import annotations

from typing import Any

from tests.providers.books import Json
from tests.providers.stripe import balance, charging, templates
from tests.providers.stripe.account import Account, new_id
from tests.providers.stripe.forms import Spec, boolean, integer, metadata, one_of, text, upto
from tests.providers.stripe.refusals import Refused, invalid, missing

SHORTEST_S, LONGEST_S = 30 * 60, 24 * 3600
PAGE = "https://checkout.stripe.com/c/pay"
LOCALES = (
    "auto bg cs da de el en en-GB es es-419 et fi fil fr fr-CA hr hu id it ja ko lt lv ms mt nb nl pl pt"
    " pt-BR ro ru sk sl sv th tr vi zh zh-HK zh-TW"
).split()
CREATE: dict[str, Spec] = {
    "adaptive_pricing": {"enabled": boolean},
    "billing_address_collection": one_of("auto", "required"),
    "cancel_url": text,
    "client_reference_id": upto(200),
    "customer_creation": one_of("always", "if_required"),
    "customer_email": text,
    "expand": [text],
    "expires_at": integer,
    "line_items": [
        {
            "price_data": {
                "currency": text,
                "product_data": {
                    "description": text,
                    "images": [text],
                    "metadata": metadata,
                    "name": text,
                    "tax_code": text,
                },
                "tax_behavior": one_of("exclusive", "inclusive", "unspecified"),
                "unit_amount": integer,
            },
            "quantity": integer,
        }
    ],
    "locale": one_of(*LOCALES),
    "metadata": metadata,
    "mode": one_of("payment", "setup", "subscription"),
    "payment_intent_data": {
        "capture_method": one_of("automatic", "automatic_async", "manual"),
        "description": upto(1000),
        "metadata": metadata,
        "statement_descriptor_suffix": upto(22),
    },
    "payment_method_types": [text],
    "submit_type": one_of("auto", "book", "donate", "pay", "subscribe"),
    "success_url": text,
    "ui_mode": one_of("elements", "embedded_page", "hosted_page"),
}
EXPIRE: dict[str, Spec] = {"expand": [text]}


def create(account: Account, form: dict[str, Any]) -> Json:
    """Make a page. Raises `Refused`."""
    for param in ("mode", "success_url", "line_items"):
        if param not in form:
            raise _lacking(param)
    if form["mode"] != "payment" or form.get("ui_mode", "hosted_page") != "hosted_page":
        raise Refused("This account takes payments on hosted pages, and nothing else", executed=False)
    items, currency = _items(form["line_items"])
    total = sum(each["amount_total"] for each in items)
    balance.check_charge(total, currency)
    id_ = new_id("cs_test")
    session = templates.session(
        id=id_,
        adaptive_pricing={"enabled": form.get("adaptive_pricing", {}).get("enabled", True)},
        amount_subtotal=total,
        amount_total=total,
        billing_address_collection=form.get("billing_address_collection"),
        cancel_url=form.get("cancel_url"),
        client_reference_id=form.get("client_reference_id"),
        created=account.now,
        currency=currency,
        customer_creation=form.get("customer_creation", "if_required"),
        customer_email=form.get("customer_email"),
        expires_at=_expiry(account, form.get("expires_at")),
        items=items,
        locale=form.get("locale"),
        metadata=form.get("metadata", {}),
        payment_intent_data=form.get("payment_intent_data", {}),
        payment_method_types=form.get("payment_method_types") or _offered(form, currency),
        submit_type=form.get("submit_type"),
        success_url=form["success_url"],
        url=f"{PAGE}/{id_}#{new_id('x')}",
    )
    return account.save(session)


def _lacking(param: str) -> Refused:
    return invalid(param, f"Missing required param: {param}.", "parameter_missing")


def _offered(form: dict[str, Any], currency: str) -> list[str]:
    """What the account's settings offer where the shop does not say: cards, and debits that take days."""
    by_hand = form.get("payment_intent_data", {}).get("capture_method") == "manual"
    return ["card", "sepa_debit"] if currency == "eur" and not by_hand else ["card"]


def _items(lines: list[Any]) -> tuple[list[Json], str]:
    items = []
    for place, line in enumerate(lines):
        param = f"line_items[{place}]"
        price = line.get("price_data", {})
        for needed in ("currency", "product_data", "unit_amount"):
            if needed not in price:
                raise _lacking(f"{param}[price_data][{needed}]")
        if "name" not in price["product_data"]:
            raise _lacking(f"{param}[price_data][product_data][name]")
        currency = price["currency"].lower()
        balance.check_currency(currency, param=f"{param}[price_data][currency]")
        quantity = line.get("quantity", 0)
        if quantity < 1 or price["unit_amount"] < 0:
            raise invalid(param, "Invalid non-negative integer", "parameter_invalid_integer")
        amount = quantity * price["unit_amount"]
        items.append(
            {
                "id": new_id("li"),
                "object": "item",
                "adjustable_quantity": None,
                "amount_discount": 0,
                "amount_subtotal": amount,
                "amount_tax": 0,
                "amount_total": amount,
                "currency": currency,
                "description": price["product_data"]["name"],
                "metadata": {},
                "price": None,
                "quantity": quantity,
            }
        )
    currencies = {each["currency"] for each in items}
    if len(currencies) != 1:
        raise invalid("line_items", "All line items must have the same currency.")
    return items, currencies.pop()


def _expiry(account: Account, asked: int | None) -> int:
    if asked is None:
        return account.now + LONGEST_S
    if asked < account.now + SHORTEST_S:
        raise invalid(
            "expires_at",
            "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.",
        )
    if asked > account.now + LONGEST_S:
        raise invalid(
            "expires_at",
            "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.",
        )
    return asked


def expire(account: Account, session: Json) -> Json:
    """End an open page. Raises `Refused` for one that is complete or ended already."""
    if session["status"] != "open":
        raise Refused(
            'Only Checkout Sessions with a status in ["open"] can be expired.'
            f" This Checkout Session has a status of `{session['status']}`."
        )
    charging.expire_session(account, session)
    return session


def with_intent(query: dict[str, Any], account: Account) -> dict[str, str | int]:
    """What a list of sessions is narrowed by. Raises `Refused` for an intent that does not exist."""
    where: dict[str, str | int] = {}
    if "payment_intent" in query:
        if account.entry.get("payment_intent", query["payment_intent"]) is None:
            raise missing("payment_intent", query["payment_intent"], "payment_intent")
        where["payment_intent"] = query["payment_intent"]
    if "status" in query:
        where["status"] = query["status"]
    return where
