"""What staff decide about money: giving it back, and what becomes of money that fits to nothing."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from datetime import datetime

import attrs

from printapic.application.payments.settlement import demand, moved
from printapic.application.ports.clock import Clock
from printapic.application.ports.identifiers import Identifiers
from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.domain.actors import Caller
from printapic.domain.audit.event import AuditAction, AuditEvent
from printapic.domain.errors import Conflict, Denied, Invalid
from printapic.domain.ids import ApiKeyId, OperationId, OrderId, PaymentId, SessionId, UserId
from printapic.domain.money import Currency, Money
from printapic.domain.orders.status import OrderStatus
from printapic.domain.payments.giving_back import CaptureNotFound, RefundRequest
from printapic.domain.payments.operation import Operation
from printapic.domain.payments.payment import Payment
from printapic.domain.payments.transaction import Transaction

MAX_REASON = 500
_NOT_PRINTED = frozenset({OrderStatus.CONFIRMED, OrderStatus.ON_HOLD})


class ReasonNeeded(Invalid):
    """Whoever moves money by hand says why."""

    code = "reason-needed"

    def __init__(self) -> None:
        super().__init__(f"Please give a reason of 1 to {MAX_REASON} characters.", limit=MAX_REASON)


def demand_reason(reason: str) -> None:
    """Raises `ReasonNeeded`."""
    if not 1 <= len(reason.strip()) <= MAX_REASON:
        raise ReasonNeeded


class RefundAboveLimit(Denied):
    """More than this person may give back of one payment."""

    code = "refund-above-limit"

    def __init__(self, limit: Money) -> None:
        super().__init__(
            "Only an administrator may refund more than that.",
            limit=limit.amount,
            currency=limit.currency.code,
        )


class CancelInstead(Conflict):
    """An order that got all its money back would still be printed."""

    code = "refund-cancels-order"

    def __init__(self) -> None:
        super().__init__("This would refund the whole order before it is printed. Please cancel the order.")


class NotUnderReview(Conflict):
    """Nobody asked a person to look at that, or somebody did already."""

    code = "payment-not-under-review"

    def __init__(self) -> None:
        super().__init__("This payment does not wait for a decision about that.")


@attrs.frozen(kw_only=True)
class Staff:
    """Who decides, and from where. `refund_any` may give back more than the shop's limit."""

    user_id: UserId | None
    session_id: SessionId | None = None
    api_key_id: ApiKeyId | None = None
    refund_any: bool = False
    caller: Caller

    def event(
        self, action: AuditAction, payment: Payment, *, at: datetime, details: dict[str, str]
    ) -> AuditEvent:
        """What the audit log keeps of a decision about a payment."""
        return AuditEvent(
            at=at,
            action=action,
            actor_id=self.user_id,
            subject_id=payment.user_id,
            session_id=self.session_id,
            api_key_id=self.api_key_id,
            caller=self.caller,
            details={"payment": str(payment.id), **details},
        )


@attrs.frozen(kw_only=True)
class Refunded:
    """A refund that was asked for. `replayed` is True where this key asked for it earlier."""

    payment: Payment
    operation: Operation
    replayed: bool = False


@attrs.frozen(kw_only=True)
class RefundPayment:
    """Give money back: all that is left, or a part. The provider is asked by a reaction.

    It is refunded when the provider says so, not before. `refund_limit` is how many whole units of any
    currency those may give back of one payment who may not refund any amount.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    identifiers: Identifiers
    refund_limit: int

    def __call__(
        self,
        *,
        payment_id: PaymentId,
        amount: Money | None,
        capture_ref: str | None = None,
        reason: str,
        idempotency_key: str,
        staff: Staff,
    ) -> Refunded:
        """Without `capture_ref` it is the money that pays the order, else whatever came last.

        Raises `PaymentNotFound`, `ReasonNeeded`, `RefundAboveLimit`, `CancelInstead`, `CaptureNotFound`,
        `CaptureDisputed`, `RefundTooLarge` or `IdempotencyKeyReused`.
        """
        demand_reason(reason)
        # Who asks is in it: a key that two people chose alike is refused, not taken for one wish.
        wanted = [str(staff.user_id), capture_ref, None if amount is None else str(amount), reason]
        digest = hashlib.sha256(json.dumps(wanted).encode("utf-8", "surrogatepass")).hexdigest()
        now = self.clock.now()
        order_id = _order_of(self.unit_of_work, payment_id)
        with self.unit_of_work() as work:
            order, payment = work.orders.get(order_id), work.payments.get(payment_id)
            known = payment.refund_for(idempotency_key, digest)
            if known is not None:
                return Refunded(payment=payment, operation=known, replayed=True)
            capture = _capture(payment, capture_ref)
            operation = payment.refund(
                RefundRequest(
                    capture_ref=capture.ref,
                    amount=amount,
                    reason=reason,
                    requested_by=staff.user_id,
                    client_key=idempotency_key,
                    digest=digest,
                ),
                operation_id=OperationId(self.identifiers.uuid()),
                at=now,
            )
            _demand_within_limit(payment, staff, self.refund_limit)
            if order.status in _NOT_PRINTED and payment.pays(capture) and not payment.refundable(capture):
                raise CancelInstead
            work.payments.save(payment)
            details = {
                "amount": str(operation.amount),
                "operation": str(operation.id),
                "reason": reason.strip(),
            }
            work.audit.append(staff.event(AuditAction.REFUND_REQUESTED, payment, at=now, details=details))
            work.commit()
        return Refunded(payment=payment, operation=operation)


def _demand_within_limit(payment: Payment, staff: Staff, whole_units: int) -> None:
    """Several small refunds of one payment count together: a limit that can be split is none.

    Raises `RefundAboveLimit`.
    """
    by_hand: Counter[Currency] = Counter()
    for operation in payment.refunds_asked:
        if operation.requested_by is not None and not operation.failed:
            by_hand[operation.amount.currency] += operation.amount.minor
    for currency, minor in by_hand.items():
        limit = Money(whole_units * 10**currency.exponent, currency)
        if minor > limit.minor and not staff.refund_any:
            raise RefundAboveLimit(limit)


def _capture(payment: Payment, ref: str | None) -> Transaction:
    """The capture of that name, else what pays the order, else what came last. Raises `CaptureNotFound`."""
    if ref is not None:
        return payment.capture(ref)
    captures = payment.log.captures()
    if not captures:
        raise CaptureNotFound
    return next((capture for capture in captures if payment.pays(capture)), captures[-1])


def _order_of(units: UnitOfWorkFactory, payment_id: PaymentId) -> OrderId:
    """Found before anything is locked: orders are locked before their payments everywhere.

    Raises `PaymentNotFound`.
    """
    with units.reading() as work:
        return work.payments.get(payment_id).order_id


@attrs.frozen(kw_only=True)
class AcceptParkedMoney:
    """Let money that came in a wrong amount pay its order after all; what is too much goes back.

    That is a refund of theirs, which counts towards `refund_limit`.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    identifiers: Identifiers
    refund_limit: int

    def __call__(self, *, payment_id: PaymentId, capture_ref: str, reason: str, staff: Staff) -> Payment:
        """`CaptureDisputed` is raised while a bank contests that money.

        Also raises `PaymentNotFound`, `ReasonNeeded`, `CaptureNotFound`, `MoneyNotAcceptable` or
        `RefundAboveLimit`.
        """
        demand_reason(reason)
        now = self.clock.now()
        order_id = _order_of(self.unit_of_work, payment_id)
        with self.unit_of_work() as work:
            order, payment = work.orders.get(order_id), work.payments.get(payment_id)
            payment.accept_parked(
                capture_ref,
                new_operation_id=lambda: OperationId(self.identifiers.uuid()),
                at=now,
                demand=demand(order),
                accepted_by=staff.user_id,
            )
            _demand_within_limit(payment, staff, self.refund_limit)
            moved(order, payment, len(payment.review_reasons), now)
            work.orders.save(order)
            work.payments.save(payment)
            details = {"capture": capture_ref, "reason": reason.strip()}
            work.audit.append(staff.event(AuditAction.MONEY_ACCEPTED, payment, at=now, details=details))
            work.commit()
        return payment


@attrs.frozen(kw_only=True)
class ResolveReview:
    """A person looked at what a payment's review asked for, and it is all right now."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    identifiers: Identifiers

    def __call__(self, *, payment_id: PaymentId, review: str, reason: str, staff: Staff) -> Payment:
        """Raises `PaymentNotFound`, `ReasonNeeded` or `NotUnderReview`."""
        demand_reason(reason)
        now = self.clock.now()
        order_id = _order_of(self.unit_of_work, payment_id)
        with self.unit_of_work() as work:
            order, payment = work.orders.get(order_id), work.payments.get(payment_id)
            known = payment.resolve_review(
                review,
                demand=demand(order),
                new_operation_id=lambda: OperationId(self.identifiers.uuid()),
                at=now,
            )
            if not known:
                raise NotUnderReview
            work.payments.save(payment)
            details = {"review": review, "reason": reason.strip()}
            event = staff.event(AuditAction.REVIEW_RESOLVED, payment, at=now, details=details)
            work.audit.append(event)
            work.commit()
        return payment
