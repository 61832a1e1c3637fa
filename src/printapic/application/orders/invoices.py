"""Invoices that are kept although their customer was erased."""

from __future__ import annotations

import json

import attrs

from printapic.application.ports.clock import Clock
from printapic.application.ports.secrets import Sealer
from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.domain.audit.event import AuditAction, AuditEvent
from printapic.domain.errors import Invalid
from printapic.domain.ids import OrderId
from printapic.domain.money import Money
from printapic.domain.orders.invoice import RetainedInvoice, keep_until
from printapic.domain.orders.order import Order
from printapic.domain.orders.status import Trigger
from printapic.domain.payments.payment import Payment
from printapic.domain.payments.transaction import TransactionType

MAX_REASON = 200
_PAYING = frozenset(
    {
        TransactionType.CAPTURE,
        TransactionType.CAPTURE_PARKED,
        TransactionType.REFUND_REQUESTED,
        TransactionType.REFUND_SUCCEEDED,
        TransactionType.REFUND_FAILED,
    }
)
"""What a customer paid and got back; what it cost us is not on an invoice."""


class ReasonMissing(Invalid):
    """Looking into what was put away needs a reason, which is remembered."""

    code = "reason-missing"

    def __init__(self) -> None:
        super().__init__(f"Please give a reason of at most {MAX_REASON} characters.", limit=MAX_REASON)


def retained(order: Order, payment: Payment, sealer: Sealer) -> RetainedInvoice:
    """What the law wants kept of a sold order: who bought what, when, for how much, and how it was paid."""
    confirmed = [entry.at for entry in order.history if entry.trigger == Trigger.CONFIRM]
    issued_at = confirmed[0] if confirmed else order.created_at
    address = attrs.asdict(order.ship_to)
    document = {
        "number": order.number,
        "order_id": str(order.id),
        "issued_at": issued_at.isoformat(),
        "billed_to": address,
        "shipped_to": address,
        "lines": [
            {
                "sku": line.sku,
                "name": line.product_name,
                "quantity": line.quantity,
                "unit_price": _plain(line.unit_price),
                "total": _plain(line.line_total),
            }
            for line in order.lines
        ],
        "items": _plain(order.amounts.items),
        "shipping": _plain(order.amounts.shipping),
        "discount": _plain(order.amounts.discount),
        "tax": _plain(order.amounts.tax),
        "total": _plain(order.total),
        "payments": [
            {
                "type": row.type.value,
                "amount": _plain(row.amount),
                "provider": row.provider and row.provider.value,
                "ref": row.ref,
                "at": row.occurred_at.isoformat(),
            }
            for row in payment.transactions
            if row.type in _PAYING
        ],
    }
    text = json.dumps(document, ensure_ascii=False)
    return RetainedInvoice(
        order_id=order.id,
        number=order.number,
        issued_at=issued_at,
        keep_until=keep_until(issued_at),
        document_sealed=sealer.seal(text.encode(), context=_context(order.id)),
    )


@attrs.frozen(kw_only=True)
class OpenInvoice:
    """Read one kept invoice, for the tax office. That somebody did, and why, is in the audit log first."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    sealer: Sealer

    def __call__(self, *, number: str, reason: str) -> dict[str, object]:
        """The document. Raises `InvoiceNotFound`, `ReasonMissing` or `SealBroken`."""
        if not reason.strip() or len(reason) > MAX_REASON:
            raise ReasonMissing
        with self.unit_of_work() as work:
            invoice = work.invoices.get(number)
            work.audit.append(
                AuditEvent(
                    at=self.clock.now(),
                    action=AuditAction.INVOICE_OPENED,
                    details={"number": number, "reason": reason.strip()},
                )
            )
            work.commit()
        text = self.sealer.unseal(invoice.document_sealed, context=_context(invoice.order_id))
        document: dict[str, object] = json.loads(text)
        return document


def _context(order_id: OrderId) -> str:
    return f"invoice:{order_id}"


def _plain(amount: Money) -> dict[str, str]:
    return {"amount": amount.amount, "currency": amount.currency.code}
