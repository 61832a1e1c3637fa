"""Who takes the money: the providers that are chosen, and with which keys no shop may start."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from printapic.entrypoints.settings.choices import (
    Mode,
    Payments,
    PayPalPayments,
    Secret,
    SimulatedPayments,
    StripePayments,
)
from printapic.entrypoints.settings.variables import Variables

PROVIDERS = ("simulated", "stripe", "paypal")
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_PAYPAL_URLS = {"live": "https://api-m.paypal.com", "sandbox": "https://api-m.sandbox.paypal.com"}
_PAYPAL_ENVIRONMENTS = {
    f"https://{host}{environment}.paypal.com": bool(environment)
    for host in ("api", "api-m")
    for environment in ("", ".sandbox")
}
"""PayPal's addresses, and whether each is the sandbox: one of them under the other's name hides the truth."""
_STRIPE_KEY = re.compile(r"(?:sk|rk)_(?:test|live)_[A-Za-z0-9_]{1,250}", re.ASCII)
_STRIPE_WEBHOOK_SECRET = re.compile(r"whsec_[A-Za-z0-9+/=_-]{1,250}", re.ASCII)
_PAYPAL_CREDENTIAL = re.compile(r"[A-Za-z0-9_-]{1,250}", re.ASCII)
_PAYPAL_WEBHOOK_ID = re.compile(r"[A-Za-z0-9]{1,50}", re.ASCII)
_AUTHORITY = re.compile(r"(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?", re.IGNORECASE | re.ASCII)
_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"
_LARGEST_BUNDLE = 1_000_000


def payments_choice(variables: Variables, simulated: SimulatedPayments) -> tuple[Payments, ...]:
    """The providers in the order in which they are listed."""
    named = variables.listed("PAYMENTS") or ("simulated",)
    if len(set(named)) < len(named) or not set(named) <= set(PROVIDERS):
        variables.problems.append(f"PRINTAPIC_PAYMENTS must be one of {', '.join(PROVIDERS)}, or several")
    chosen = [_payments(name, variables, simulated) for name in dict.fromkeys(named) if name in PROVIDERS]
    return tuple(chosen) or (simulated,)


def _payments(name: str, variables: Variables, simulated: SimulatedPayments) -> Payments:
    match name:
        case "stripe":
            return StripePayments(
                secret_key=variables.required_secret("STRIPE_SECRET_KEY"),
                webhook_secrets=variables.secrets("STRIPE_WEBHOOK_SECRETS"),
                api_url=(variables.text("STRIPE_API_URL") or "https://api.stripe.com").rstrip("/"),
                page_origins=variables.origins("STRIPE_PAGE_ORIGINS"),
            )
        case "paypal":
            environment = variables.choice("PAYPAL_ENVIRONMENT", "sandbox", "live")
            bundle = variables.text("PAYPAL_INTERMEDIATES")
            return PayPalPayments(
                client_id=variables.required("PAYPAL_CLIENT_ID"),
                client_secret=variables.required_secret("PAYPAL_CLIENT_SECRET"),
                sandbox=environment != "live",
                api_url=(variables.text("PAYPAL_API_URL") or _PAYPAL_URLS.get(environment, "")).rstrip("/"),
                webhook_ids=variables.listed("PAYPAL_WEBHOOK_IDS"),
                intermediates=Path(bundle) if bundle else None,
            )
    return simulated


def payment_problems(payments: tuple[Payments, ...], mode: Mode) -> Iterator[str]:
    """What is wrong with the providers chosen, each thing in a sentence without any value."""
    if not payments:
        yield "PRINTAPIC_PAYMENTS must name a provider"
    for each in payments:
        match each:
            case SimulatedPayments():
                if mode is Mode.PRODUCTION:
                    yield "PRINTAPIC_PAYMENTS must not be simulated"
            case StripePayments():
                yield from _stripe_problems(each, mode)
            case PayPalPayments():
                yield from _paypal_problems(each, mode)


def _stripe_problems(stripe: StripePayments, mode: Mode) -> Iterator[str]:
    if not _STRIPE_KEY.fullmatch(stripe.secret_key.reveal()):
        yield "PRINTAPIC_STRIPE_SECRET_KEY must begin with rk_live_, rk_test_, sk_live_ or sk_test_"
    elif stripe.livemode and mode is Mode.EMBEDDED:
        yield "PRINTAPIC_STRIPE_SECRET_KEY moves real money, which needs PRINTAPIC_MODE=production"
    elif not stripe.livemode and mode is Mode.PRODUCTION:
        yield "PRINTAPIC_STRIPE_SECRET_KEY must not be a test key"
    if not all(_matches(_STRIPE_WEBHOOK_SECRET, each) for each in stripe.webhook_secrets):
        yield "PRINTAPIC_STRIPE_WEBHOOK_SECRETS is a list of secrets that begin with whsec_"
    if mode is Mode.PRODUCTION and not stripe.webhook_secrets:
        yield "PRINTAPIC_STRIPE_WEBHOOK_SECRETS is missing"
    yield from _url_problems("PRINTAPIC_STRIPE_API_URL", stripe.api_url, mode)
    for origin in sorted(stripe.page_origins):
        yield from _url_problems("PRINTAPIC_STRIPE_PAGE_ORIGINS", origin, mode)


def _paypal_problems(paypal: PayPalPayments, mode: Mode) -> Iterator[str]:
    if paypal.livemode and mode is Mode.EMBEDDED:
        yield "PRINTAPIC_PAYPAL_ENVIRONMENT=live moves real money, which needs PRINTAPIC_MODE=production"
    if paypal.sandbox and mode is Mode.PRODUCTION:
        yield "PRINTAPIC_PAYPAL_ENVIRONMENT must be live"
    if not _PAYPAL_CREDENTIAL.fullmatch(paypal.client_id):
        yield "PRINTAPIC_PAYPAL_CLIENT_ID must be letters, digits, - and _"
    if not _matches(_PAYPAL_CREDENTIAL, paypal.client_secret):
        yield "PRINTAPIC_PAYPAL_CLIENT_SECRET must be letters, digits, - and _"
    if not all(_PAYPAL_WEBHOOK_ID.fullmatch(each) for each in paypal.webhook_ids):
        yield "PRINTAPIC_PAYPAL_WEBHOOK_IDS is a list of ids of letters and digits"
    if mode is Mode.PRODUCTION and not paypal.webhook_ids:
        yield "PRINTAPIC_PAYPAL_WEBHOOK_IDS is missing"
    if paypal.intermediates and not _holds_certificates(paypal.intermediates):
        yield "PRINTAPIC_PAYPAL_INTERMEDIATES must name a file of PEM certificates"
    yield from _url_problems("PRINTAPIC_PAYPAL_API_URL", paypal.api_url, mode)
    if paypal.api_url in _PAYPAL_ENVIRONMENTS and _PAYPAL_ENVIRONMENTS[paypal.api_url] != paypal.sandbox:
        yield "PRINTAPIC_PAYPAL_API_URL is not that of PRINTAPIC_PAYPAL_ENVIRONMENT"


def _matches(form: re.Pattern[str], secret: Secret) -> bool:
    return form.fullmatch(secret.reveal()) is not None


def _url_problems(name: str, url: str, mode: Mode) -> Iterator[str]:
    """Keys go to this address with every request."""
    try:
        parts = urlsplit(url)
        plain = url == f"{parts.scheme}://{parts.netloc}" and parts.port != 0
    except ValueError:
        yield f"{name} must be https://host[:port]"
        return
    if not plain or parts.scheme not in ("http", "https") or not _AUTHORITY.fullmatch(parts.netloc):
        yield f"{name} must be https://host[:port]"
    elif parts.scheme == "http" and (mode is Mode.PRODUCTION or parts.hostname not in LOOPBACK):
        yield f"{name} must be https"


def _holds_certificates(path: Path) -> bool:
    from cryptography import x509

    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_BUNDLE)
        return _CERTIFICATE in content and bool(x509.load_pem_x509_certificates(content))
    except (OSError, ValueError):
        return False
