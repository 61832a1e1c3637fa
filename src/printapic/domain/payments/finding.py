"""Findings: where a provider's books and ours do not say the same about money."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import attrs

from printapic.domain.errors import Conflict, NotFound
from printapic.domain.events import aware_utc
from printapic.domain.ids import FindingId, PaymentId, UserId
from printapic.domain.money import Money
from printapic.domain.payments.attempt import Provider


class FindingKind(StrEnum):
    """What differs: one side has no such line, or both have it and its amount or its fee is another."""

    MISSING_HERE = "missing_here"
    MISSING_THERE = "missing_there"
    AMOUNT = "amount"
    FEE = "fee"


class FindingState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class FindingNotFound(NotFound):
    code = "payment-finding-not-found"

    def __init__(self) -> None:
        super().__init__("There is no such finding.")


class FindingClosed(Conflict):
    """Somebody closed it already, or a later comparison found that the difference is gone."""

    code = "payment-finding-closed"

    def __init__(self) -> None:
        super().__init__("This finding is closed.")


@attrs.frozen(kw_only=True)
class Finding:
    """One difference, as the comparison `run_id` saw it last.

    `movement` says what kind of line it is about: a capture, a refund, a fee. `theirs` and `ours` are the
    amounts, signed as our account at the provider sees them; None where that side has nothing. A closed
    one names the person who closed it, or nobody where a later comparison did.
    """

    id: FindingId
    run_id: UUID
    provider: Provider
    livemode: bool
    kind: FindingKind
    movement: str
    ref: str
    theirs: Money | None = None
    ours: Money | None = None
    payment_id: PaymentId | None = None
    occurred_at: datetime = attrs.field(validator=aware_utc)
    found_at: datetime = attrs.field(validator=aware_utc)
    state: FindingState = FindingState.OPEN
    closed_at: datetime | None = attrs.field(default=None, validator=aware_utc)
    closed_by: UserId | None = None
    note: str | None = None
