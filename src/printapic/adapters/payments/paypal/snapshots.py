"""From an order, and the disputes about it, to a snapshot (payments design, table of attempt states)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from printapic.adapters.payments.paypal.answers import NotOurs, Unreadable, moment
from printapic.adapters.payments.paypal.currencies import money_of, sum_of
from printapic.adapters.payments.paypal.wire import (
    AuthorizationBody,
    Breakdown,
    CaptureBody,
    OrderBody,
    RefundBody,
    last_segment,
)
from printapic.domain.ids import OperationId
from printapic.domain.payments.attempt import AttemptState, Provider
from printapic.domain.payments.snapshot import (
    AuthorizationFact,
    CaptureFact,
    DisputeFact,
    RefundFact,
    RefundState,
    Snapshot,
)

_WAITING = {
    "CREATED": AttemptState.OPEN,
    "SAVED": AttemptState.OPEN,
    "PAYER_ACTION_REQUIRED": AttemptState.OPEN,
    "APPROVED": AttemptState.APPROVED,
}
_REFUNDS = {
    "PENDING": RefundState.PENDING,
    "COMPLETED": RefundState.SUCCEEDED,
    "FAILED": RefundState.FAILED,
    "CANCELLED": RefundState.CANCELLED,
}
_HELD = frozenset({"CREATED", "PARTIALLY_CAPTURED"})


def snapshot_of(
    order: OrderBody, *, livemode: bool, now: datetime, disputes: Sequence[DisputeFact] = ()
) -> Snapshot:
    """Raises `NotOurs` for an order that does not bear our reference, `Unreadable` for a contradiction."""
    if len(order.purchase_units) != 1 or not order.purchase_units[0].custom_id:
        raise NotOurs
    asked_for, our_reference = order.purchase_units[0].amount, order.purchase_units[0].custom_id
    payments = order.payments
    refunds = [refund_fact(refund, order, our_reference) for refund in payments.refunds]
    return Snapshot(
        provider=Provider.PAYPAL,
        ref=order.id,
        our_reference=our_reference,
        livemode=livemode,
        state=state_of(order, now=now),
        amount=None if asked_for is None else money_of(asked_for),
        authorization=_authorization_fact(authorization_of(order)),
        captures=tuple(_capture_fact(capture) for capture in payments.captures if capture.taken),
        refunds=tuple(sorted(refunds, key=lambda fact: (fact.occurred_at, fact.ref))),
        disputes=tuple(disputes),
        other_refs=(
            *(held.id for held in payments.authorizations),
            *(capture.id for capture in payments.captures),
            *(fact.ref for fact in refunds),
            *(dispute.ref for dispute in disputes),
        ),
    )


def authorization_of(order: OrderBody) -> AuthorizationBody | None:
    """The order's newest authorization: there is one, unless PayPal made another in its place."""
    return max(
        order.payments.authorizations, key=lambda held: (moment(held.create_time), held.id), default=None
    )


def holds(order: OrderBody, *, now: datetime) -> bool:
    """Whether a bank still holds money for us, so that more can be captured or given back."""
    held = authorization_of(order)
    if held is None or held.status not in _HELD or _over(held, now):
        return False
    captures = order.payments.captures
    return not any(capture.final_capture and (capture.taken or capture.pending) for capture in captures)


def state_of(order: OrderBody, *, now: datetime) -> AttemptState:
    """Money first, then what may become money, then the page. An order's COMPLETED alone proves nothing."""
    captures, held = order.payments.captures, authorization_of(order)
    if holds(order, now=now):
        return AttemptState.AUTHORIZED
    if any(capture.taken for capture in captures):
        return AttemptState.CAPTURED
    if pending_ref(order) is not None:
        return AttemptState.PROCESSING
    if held is not None and held.status == "VOIDED":
        return AttemptState.VOIDED
    if held is not None and held.status in _HELD:
        return AttemptState.EXPIRED
    if order.status in _WAITING:
        return _WAITING[order.status]
    if captures or (held is not None and held.status == "DENIED"):
        return AttemptState.FAILED
    if order.status == "VOIDED":
        return AttemptState.VOIDED
    raise Unreadable("order-without-payment")


def pending_ref(order: OrderBody) -> str | None:
    """The capture or authorization that PayPal, or a bank, still has to decide on."""
    waiting = [capture.id for capture in order.payments.captures if capture.pending]
    waiting += [held.id for held in order.payments.authorizations if held.status == "PENDING"]
    return waiting[0] if waiting else None


def refund_fact(refund: RefundBody, order: OrderBody, our_reference: str) -> RefundFact:
    """Raises `Unreadable` where it is not to be seen which capture, in its currency, it gives back."""
    captures = order.payments.captures
    capture_ref = capture_behind(refund)
    if capture_ref is None and len(captures) == 1:
        capture_ref = captures[0].id
    given = next((capture for capture in captures if capture.id == capture_ref), None)
    if given is None or given.amount.currency_code != refund.amount.currency_code:
        raise Unreadable("refund")
    # A refund made in the dashboard may inherit the capture's own reference: the attempt, no operation.
    own = None if refund.custom_id == our_reference else _operation_id(refund.custom_id)
    return refund_of(refund, capture_ref=given.id, operation_id=own)


def refund_of(refund: RefundBody, *, capture_ref: str, operation_id: OperationId | None) -> RefundFact:
    return RefundFact(
        ref=refund.id,
        capture_ref=capture_ref,
        amount=sum_of(refund.amount),
        state=_REFUNDS[refund.status],
        operation_id=operation_id,
        occurred_at=moment(refund.create_time),
    )


def capture_behind(refund: RefundBody) -> str | None:
    related = refund.supplementary_data and refund.supplementary_data.related_ids
    return (related and related.capture_id) or last_segment(refund.links, "captures")


def _operation_id(custom_id: str | None) -> OperationId | None:
    try:
        return OperationId(UUID(custom_id or ""))
    except ValueError:
        return None


def _over(held: AuthorizationBody, now: datetime) -> bool:
    return held.expiration_time is not None and moment(held.expiration_time) <= now


def _authorization_fact(held: AuthorizationBody | None) -> AuthorizationFact | None:
    if held is None or held.status not in {"CAPTURED", *_HELD}:
        return None
    return AuthorizationFact(
        ref=held.id,
        amount=sum_of(held.amount),
        expires_at=None if held.expiration_time is None else moment(held.expiration_time),
        occurred_at=moment(held.create_time),
    )


def _capture_fact(capture: CaptureBody) -> CaptureFact:
    breakdown = capture.seller_receivable_breakdown or Breakdown()
    fee = breakdown.paypal_fee or breakdown.paypal_fee_in_receivable_currency
    return CaptureFact(
        ref=capture.id,
        amount=sum_of(capture.amount),
        fee=None if fee is None else money_of(fee),
        occurred_at=moment(capture.create_time),
    )
