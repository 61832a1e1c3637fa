"""Retained invoices in SQL."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from printapic.adapters.persistence.sql.invoice_tables import retained_invoices
from printapic.adapters.persistence.sql.transaction import SqlTransaction
from printapic.application.ports.invoices import RetainedInvoices
from printapic.domain.ids import OrderId
from printapic.domain.orders.invoice import InvoiceNotFound, RetainedInvoice


class SqlRetainedInvoices(RetainedInvoices):
    """Each invoice one row, whose document only the shop's keys can open."""

    def __init__(self, transaction: SqlTransaction) -> None:
        self._transaction = transaction

    def add(self, invoice: RetainedInvoice) -> None:
        """Insert, unless it is there."""
        values = {
            "order_id": invoice.order_id,
            "number": invoice.number,
            "issued_at": invoice.issued_at,
            "keep_until": invoice.keep_until,
            "document_sealed": invoice.document_sealed,
        }
        self._transaction.insert_new(retained_invoices, values)

    def get(self, number: str) -> RetainedInvoice:
        """Raises `InvoiceNotFound`."""
        row = self._transaction.row(select(retained_invoices).where(retained_invoices.c.number == number))
        if row is None:
            raise InvoiceNotFound
        return RetainedInvoice(
            order_id=OrderId(row["order_id"]),
            number=row["number"],
            issued_at=row["issued_at"],
            keep_until=row["keep_until"],
            document_sealed=row["document_sealed"],
        )

    def purge(self, *, at: datetime, limit: int) -> int:
        """Remove what was kept long enough."""
        over = retained_invoices.c.keep_until <= at
        return self._transaction.remove_some(retained_invoices, over, limit=limit)
