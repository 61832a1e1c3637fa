"""PayPal as the shop calls it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import ClassVar

import attrs

from printapic.adapters.payments.paypal.answers import (
    Unreadable,
    after_effect,
    concluded,
    perhaps_done,
    read,
    refused,
)
from printapic.adapters.payments.paypal.api import Answer, Conversation, PayPalApi
from printapic.adapters.payments.paypal.currencies import CURRENCIES, money_of, sum_of
from printapic.adapters.payments.paypal.lookup import Lookup
from printapic.adapters.payments.paypal.movements import LATE, Reports
from printapic.adapters.payments.paypal.orders import (
    capture_request,
    order_request,
    page_of,
    refund_request,
)
from printapic.adapters.payments.paypal.refusals import EXPIRED, PAYER_MUST_ACT
from printapic.adapters.payments.paypal.snapshots import (
    authorization_of,
    holds,
    pending_ref,
    refund_of,
    snapshot_of,
)
from printapic.adapters.payments.paypal.wire import CaptureBody, OrderBody, RefundBody
from printapic.application.ports.clock import Clock
from printapic.application.ports.payments import (
    ActionRequired,
    Capabilities,
    CheckoutRequest,
    Declined,
    Done,
    Movement,
    Opened,
    Outcome,
    PaymentGateway,
    Pending,
    Rejected,
    Trace,
    Unknown,
)
from printapic.domain.ids import OperationId
from printapic.domain.money import Money
from printapic.domain.payments.attempt import AttemptState, Provider
from printapic.domain.payments.operation import BANK_DECIDES
from printapic.domain.payments.snapshot import RefundFact, RefundState, Snapshot

KEY_LIFETIME = timedelta(hours=6)
REUSED = "idempotency-key-reused"
PAGES = frozenset({"https://www.paypal.com"})
_WAITING = frozenset({AttemptState.OPEN, AttemptState.APPROVED})
_MONEY = frozenset({AttemptState.AUTHORIZED, AttemptState.CAPTURED, AttemptState.PROCESSING})


class PayPalGateway(PaymentGateway):
    """Orders v2: the customer approves on PayPal's page, then we take the money, or let it be held.

    The customer is only sent to pages of `page_origins` (`https://host`). A key is good for six hours, the
    shorter of PayPal's two memories. An order that nobody approved cannot be voided: it dies by itself
    after some hours, and takes no money without our own call.
    """

    provider: ClassVar[Provider] = Provider.PAYPAL

    def __init__(
        self, api: PayPalApi, *, livemode: bool, clock: Clock, page_origins: frozenset[str] = PAGES
    ) -> None:
        self._api = api
        self._livemode = livemode
        self._clock = clock
        self._page_origins = page_origins

    @property
    def livemode(self) -> bool:
        return self._livemode

    def capabilities(self) -> Capabilities:
        return Capabilities(
            manual_capture=True,
            key_lifetime=KEY_LIFETIME,
            currencies=CURRENCIES,
            ends_pages=False,
            finds_pages=False,
            books_late_by=LATE,
        )

    def open(self, *, checkout: CheckoutRequest, key: OperationId) -> Outcome[Opened]:
        def call() -> Outcome[Opened]:
            request = order_request(checkout)
            answer = self._api.conversation().post("/v2/checkout/orders", request, key=key)
            if not answer.good:
                return refused(answer)
            order = read(answer, OrderBody, "order")
            (unit,) = order.purchase_units if len(order.purchase_units) == 1 else (None,)
            if unit is None or unit.amount is None or unit.custom_id is None:
                raise Unreadable("order")
            if (unit.custom_id, money_of(unit.amount)) != (checkout.our_reference, checkout.amount):
                # PayPal answers a known key with what that key made, whatever is asked this time.
                return Rejected(code=REUSED, trace=answer.trace)
            page = page_of(order.links, self._page_origins)
            if page is None:
                raise Unreadable("page")
            opened = Opened(ref=order.id, redirect_url=page, expires_at=checkout.expires_at)
            return Done(value=opened, trace=answer.trace)

        return concluded(call)

    def complete(self, *, ref: str, key: OperationId) -> Outcome[Snapshot]:
        def call() -> Outcome[Snapshot]:
            conversation = self._api.conversation()
            lookup = Lookup(conversation)
            order = lookup.order(ref)
            seen = self._snapshot(order)
            if seen.state is not AttemptState.APPROVED:
                page = page_of(order.links, self._page_origins)
                if seen.state is AttemptState.OPEN and page is not None:
                    return ActionRequired(redirect_url=page, trace=lookup.trace)
                return self._decided(order, lookup.trace)
            act = "authorize" if order.intent == "AUTHORIZE" else "capture"
            answer = conversation.post(f"/v2/checkout/orders/{order.id}/{act}", b"{}", key=key)
            if not answer.good:
                return self._not_completed(conversation, order, answer)
            taken = read(answer, OrderBody, "order")
            return after_effect(lambda: self._taken(lookup, order, taken, answer.trace))

        return concluded(call)

    def capture(self, *, ref: str, amount: Money, final: bool, key: OperationId) -> Outcome[Snapshot]:
        def call() -> Outcome[Snapshot]:
            request = capture_request(amount, final=final, key=key)
            conversation = self._api.conversation()
            lookup = Lookup(conversation)
            order = lookup.order(ref)
            self._snapshot(order)
            held = authorization_of(order)
            if held is None:
                return Rejected(code="nothing-authorized", trace=lookup.trace)
            if (ours := _capture_of(order, key)) is not None:
                # Asked for before: PayPal's memory of the key may be over, the capture's name is not.
                return self._captured(order, ours, amount, lookup.trace)
            answer = conversation.post(f"/v2/payments/authorizations/{held.id}/capture", request, key=key)
            if not answer.good and not perhaps_done(answer):
                return refused(answer)
            capture = read(answer, CaptureBody, "capture") if answer.good else None
            order = after_effect(lambda: lookup.order(ref))
            capture = capture or _capture_of(order, key)
            if capture is None:
                return refused(answer)
            return after_effect(lambda: self._captured(order, capture, amount, answer.trace))

        return concluded(call)

    def void(self, *, ref: str, key: OperationId) -> Outcome[Snapshot]:
        """An order without an authorization is answered as it stands: OPEN or APPROVED is nobody's money."""

        def call() -> Outcome[Snapshot]:
            conversation = self._api.conversation()
            lookup = Lookup(conversation)
            order = lookup.order(ref)
            seen, trace = self._snapshot(order), lookup.trace
            held = authorization_of(order)
            if held is not None and holds(order, now=self._clock.now()):
                # PayPal keeps no key for this call: repeated, it says PREVIOUSLY_VOIDED.
                answer = conversation.post(f"/v2/payments/authorizations/{held.id}/void", b"", key=None)
                if not answer.good and not perhaps_done(answer):
                    return refused(answer)
                order = after_effect(lambda: lookup.order(ref))
                seen, trace = after_effect(lambda: self._snapshot(order)), answer.trace
                if seen.state is AttemptState.AUTHORIZED:
                    return Unknown(reason="void-unseen", trace=trace) if answer.good else refused(answer)
            if seen.state is AttemptState.PROCESSING:
                return Rejected(code=BANK_DECIDES, trace=trace)
            return Done(value=seen, trace=trace)

        return concluded(call)

    def refund(
        self, *, capture_ref: str, amount: Money, reason: str, key: OperationId
    ) -> Outcome[RefundFact]:
        """`reason` stays with us: PayPal would show it to the customer."""

        def call() -> Outcome[RefundFact]:
            request = refund_request(amount, key=key)
            conversation = self._api.conversation()
            lookup = Lookup(conversation)
            order = lookup.order_of_capture(capture_ref)
            if (ours := self._refund_of(order, key)) is not None:
                # Asked for before: PayPal's memory of the key may be over, the refund's name is not.
                return _refunded(ours, amount, lookup.trace)
            path = f"/v2/payments/captures/{capture_ref}/refund"
            answer = conversation.post(path, request, key=key)
            if answer.good:
                body = read(answer, RefundBody, "refund")
                if body.custom_id not in (None, str(key)):
                    return Rejected(code=REUSED, trace=answer.trace)
                fact = refund_of(body, capture_ref=capture_ref, operation_id=key)
                return _refunded(fact, amount, answer.trace)
            if not perhaps_done(answer):
                return refused(answer)
            now = after_effect(lambda: lookup.order(order.id))
            ours = after_effect(lambda: self._refund_of(now, key))
            return refused(answer) if ours is None else _refunded(ours, amount, answer.trace)

        return concluded(call)

    def fetch(self, *, ref: str) -> Outcome[Snapshot]:
        def call() -> Outcome[Snapshot]:
            lookup = Lookup(self._api.conversation())
            return Done(value=self._look(lookup, ref), trace=lookup.trace)

        return concluded(call)

    def find(self, *, our_reference: str, since: datetime) -> Outcome[Snapshot | None]:
        """PayPal lists no orders. Its report names those that money moved for, up to three hours later."""

        def call() -> Outcome[Snapshot | None]:
            now = self._clock.now()
            reports = Reports(self._api, now=now)
            ref = reports.transaction_of(our_reference, since=since)
            if ref is not None:
                lookup = Lookup(self._api.conversation())
                snapshot = self._look(lookup, ref)
                if snapshot.our_reference != our_reference:
                    raise Unreadable("report")
                return Done(value=snapshot, trace=lookup.trace)
            if not reports.complete_for(since):
                return Unknown(reason="index-incomplete")
            return Done(value=None)

        return concluded(call)

    def movements(self, *, since: datetime, until: datetime) -> Iterator[Movement]:
        """Raises `MovementsUnavailable`, also for a time that PayPal's report has not reached yet."""
        return Reports(self._api, now=self._clock.now()).movements(since=since, until=until)

    def _not_completed(
        self, conversation: Conversation, order: OrderBody, answer: Answer
    ) -> Outcome[Snapshot]:
        """PayPal did not take what was approved: the customer has to act, or it is taken already, or not."""
        lookup, words = Lookup(conversation), answer.refusal.words
        if perhaps_done(answer):
            now = after_effect(lambda: lookup.order(order.id))
            if after_effect(lambda: self._snapshot(now)).state in _MONEY:
                return self._decided(now, answer.trace)
        if words & EXPIRED:
            over = attrs.evolve(self._snapshot(order), state=AttemptState.EXPIRED)
            return Done(value=over, trace=answer.trace)
        if words & PAYER_MUST_ACT:
            page = page_of(answer.refusal.links, self._page_origins)
            if page is None:
                now = after_effect(lambda: lookup.order(order.id))
                page = page_of((*order.links, *now.links), self._page_origins)
            if page is not None:
                return ActionRequired(redirect_url=page, trace=answer.trace)
            return Declined(code=answer.code, trace=answer.trace)
        return refused(answer)

    def _taken(self, lookup: Lookup, before: OrderBody, order: OrderBody, trace: Trace) -> Outcome[Snapshot]:
        """PayPal took what was approved. An answer that does not show it is no answer."""
        if len(order.purchase_units) != 1 or not order.purchase_units[0].custom_id:
            order = lookup.order(before.id)
        if order.id != before.id or self._snapshot(order).state in _WAITING:
            raise Unreadable("order")
        return self._decided(order, trace)

    def _decided(self, order: OrderBody, trace: Trace) -> Outcome[Snapshot]:
        seen = self._snapshot(order)
        waits_for = pending_ref(order)
        if seen.state is AttemptState.PROCESSING and waits_for is not None:
            return Pending(ref=waits_for, trace=trace)
        if seen.state is AttemptState.FAILED:
            return Declined(code="capture-declined", trace=trace)
        return Done(value=seen, trace=trace)

    def _captured(
        self, order: OrderBody, capture: CaptureBody, amount: Money, trace: Trace
    ) -> Outcome[Snapshot]:
        if sum_of(capture.amount) != amount:
            return Rejected(code=REUSED, trace=trace)
        if capture.pending:
            return Pending(ref=capture.id, trace=trace)
        if not capture.taken:
            return Declined(code="capture-declined", trace=trace)
        return Done(value=self._snapshot(order), trace=trace)

    def _refund_of(self, order: OrderBody, key: OperationId) -> RefundFact | None:
        return next((fact for fact in self._snapshot(order).refunds if fact.operation_id == key), None)

    def _look(self, lookup: Lookup, ref: str) -> Snapshot:
        order = lookup.order_behind(ref)
        self._snapshot(order)
        disputes = lookup.disputes_about(order)
        return snapshot_of(order, livemode=self._livemode, now=self._clock.now(), disputes=disputes)

    def _snapshot(self, order: OrderBody) -> Snapshot:
        return snapshot_of(order, livemode=self._livemode, now=self._clock.now())


def _capture_of(order: OrderBody, key: OperationId) -> CaptureBody | None:
    return next((part for part in order.payments.captures if part.invoice_id == str(key)), None)


def _refunded(fact: RefundFact, amount: Money, trace: Trace) -> Outcome[RefundFact]:
    if fact.amount.currency != amount.currency:
        # A capture goes back in its own currency: whatever this is, it is not what was asked for.
        raise Unreadable("refund")
    if fact.amount != amount:
        return Rejected(code=REUSED, trace=trace)
    if fact.state is RefundState.PENDING:
        return Pending(ref=fact.ref, trace=trace)
    return Done(value=fact, trace=trace)
