"""What a payment looks like from outside."""

from __future__ import annotations

from enum import StrEnum


class PaymentStatus(StrEnum):
    """Derived from the facts, never stored as truth.

    `AUTHORIZED`: a bank holds all of it for us; `VOIDED`: it did. `PROCESSING`: the bank has not
    decided, or money that does not fit is on its way back. `NEEDS_REVIEW`: a person
    must look before anything is fulfilled.
    """

    NONE = "none"
    PROCESSING = "processing"
    AUTHORIZED = "authorized"
    PAID = "paid"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    VOIDED = "voided"
    NEEDS_REVIEW = "needs_review"


class Demand(StrEnum):
    """What an order wants of its payment. `MET`: it is covered; `WITHDRAWN`: it was called off."""

    OPEN = "open"
    MET = "met"
    WITHDRAWN = "withdrawn"
