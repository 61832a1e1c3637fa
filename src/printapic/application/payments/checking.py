"""Checking: whether anything about money waits too long, or does not add up."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

import attrs

from printapic.application.ports.bookkeeping import FindingQuery
from printapic.application.ports.clock import Clock
from printapic.application.ports.inbox import InboxPosition, InboxQuery
from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.domain.ids import PaymentId
from printapic.domain.payments.finding import FindingState
from printapic.domain.payments.inbox import InboxState
from printapic.domain.payments.payment import Payment
from printapic.domain.payments.soundness import faults_of

WEBHOOKS_TAKE = timedelta(minutes=5)
CALLS_TAKE = timedelta(minutes=15)
_AT_ONCE = 100


class ConcernKind(StrEnum):
    """A webhook that nobody looked into, a call that nobody decided, a payment that does not add up.

    `BOOKS_DIFFER`: a provider's books say something else than ours, and nobody has closed that.
    """

    WEBHOOK_WAITS = "webhook-waits"
    CALL_UNDECIDED = "call-undecided"
    PAYMENT_UNSOUND = "payment-unsound"
    BOOKS_DIFFER = "books-differ"


@attrs.frozen(kw_only=True)
class Concern:
    """`ref` names the provider's event or our payment; `what` its kind, the call, or what is wrong."""

    kind: ConcernKind
    ref: str
    what: str
    since: datetime


@attrs.frozen(kw_only=True)
class CheckPayments:
    """Look through the inbox, every payment and the findings. Nothing is changed, no provider is asked."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    def __call__(self) -> tuple[Concern, ...]:
        now = self.clock.now()
        return (*self._waiting(now), *self._in_payments(now), *self._in_books())

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

    def _in_payments(self, now: datetime) -> list[Concern]:
        found: list[Concern] = []
        before: PaymentId | None = None
        while True:
            with self.unit_of_work.reading() as work:
                payments = work.payments.page(review=False, before=before, limit=_AT_ONCE)
            if not payments:
                return found
            for payment in payments:
                found.extend(_concerns(payment, now))
            before = payments[-1].id

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


def _concerns(payment: Payment, now: datetime) -> list[Concern]:
    undecided = [
        Concern(
            kind=ConcernKind.CALL_UNDECIDED,
            ref=str(payment.id),
            what=f"{operation.kind.value} {operation.state.value}",
            since=operation.created_at,
        )
        for operation in payment.operations
        if operation.undecided and operation.created_at <= now - CALLS_TAKE
    ]
    unsound = [
        Concern(
            kind=ConcernKind.PAYMENT_UNSOUND, ref=str(payment.id), what=fault.value, since=payment.created_at
        )
        for fault in faults_of(payment)
    ]
    return [*undecided, *unsound]
