"""What the simulated provider demands of a request, before it does anything."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

import msgspec

from printapic.application.ports.payments import CheckoutRequest, CurrencyRule
from printapic.domain.money import Money

CURRENCIES: Mapping[str, CurrencyRule] = MappingProxyType(
    {
        code: CurrencyRule(exponent=0 if code in ("JPY", "KRW") else 2)
        for code in "AUD CAD CHF CZK DKK EUR GBP JPY KRW NOK NZD PLN SEK USD".split()
    }
)
LONGEST_REFERENCE = 127


def amount_refused(amount: Money) -> str | None:
    """Why this amount cannot be paid or given back here, or None."""
    rule = CURRENCIES.get(amount.currency.code)
    if rule is None or rule.exponent != amount.currency.exponent:
        return "currency-unsupported"
    if not rule.min_minor <= amount.minor <= rule.max_minor or amount.minor % rule.step_minor:
        return "amount-invalid"
    return None


def checkout_refused(checkout: CheckoutRequest, *, now: datetime) -> str | None:
    """Why no page can be made for this checkout, or None."""
    if not 1 <= len(checkout.our_reference) <= LONGEST_REFERENCE:
        return "reference-invalid"
    if not all(url.startswith(("https://", "http://")) for url in (checkout.return_url, checkout.cancel_url)):
        return "url-invalid"
    if checkout.expires_at <= now:
        return "expiry-invalid"
    return amount_refused(checkout.amount)


def digest_of(call: str, request: object) -> str:
    """What tells two requests under one key apart."""
    return hashlib.sha256(msgspec.json.encode((call, request), order="deterministic")).hexdigest()
