"""What a process needs to serve and to notify from Stripe's books."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from tests.providers.books import ProviderBooks
from tests.providers.notifications import Parcel, Signer
from tests.providers.stripe.app import API_KEYS, StripeApp

WEBHOOK_SECRETS = "webhook_secrets"
DEFAULT_KEY = "sk_test_simulated"
DEFAULT_SECRET = "whsec_simulated"


def prepare(books: ProviderBooks, *, api_keys: Sequence[str], webhook_secrets: Sequence[str]) -> None:
    """Say which credentials hold, where these books do not know yet."""
    with books.entry() as entry:
        for name, values in ((API_KEYS, api_keys), (WEBHOOK_SECRETS, webhook_secrets)):
            if entry.setting(name) is None:
                entry.keep(name, list(values))


def app_on(books: ProviderBooks) -> StripeApp:
    prepare(books, api_keys=[DEFAULT_KEY], webhook_secrets=[DEFAULT_SECRET])
    return StripeApp(books)


def signer_on(books: ProviderBooks) -> Signer:
    """Signs with every secret that the books hold, and adds what test mode adds: a v0 that means nothing."""

    def sign(parcel: Parcel) -> dict[str, str]:
        seconds = str(int(books.now().timestamp()))
        signed = f"{seconds}.".encode() + parcel.body
        digests = [
            hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
            for secret in books.look(WEBHOOK_SECRETS)
        ]
        schemes = [f"t={seconds}", *(f"v1={digest}" for digest in digests)]
        schemes.append(f"v0={hashlib.sha256(signed).hexdigest()}")
        return {
            "content-type": "application/json; charset=utf-8",
            "stripe-signature": ",".join(schemes),
            "user-agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        }

    return sign
