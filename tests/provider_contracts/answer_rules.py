"""What we demand of answers beyond the providers' files, which leave optional what always comes.

Without it a simulator could leave out the amount of a payment and still keep the contract.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from tests.provider_contracts.document import Operation

AnswerRule: TypeAlias = Callable[[Operation, int, Any], Iterator[str]]
_STRIPE_MEMBERS = {
    "checkout.session": "amount_total client_reference_id currency metadata payment_intent status url",
    "payment_intent": "amount amount_capturable amount_received capture_method currency latest_charge "
    "metadata",
    "charge": "balance_transaction payment_intent",
    "refund": "balance_transaction charge metadata payment_intent status",
    "dispute": "payment_intent",
}
_PAYPAL_KINDS = {
    r"/v2/checkout/orders.*": "order",
    r"/v2/payments/.*": "capture",
    r"/v1/customer/disputes/\{id\}": "dispute",
}
_PAYPAL_MEMBERS = {
    "order": "id status purchase_units",
    "authorization": "id status amount",
    "capture": "id status amount",
    "refund": "id status amount",
    "dispute": "dispute_id status disputed_transactions",
}


def stripe_answer_rules(operation: Operation, status: int, body: Any) -> Iterator[str]:
    """Every object of Stripe's, however deep, has the members that say whose money it is and how much."""
    yield from stripe_members_missing(body)


def stripe_members_missing(value: Any, where: str = "$") -> Iterator[str]:
    """Members that may be null come as null: Stripe leaves none out."""
    if isinstance(value, Mapping):
        for name in _STRIPE_MEMBERS.get(str(value.get("object")), "").split():
            if name not in value:
                yield f"{where}: {name!r} is missing"
        for name, inner in value.items():
            yield from stripe_members_missing(inner, f"{where}.{name}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from stripe_members_missing(inner, f"{where}[{index}]")


def paypal_answer_rules(operation: Operation, status: int, body: Any) -> Iterator[str]:
    """PayPal's files require next to nothing of its answers, so that `{}` would be a good order.

    An error has a name, or an OAuth error (RFC 6749, section 5.2). What moves money is named, has a state
    and an amount wherever it appears.
    """
    if not isinstance(body, Mapping):
        return
    if status >= 400:
        if not body.get("name") and not body.get("error"):
            yield "$: neither a name nor an error"
        return
    for path, kind in _PAYPAL_KINDS.items():
        if re.fullmatch(path, operation.template):
            yield from paypal_members_missing(body, kind)


def paypal_members_missing(body: Any, kind: str) -> Iterator[str]:
    """Empty ones count as missing. `body` keeps its schema: "order", or a name in two other files."""
    yield from _has(body, "$", *_PAYPAL_MEMBERS[kind].split())
    for unit, movements, each in _movements(body):
        yield from _has(each, f"$.purchase_units[{unit}].payments.{movements}", "id", "status", "amount")


def _has(body: Mapping[str, Any], where: str, *names: str) -> Iterator[str]:
    for name in names:
        if not body.get(name):
            yield f"{where}: {name!r} is missing or empty"


def _movements(order: Mapping[str, Any]) -> Iterator[tuple[int, str, Mapping[str, Any]]]:
    for index, unit in enumerate(order.get("purchase_units") or ()):
        for kind, movements in (unit.get("payments") or {}).items():
            for each in movements:
                yield index, kind, each
