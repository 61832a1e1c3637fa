"""Settlement: the one path by which money that moved becomes a fact here.

Webhook, browser return, poller and staff all end in `SyncPayment`, which asks the provider. What anybody
else says about money is a reason to ask, nothing more.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import attrs

from printapic.application.ports.clock import Clock
from printapic.application.ports.identifiers import Identifiers
from printapic.application.ports.jobs import Job
from printapic.application.ports.payments import Done, PaymentGateway
from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.domain.errors import Unavailable
from printapic.domain.ids import AttemptId, OperationId, PaymentId, UserId
from printapic.domain.payments.attempt import Attempt, Provider
from printapic.domain.payments.payment import Payment
from printapic.domain.payments.transaction import Snapshot, Source

_POLLS = (timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))
_AFTER_EXPIRY = timedelta(minutes=5)


class ProviderSilent(Unavailable):
    """The provider could not be asked. Nothing was changed."""

    code = "payment-provider-silent"

    def __init__(self) -> None:
        super().__init__("The payment provider does not answer. Please try again in a moment.")


@attrs.frozen(kw_only=True)
class SyncPayment:
    """Ask the provider about every checkout of a payment, and take in what it says.

    Each look is numbered before it is taken, so that an older answer that arrives later changes no
    state. Money that covers the order confirms it in the same transaction.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    identifiers: Identifiers
    gateways: Mapping[Provider, PaymentGateway]

    def __call__(
        self, *, payment_id: PaymentId, source: Source, owner_id: UserId | None = None
    ) -> Payment:
        """Raises `PaymentNotFound`, for a foreign payment too, or `ProviderSilent`."""
        with self.unit_of_work() as work:
            payment = work.payments.get(payment_id, owner_id=owner_id)
            ticket = payment.next_ticket()
            work.payments.save(payment)
            work.commit()
        opened = [attempt for attempt in payment.attempts if attempt.ref is not None]
        looks = [(attempt, self._fetch(attempt)) for attempt in opened]
        for attempt, snapshot in looks:
            if snapshot is not None:
                payment = self._settle(payment, attempt, snapshot, ticket, source)
        if any(snapshot is None for _, snapshot in looks):
            raise ProviderSilent
        return payment

    def _fetch(self, attempt: Attempt) -> Snapshot | None:
        gateway = self.gateways.get(attempt.provider)
        outcome = gateway.fetch(ref=attempt.ref or "") if gateway else None
        return outcome.value if isinstance(outcome, Done) else None

    def _settle(
        self, before: Payment, attempt: Attempt, snapshot: Snapshot, ticket: int, source: Source
    ) -> Payment:
        now = self.clock.now()
        with self.unit_of_work() as work:
            order = work.orders.get(before.order_id)
            payment = work.payments.get(before.id)
            payment.settle(
                attempt.id,
                snapshot,
                ticket=ticket,
                order_wants_payment=order.wants_payment,
                source=source,
                new_operation_id=lambda: OperationId(self.identifiers.uuid()),
                at=now,
            )
            if order.wants_payment and payment.allocated == order.total:
                order.confirm(paid=payment.allocated, at=now)
                work.orders.save(order)
            work.payments.save(payment)
            work.commit()
        return payment


@attrs.frozen(kw_only=True)
class PollPayment:
    """Reaction: look at an open checkout from time to time, in case no news of it ever comes.

    After 5 minutes, 15 minutes, then hourly until it expires, and once more after that.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    sync: SyncPayment

    def __call__(self, *, payment_id: PaymentId, attempt_id: AttemptId, poll: int) -> None:
        """`poll` counts the looks from 0."""
        payment = self.sync(payment_id=payment_id, source=Source.POLLER)
        attempt = payment.attempt(attempt_id)
        now = self.clock.now()
        last = attempt.expires_at + _AFTER_EXPIRY
        if attempt.finished or now >= last:
            return
        with self.unit_of_work() as work:
            work.jobs.enqueue(
                Job(
                    name=PollPayment.__name__,
                    payload={"payment_id": str(payment_id), "attempt_id": str(attempt_id), "poll": poll + 1},
                    run_at=min(now + poll_pause(poll + 1), last),
                )
            )
            work.commit()


def poll_pause(poll: int) -> timedelta:
    """How long to wait before the look number `poll`, counted from 0."""
    return _POLLS[min(poll, len(_POLLS) - 1)]


def first_poll(opened_at: datetime) -> datetime:
    return opened_at + poll_pause(0)
