"""A till for the tests: one payment, and the few gestures that happen to it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import attrs

from printapic.domain.events import DomainEvent
from printapic.domain.ids import AttemptId, OperationId, OrderId, PaymentId, UserId
from printapic.domain.money import Money
from printapic.domain.payments.attempt import Attempt, AttemptState, Provider
from printapic.domain.payments.ledger import balances
from printapic.domain.payments.operation import Operation, OperationKind
from printapic.domain.payments.payment import Payment, PaymentStatus
from printapic.domain.payments.snapshot import (
    AuthorizationFact,
    CaptureFact,
    DisputeFact,
    DisputeMovement,
    DisputeState,
    RefundFact,
    RefundState,
    Snapshot,
)
from printapic.domain.payments.status import Demand
from printapic.domain.payments.transaction import Source, Transaction, TransactionType

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
DUE = Money.of("12.90", "EUR")


def new_operation_id() -> OperationId:
    return OperationId(uuid4())


def paid_with(ref: str = "capture-1", amount: Money = DUE, *, fee: Money | None = None) -> CaptureFact:
    return CaptureFact(ref=ref, amount=amount, fee=fee, occurred_at=NOON)


def held_with(ref: str = "held-1", amount: Money = DUE) -> AuthorizationFact:
    return AuthorizationFact(ref=ref, amount=amount, expires_at=NOON + timedelta(days=7), occurred_at=NOON)


def moved(ref: str, amount: Money = -DUE, *, fee: Money | None = None) -> DisputeMovement:
    """Money that a bank took from us, unless the amount is above zero."""
    return DisputeMovement(ref=ref, amount=amount, fee=fee, occurred_at=NOON)


def contested(
    ref: str = "dispute-1",
    *movements: DisputeMovement,
    of: str = "capture-1",
    amount: Money = DUE,
    state: DisputeState = DisputeState.OPEN,
) -> DisputeFact:
    return DisputeFact(
        ref=ref,
        capture_ref=of,
        amount=amount,
        state=state,
        reason="fraudulent",
        movements=movements,
        occurred_at=NOON,
    )


def given_back(
    ref: str = "refund-1",
    *,
    of: str = "capture-1",
    amount: Money = DUE,
    state: RefundState = RefundState.SUCCEEDED,
    operation_id: OperationId | None = None,
) -> RefundFact:
    return RefundFact(
        ref=ref, capture_ref=of, amount=amount, state=state, operation_id=operation_id, occurred_at=NOON
    )


@attrs.define
class Till:
    """`wanted`: the order was not called off. `confirmed`: it was covered once, and went on."""

    payment: Payment = attrs.field(
        factory=lambda: Payment.open(
            id=PaymentId(uuid4()), order_id=OrderId(uuid4()), user_id=UserId(uuid4()), due=DUE, at=NOON
        )
    )
    wanted: bool = True
    confirmed: bool = False
    now: datetime = NOON
    source: Source = Source.WEBHOOK

    @property
    def demand(self) -> Demand:
        if not self.wanted:
            return Demand.WITHDRAWN
        return Demand.MET if self.confirmed else Demand.OPEN

    def start(
        self, key: str = "key-1", *, digest: str = "digest", provider: Provider = Provider.STRIPE
    ) -> tuple[AttemptId, OperationId]:
        attempt = Attempt(
            id=AttemptId(uuid4()),
            provider=provider,
            livemode=False,
            expected=self.payment.due,
            client_key=key,
            request_digest=digest,
            return_url="https://shop.test/return",
            cancel_url="https://shop.test/cancel",
            locale="en",
            expires_at=self.now + timedelta(hours=1),
            created_at=self.now,
        )
        operation_id = new_operation_id()
        self.payment.start(attempt, operation_id=operation_id, at=self.now)
        return attempt.id, operation_id

    def answer(self, operation_id: OperationId, ref: str) -> None:
        self.payment.opened(
            operation_id,
            ref=ref,
            redirect_url=f"https://pay.test/{ref}",
            expires_at=self.now + timedelta(hours=1),
            at=self.now,
        )

    def checkout(self, key: str = "key-1", *, provider: Provider = Provider.STRIPE) -> AttemptId:
        """A hosted page that waits for the customer; its ref is `page-<key>`."""
        attempt_id, operation_id = self.start(key, provider=provider)
        self.payment.dispatch(operation_id, at=self.now)
        self.answer(operation_id, f"page-{key}")
        return attempt_id

    def snapshot(
        self,
        attempt_id: AttemptId,
        state: AttemptState,
        captures: Sequence[CaptureFact] = (),
        refunds: Sequence[RefundFact] = (),
        *,
        authorization: AuthorizationFact | None = None,
        disputes: Sequence[DisputeFact] = (),
    ) -> Snapshot:
        attempt = self.payment.attempt(attempt_id)
        return Snapshot(
            provider=attempt.provider,
            ref=attempt.ref or f"page-{attempt.client_key}",
            our_reference=str(attempt_id),
            livemode=attempt.livemode,
            state=state,
            captures=tuple(captures),
            refunds=tuple(refunds),
            authorization=authorization,
            disputes=tuple(disputes),
        )

    def take_in(self, attempt_id: AttemptId, snapshot: Snapshot, *, ticket: int | None = None) -> None:
        self.payment.settle(
            attempt_id,
            snapshot,
            ticket=self.payment.next_ticket() if ticket is None else ticket,
            demand=self.demand,
            source=self.source,
            new_operation_id=new_operation_id,
            at=self.now,
        )
        self.confirmed = self.confirmed or (self.wanted and self.payment.covered)

    def see(
        self,
        attempt_id: AttemptId,
        state: AttemptState,
        captures: Sequence[CaptureFact] = (),
        refunds: Sequence[RefundFact] = (),
        *,
        authorization: AuthorizationFact | None = None,
        disputes: Sequence[DisputeFact] = (),
    ) -> None:
        snapshot = self.snapshot(
            attempt_id, state, captures, refunds, authorization=authorization, disputes=disputes
        )
        self.take_in(attempt_id, snapshot)

    def pays(self, attempt_id: AttemptId, capture_ref: str = "capture-1", amount: Money = DUE) -> None:
        self.see(attempt_id, AttemptState.CAPTURED, [paid_with(capture_ref, amount)])

    def holds(self, attempt_id: AttemptId, amount: Money = DUE) -> None:
        """A bank holds the money for us."""
        self.see(attempt_id, AttemptState.AUTHORIZED, authorization=held_with(amount=amount))

    def collect(self) -> bool:
        """Production wants to start."""
        return self.payment.collect(new_operation_id=new_operation_id, at=self.now)

    def balances(self) -> dict[str, int]:
        """What stands on our accounts, in cents; the accounts at zero left out."""
        return {account: minor for (account, _), minor in balances(self.payment.log).items()}

    def resolve(self, reason: str) -> bool:
        """A person looked."""
        return self.payment.resolve_review(
            reason, demand=self.demand, new_operation_id=new_operation_id, at=self.now
        )

    def release(self) -> None:
        self.wanted = False
        self.payment.release(reason="order-cancelled", new_operation_id=new_operation_id, at=self.now)

    def status(self) -> PaymentStatus:
        return self.payment.status

    def rows(self, *types: TransactionType) -> list[Transaction]:
        return [row for row in self.payment.transactions if row.type in types]

    def money(self) -> list[Transaction]:
        """The log without the order's own claim."""
        return [row for row in self.payment.transactions if row.provider is not None]

    def calls(self, kind: OperationKind) -> list[Operation]:
        return [operation for operation in self.payment.operations if operation.kind is kind]

    def events(self, *types: type[DomainEvent]) -> list[DomainEvent]:
        """What happened since the last time somebody asked."""
        return [event for event in self.payment.take_events() if isinstance(event, types)]
