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
from printapic.application.ports.payments import Done, PaymentGateway, Rejected
from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.domain.actors import SYSTEM
from printapic.domain.errors import Unavailable
from printapic.domain.ids import AttemptId, OperationId, PaymentId, UserId
from printapic.domain.orders.order import Order
from printapic.domain.orders.status import HoldReason, OrderStatus
from printapic.domain.payments.attempt import Attempt, AttemptState, Provider
from printapic.domain.payments.facts import BANKS_TAKE
from printapic.domain.payments.operation import NOT_FOUND, OperationState
from printapic.domain.payments.payment import Payment
from printapic.domain.payments.snapshot import Snapshot
from printapic.domain.payments.status import Demand
from printapic.domain.payments.transaction import Source

_FIRST_POLLS = (timedelta(minutes=5), timedelta(minutes=15))
_HOURLY_POLLS = 24
_AFTER_EXPIRY = timedelta(minutes=5)
_SURELY_KNOWN = timedelta(minutes=10)
"""How long after its opening a provider may still not find a page everywhere."""
_MONEY = frozenset({AttemptState.PROCESSING, AttemptState.AUTHORIZED, AttemptState.CAPTURED})
_UNDER_WAY = frozenset({AttemptState.APPROVED, AttemptState.PROCESSING, AttemptState.AUTHORIZED})


class ProviderSilent(Unavailable):
    """The provider could not be asked. Nothing was changed."""

    code = "payment-provider-silent"

    def __init__(self) -> None:
        super().__init__("The payment provider does not answer. Please try again in a moment.")


@attrs.frozen(kw_only=True)
class SyncPayment:
    """Ask the provider about every checkout of a payment, and take in what it says.

    Each look is numbered before it is taken, so that an older answer that arrives later changes no
    state. Money that covers the order confirms it in the same transaction; what a person has to look at
    holds it.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    identifiers: Identifiers
    gateways: Mapping[Provider, PaymentGateway]

    def __call__(
        self,
        *,
        payment_id: PaymentId,
        source: Source,
        owner_id: UserId | None = None,
        attempt_id: AttemptId | None = None,
        ref: str | None = None,
    ) -> Payment:
        """Look at every checkout, or at the one named: under the name that the provider told, if given.

        Raises `PaymentNotFound`, for a foreign payment too, `ProviderSilent`, or `ForeignSnapshot` where
        the provider's checkout of that name is not the attempt's own.
        """
        with self.unit_of_work() as work:
            payment = work.payments.get(payment_id, owner_id=owner_id)
            ticket = payment.next_ticket()
            work.payments.save(payment)
            work.commit()
        wanted = [attempt for attempt in payment.attempts if attempt_id in (None, attempt.id)]
        looks = [
            (attempt, self._fetch(attempt, name))
            for attempt in wanted
            if (name := ref or attempt.ref) is not None
        ]
        for attempt, snapshot in looks:
            if snapshot is not None:
                payment = self._settle(payment, attempt, snapshot, ticket, source)
        if any(snapshot is None for _, snapshot in looks):
            raise ProviderSilent
        return payment

    def _fetch(self, attempt: Attempt, ref: str) -> Snapshot | None:
        gateway = self.gateways.get(attempt.provider)
        outcome = gateway.fetch(ref=ref) if gateway else None
        if isinstance(outcome, Done):
            return outcome.value
        forgotten = isinstance(outcome, Rejected) and outcome.code == NOT_FOUND and ref == attempt.ref
        old = self.clock.now() >= attempt.created_at + _SURELY_KNOWN
        if forgotten and old and attempt.state not in _MONEY:
            # PayPal forgets pages that nobody paid on. Money that came after all would outweigh this.
            return Snapshot(
                provider=attempt.provider,
                ref=ref,
                our_reference=str(attempt.id),
                livemode=attempt.livemode,
                state=attempt.state if attempt.finished else AttemptState.EXPIRED,
            )
        return None

    def _settle(
        self, before: Payment, attempt: Attempt, snapshot: Snapshot, ticket: int, source: Source
    ) -> Payment:
        now = self.clock.now()
        with self.unit_of_work() as work:
            order = work.orders.get(before.order_id)
            payment = work.payments.get(before.id)
            reviewed = len(payment.review_reasons)
            if payment.attempt(attempt.id).ref is None:
                # Found before we heard that it was opened: nothing else has begun to watch it.
                work.jobs.enqueue(poll_job(payment.id, attempt.id, poll=0, now=now))
            payment.settle(
                attempt.id,
                snapshot,
                ticket=ticket,
                demand=demand(order),
                source=source,
                new_operation_id=lambda: OperationId(self.identifiers.uuid()),
                at=now,
            )
            if moved(order, payment, reviewed, now):
                work.orders.save(order)
            work.payments.save(payment)
            work.commit()
        return payment


def demand(order: Order) -> Demand:
    """What an order wants of its payment."""
    if order.wants_payment:
        return Demand.OPEN
    called_off = order.status in (OrderStatus.CANCELLED, OrderStatus.EXPIRED)
    return Demand.WITHDRAWN if called_off else Demand.MET


def moved(order: Order, payment: Payment, reviewed: int, now: datetime) -> bool:
    """Confirm an order that is covered, hold one that a person has to look at; whether either happened."""
    steps = len(order.history)
    if order.wants_payment and payment.covered:
        order.confirm(paid=payment.due, at=now)
        reviewed = 0
    hold_for_review(order, payment, reviewed, now)
    return len(order.history) > steps


def hold_for_review(order: Order, payment: Payment, reviewed: int, now: datetime) -> bool:
    """Hold a confirmed order if a person was asked more than `reviewed` things about its payment.

    And if all that paid it went back, as by a refund in the provider's dashboard.
    """
    doubtful = len(payment.review_reasons) > reviewed or payment.paid_back
    asked = order.status is OrderStatus.CONFIRMED and doubtful
    if asked:
        order.hold(SYSTEM, reason=HoldReason.OTHER, at=now)
    return asked


@attrs.frozen(kw_only=True)
class PollPayment:
    """Reaction: look at a checkout from time to time, in case no news of it ever comes.

    After 5 minutes, 15 minutes, then hourly until it expires, and once more after that. Where the bank
    has not decided about money or about a refund, the looks go on for 30 days, every 6 hours at last.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    sync: SyncPayment

    def __call__(self, *, payment_id: PaymentId, attempt_id: AttemptId, poll: int) -> None:
        """`poll` counts the looks from 0. A silent provider is asked again by the next one."""
        try:
            payment = self.sync(payment_id=payment_id, source=Source.POLLER, attempt_id=attempt_id)
        except ProviderSilent:
            with self.unit_of_work.reading() as work:
                payment = work.payments.get(payment_id)
        now = self.clock.now()
        last = _last_poll(payment, payment.attempt(attempt_id))
        if last is not None and now < last:
            with self.unit_of_work() as work:
                work.jobs.enqueue(poll_job(payment_id, attempt_id, poll=poll + 1, now=now, last=last))
                work.commit()


def poll_job(
    payment_id: PaymentId, attempt_id: AttemptId, *, poll: int, now: datetime, last: datetime | None = None
) -> Job:
    """The promise to take the look number `poll`, not later than `last`."""
    run_at = now + poll_pause(poll)
    return Job(
        name=PollPayment.__name__,
        payload={"payment_id": str(payment_id), "attempt_id": str(attempt_id), "poll": poll},
        run_at=min(run_at, last) if last else run_at,
    )


def _last_poll(payment: Payment, attempt: Attempt) -> datetime | None:
    """Until when it makes sense to look at this checkout; None where nothing more can come of it."""
    undecided = [
        operation.created_at
        for operation in payment.operations
        if operation.attempt_id == attempt.id and operation.state is OperationState.PENDING
    ]
    if attempt.state in _UNDER_WAY:
        undecided.append(attempt.expires_at)
    if undecided:
        return max(undecided) + BANKS_TAKE
    return None if attempt.finished else attempt.expires_at + _AFTER_EXPIRY


def poll_pause(poll: int) -> timedelta:
    """How long to wait before the look number `poll`, counted from 0."""
    if poll < len(_FIRST_POLLS):
        return _FIRST_POLLS[poll]
    return timedelta(hours=1) if poll < len(_FIRST_POLLS) + _HOURLY_POLLS else timedelta(hours=6)


def first_poll(opened_at: datetime) -> datetime:
    return opened_at + poll_pause(0)
