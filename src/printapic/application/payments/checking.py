"""Checking: whether anything about money waits too long, or does not add up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum

import attrs

from printapic.application.ports.bookkeeping import FindingQuery
from printapic.application.ports.clock import Clock
from printapic.application.ports.inbox import InboxPosition, InboxQuery
from printapic.application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from printapic.domain.ids import PaymentId
from printapic.domain.payments.facts import BANKS_TAKE
from printapic.domain.payments.finding import FindingState
from printapic.domain.payments.inbox import InboxState
from printapic.domain.payments.operation import OperationKind, OperationState
from printapic.domain.payments.payment import Payment
from printapic.domain.payments.soundness import faults_of, parked_since

WEBHOOKS_TAKE = timedelta(minutes=5)
CALLS_TAKE = timedelta(minutes=15)
PARKED_MONEY_WAITS = timedelta(hours=24)
_AT_ONCE = 100


class ConcernKind(StrEnum):
    """A webhook that nobody looked into, a call that nobody decided, a payment that does not add up.

    `BOOKS_DIFFER`: a provider's books say something else than ours, and nobody has closed that.
    `MONEY_PARKED`: money that fits to nothing, and that nobody gave back or accepted for a day.
    `PAYMENT_IN_REVIEW`: a person has to look, and nothing is printed or sent until they have.
    `REFUND_PENDING`: a provider has taken a refund on for a month, and not said what becomes of it.
    `ORDER_DISAGREES`: it was confirmed without money, or waits for money that it has.
    """

    WEBHOOK_WAITS = "webhook-waits"
    CALL_UNDECIDED = "call-undecided"
    PAYMENT_UNSOUND = "payment-unsound"
    BOOKS_DIFFER = "books-differ"
    MONEY_PARKED = "money-parked"
    PAYMENT_IN_REVIEW = "payment-in-review"
    REFUND_PENDING = "refund-pending"
    ORDER_DISAGREES = "order-disagrees"


@attrs.frozen(kw_only=True)
class Concern:
    """`ref` names the provider's event or our payment; `what` its kind, the call, or what is wrong."""

    kind: ConcernKind
    ref: str
    what: str
    since: datetime


@attrs.frozen(kw_only=True)
class CheckPayments:
    """Look through the inbox, the payments and the findings. Nothing is changed, no provider is asked."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    def __call__(self, *, changed_since: datetime | None = None) -> tuple[Concern, ...]:
        """Each concern once. Payments whose log is older than `changed_since` only where something waits."""
        now = self.clock.now()
        of_payments = (
            concern
            for payment in self._payments(now, changed_since)
            for concern in (*_concerns(payment, now), *self._of_order(payment))
        )
        return tuple(dict.fromkeys((*self._waiting(now), *of_payments, *self._in_books())))

    def _waiting(self, now: datetime) -> list[Concern]:
        query = InboxQuery(state=InboxState.RECEIVED, received_before=now - WEBHOOKS_TAKE)
        found: list[Concern] = []
        before: InboxPosition | None = None
        while True:
            with self.unit_of_work.reading() as work:
                entries = work.inbox.page(query, before=before, limit=_AT_ONCE)
            if not entries:
                return found
            found.extend(
                Concern(
                    kind=ConcernKind.WEBHOOK_WAITS,
                    ref=entry.event_id,
                    what=entry.type,
                    since=entry.received_at,
                )
                for entry in entries
            )
            last = entries[-1]
            before = InboxPosition(
                received_at=last.received_at,
                provider=last.provider,
                event_id=last.event_id,
                livemode=last.livemode,
            )

    def _payments(self, now: datetime, changed_since: datetime | None) -> Iterator[Payment]:
        """All of them; or those that wait, and those whose log was added to."""
        if changed_since is None:
            yield from self._leaf(
                lambda work, before: work.payments.page(review=False, before=before, limit=_AT_ONCE)
            )
            return
        yield from self._leaf(
            lambda work, before: work.payments.undecided(
                created_until=now - CALLS_TAKE, before=before, limit=_AT_ONCE
            )
        )
        yield from self._leaf(lambda work, before: work.payments.in_suspense(before=before, limit=_AT_ONCE))
        yield from self._leaf(
            lambda work, before: work.payments.page(review=True, before=before, limit=_AT_ONCE)
        )
        yield from self._leaf(
            lambda work, before: work.payments.changed(since=changed_since, before=before, limit=_AT_ONCE)
        )

    def _leaf(self, page: Callable[[UnitOfWork, PaymentId | None], tuple[Payment, ...]]) -> Iterator[Payment]:
        before: PaymentId | None = None
        while True:
            with self.unit_of_work.reading() as work:
                payments = page(work, before)
            if not payments:
                return
            yield from payments
            before = payments[-1].id

    def _of_order(self, payment: Payment) -> Iterator[Concern]:
        """An order is confirmed when its money covers it, in one transaction, and never without."""
        with self.unit_of_work.reading() as work:
            order = work.orders.get(payment.order_id)
            if order.was_confirmed and not payment.was_covered:
                # Perhaps it has been paid since we read this payment: what is read now tells.
                payment = work.payments.get(payment.id)
        what = None
        if order.was_confirmed and not payment.was_covered:
            what = "confirmed without money"
        elif order.wants_payment and payment.covered:
            what = "paid and not confirmed"
        if what is not None:
            yield Concern(
                kind=ConcernKind.ORDER_DISAGREES, ref=str(payment.id), what=what, since=payment.created_at
            )

    def _in_books(self) -> list[Concern]:
        """The newest: enough to send somebody to the list of them all."""
        with self.unit_of_work.reading() as work:
            findings = work.findings.page(FindingQuery(state=FindingState.OPEN), before=None, limit=_AT_ONCE)
        return [
            Concern(
                kind=ConcernKind.BOOKS_DIFFER,
                ref=finding.ref,
                what=f"{finding.kind.value} {finding.movement}",
                since=finding.found_at,
            )
            for finding in findings
        ]


def _concerns(payment: Payment, now: datetime) -> Iterator[Concern]:
    def concern(kind: ConcernKind, what: str, since: datetime) -> Concern:
        return Concern(kind=kind, ref=str(payment.id), what=what, since=since)

    for operation in payment.operations:
        what = f"{operation.kind.value} {operation.state.value}"
        if operation.undecided and operation.created_at <= now - CALLS_TAKE:
            yield concern(ConcernKind.CALL_UNDECIDED, what, operation.created_at)
        pending = operation.kind is OperationKind.REFUND and operation.state is OperationState.PENDING
        if pending and operation.created_at <= now - BANKS_TAKE:
            yield concern(ConcernKind.REFUND_PENDING, what, operation.created_at)
    for fault in faults_of(payment):
        yield concern(ConcernKind.PAYMENT_UNSOUND, fault.value, payment.created_at)
    for reason in payment.review_reasons:
        # What a reason names is in the payment itself: here it only says of what kind it is.
        since = max((row.recorded_at for row in payment.transactions), default=payment.created_at)
        yield concern(ConcernKind.PAYMENT_IN_REVIEW, reason.partition(":")[0], since)
    parked = parked_since(payment)
    if parked is not None and parked <= now - PARKED_MONEY_WAITS:
        yield concern(ConcernKind.MONEY_PARKED, "suspense", parked)
