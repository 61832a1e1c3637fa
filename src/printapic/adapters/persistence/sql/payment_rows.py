"""Payments and their parts as rows, and back."""

from __future__ import annotations

import attrs

from printapic.adapters.persistence.sql.documents import money
from printapic.adapters.persistence.sql.transaction import Values
from printapic.domain.ids import AttemptId, OperationId, OrderId, PaymentId, UserId
from printapic.domain.payments.attempt import Attempt, AttemptState, Provider
from printapic.domain.payments.dispute import Dispute
from printapic.domain.payments.operation import Operation, OperationKind, OperationState
from printapic.domain.payments.payment import Payment
from printapic.domain.payments.snapshot import DisputeState
from printapic.domain.payments.transaction import Posting, Source, Transaction, TransactionType

Rows = tuple[Values, ...]


@attrs.frozen
class PaymentParts:
    """The rows of a payment's parts as they are in the database at one version of the payment."""

    version: int
    attempts: Rows
    operations: Rows
    log: Rows
    postings: Rows
    disputes: Rows
    refs: Rows


def payment_values(payment: Payment) -> Values:
    """The payment's own row."""
    return {
        "id": payment.id,
        "order_id": payment.order_id,
        "user_id": payment.user_id,
        "due_minor": payment.due.minor,
        "currency": payment.due.currency.code,
        "created_at": payment.created_at,
        "sync_ticket": payment.sync_ticket,
        "review_reasons": list(payment.review_reasons),
        "version": payment.version,
    }


def read_payment(row: Values, stored: PaymentParts) -> Payment:
    """The payment that `payment_values` and its parts' functions wrote."""
    return Payment(
        id=PaymentId(row["id"]),
        order_id=OrderId(row["order_id"]),
        user_id=UserId(row["user_id"]),
        due=money(row["due_minor"], row["currency"]),
        created_at=row["created_at"],
        sync_ticket=row["sync_ticket"],
        attempts=tuple(_attempt(values, stored.refs) for values in stored.attempts),
        operations=tuple(_operation(values) for values in stored.operations),
        transactions=tuple(
            read_transaction(values, _postings_of(values, stored.postings)) for values in stored.log
        ),
        disputes=tuple(_dispute(values) for values in stored.disputes),
        review_reasons=tuple(row["review_reasons"]),
        version=row["version"],
    )


def attempt_values(payment: Payment) -> list[Values]:
    """One row per attempt, oldest first."""
    return [
        {
            "id": attempt.id,
            "payment_id": payment.id,
            "position": position,
            "provider": attempt.provider,
            "livemode": attempt.livemode,
            "expected_minor": attempt.expected.minor,
            "currency": attempt.expected.currency.code,
            "manual_capture": attempt.manual_capture,
            "state": attempt.state,
            "client_key": attempt.client_key,
            "request_digest": attempt.request_digest,
            "return_url": attempt.return_url,
            "cancel_url": attempt.cancel_url,
            "locale": attempt.locale,
            "ref": attempt.ref,
            "redirect_url": attempt.redirect_url,
            "expires_at": attempt.expires_at,
            "created_at": attempt.created_at,
            "last_ticket": attempt.last_ticket,
        }
        for position, attempt in enumerate(payment.attempts)
    ]


def _attempt(values: Values, refs: Rows) -> Attempt:
    return Attempt(
        id=AttemptId(values["id"]),
        provider=Provider(values["provider"]),
        livemode=values["livemode"],
        expected=money(values["expected_minor"], values["currency"]),
        manual_capture=values["manual_capture"],
        state=AttemptState(values["state"]),
        client_key=values["client_key"],
        request_digest=values["request_digest"],
        return_url=values["return_url"],
        cancel_url=values["cancel_url"],
        locale=values["locale"],
        ref=values["ref"],
        redirect_url=values["redirect_url"],
        expires_at=values["expires_at"],
        created_at=values["created_at"],
        last_ticket=values["last_ticket"],
        other_refs=tuple(row["ref"] for row in refs if row["attempt_id"] == values["id"]),
    )


def ref_values(payment: Payment) -> list[Values]:
    """One row per name under which a provider may speak of a checkout, for every attempt."""
    return [
        {
            "provider": attempt.provider,
            "livemode": attempt.livemode,
            "ref": ref,
            "payment_id": payment.id,
            "attempt_id": attempt.id,
            "position": position,
        }
        for attempt in payment.attempts
        for position, ref in enumerate(attempt.other_refs)
    ]


def operation_values(payment: Payment) -> list[Values]:
    """One row per call to a provider, oldest first."""
    return [
        {
            "id": operation.id,
            "payment_id": payment.id,
            "attempt_id": operation.attempt_id,
            "position": position,
            "kind": operation.kind,
            "amount_minor": operation.amount.minor,
            "currency": operation.amount.currency.code,
            "state": operation.state,
            "capture_ref": operation.capture_ref,
            "provider_ref": operation.provider_ref,
            "reason": operation.reason,
            "requested_by": operation.requested_by,
            "client_key": operation.client_key,
            "request_digest": operation.request_digest,
            "outcome_code": operation.outcome_code,
            "provider_request_id": operation.provider_request_id,
            "sends": operation.sends,
            "created_at": operation.created_at,
            "leased_until": operation.leased_until,
            "first_sent_at": operation.first_sent_at,
        }
        for position, operation in enumerate(payment.operations)
    ]


def _operation(values: Values) -> Operation:
    requested_by = values["requested_by"]
    return Operation(
        id=OperationId(values["id"]),
        attempt_id=AttemptId(values["attempt_id"]),
        kind=OperationKind(values["kind"]),
        amount=money(values["amount_minor"], values["currency"]),
        state=OperationState(values["state"]),
        capture_ref=values["capture_ref"],
        provider_ref=values["provider_ref"],
        reason=values["reason"],
        requested_by=None if requested_by is None else UserId(requested_by),
        client_key=values["client_key"],
        request_digest=values["request_digest"],
        outcome_code=values["outcome_code"],
        provider_request_id=values["provider_request_id"],
        sends=values["sends"],
        created_at=values["created_at"],
        leased_until=values["leased_until"],
        first_sent_at=values["first_sent_at"],
    )


def transaction_values(payment: Payment) -> list[Values]:
    """One row per movement of money, in the order in which we learned of them."""
    return [
        {
            "payment_id": payment.id,
            "position": position,
            "type": transaction.type,
            "attempt_id": transaction.attempt_id,
            "provider": transaction.provider,
            "livemode": transaction.livemode,
            "ref": transaction.ref,
            "amount_minor": transaction.amount.minor,
            "currency": transaction.amount.currency.code,
            "source": transaction.source,
            "capture_ref": transaction.capture_ref,
            "operation_id": transaction.operation_id,
            "occurred_at": transaction.occurred_at,
            "recorded_at": transaction.recorded_at,
        }
        for position, transaction in enumerate(payment.transactions)
    ]


def _postings_of(values: Values, postings: Rows) -> Rows:
    return tuple(row for row in postings if row["entry"] == values["position"])


def read_transaction(values: Values, postings: Rows) -> Transaction:
    """A row of the log with its own postings, in order."""
    attempt_id, operation_id = values["attempt_id"], values["operation_id"]
    return Transaction(
        type=TransactionType(values["type"]),
        attempt_id=None if attempt_id is None else AttemptId(attempt_id),
        provider=None if values["provider"] is None else Provider(values["provider"]),
        livemode=values["livemode"],
        ref=values["ref"],
        amount=money(values["amount_minor"], values["currency"]),
        source=Source(values["source"]),
        capture_ref=values["capture_ref"],
        operation_id=None if operation_id is None else OperationId(operation_id),
        occurred_at=values["occurred_at"],
        recorded_at=values["recorded_at"],
        postings=tuple(_posting(row) for row in postings),
    )


def posting_values(payment: Payment) -> list[Values]:
    """One row per posting, numbered through all entries of the payment."""
    rows = [
        (entry, posting)
        for entry, transaction in enumerate(payment.transactions)
        for posting in transaction.postings
    ]
    return [
        {
            "payment_id": payment.id,
            "entry": entry,
            "position": position,
            "debit": posting.debit,
            "credit": posting.credit,
            "amount_minor": posting.amount.minor,
            "currency": posting.amount.currency.code,
        }
        for position, (entry, posting) in enumerate(rows)
    ]


def _posting(values: Values) -> Posting:
    return Posting(
        debit=values["debit"],
        credit=values["credit"],
        amount=money(values["amount_minor"], values["currency"]),
    )


def dispute_values(payment: Payment) -> list[Values]:
    """One row per dispute, oldest first."""
    return [
        {
            "payment_id": payment.id,
            "position": position,
            "ref": dispute.ref,
            "attempt_id": dispute.attempt_id,
            "capture_ref": dispute.capture_ref,
            "amount_minor": dispute.amount.minor,
            "currency": dispute.amount.currency.code,
            "state": dispute.state,
            "reason": dispute.reason,
            "evidence_due_at": dispute.evidence_due_at,
            "opened_at": dispute.opened_at,
        }
        for position, dispute in enumerate(payment.disputes)
    ]


def _dispute(values: Values) -> Dispute:
    return Dispute(
        ref=values["ref"],
        attempt_id=AttemptId(values["attempt_id"]),
        capture_ref=values["capture_ref"],
        amount=money(values["amount_minor"], values["currency"]),
        state=DisputeState(values["state"]),
        reason=values["reason"],
        evidence_due_at=values["evidence_due_at"],
        opened_at=values["opened_at"],
    )
