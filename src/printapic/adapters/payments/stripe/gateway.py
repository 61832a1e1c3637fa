"""Stripe as the shop calls it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timedelta
from typing import ClassVar, TypeVar

import httpx
import stripe
from stripe.params.checkout import SessionListParams

from printapic.adapters.payments.sending import BUDGET_S, Sender
from printapic.adapters.payments.stripe import REQUEST_ID
from printapic.adapters.payments.stripe.calls import PAGE_LENGTH, StripeCall, every, failure, trace_of, under
from printapic.adapters.payments.stripe.checkout import opened, session_params
from printapic.adapters.payments.stripe.currencies import traded
from printapic.adapters.payments.stripe.http_client import hush
from printapic.adapters.payments.stripe.looking import NoCheckoutOfOurs, look_at
from printapic.adapters.payments.stripe.movements import lines
from printapic.adapters.payments.stripe.objects import NamedSession, NewSession, Page, read
from printapic.adapters.payments.stripe.refunds import give_back
from printapic.adapters.payments.stripe.taking import take, void
from printapic.application.ports.payments import (
    Capabilities,
    CheckoutRequest,
    Done,
    Movement,
    MovementsUnavailable,
    Opened,
    Outcome,
    PaymentGateway,
    Rejected,
)
from printapic.domain.ids import OperationId
from printapic.domain.money import Money
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.snapshot import RefundFact, Snapshot

API_URL = "https://api.stripe.com"
PAGE_ORIGINS = frozenset({"https://checkout.stripe.com"})
KEY_LIFETIME = timedelta(hours=24)
_CLOCKS_DIFFER_BY = timedelta(minutes=5)
_SECRET_KEY = re.compile(r"(sk|rk)_(?P<mode>live|test)_\w+", re.ASCII)
T = TypeVar("T")


class StripeGateway(PaymentGateway):
    """Collects by Stripe's hosted Checkout.

    * `secret_key`: `sk_...` or, better, a restricted `rk_...`; its prefix must agree with `livemode`.
    * `api_url`: another address is for tests.
    * `page_origins`: where customers may be sent, `https://host`: add a custom domain of Checkout here.
    * `budget_s`: the longest that one call takes, its repetitions and looks included.

    Raises `ValueError` for a key of the other environment, or one that is no secret key at all.
    """

    provider: ClassVar[Provider] = Provider.STRIPE

    def __init__(
        self,
        client: httpx.Client,
        *,
        secret_key: str,
        livemode: bool,
        api_url: str = API_URL,
        page_origins: Collection[str] = PAGE_ORIGINS,
        budget_s: float = BUDGET_S,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        match = _SECRET_KEY.fullmatch(secret_key)
        if match is None or (match["mode"] == "live") is not livemode:
            raise ValueError("this is no secret key of Stripe's for this environment")
        hush()
        self._secret_key = secret_key
        self._livemode = livemode
        self._api_url = api_url
        self._page_origins = frozenset(page_origins)
        self._sender = Sender(
            client=client, busy=_busy, request_id_header=REQUEST_ID, budget_s=budget_s, pause=pause
        )

    @property
    def livemode(self) -> bool:
        return self._livemode

    def capabilities(self) -> Capabilities:
        return Capabilities(manual_capture=True, key_lifetime=KEY_LIFETIME, currencies=traded())

    def open(self, *, checkout: CheckoutRequest, key: OperationId) -> Outcome[Opened]:
        def ask(call: StripeCall) -> Outcome[Opened]:
            made = call.api.checkout.sessions.create(session_params(checkout, key), under(key))
            page = opened(
                read(made, NewSession), checkout, origins=self._page_origins, livemode=self._livemode
            )
            return Done(value=page, trace=trace_of(made))

        return self._outcome(ask)

    def complete(self, *, ref: str, key: OperationId) -> Outcome[Snapshot]:
        """Look: Stripe takes the money as the customer pays, or holds it for `capture`."""
        return self.fetch(ref=ref)

    def capture(self, *, ref: str, amount: Money, final: bool, key: OperationId) -> Outcome[Snapshot]:
        return self._outcome(lambda call: take(call, ref=ref, amount=amount, final=final, key=key))

    def void(self, *, ref: str, key: OperationId) -> Outcome[Snapshot]:
        return self._outcome(lambda call: void(call, ref=ref, key=key))

    def refund(
        self, *, capture_ref: str, amount: Money, reason: str, key: OperationId
    ) -> Outcome[RefundFact]:
        return self._outcome(
            lambda call: give_back(call, charge=capture_ref, amount=amount, reason=reason, key=key)
        )

    def fetch(self, *, ref: str) -> Outcome[Snapshot]:
        def ask(call: StripeCall) -> Outcome[Snapshot]:
            look = look_at(call, ref)
            return Done(value=look.snapshot, trace=look.trace)

        return self._outcome(ask)

    def find(self, *, our_reference: str, since: datetime) -> Outcome[Snapshot | None]:
        """By the list of all pages since then: Stripe's search would lag behind."""

        def ask(call: StripeCall) -> Outcome[Snapshot | None]:
            since_s = int((since - _CLOCKS_DIFFER_BY).timestamp())
            pages = every(lambda after: _sessions(call, since_s, after), Page[NamedSession])
            ours = [page for page in pages if page.client_reference_id == our_reference]
            if not ours:
                return Done(value=None)
            # More than one only where a key was forgotten: then the one that was paid matters.
            look = look_at(call, max(ours, key=lambda page: page.status == "complete").id)
            return Done(value=look.snapshot, trace=look.trace)

        return self._outcome(ask)

    def movements(self, *, since: datetime, until: datetime) -> Iterator[Movement]:
        try:
            yield from lines(self._call, since=since, until=until)
        except Exception as error:
            failure(error)  # notes what has to be noted
            raise MovementsUnavailable from None

    def _call(self) -> StripeCall:
        return StripeCall(self._sender, secret_key=self._secret_key, api_url=self._api_url)

    def _outcome(self, ask: Callable[[StripeCall], Outcome[T]]) -> Outcome[T]:
        """Whatever the provider, the network and the SDK do: a value."""
        try:
            return ask(self._call())
        except NoCheckoutOfOurs:
            return Rejected(code="not-found")
        except Exception as error:
            return failure(error)


def _busy(answer: httpx.Response) -> bool:
    """Every 409 of Stripe's speaks of another request that is being worked on."""
    return answer.status_code == 409


def _sessions(call: StripeCall, since_s: int, after: str | None) -> stripe.StripeObject:
    params: SessionListParams = {"created": {"gte": since_s}, "limit": PAGE_LENGTH}
    if after is not None:
        params["starting_after"] = after
    return call.api.checkout.sessions.list(params)
