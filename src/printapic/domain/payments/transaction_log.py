"""Reading the transaction log: which money came, and which of it went back."""

from __future__ import annotations

import attrs

from printapic.domain.money import Currency, Money, total
from printapic.domain.payments.transaction import Transaction, TransactionType

_CAPTURES = (TransactionType.CAPTURE, TransactionType.CAPTURE_PARKED)


@attrs.frozen
class TransactionLog:
    """The rows of one payment, whose sums are in the `currency` that is due.

    Foreign money is in the log, and a person looks at it, but it is never added to anything.
    """

    rows: tuple[Transaction, ...]
    currency: Currency

    def sum_of(self, *types: TransactionType) -> Money:
        """All rows of these types together."""
        return _sum([row for row in self.rows if row.type in types], self.currency)

    def captures(self, *types: TransactionType) -> tuple[Transaction, ...]:
        """Money that came, oldest first: allocated and parked, unless told which."""
        return tuple(row for row in self.rows if row.type in (types or _CAPTURES))

    def capture(self, ref: str) -> Transaction | None:
        """The capture with this ref."""
        return next((row for row in self.captures() if row.ref == ref), None)

    def accepted_of(self, capture: Transaction) -> Money:
        """What of a parked capture a person let pay the order."""
        rows = [row for row in self.rows if row.type is TransactionType.PARKED_ACCEPTED]
        return _sum([row for row in rows if row.ref == capture.ref], capture.amount.currency)

    def disputed_of(self, capture: Transaction) -> Money:
        """What of a capture banks took back and did not return.

        All of it where they count in another currency: nobody can say how much of it that is.
        """
        own = [row for row in self.rows if row.capture_ref == capture.ref]
        taken = [row for row in own if row.type is TransactionType.DISPUTE_TAKEN]
        returned = [row for row in own if row.type is TransactionType.DISPUTE_RETURNED]
        currency = capture.amount.currency
        for other in {row.amount.currency for row in taken} - {currency}:
            if _sum(taken, other) > _sum(returned, other):
                return capture.amount
        return _sum(taken, currency) - _sum(returned, currency)

    def has(self, type_: TransactionType, ref: str) -> bool:
        """Whether this fact was written down."""
        return any(row.type is type_ and row.ref == ref for row in self.rows)

    @property
    def refunds(self) -> tuple[Transaction, ...]:
        """Money that went back for good: a refund that succeeded may still fail days later."""
        return tuple(
            row
            for row in self.rows
            if row.type is TransactionType.REFUND_SUCCEEDED
            and not self.has(TransactionType.REFUND_FAILED, row.ref)
        )

    @property
    def refunded(self) -> Money:
        """All that went back."""
        return _sum(self.refunds, self.currency)

    def refunded_of(self, capture: Transaction) -> Money:
        """What went back of one capture, in its own currency."""
        own = [row for row in self.refunds if row.capture_ref == capture.ref]
        return _sum(own, capture.amount.currency)

    def rest_of(self, capture: Transaction) -> Money:
        """What is left of one capture."""
        return capture.amount - self.refunded_of(capture)


def _sum(rows: tuple[Transaction, ...] | list[Transaction], currency: Currency) -> Money:
    return total([row.amount for row in rows if row.amount.currency == currency], currency)
