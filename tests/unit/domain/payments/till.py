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
from printapic.domain.payments.operation import Operation, OperationKind
from printapic.domain.payments.payment import Payment, PaymentStatus
from printapic.domain.payments.snapshot import CaptureFact, RefundFact, RefundState, Snapshot
from printapic.domain.payments.status import Demand
from printapic.domain.payments.transaction import Source, Transaction, TransactionType

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
DUE = Money.of("12.90", "EUR")


def new_operation_id() -> OperationId:
    return OperationId(uuid4())


def paid_with(ref: str = "capture-1", amount: Money = DUE) -> CaptureFact:
    return CaptureFact(ref=ref, amount=amount, occurred_at=NOON)


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
    """`wanted` is whether the order still waits for its payment."""

    payment: Payment = attrs.field(
        factory=lambda: Payment.open(
            id=PaymentId(uuid4()), order_id=OrderId(uuid4()), user_id=UserId(uuid4()), due=DUE, at=NOON
        )
    )
    wanted: bool = True
    now: datetime = NOON

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
        )

    def take_in(self, attempt_id: AttemptId, snapshot: Snapshot, *, ticket: int | None = None) -> None:
        self.payment.settle(
            attempt_id,
            snapshot,
            ticket=self.payment.next_ticket() if ticket is None else ticket,
            demand=Demand.OPEN if self.wanted else Demand.WITHDRAWN,
            source=Source.WEBHOOK,
            new_operation_id=new_operation_id,
            at=self.now,
        )

    def see(
        self,
        attempt_id: AttemptId,
        state: AttemptState,
        captures: Sequence[CaptureFact] = (),
        refunds: Sequence[RefundFact] = (),
    ) -> None:
        self.take_in(attempt_id, self.snapshot(attempt_id, state, captures, refunds))

    def pays(self, attempt_id: AttemptId, capture_ref: str = "capture-1", amount: Money = DUE) -> None:
        self.see(attempt_id, AttemptState.CAPTURED, [paid_with(capture_ref, amount)])

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
