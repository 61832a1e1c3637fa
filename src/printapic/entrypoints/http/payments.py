"""Payments: paying for an order at a provider's page, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath, JSONBody

from printapic.application.shop import Shop
from printapic.application.users.principal import Principal
from printapic.domain.ids import OrderId, PaymentId, UserId
from printapic.domain.payments.attempt import Attempt
from printapic.domain.payments.dispute import Dispute
from printapic.domain.payments.payment import Payment
from printapic.domain.payments.transaction import Source, Transaction
from printapic.domain.users.permissions import Permission
from printapic.entrypoints.http.amounts import Amount, amount
from printapic.entrypoints.http.bodies import PlainUrl, RequestBody, ResponseBody
from printapic.entrypoints.http.given import Given
from printapic.entrypoints.http.idempotency import keyed
from printapic.entrypoints.http.loads import PROVIDER_S, Load, taking
from printapic.entrypoints.http.pages import Page
from printapic.entrypoints.http.policies import allow
from printapic.entrypoints.http.preconditions import (
    MADE,
    NOT_CHANGED,
    VERSIONED,
    etag,
    idempotency_key,
    shown,
)

_ASKING = taking(Load.CRITICAL, within_s=PROVIDER_S)
_READERS = (Permission.PAYMENT_OWN, Permission.PAYMENT_READ)


class StartPaymentRequest(RequestBody, kw_only=True):
    """The customer is sent to `return_url` after paying, to `cancel_url` after giving up."""

    provider: str
    return_url: PlainUrl
    cancel_url: PlainUrl

    example: ClassVar[Mapping[str, object]] = {
        "provider": "simulated",
        "return_url": "http://127.0.0.1:8000/thanks",
        "cancel_url": "http://127.0.0.1:8000/basket",
    }


class StartedBody(ResponseBody, kw_only=True):
    """Send the customer to `redirect_url`."""

    id: UUID
    attempt_id: UUID
    status: str
    redirect_url: str | None


class AttemptBody(ResponseBody, kw_only=True):
    id: UUID
    provider: str
    state: str
    redirect_url: str | None
    expires_at: datetime
    created_at: datetime


class DisputeBody(ResponseBody, kw_only=True):
    """`state` is the stage that it has reached; `reason` the provider's own word."""

    ref: str
    state: str
    reason: str
    amount: Amount
    capture_ref: str
    opened_at: datetime
    evidence_due_at: datetime | None


class PaymentBody(ResponseBody, kw_only=True):
    """`paid` is what counts for the order; `captured` is everything that came.

    Only staff see `review_reasons`, while there are any of which a person looks at it, and `disputes`: they
    may say what a bank suspects.
    """

    id: UUID
    order_id: UUID
    status: str
    due: Amount
    paid: Amount
    captured: Amount
    refunded: Amount
    disputed: bool
    review_reasons: list[str] | msgspec.UnsetType = msgspec.UNSET
    disputes: list[DisputeBody] | msgspec.UnsetType = msgspec.UNSET
    attempts: list[AttemptBody]
    created_at: datetime


class TransactionBody(ResponseBody, kw_only=True):
    """One row of the append-only log."""

    type: str
    provider: str | None
    livemode: bool
    ref: str
    attempt_id: UUID | None
    amount: Amount
    source: str
    capture_ref: str | None
    occurred_at: datetime
    recorded_at: datetime


def payment_body(payment: Payment) -> PaymentBody:
    """What its customer sees."""
    return PaymentBody(
        id=payment.id,
        order_id=payment.order_id,
        status=payment.status.value,
        due=amount(payment.due),
        paid=amount(payment.allocated),
        captured=amount(payment.captured),
        refunded=amount(payment.refunded),
        disputed=payment.disputed,
        attempts=[_attempt(attempt) for attempt in payment.attempts],
        created_at=payment.created_at,
    )


def staff_payment_body(payment: Payment) -> PaymentBody:
    """What staff see."""
    body = payment_body(payment)
    body.review_reasons = list(payment.review_reasons)
    body.disputes = [dispute_body(dispute) for dispute in payment.disputes]
    return body


def _body(payment: Payment, owner: UserId | None) -> PaymentBody:
    return staff_payment_body(payment) if owner is None else payment_body(payment)


def dispute_body(dispute: Dispute) -> DisputeBody:
    return DisputeBody(
        ref=dispute.ref,
        state=dispute.state.value,
        reason=dispute.reason,
        amount=amount(dispute.amount),
        capture_ref=dispute.capture_ref,
        opened_at=dispute.opened_at,
        evidence_due_at=dispute.evidence_due_at,
    )


def _attempt(attempt: Attempt) -> AttemptBody:
    return AttemptBody(
        id=attempt.id,
        provider=attempt.provider.value,
        state=attempt.state.value,
        redirect_url=None if attempt.finished else attempt.redirect_url,
        expires_at=attempt.expires_at,
        created_at=attempt.created_at,
    )


def transaction_body(transaction: Transaction) -> TransactionBody:
    return TransactionBody(
        type=transaction.type.value,
        provider=transaction.provider and transaction.provider.value,
        livemode=transaction.livemode,
        ref=transaction.ref,
        attempt_id=transaction.attempt_id,
        amount=amount(transaction.amount),
        source=transaction.source.value,
        capture_ref=transaction.capture_ref,
        occurred_at=transaction.occurred_at,
        recorded_at=transaction.recorded_at,
    )


def _owner(principal: Principal) -> UserId | None:
    """Whose payments somebody finds: everybody's (None) with the permission to read them, else their own."""
    return None if Permission.PAYMENT_READ in principal.permissions else principal.user_id


class PaymentController(Controller):
    path = "/v1"
    tags = ("payments",)

    @post(
        "/orders/{order_id:uuid}/payments",
        operation_id="start_payment",
        summary="Open a page at a payment provider where the customer pays",
        opt=allow(Permission.PAYMENT_OWN, problems=(404, 409, 422, 503)) | keyed(required=True) | _ASKING,
        response_headers=[*MADE, *VERSIONED],
        sync_to_thread=True,
    )
    def start(
        self,
        request: Request[Any, Any, Any],
        order_id: FromPath[UUID],
        data: JSONBody[StartPaymentRequest],
        shop: Given[Shop],
        principal: Given[Principal],
    ) -> Response[StartedBody]:
        started = shop.start_payment(
            order_id=OrderId(order_id),
            owner_id=principal.user_id,
            provider=data.provider,
            return_url=data.return_url,
            cancel_url=data.cancel_url,
            idempotency_key=idempotency_key(request),
        )
        payment, attempt = started.payment, started.attempt
        headers = {"Location": f"/v1/payments/{payment.id}", "ETag": etag(payment.version)}
        if started.replayed:
            headers["Idempotency-Replayed"] = "true"
        return Response(
            StartedBody(
                id=payment.id,
                attempt_id=attempt.id,
                status=payment.status.value,
                redirect_url=attempt.redirect_url,
            ),
            headers=headers,
        )

    @get(
        "/orders/{order_id:uuid}/payments",
        operation_id="list_order_payments",
        summary="List the payment of an order; none before its first checkout",
        opt=allow(*_READERS, problems=(404,)),
        sync_to_thread=True,
    )
    def of_order(
        self, order_id: FromPath[UUID], shop: Given[Shop], principal: Given[Principal]
    ) -> Page[PaymentBody]:
        owner = _owner(principal)
        payment = shop.read_order_payment(order_id=OrderId(order_id), owner_id=owner)
        return Page(items=[_body(payment, owner)] if payment else [])

    @get(
        "/payments/{payment_id:uuid}",
        operation_id="read_payment",
        summary="Read one payment",
        opt=allow(*_READERS, problems=(404,)),
        responses=NOT_CHANGED,
        sync_to_thread=True,
    )
    def read(
        self,
        request: Request[Any, Any, Any],
        payment_id: FromPath[UUID],
        shop: Given[Shop],
        principal: Given[Principal],
    ) -> Response[PaymentBody]:
        owner = _owner(principal)
        payment = shop.read_payment(payment_id=PaymentId(payment_id), owner_id=owner)
        return shown(request, payment.version, _body(payment, owner))

    @post(
        "/payments/{payment_id:uuid}/sync",
        operation_id="sync_payment",
        summary="Ask the provider what became of a payment",
        status_code=200,
        opt=allow(*_READERS, problems=(404, 503)) | _ASKING,
        response_headers=VERSIONED,
        sync_to_thread=True,
    )
    def sync(
        self, payment_id: FromPath[UUID], shop: Given[Shop], principal: Given[Principal]
    ) -> Response[PaymentBody]:
        owner = _owner(principal)
        payment = shop.sync_payment(
            payment_id=PaymentId(payment_id),
            owner_id=owner,
            source=Source.STAFF if owner is None else Source.RETURN,
        )
        return Response(_body(payment, owner), headers={"ETag": etag(payment.version)})

    @get(
        "/payments/{payment_id:uuid}/transactions",
        operation_id="list_transactions",
        summary="Read the log of all money that moved",
        opt=allow(Permission.PAYMENT_READ, problems=(404,)),
        sync_to_thread=True,
    )
    def transactions(self, payment_id: FromPath[UUID], shop: Given[Shop]) -> Page[TransactionBody]:
        payment = shop.read_payment(payment_id=PaymentId(payment_id), owner_id=None)
        return Page(items=[transaction_body(transaction) for transaction in payment.transactions])
