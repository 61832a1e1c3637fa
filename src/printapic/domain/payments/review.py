"""Reviews: what about a payment only a person can answer."""

from __future__ import annotations

from enum import StrEnum


class Review(StrEnum):
    """Why a person has to look. While they have not, nothing is printed or sent from the payment.

    Money that does not fit: a bank holds (`AUTHORIZATION_AMOUNT`), the customer approved (`APPROVED_AMOUNT`)
    or somebody paid (`CAPTURE_AMOUNT`) another amount than is due; the provider tells another story of a
    capture than before (`CAPTURE_CHANGED`), of a second checkout under our reference (`SECOND_CHECKOUT`),
    of refunds or disputes that fit to no capture or exceed it (`REFUND_MISMATCH`, `DISPUTE_MISMATCH`), or of
    one that was refunded and lost in a dispute as well (`DOUBLE_LOSS`).

    Money that is in danger: a bank contests it (`DISPUTE`), the provider warns of fraud (`WARNING`), or a
    bank let go of what it held (`AUTHORIZATION_LOST`).

    What did not work: a refund failed at the bank (`REFUND_FAILED`) or cannot be made yet (`REFUND_WAITS`),
    the provider refused a call (`…_REFUSED`), or never told what became of one (`UNDECIDED`).
    """

    APPROVED_AMOUNT = "approved-amount"
    AUTHORIZATION_AMOUNT = "authorization-amount"
    AUTHORIZATION_LOST = "authorization-lost"
    CAPTURE_AMOUNT = "capture-amount"
    CAPTURE_CHANGED = "capture-changed"
    CAPTURE_REFUSED = "capture-refused"
    COMPLETE_REFUSED = "complete-refused"
    DISPUTE = "dispute"
    DISPUTE_MISMATCH = "dispute-mismatch"
    DOUBLE_LOSS = "double-loss"
    REFUND_FAILED = "refund-failed"
    REFUND_MISMATCH = "refund-mismatch"
    REFUND_REFUSED = "refund-refused"
    REFUND_WAITS = "refund-waits"
    SECOND_CHECKOUT = "second-checkout"
    UNDECIDED = "undecided"
    VOID_REFUSED = "void-refused"
    WARNING = "warning"

    def of(self, subject: object) -> str:
        """The reason as it is kept: what it is, and of which of the payment's parts."""
        return f"{self.value}:{subject}"
