"""What we ask Stripe's hosted page for, and what we accept as its address."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from stripe.params.checkout import SessionCreateParams

from printapic.adapters.payments.stripe.currencies import wire_amount, wire_currency
from printapic.adapters.payments.stripe.objects import AnswerUnreadable, NewSession, moment
from printapic.adapters.payments.stripe.snapshots import OPERATION_ID
from printapic.application.ports.payments import CheckoutRequest, Opened
from printapic.domain.ids import OperationId

SHORTEST, LONGEST = timedelta(minutes=30), timedelta(hours=24)
_MARGIN = timedelta(minutes=2)
"""Between us and Stripe: the request's way there, and clocks that differ."""
_LOCALES = frozenset(
    "bg cs da de el en en-GB es es-419 et fi fil fr fr-CA hr hu id it ja ko lt lv ms mt nb nl pl pt pt-BR ro "
    "ru sk sl sv th tr vi zh zh-HK zh-TW".split()
)


def session_params(checkout: CheckoutRequest, key: OperationId) -> SessionCreateParams:
    """A page for exactly this amount: nothing on it may change the total.

    It depends on the request alone: the same key with another body would be an error. Raises
    `AmountNotPayable`.
    """
    metadata = {
        "attempt_id": checkout.our_reference,
        "payment_id": checkout.payment_reference,
        OPERATION_ID: str(key),
    }
    return {
        "mode": "payment",
        "client_reference_id": checkout.our_reference,
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": wire_currency(checkout.amount),
                    "unit_amount": wire_amount(checkout.amount),
                    "product_data": {"name": checkout.order_number},
                },
            }
        ],
        "adaptive_pricing": {"enabled": False},
        "success_url": checkout.return_url,
        "cancel_url": checkout.cancel_url,
        "expires_at": int(_expiry(checkout).timestamp()),
        "locale": _locale(checkout.locale),
        "metadata": metadata,
        "payment_intent_data": {
            # Stripe's default, automatic_async, leaves out for a while what it keeps as a fee.
            "capture_method": "manual" if checkout.manual_capture else "automatic",
            "description": checkout.order_number,
            "metadata": metadata,
        },
    }


def opened(
    session: NewSession, checkout: CheckoutRequest, *, origins: Collection[str], livemode: bool
) -> Opened:
    """The page that Stripe made. Raises `AnswerUnreadable` for any other page than the one asked for."""
    asked = (checkout.our_reference, wire_amount(checkout.amount), wire_currency(checkout.amount), livemode)
    made = (session.client_reference_id, session.amount_total, session.currency, session.livemode)
    if made != asked:
        raise AnswerUnreadable("another-page")
    if not _leads_to(session.url, origins):
        raise AnswerUnreadable("redirect-not-allowed")
    return Opened(ref=session.id, redirect_url=session.url, expires_at=moment(session.expires_at))


def _leads_to(url: str, origins: Collection[str]) -> bool:
    """Browsers have ways of their own with back-slashes and white space: such an address leads nowhere."""
    if not url.isascii() or not url.isprintable() or set(url) & set(' \\"<>'):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and f"https://{parts.netloc.lower()}" in origins


def _expiry(checkout: CheckoutRequest) -> datetime:
    if checkout.started_at is None:
        return checkout.expires_at
    shortest = checkout.started_at + SHORTEST + _MARGIN
    longest = checkout.started_at + LONGEST - _MARGIN
    return min(max(checkout.expires_at, shortest), longest)


def _locale(locale: str) -> str:
    """The page's language, or the browser's where Stripe does not speak ours."""
    for candidate in (locale, locale.partition("-")[0]):
        if candidate in _LOCALES:
            return candidate
    return "auto"
