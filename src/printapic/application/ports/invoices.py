"""What is kept of invoices when all else is known of nobody any more."""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime
from typing import Protocol

from printapic.domain.orders.invoice import RetainedInvoice


class RetainedInvoices(Protocol):
    """Sealed invoices of erased customers, until the law lets them go."""

    @abstractmethod
    def add(self, invoice: RetainedInvoice) -> None:
        """Keep it; nothing happens where one of this order is kept already. One statement."""

    @abstractmethod
    def get(self, number: str) -> RetainedInvoice:
        """Raises `InvoiceNotFound`."""

    @abstractmethod
    def purge(self, *, at: datetime, limit: int) -> int:
        """Remove up to `limit` of those that need not be kept any longer; how many."""
