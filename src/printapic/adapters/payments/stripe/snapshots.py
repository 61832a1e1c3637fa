"""From Stripe's objects to one look at a checkout: table 2.2 of the payments design."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import assert_never
from uuid import UUID

from printapic.adapters.payments.stripe.currencies import money_of
from printapic.adapters.payments.stripe.objects import (
    AnswerUnreadable,
    BalanceTransaction,
    Charge,
    Dispute,
    Intent,
    Refund,
    Session,
    moment,
)
from printapic.domain.ids import OperationId
from printapic.domain.money import Money
from printapic.domain.payments.attempt import AttemptState, Provider
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

OPERATION_ID = "operation_id"
"""Under which name refunds carry the id of our operation in their metadata."""

_WORD = re.compile(r"[a-z][a-z_]{0,63}", re.ASCII)
_REFUND_STATES: Mapping[str, RefundState] = {
    "pending": RefundState.PENDING,
    "requires_action": RefundState.PENDING,
    "succeeded": RefundState.SUCCEEDED,
    "failed": RefundState.FAILED,
    "canceled": RefundState.CANCELLED,
}
_DISPUTE_STATES: Mapping[str, DisputeState] = {
    "warning_needs_response": DisputeState.INQUIRY,
    "warning_under_review": DisputeState.INQUIRY,
    # Both ended without the bank taking anything.
    "warning_closed": DisputeState.WON,
    "prevented": DisputeState.WON,
    "needs_response": DisputeState.OPEN,
    "under_review": DisputeState.OPEN,
    "won": DisputeState.WON,
    "lost": DisputeState.LOST,
}


def snapshot_of(
    session: Session, refunds: Sequence[Refund], disputes: Sequence[Dispute], *, our_reference: str
) -> Snapshot:
    """One look. Raises `AnswerUnreadable` where the parts contradict each other."""
    intent = session.payment_intent
    charge = intent.latest_charge if intent else None
    given_back = [] if charge is None else _given_back(refunds, charge)
    return Snapshot(
        provider=Provider.STRIPE,
        ref=session.id,
        our_reference=our_reference,
        livemode=session.livemode,
        state=_state(session, intent, charge),
        amount=_asked_for(session),
        authorization=_authorization(intent, charge),
        captures=_captures(charge),
        refunds=tuple(refund_fact(refund) for refund in given_back),
        disputes=tuple(_dispute_fact(dispute) for dispute in disputes),
        other_refs=tuple(named.id for named in (intent, charge, *given_back, *disputes) if named is not None),
    )


def _asked_for(session: Session) -> Money | None:
    if session.amount_total is None or session.currency is None:
        return None
    return money_of(session.amount_total, session.currency)


def refund_fact(refund: Refund) -> RefundFact:
    """Money given back, or on its way. One without our operation's id was made in the dashboard."""
    return RefundFact(
        ref=refund.id,
        capture_ref=refund.charge,
        amount=money_of(refund.amount, refund.currency),
        state=_REFUND_STATES[refund.status],
        operation_id=_operation_id(refund),
        occurred_at=moment(refund.created),
    )


def _state(session: Session, intent: Intent | None, charge: Charge | None) -> AttemptState:
    """Money first, then what the bank is doing, then the page."""
    if charge is not None and _took_money(charge):
        return AttemptState.CAPTURED
    if intent is not None and intent.status == "requires_capture":
        return AttemptState.AUTHORIZED
    if intent is not None and intent.status == "processing":
        return AttemptState.PROCESSING
    if intent is not None and intent.status == "succeeded":
        raise AnswerUnreadable("succeeded-without-money")
    match session.status:
        case "expired":
            return AttemptState.EXPIRED
        case "open":
            return _state_while_open(intent)
        case "complete":
            return _state_when_complete(intent)
        case _:
            assert_never(session.status)


def _state_while_open(intent: Intent | None) -> AttemptState:
    if intent is not None and intent.status == "canceled":
        return _ended(intent)
    if intent is not None and intent.status == "requires_action":
        return AttemptState.ACTION_REQUIRED
    return AttemptState.OPEN


def _state_when_complete(intent: Intent | None) -> AttemptState:
    """The customer is done with the page; a transfer or a voucher may still be under way."""
    if intent is None:
        raise AnswerUnreadable("complete-without-payment")
    if intent.status == "canceled":
        return _ended(intent)
    if intent.status == "requires_payment_method":
        return AttemptState.FAILED
    return AttemptState.PROCESSING


def _ended(intent: Intent) -> AttemptState:
    if intent.cancellation_reason in ("automatic", "expired"):
        return AttemptState.EXPIRED
    return AttemptState.VOIDED


def _took_money(charge: Charge) -> bool:
    return charge.status == "succeeded" and charge.amount_captured > 0


def _authorization(intent: Intent | None, charge: Charge | None) -> AuthorizationFact | None:
    """What the bank held, or still holds, with manual capture. One that was given back is none."""
    if intent is None or charge is None or charge.status != "succeeded":
        return None
    if intent.capture_method != "manual" or intent.status == "canceled":
        return None
    card = charge.payment_method_details.card if charge.payment_method_details else None
    before = card.capture_before if card else None
    return AuthorizationFact(
        ref=charge.id,
        amount=money_of(charge.amount, charge.currency),
        expires_at=None if before is None else moment(before),
        occurred_at=moment(charge.created),
    )


def _captures(charge: Charge | None) -> tuple[CaptureFact, ...]:
    if charge is None or not _took_money(charge):
        return ()
    line = charge.balance_transaction
    if isinstance(line, str):
        raise AnswerUnreadable("not-expanded")
    fact = CaptureFact(
        ref=charge.id,
        amount=money_of(charge.amount_captured, charge.currency),
        fee=None if line is None else money_of(line.fee, line.currency),
        occurred_at=moment(charge.created if line is None else line.created),
    )
    return (fact,)


def _given_back(refunds: Sequence[Refund], charge: Charge) -> list[Refund]:
    """Refunds of money that was taken, the oldest first.

    Stripe also calls it a refund when a hold, or the rest of one, is let go: nothing was taken then, and no
    line of its books says otherwise.
    """
    if not _took_money(charge):
        return []
    if any(refund.currency != charge.currency for refund in refunds):
        raise AnswerUnreadable("refund-currency")
    released = charge.amount - charge.amount_captured
    return [refund for refund in reversed(refunds) if not _is_release(refund, released)]


def _is_release(refund: Refund, released: int) -> bool:
    if refund.reason == "expired_uncaptured_charge":
        return True
    ours = OPERATION_ID in (refund.metadata or {})
    settled = refund.status == "succeeded" and refund.balance_transaction is None
    return settled and not ours and refund.amount == released


def _dispute_fact(dispute: Dispute) -> DisputeFact:
    due_by = dispute.evidence_details.due_by
    return DisputeFact(
        ref=dispute.id,
        capture_ref=dispute.charge,
        amount=money_of(dispute.amount, dispute.currency),
        state=_DISPUTE_STATES[dispute.status],
        reason=dispute.reason if _WORD.fullmatch(dispute.reason) else "other",
        evidence_due_at=None if due_by is None else moment(due_by),
        movements=tuple(_dispute_movement(line) for line in dispute.balance_transactions),
        occurred_at=moment(dispute.created),
    )


def _dispute_movement(line: BalanceTransaction) -> DisputeMovement:
    return DisputeMovement(
        ref=line.id,
        amount=money_of(line.amount, line.currency),
        fee=money_of(line.fee, line.currency),
        occurred_at=moment(line.created),
    )


def _operation_id(refund: Refund) -> OperationId | None:
    try:
        return OperationId(UUID((refund.metadata or {}).get(OPERATION_ID, "")))
    except ValueError:
        return None
