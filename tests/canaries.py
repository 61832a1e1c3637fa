"""Secrets and payers that no shop has, to be let in by every door and looked for behind all of them."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterator, Mapping, Sequence
from types import FunctionType, MethodType, ModuleType
from typing import Any

import attrs

from tests.providers.books import ProviderBooks
from tests.providers.counter import Call, WireFault
from tests.providers.routes import Reply, Request
from tests.providers.server import ProviderApp

PAN = "4000002500003155"
PANS = (PAN, "4000 0025 0000 3155", "4000-0025-0000-3155")
CVC = "cvc-canary-739"
EMAIL, NAME, STREET, PHONE = "canary@payer.example", "Quirina Canarius", "Kanarienweg 77", "+49 170 5550199"
CLIENT_SECRET = "pi_canary_secret_c4n4ry"
API_KEY, WEBHOOK_SECRET, PAYPAL_SECRET = "sk_test_c4n4rykey", "whsec_c4n4rysecret", "c4n4ry-of-paypal"
BEARER, COOKIE, SIGNATURE = "bearer-c4n4ry", "cookie-c4n4ry", "c4n4rysignature"
RETURNED = {"session_id": "cs_return_c4n4ry", "token": "EC-RETURN-C4N4RY", "PayerID": "PAYERC4N4RY"}
EVERYWHERE = (*PANS, CVC, EMAIL, NAME, STREET, PHONE, CLIENT_SECRET, API_KEY, WEBHOOK_SECRET, PAYPAL_SECRET,
              BEARER, COOKIE, SIGNATURE, *RETURNED.values())  # fmt: skip

_CARD = {"number": PAN, "cvc": CVC, "security_code": CVC, "brand": "visa", "last4": PAN[-4:], "name": NAME}
_PAYER = {
    "email": EMAIL,
    "email_address": EMAIL,
    "name": NAME,
    "phone": PHONE,
    "address": {"line1": STREET, "address_line_1": STREET, "country": "DE", "country_code": "DE"},
}
OF_A_PAYER: Mapping[str, Any] = {
    "client_secret": CLIENT_SECRET,
    "customer_details": _PAYER,
    "customer_email": EMAIL,
    "billing_details": _PAYER,
    "receipt_email": EMAIL,
    "payment_method_details": {"type": "card", "card": _CARD},
    "payer": {**_PAYER, "payer_id": RETURNED["PayerID"]},
    "payment_source": {"card": _CARD, "paypal": _PAYER},
    "shipping": _PAYER,
    "note_to_payer": f"{PAN} {EMAIL}",
}
"""What providers tell of payers and of their cards, some of it in answers that never have it."""


def tainted(value: Any) -> Any:
    """JSON of a provider, in which each object tells of a payer and each sentence of a card."""
    if isinstance(value, list):
        return [tainted(each) for each in value]
    if not isinstance(value, dict):
        return value
    more = OF_A_PAYER if "id" in value else {}
    words = {
        name: f"{text} {PAN} {EMAIL}"
        for name, text in value.items()
        if name in ("message", "description", "decline_code", "value")
        and isinstance(text, str)
        and ("currency_code" not in value)
    }
    return {**{name: tainted(each) for name, each in value.items()}, **more, **words}


class Gossip(ProviderApp):
    """A provider that says more than it should, so far `told` times. `tokens` are those it gave out."""

    def __init__(self, app: ProviderApp) -> None:
        self._app = app
        self.books: ProviderBooks = app.books
        self.tokens: set[str] = set()
        self.told = 0

    def call_of(self, request: Request) -> Call | None:
        return self._app.call_of(request)

    def answer(self, request: Request, fault: WireFault | None) -> Reply:
        reply = self._app.answer(request, fault)
        try:
            body = json.loads(reply.body)
        except ValueError:
            return reply
        if isinstance(body, dict) and "access_token" in body:
            self.tokens.add(body["access_token"])
            return reply
        gossip = json.dumps(tainted(body)).encode()
        self.told += any(canary.encode() in gossip for canary in EVERYWHERE)
        return attrs.evolve(reply, body=gossip)


class Ear(logging.Handler):
    """Hears every logger at every level, and keeps what any formatter could make of it."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        # What we ask of databases is looked for in the databases.
        if not record.name.startswith("sqlalchemy"):
            shown = f"{record.name} {record.getMessage()} {record.args!r} {record.__dict__!r}"
            trace = "".join(traceback.format_exception(*record.exc_info)) if record.exc_info else ""
            self.heard.append(shown + trace)


_PLAIN = (type(None), str, bytes, int, float, type, ModuleType)


def reachable(*roots: object, most: int = 200_000) -> Iterator[object]:
    """Objects that hang together by attributes, members and closures; not plain data, nor classes."""
    waiting, seen = list(roots), set[int]()
    kept: list[object] = []  # so that no address comes twice
    while waiting and len(kept) < most:
        each = waiting.pop()
        if (
            id(each) in seen
            or each is None
            or isinstance(each, str | bytes | int | float | type | ModuleType)
        ):
            continue
        seen.add(id(each))
        kept.append(each)
        if type(each).__module__ != "builtins":
            yield each
        waiting.extend(_neighbours(each))


def _neighbours(each: object) -> list[object]:
    if isinstance(each, Mapping):
        return [*each.keys(), *each.values()]
    if isinstance(each, Sequence | set | frozenset):
        return list(each)
    if isinstance(each, FunctionType):
        cells = [cell.cell_contents for cell in each.__closure__ or () if cell != type(cell)()]
        return [*cells, *(each.__defaults__ or ()), *(each.__kwdefaults__ or {}).values()]
    if isinstance(each, MethodType):
        return [each.__self__, each.__func__]
    names = [name for kind in type(each).__mro__ for name in _names(vars(kind).get("__slots__", ()))]
    return [
        *getattr(each, "__dict__", {}).values(),
        *(_member(each, name) for name in names if name[:2] != "__"),
    ]


def _member(each: object, name: str) -> object:
    try:
        return getattr(each, name)
    except Exception:  # slots that were never filled, and libraries that fill them by magic
        return None


def _names(slots: str | Sequence[str]) -> Sequence[str]:
    return (slots,) if isinstance(slots, str) else slots


def betrayed(where: str, text: str | bytes, canaries: Sequence[str] = EVERYWHERE) -> list[str]:
    """Which canaries a text has, and where; not the text."""
    shown = text.decode(errors="replace") if isinstance(text, bytes) else text
    return [f"{where}: {canary}" for canary in canaries if canary in shown]
