"""Evidence for disputes: what staff copy into a provider's dashboard."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from litestar import Controller, get
from litestar.params import FromPath

from printapic.application.payments.evidence import Evidence
from printapic.application.shop import Shop
from printapic.application.users.principal import Principal
from printapic.domain.actors import Caller
from printapic.domain.ids import PaymentId
from printapic.domain.orders.line import OrderLine
from printapic.domain.payments.operation import Operation
from printapic.domain.users.permissions import Permission
from printapic.entrypoints.http.amounts import Amount, amount
from printapic.entrypoints.http.bodies import ResponseBody
from printapic.entrypoints.http.given import Given
from printapic.entrypoints.http.order_bodies import (
    HistoryEntryBody,
    OrderBody,
    ShipmentBody,
    history_body,
    order_body,
    shipment_body,
)
from printapic.entrypoints.http.payment_staff import RefundBody, refund_body, staff_of
from printapic.entrypoints.http.payments import (
    DisputeBody,
    PaymentBody,
    TransactionBody,
    dispute_body,
    staff_payment_body,
    transaction_body,
)
from printapic.entrypoints.http.policies import allow


class BuyerBody(ResponseBody, kw_only=True):
    """Who ordered; of an erased customer only since when, and when they left."""

    name: str | None
    email: str | None
    customer_since: datetime
    erased_at: datetime | None


class BuyerSessionBody(ResponseBody, kw_only=True):
    """A login of the customer that was live when they ordered; kept for some weeks only."""

    logged_in_at: datetime
    address: str | None
    device: str | None


class ConsentBody(ResponseBody, kw_only=True):
    """A warning about the print that the customer had seen, and ordered nevertheless."""

    warning: str
    effective_dpi: str
    at: datetime


class PrintedBody(ResponseBody, kw_only=True):
    """What was made of an order line. `size` is the trimmed print's."""

    line_id: UUID
    sku: str
    size: str
    consents: list[ConsentBody]
    print_file_sha256: str | None


class TermsBody(ResponseBody, kw_only=True):
    """Until when the customer could change their mind, and whether they gave that up."""

    edit_until: datetime | None
    edit_window_waived_at: datetime | None
    claims_until: datetime | None


class CallBody(ResponseBody, kw_only=True):
    """What the provider was asked for; their support knows it by the last two."""

    kind: str
    provider: str
    amount: Amount
    state: str
    outcome: str | None
    created_at: datetime
    provider_ref: str | None
    idempotency_key: UUID
    provider_request_id: str | None


class SentMailBody(ResponseBody, kw_only=True):
    """A mail about this order; `sent_at` is when the mail server took it."""

    template: str
    subject_id: str
    sent_at: datetime | None


class EvidenceBody(ResponseBody, kw_only=True):
    """Everything known of a payment. `erased` names what is missing because the customer was forgotten.

    Where `sealed_invoice` is true, an invoice with their name is kept for the tax office.
    """

    assembled_at: datetime
    paid_at: datetime | None
    erased: list[str]
    sealed_invoice: bool
    disputes: list[DisputeBody]
    buyer: BuyerBody
    sessions: list[BuyerSessionBody]
    order: OrderBody
    prints: list[PrintedBody]
    terms: TermsBody
    shipments: list[ShipmentBody]
    history: list[HistoryEntryBody]
    mails: list[SentMailBody]
    payment: PaymentBody
    transactions: list[TransactionBody]
    refunds: list[RefundBody]
    calls: list[CallBody]


def evidence_body(evidence: Evidence) -> EvidenceBody:
    order, payment, buyer = evidence.order, evidence.payment, evidence.customer
    return EvidenceBody(
        assembled_at=evidence.assembled_at,
        paid_at=evidence.paid_at,
        erased=list(evidence.erased),
        sealed_invoice=evidence.sealed_invoice,
        disputes=[dispute_body(dispute) for dispute in payment.disputes],
        buyer=BuyerBody(
            name=buyer.name, email=buyer.email, customer_since=buyer.since, erased_at=buyer.erased_at
        ),
        sessions=[
            BuyerSessionBody(logged_in_at=each.created_at, address=each.address, device=each.device)
            for each in evidence.sessions
        ],
        order=order_body(order),
        prints=[_printed(line) for line in order.lines],
        terms=TermsBody(
            edit_until=order.edit_until,
            edit_window_waived_at=evidence.edit_window_waived_at,
            claims_until=order.claims_until,
        ),
        shipments=[shipment_body(parcel) for parcel in order.shipments],
        history=[history_body(entry) for entry in order.history],
        mails=[
            SentMailBody(template=mail.kind.value, subject_id=mail.subject_id, sent_at=mail.sent_at)
            for mail in evidence.mails
        ],
        payment=staff_payment_body(payment),
        transactions=[transaction_body(row) for row in payment.transactions],
        refunds=[refund_body(payment, operation) for operation in payment.refunds_asked],
        calls=[_call(evidence, operation) for operation in payment.operations],
    )


def _printed(line: OrderLine) -> PrintedBody:
    return PrintedBody(
        line_id=line.id,
        sku=line.sku,
        size=str(line.specification.trim),
        consents=[
            ConsentBody(warning=each.code, effective_dpi=each.effective_dpi, at=each.at)
            for each in line.acknowledgements
        ],
        print_file_sha256=line.print_file.sha256 if line.print_file else None,
    )


def _call(evidence: Evidence, operation: Operation) -> CallBody:
    return CallBody(
        kind=operation.kind.value,
        provider=evidence.payment.attempt(operation.attempt_id).provider.value,
        amount=amount(operation.amount),
        state=operation.state.value,
        outcome=operation.outcome_code,
        created_at=operation.created_at,
        provider_ref=operation.provider_ref,
        idempotency_key=operation.id,
        provider_request_id=operation.provider_request_id,
    )


class PaymentEvidenceController(Controller):
    path = "/v1/payments/{payment_id:uuid}/evidence"
    tags = ("payments",)

    @get(
        operation_id="assemble_evidence",
        summary="Read all that is known of a payment, for a dispute; who did is in the audit log",
        opt=allow(Permission.PAYMENT_READ, problems=(404,)),
        sync_to_thread=True,
    )
    def evidence(
        self,
        payment_id: FromPath[UUID],
        shop: Given[Shop],
        principal: Given[Principal],
        caller: Given[Caller],
    ) -> EvidenceBody:
        return evidence_body(
            shop.assemble_evidence(payment_id=PaymentId(payment_id), staff=staff_of(principal, caller))
        )
