"""Invoices that outlive their customers' data, because the law says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import attrs

from printapic.domain.errors import NotFound
from printapic.domain.events import aware_utc
from printapic.domain.ids import OrderId

KEPT_YEARS = 8
"""By sections 147 (3) of the German fiscal code (AO) and 14b (1) of the German VAT act (UStG), as of 2025."""
_EARLIEST_ZONE = timedelta(hours=14)


class InvoiceNotFound(NotFound):
    """Never kept, or kept long enough."""

    code = "invoice-not-found"

    def __init__(self) -> None:
        super().__init__("No invoice of this number is kept.")


@attrs.frozen(kw_only=True)
class RetainedInvoice:
    """One sold order: who bought what, for how much, readable only through the shop's keys."""

    order_id: OrderId
    number: str
    issued_at: datetime = attrs.field(validator=aware_utc)
    keep_until: datetime = attrs.field(validator=aware_utc)
    document_sealed: str = attrs.field(repr=False)


def keep_until(issued_at: datetime) -> datetime:
    """The years count from the end of the calendar year of the invoice (section 147 (4) AO).

    A year that has begun anywhere on earth counts as begun: rather a day too long than an hour too short.
    """
    year = (issued_at + _EARLIEST_ZONE).year
    return datetime(year + KEPT_YEARS + 1, 1, 2, tzinfo=UTC)
