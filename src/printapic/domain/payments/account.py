"""The account of one order: what is due, who was asked for it, which calls were made, what was booked."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import attrs

from printapic.domain.errors import Conflict, Invalid, NotFound
from printapic.domain.ids import AttemptId, OperationId, OrderId, PaymentId, UserId
from printapic.domain.money import Money
from printapic.domain.payments.attempt import Attempt, AttemptState
from printapic.domain.payments.events import AttemptOpened, OperationPrepared
from printapic.domain.payments.facts import PaymentFacts
from printapic.domain.payments.operation import (
    BANK_DECIDES,
    NOT_FOUND,
    Operation,
    OperationKind,
    OperationState,
)
from printapic.domain.payments.transaction import Source, Transaction, TransactionType

MAX_CHECKOUTS = 20
"""More than anybody needs for one order; each is a page to look at and to close."""
MAX_TRIES = 100
"""So often may a provider refuse to open one."""


class PaymentNotFound(NotFound):
    """No such payment, or nothing of that name in it."""

    code = "payment-not-found"

    def __init__(self) -> None:
        super().__init__("There is no such payment.")


class AlreadyPaid(Conflict):
    """The order is covered: another checkout would take money twice."""

    code = "payment-already-paid"

    def __init__(self) -> None:
        super().__init__("This order is paid.")


class TooManyCheckouts(Conflict):
    code = "too-many-checkouts"

    def __init__(self) -> None:
        super().__init__(
            "This order was taken to the payment page too often. Please use a page that is still open, "
            "or order again.",
            limit=MAX_CHECKOUTS,
        )


class IdempotencyKeyReused(Invalid):
    """The caller's mistake; nothing was sent."""

    code = "idempotency-key-reused"

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used before, for another request.")


@attrs.define(kw_only=True, eq=False)
class PaymentAccount(PaymentFacts):
    """The half of a payment that remembers: attempts, operations and reviews. `Payment` decides."""

    @classmethod
    def open(cls, *, id: PaymentId, order_id: OrderId, user_id: UserId, due: Money, at: datetime) -> Self:  # noqa: A002
        """An order wants to be paid. Raises `ValueError` where nothing is due: providers refuse that."""
        if due.minor <= 0:
            raise ValueError(f"a payment of {due} cannot be collected")
        account = cls(id=id, order_id=order_id, user_id=user_id, due=due, created_at=at)
        account._claim(TransactionType.DUE, due, at=at)
        return account

    def forget(self) -> bool:
        """Let go of whoever paid: links, keys and reasons. The log of the money stays as it is.

        False where there was nothing left to let go of.
        """
        attempts = tuple(attempt.forgotten() for attempt in self.attempts)
        operations = tuple(attrs.evolve(operation, reason=None) for operation in self.operations)
        if (attempts, operations) == (self.attempts, self.operations):
            return False
        self.attempts, self.operations = attempts, operations
        return True

    # Attempts

    def attempt(self, attempt_id: AttemptId) -> Attempt:
        """Raises `PaymentNotFound`."""
        for attempt in self.attempts:
            if attempt.id == attempt_id:
                return attempt
        raise PaymentNotFound

    def attempt_for(self, client_key: str, request_digest: str) -> Attempt | None:
        """The attempt that this key began. Raises `IdempotencyKeyReused` if it came with another request."""
        for attempt in self.attempts:
            if attempt.client_key == client_key:
                if attempt.request_digest != request_digest:
                    raise IdempotencyKeyReused
                return attempt
        return None

    def start(self, attempt: Attempt, *, operation_id: OperationId, at: datetime) -> None:
        """Begin a checkout: the call to open it is remembered before it is made.

        The same key and request again change nothing. Raises `IdempotencyKeyReused`, `AlreadyPaid` and
        `TooManyCheckouts`.
        """
        if self.attempt_for(attempt.client_key, attempt.request_digest) is not None:
            return
        if self.covered:
            raise AlreadyPaid
        pages = [each for each in self.attempts if each.ref is not None or not each.finished]
        if len(pages) >= MAX_CHECKOUTS or len(self.attempts) >= MAX_TRIES:
            raise TooManyCheckouts
        self.attempts = (*self.attempts, attempt)
        self._prepare(OperationKind.OPEN, attempt, operation_id, at=at)

    def opened(
        self, operation_id: OperationId, *, ref: str, redirect_url: str, expires_at: datetime, at: datetime
    ) -> None:
        """The provider made the hosted page. A second answer to the same call changes nothing."""
        operation = self.operation(operation_id)
        attempt = self.attempt(operation.attempt_id)
        self._replace_operation(operation.proven(OperationState.SUCCEEDED, provider_ref=ref))
        if attempt.redirect_url is None and attempt.ref in (None, ref):
            self._replace_attempt(attempt.opened(ref=ref, redirect_url=redirect_url, expires_at=expires_at))
            self._record(
                AttemptOpened(at=at, payment_id=self.id, attempt_id=attempt.id, expires_at=expires_at)
            )

    # Operations

    def operation(self, operation_id: OperationId) -> Operation:
        """Raises `PaymentNotFound`."""
        for operation in self.operations:
            if operation.id == operation_id:
                return operation
        raise PaymentNotFound

    def dispatch(self, operation_id: OperationId, *, at: datetime) -> Operation | None:
        """Take an operation into one's hands, to send it; None where it is decided or in other hands."""
        operation = self.operation(operation_id)
        if not operation.due(at=at):
            return None
        sent = operation.dispatched(at=at)
        self._replace_operation(sent)
        return sent

    def decide(
        self,
        operation_id: OperationId,
        state: OperationState,
        *,
        provider_ref: str | None = None,
        code: str | None = None,
    ) -> None:
        """Write down what became of an operation. What was decided before stays decided."""
        operation = self.operation(operation_id)
        self._replace_operation(operation.decided(state, provider_ref=provider_ref, code=code))

    def answered(self, operation_id: OperationId, *, provider_request_id: str | None) -> None:
        """Remember the provider's own name of a call, if it was answered under one."""
        operation = self.operation(operation_id)
        self._replace_operation(operation.answered(provider_request_id=provider_request_id))

    def disprove(self, operation_id: OperationId, *, sends: int) -> None:
        """The provider's complete books showed no effect of a call that had been sent so many times.

        Nothing happens where it was decided, or sent again, since they were looked at.
        """
        operation = self.operation(operation_id)
        if operation.undecided and operation.sends == sends:
            self._replace_operation(operation.disproved())

    def give_up(self, operation_id: OperationId, *, sends: int) -> None:
        """Open no page that nobody waits for, which certainly does not exist: see `disprove`."""
        self.disprove(operation_id, sends=sends)
        operation = self.operation(operation_id)
        if operation.never_sent:
            attempt = self.attempt(operation.attempt_id)
            self.decide(operation_id, OperationState.ABANDONED, code="given-up")
            self._replace_attempt(attempt.seen(AttemptState.VOIDED, attempt.last_ticket))

    def refuse(self, operation_id: OperationId, state: OperationState, code: str, *, at: datetime) -> None:
        """The provider said no. A checkout that cannot open has failed; all else about money needs a person.

        A refusal of what was decided before changes nothing.
        """
        operation = self.operation(operation_id)
        if not operation.undecided:
            return
        self.decide(operation_id, state, code=code)
        if operation.kind is OperationKind.OPEN:
            attempt = self.attempt(operation.attempt_id)
            self._replace_attempt(attempt.seen(AttemptState.FAILED, attempt.last_ticket))
        elif operation.kind is OperationKind.REFUND:
            self._take_back(operation, at=at)
            self.review(refusal(operation))
        elif operation.kind is OperationKind.CAPTURE or _unexpected(operation.kind, state, code):
            self.review(refusal(operation))

    def forgo(self) -> bool:
        """Take no money that was not asked for yet: the order is called off. Whether there was any."""
        unsent = [op for op in self.operations if op.takes_money and op.never_sent]
        for operation in unsent:
            self.decide(operation.id, OperationState.ABANDONED, code="given-up")
        return bool(unsent)

    def review(self, reason: str) -> None:
        """Ask a person to look (`Review`); while they have not, nothing is fulfilled from this payment."""
        if reason not in self.review_reasons:
            self.review_reasons = (*self.review_reasons, reason)

    def _take_back(self, operation: Operation, *, at: datetime) -> None:
        """A refund that was promised will not be made: nobody is owed it any more."""
        asked = next(
            row
            for row in self.transactions
            if row.type is TransactionType.REFUND_REQUESTED and row.operation_id == operation.id
        )
        self._write(
            attrs.evolve(
                asked, type=TransactionType.REFUND_ABANDONED, occurred_at=at, recorded_at=at, postings=()
            )
        )

    def _resolve(self, reason: str) -> None:
        """Evidence answered what a person was asked."""
        self.review_reasons = tuple(each for each in self.review_reasons if each != reason)

    def _prepare(
        self,
        kind: OperationKind,
        attempt: Attempt,
        operation_id: OperationId,
        *,
        at: datetime,
        reason: str | None = None,
    ) -> None:
        """Remember a call about a checkout. Opening is sent by whoever starts it, the rest by a reaction."""
        self._add_operation(
            Operation(
                id=operation_id,
                attempt_id=attempt.id,
                kind=kind,
                amount=attempt.expected,
                reason=reason,
                created_at=at,
            )
        )

    def _add_operation(self, operation: Operation) -> None:
        self.operations = (*self.operations, operation)
        if operation.kind is not OperationKind.OPEN:
            self._record(
                OperationPrepared(at=operation.created_at, payment_id=self.id, operation_id=operation.id)
            )

    def _claim(self, type_: TransactionType, amount: Money, *, at: datetime) -> None:
        """Write down what the order wants: no provider has to do with that."""
        self._write(
            Transaction(
                type=type_,
                attempt_id=None,
                provider=None,
                livemode=False,
                ref=str(self.id),
                amount=amount,
                source=Source.SYSTEM,
                occurred_at=at,
                recorded_at=at,
            )
        )

    def _replace_attempt(self, attempt: Attempt) -> None:
        self.attempts = tuple(attempt if attempt.id == old.id else old for old in self.attempts)

    def _replace_operation(self, operation: Operation) -> None:
        self.operations = tuple(operation if operation.id == old.id else old for old in self.operations)


def refusal(operation: Operation) -> str:
    """What a person is asked where a provider refused this call; of pages to be opened nobody is."""
    return f"{operation.kind}-refused:{operation.id}"


def _unexpected(kind: OperationKind, state: OperationState, code: str) -> bool:
    """A page that is there and cannot be taken up or ended, and neither customer nor bank is why."""
    asked = kind in (OperationKind.COMPLETE, OperationKind.VOID)
    return asked and state is OperationState.REJECTED and code not in (BANK_DECIDES, NOT_FOUND)
