"""What happens to payments."""

from __future__ import annotations

from datetime import datetime

import attrs

from printapic.domain.events import DomainEvent
from printapic.domain.ids import AttemptId, OperationId, OrderId, PaymentId


@attrs.frozen(kw_only=True)
class AttemptOpened(DomainEvent):
    """The customer has a link to pay at; somebody must look, should no news ever come."""

    payment_id: PaymentId
    attempt_id: AttemptId
    expires_at: datetime


@attrs.frozen(kw_only=True)
class AttemptFailed(DomainEvent):
    payment_id: PaymentId
    order_id: OrderId
    attempt_id: AttemptId


@attrs.frozen(kw_only=True)
class PaymentSucceeded(DomainEvent):
    """The order is covered: its money came, or a bank holds it for us."""

    payment_id: PaymentId
    order_id: OrderId


@attrs.frozen(kw_only=True)
class MoneyCollected(DomainEvent):
    """The money that a bank held for the order came."""

    payment_id: PaymentId
    order_id: OrderId


@attrs.frozen(kw_only=True)
class OperationPrepared(DomainEvent):
    """A call to the provider is due, any but the opening of a page: decided and stored, not yet sent."""

    payment_id: PaymentId
    operation_id: OperationId


@attrs.frozen(kw_only=True)
class RefundSucceeded(DomainEvent):
    payment_id: PaymentId
    order_id: OrderId
    refund_ref: str


@attrs.frozen(kw_only=True)
class DisputeOpened(DomainEvent):
    """A customer's bank contests money that came."""

    payment_id: PaymentId
    order_id: OrderId
    dispute_ref: str


@attrs.frozen(kw_only=True)
class ReviewResolved(DomainEvent):
    """A person answered what they were asked about a payment: its order may go on."""

    payment_id: PaymentId
    order_id: OrderId
