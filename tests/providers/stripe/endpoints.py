"""Which request does what, with which parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from tests.providers.books import Json
from tests.providers.counter import Call
from tests.providers.routes import Routes
from tests.providers.stripe import balance, intents, refunds, sessions
from tests.providers.stripe.account import Account
from tests.providers.stripe.forms import Spec, one_of, text
from tests.providers.stripe.refusals import Refused
from tests.providers.stripe.showing import PAGING, listed, shown


@attrs.frozen
class Endpoint:
    """`run` takes the account, what stands in the path's places, and the parameters, read by `takes`."""

    call: Call
    takes: Mapping[str, Spec]
    run: Callable[[Account, dict[str, str], dict[str, Any]], Json]


Where = Callable[[dict[str, Any], Account], dict[str, str | int]]
Keep = Callable[[Account], Callable[[Json], bool]]


def _create_session(account: Account, _: dict[str, str], form: dict[str, Any]) -> Json:
    return shown(account, sessions.create(account, form), form.get("expand", []))


def _expire_session(account: Account, places: dict[str, str], form: dict[str, Any]) -> Json:
    session = account.load("checkout.session", places["id"], param="session")
    return shown(account, sessions.expire(account, session), form.get("expand", []))


def _line_items(account: Account, places: dict[str, str], query: dict[str, Any]) -> Json:
    session = account.load("checkout.session", places["id"], param="session")
    return shown(account, session, ["line_items"])["line_items"]


def _capture(account: Account, places: dict[str, str], form: dict[str, Any]) -> Json:
    intent = account.load("payment_intent", places["id"], param="intent")
    return shown(account, intents.capture(account, intent, form), form.get("expand", []))


def _cancel(account: Account, places: dict[str, str], form: dict[str, Any]) -> Json:
    intent = account.load("payment_intent", places["id"], param="intent")
    return shown(account, intents.cancel(account, intent, form), form.get("expand", []))


def _refund(account: Account, _: dict[str, str], form: dict[str, Any]) -> Json:
    return shown(account, refunds.create(account, form), form.get("expand", []))


def _retrieve(kind: str, param: str, *, call: Call = Call.FETCH, **more: Spec) -> Endpoint:
    def run(account: Account, places: dict[str, str], query: dict[str, Any]) -> Json:
        return shown(account, account.load(kind, places["id"], param=param), query.get("expand", []))

    return Endpoint(call, {"expand": [text], **more}, run)


def _list(
    kind: str,
    url: str,
    where: Where,
    *,
    call: Call = Call.FETCH,
    keep: Keep = lambda _: lambda __: True,
    **more: Spec,
) -> Endpoint:
    def run(account: Account, _: dict[str, str], query: dict[str, Any]) -> Json:
        return listed(account, kind, url, query, where=where(query, account), keep=keep(account))

    return Endpoint(call, {**PAGING, **more}, run)


def _equal(*names: str) -> Where:
    """Narrow a list by members that are named like the parameters."""
    return lambda query, _: {name: query[name] for name in names if name in query}


def _of_source(query: dict[str, Any], account: Account) -> dict[str, str | int]:
    if "payout" in query:
        # Only automatic payouts say which money they carry, and all payouts here are made by hand.
        message = "Balance transaction history can only be filtered on automatic payouts."
        raise Refused(message, param="payout")
    return _equal("currency", "source", "type")(query, account)


_SESSIONS, _INTENTS = "/v1/checkout/sessions", "/v1/payment_intents"
_SESSION_STATUS = one_of("complete", "expired", "open")
ROUTES: Routes[Any] = Routes(
    [
        ("POST", _SESSIONS, Endpoint(Call.OPEN, sessions.CREATE, _create_session)),
        (
            "GET",
            _SESSIONS,
            _list(
                "checkout.session",
                _SESSIONS,
                sessions.with_intent,
                call=Call.FIND,
                payment_intent=text,
                status=_SESSION_STATUS,
            ),
        ),
        ("GET", f"{_SESSIONS}/{{id}}", _retrieve("checkout.session", "session")),
        ("POST", f"{_SESSIONS}/{{id}}/expire", Endpoint(Call.VOID, sessions.EXPIRE, _expire_session)),
        ("GET", f"{_SESSIONS}/{{id}}/line_items", Endpoint(Call.FETCH, {}, _line_items)),
        ("GET", _INTENTS, _list("payment_intent", _INTENTS, _equal())),
        ("GET", f"{_INTENTS}/{{id}}", _retrieve("payment_intent", "intent", client_secret=text)),
        ("POST", f"{_INTENTS}/{{id}}/capture", Endpoint(Call.CAPTURE, intents.CAPTURE, _capture)),
        ("POST", f"{_INTENTS}/{{id}}/cancel", Endpoint(Call.VOID, intents.CANCEL, _cancel)),
        ("GET", "/v1/charges", _list("charge", "/v1/charges", refunds.of_charge, payment_intent=text)),
        ("GET", "/v1/charges/{id}", _retrieve("charge", "charge")),
        ("POST", "/v1/refunds", Endpoint(Call.REFUND, refunds.CREATE, _refund)),
        (
            "GET",
            "/v1/refunds",
            _list("refund", "/v1/refunds", refunds.of_charge, charge=text, payment_intent=text),
        ),
        ("GET", "/v1/refunds/{id}", _retrieve("refund", "refund")),
        (
            "GET",
            "/v1/disputes",
            _list("dispute", "/v1/disputes", refunds.of_charge, charge=text, payment_intent=text),
        ),
        ("GET", "/v1/disputes/{id}", _retrieve("dispute", "dispute")),
        (
            "GET",
            "/v1/balance_transactions",
            _list(
                "balance_transaction",
                "/v1/balance_transactions",
                _of_source,
                call=Call.MOVEMENTS,
                keep=balance.reported,
                currency=text,
                payout=text,
                source=text,
                type=text,
            ),
        ),
        (
            "GET",
            "/v1/balance_transactions/{id}",
            _retrieve("balance_transaction", "id", call=Call.MOVEMENTS),
        ),
        ("GET", "/v1/payouts", _list("payout", "/v1/payouts", _equal("status"), status=text)),
        ("GET", "/v1/payouts/{id}", _retrieve("payout", "payout")),
        ("GET", "/v1/events", _list("event", "/v1/events", _equal("type"), type=text)),
        ("GET", "/v1/events/{id}", _retrieve("event", "id")),
    ]
)
