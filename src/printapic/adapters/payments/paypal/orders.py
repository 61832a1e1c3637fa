"""What we ask PayPal for, and where its page is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

import msgspec

from printapic.adapters.payments.paypal.answers import Refused
from printapic.adapters.payments.paypal.currencies import Amount, on_wire
from printapic.adapters.payments.paypal.refusals import Link
from printapic.application.ports.payments import CheckoutRequest
from printapic.domain.ids import OperationId
from printapic.domain.money import Money

LONGEST_REFERENCE = 127
_LOCALE = re.compile(r"[a-z]{2}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|[0-9]{3}))?", re.ASCII)
_PAGES = ("payer-action", "approve", "redirect")


class _Experience(msgspec.Struct, omit_defaults=True):
    return_url: str
    cancel_url: str
    locale: str | None = None
    user_action: str = msgspec.field(default_factory=lambda: "PAY_NOW")
    shipping_preference: str = msgspec.field(default_factory=lambda: "NO_SHIPPING")


class _Wallet(msgspec.Struct):
    experience_context: _Experience


class _PaymentSource(msgspec.Struct):
    paypal: _Wallet


class _Unit(msgspec.Struct):
    amount: Amount
    custom_id: str
    invoice_id: str
    description: str


class _Order(msgspec.Struct):
    intent: str
    purchase_units: list[_Unit]
    payment_source: _PaymentSource


class _Capture(msgspec.Struct):
    amount: Amount
    invoice_id: str
    final_capture: bool


class _Refund(msgspec.Struct):
    amount: Amount
    custom_id: str
    invoice_id: str


def order_request(checkout: CheckoutRequest) -> bytes:
    """One purchase of the whole amount: no items, no shipping, nothing that could alter the total.

    Raises `Refused` for an amount that does not fit, and for references that PayPal would cut.
    """
    invoice_id = f"{checkout.payment_reference}-{checkout.our_reference}"
    if not checkout.our_reference or len(invoice_id) > LONGEST_REFERENCE:
        raise Refused("reference-too-long")
    unit = _Unit(
        amount=on_wire(checkout.amount),
        custom_id=checkout.our_reference,
        invoice_id=invoice_id,
        description=checkout.order_number[:LONGEST_REFERENCE],
    )
    experience = _Experience(
        return_url=checkout.return_url,
        cancel_url=checkout.cancel_url,
        locale=checkout.locale if _LOCALE.fullmatch(checkout.locale) else None,
    )
    intent = "AUTHORIZE" if checkout.manual_capture else "CAPTURE"
    return msgspec.json.encode(
        _Order(intent=intent, purchase_units=[unit], payment_source=_PaymentSource(_Wallet(experience)))
    )


def capture_request(amount: Money, *, final: bool, key: OperationId) -> bytes:
    """The invoice id tells our capture from another's, and keeps it from happening twice."""
    return msgspec.json.encode(_Capture(amount=on_wire(amount), invoice_id=str(key), final_capture=final))


def refund_request(amount: Money, *, key: OperationId) -> bytes:
    """Both references are the operation's: the refund is recognised by one, kept single by the other."""
    return msgspec.json.encode(_Refund(amount=on_wire(amount), custom_id=str(key), invoice_id=str(key)))


def page_of(links: Iterable[Link], origins: frozenset[str]) -> str | None:
    """Where the customer has to go, if that is a page of PayPal's: a link to anywhere else is none."""
    by_rel = {link.rel: link.href for link in links}
    for rel in _PAGES:
        if (href := by_rel.get(rel)) and _origin(href) in origins:
            return href
    return None


def _origin(href: str) -> str | None:
    """Scheme and authority as they stand there; an odd one is in no list."""
    try:
        parts = urlsplit(href)
    except ValueError:
        return None
    odd = any(character <= " " or character == "\\" for character in href)
    return None if odd else f"{parts.scheme}://{parts.netloc}"
