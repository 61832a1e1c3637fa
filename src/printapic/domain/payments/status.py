"""What a payment looks like from outside."""

from __future__ import annotations

from enum import StrEnum


class PaymentStatus(StrEnum):
    """Derived from the facts, never stored as truth.

    `PROCESSING`: the bank has not decided, or money that does not fit is on its way back.
    `NEEDS_REVIEW`: a person must look before anything is fulfilled.
    """

    NONE = "none"
    PROCESSING = "processing"
    PAID = "paid"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    NEEDS_REVIEW = "needs_review"
