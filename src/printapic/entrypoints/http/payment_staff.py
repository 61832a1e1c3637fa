"""Payments in the hands of staff: refunds, and what becomes of money that fits to nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath, JSONBody

from printapic.application.payments.staff import Staff
from printapic.application.shop import Shop
from printapic.application.users.principal import Principal
from printapic.domain.actors import Caller
from printapic.domain.ids import PaymentId
from printapic.domain.money import Currency, Money
from printapic.domain.payments.operation import Operation
from printapic.domain.payments.payment import Payment
from printapic.domain.users.permissions import Permission
from printapic.entrypoints.http.amounts import Amount, amount
from printapic.entrypoints.http.bodies import RequestBody, ResponseBody
from printapic.entrypoints.http.given import Given
from printapic.entrypoints.http.idempotency import keyed
from printapic.entrypoints.http.order_commands import Reason
from printapic.entrypoints.http.pages import Page
from printapic.entrypoints.http.payments import PaymentBody, staff_payment_body
from printapic.entrypoints.http.policies import allow
from printapic.entrypoints.http.preconditions import MADE, VERSIONED, etag, idempotency_key

Ref = Annotated[str, msgspec.Meta(min_length=1, max_length=255, pattern=r"^[!-~]+$")]

FOUND = frozenset({"capture_ref", "review"})
"""Fields that name what is there already, or nothing."""


class AmountRequest(RequestBody, kw_only=True):
    amount: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,12}(\.[0-9]{1,3})?$")]
    currency: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$")]

    example: ClassVar[Mapping[str, object]] = {"amount": "5.00", "currency": "EUR"}

    @property
    def money(self) -> Money:
        """In whatever currency it came. Raises `CurrencyUnsupported` or `AmountInvalid`."""
        return Money.read(self.amount, Currency.known(self.currency))


class RefundRequestBody(RequestBody, kw_only=True):
    """Without `amount` all that is left; without `capture_ref` of the money that pays the order."""

    amount: AmountRequest | None = None
    capture_ref: Ref | None = None
    reason: Reason

    any_digits: ClassVar[frozenset[str]] = FOUND
    example: ClassVar[Mapping[str, object]] = {
        "amount": {"amount": "5.00", "currency": "EUR"},
        "reason": "Two of the prints had a scratch",
    }


class AcceptRequest(RequestBody, kw_only=True):
    capture_ref: Ref
    reason: Reason

    any_digits: ClassVar[frozenset[str]] = FOUND
    example: ClassVar[Mapping[str, object]] = {
        "capture_ref": "sim_cap_abc",
        "reason": "The customer agreed by telephone",
    }


class ReviewRequest(RequestBody, kw_only=True):
    review: Annotated[str, msgspec.Meta(min_length=1, max_length=300)]
    reason: Reason

    any_digits: ClassVar[frozenset[str]] = FOUND
    example: ClassVar[Mapping[str, object]] = {
        "review": "refund-failed:sim_re_abc",
        "reason": "Sent by bank transfer instead",
    }


class RefundBody(ResponseBody, kw_only=True):
    """`succeeded` only when the provider says so, which may still become `failed` days later.

    `provider_request_id` is what the provider's support asks for.
    """

    id: UUID
    payment_id: UUID
    state: str
    amount: Amount
    capture_ref: str
    reason: str | None
    requested_by: UUID | None
    provider_request_id: str | None
    created_at: datetime


def refund_body(payment: Payment, operation: Operation) -> RefundBody:
    return RefundBody(
        id=operation.id,
        payment_id=payment.id,
        state=payment.refund_state(operation).value,
        amount=amount(operation.amount),
        capture_ref=operation.capture_ref or "",
        reason=operation.reason,
        requested_by=operation.requested_by,
        provider_request_id=operation.provider_request_id,
        created_at=operation.created_at,
    )


def staff_of(principal: Principal, caller: Caller) -> Staff:
    """Who decides, and what for."""
    return Staff(
        user_id=principal.user_id,
        session_id=principal.session,
        api_key_id=principal.api_key,
        refund_any=Permission.PAYMENT_REFUND_ANY in principal.permissions,
        caller=caller,
    )


class PaymentStaffController(Controller):
    path = "/v1/payments/{payment_id:uuid}"
    tags = ("payments",)

    @post(
        "/refunds",
        operation_id="refund_payment",
        summary="Give money back; support up to the shop's limit for one payment",
        opt=allow(Permission.PAYMENT_REFUND, Permission.PAYMENT_REFUND_ANY, problems=(404, 409, 422))
        | keyed(required=True),
        response_headers=[*MADE, *VERSIONED],
        sync_to_thread=True,
    )
    def refund(
        self,
        request: Request[Any, Any, Any],
        payment_id: FromPath[UUID],
        data: JSONBody[RefundRequestBody],
        shop: Given[Shop],
        principal: Given[Principal],
        caller: Given[Caller],
    ) -> Response[RefundBody]:
        asked = shop.refund_payment(
            payment_id=PaymentId(payment_id),
            amount=data.amount.money if data.amount else None,
            capture_ref=data.capture_ref,
            reason=data.reason,
            idempotency_key=idempotency_key(request),
            staff=staff_of(principal, caller),
        )
        headers = {
            "Location": f"/v1/payments/{payment_id}/refunds",
            "ETag": etag(asked.payment.version),
        }
        if asked.replayed:
            headers["Idempotency-Replayed"] = "true"
        return Response(refund_body(asked.payment, asked.operation), headers=headers)

    @get(
        "/refunds",
        operation_id="list_refunds",
        summary="List the refunds that were asked for, oldest first",
        opt=allow(Permission.PAYMENT_READ, problems=(404,)),
        sync_to_thread=True,
    )
    def refunds(self, payment_id: FromPath[UUID], shop: Given[Shop]) -> Page[RefundBody]:
        payment = shop.read_payment(payment_id=PaymentId(payment_id), owner_id=None)
        return Page(items=[refund_body(payment, operation) for operation in payment.refunds_asked])

    @post(
        "/accepted-money",
        operation_id="accept_parked_money",
        summary="Let money that came in a wrong amount pay its order; what is too much goes back",
        status_code=200,
        opt=allow(Permission.PAYMENT_WRITE, problems=(404, 409, 422)),
        response_headers=VERSIONED,
        sync_to_thread=True,
    )
    def accept(
        self,
        payment_id: FromPath[UUID],
        data: JSONBody[AcceptRequest],
        shop: Given[Shop],
        principal: Given[Principal],
        caller: Given[Caller],
    ) -> Response[PaymentBody]:
        payment = shop.accept_parked_money(
            payment_id=PaymentId(payment_id),
            capture_ref=data.capture_ref,
            reason=data.reason,
            staff=staff_of(principal, caller),
        )
        return Response(staff_payment_body(payment), headers={"ETag": etag(payment.version)})

    @post(
        "/resolved-reviews",
        operation_id="resolve_review",
        summary="Say that what a person was asked to look at is all right now",
        status_code=200,
        opt=allow(Permission.PAYMENT_WRITE, problems=(404, 409, 422)),
        response_headers=VERSIONED,
        sync_to_thread=True,
    )
    def resolve(
        self,
        payment_id: FromPath[UUID],
        data: JSONBody[ReviewRequest],
        shop: Given[Shop],
        principal: Given[Principal],
        caller: Given[Caller],
    ) -> Response[PaymentBody]:
        payment = shop.resolve_review(
            payment_id=PaymentId(payment_id),
            review=data.review,
            reason=data.reason,
            staff=staff_of(principal, caller),
        )
        return Response(staff_payment_body(payment), headers={"ETag": etag(payment.version)})
