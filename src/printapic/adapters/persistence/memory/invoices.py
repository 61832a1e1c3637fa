"""Retained invoices in memory."""

from __future__ import annotations

from datetime import datetime

from printapic.adapters.persistence.memory.state import MemoryTransaction
from printapic.application.ports.invoices import RetainedInvoices
from printapic.domain.orders.invoice import InvoiceNotFound, RetainedInvoice


class MemoryRetainedInvoices(RetainedInvoices):
    """Invoices by their orders; they are frozen."""

    def __init__(self, transaction: MemoryTransaction) -> None:
        self._transaction = transaction

    def add(self, invoice: RetainedInvoice) -> None:
        """Keep it, unless it is there."""
        self._transaction.check(writing=True)
        if invoice.order_id not in self._transaction.table("invoices"):
            self._transaction.put("invoices", invoice.order_id, invoice)

    def get(self, number: str) -> RetainedInvoice:
        """Raises `InvoiceNotFound`."""
        invoices: list[RetainedInvoice] = list(self._transaction.table("invoices").values())
        for invoice in invoices:
            if invoice.number == number:
                return invoice
        raise InvoiceNotFound

    def purge(self, *, at: datetime, limit: int) -> int:
        """Remove what was kept long enough."""
        return self._transaction.drop("invoices", lambda invoice: invoice.keep_until <= at, limit=limit)
