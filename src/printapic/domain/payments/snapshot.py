"""What a provider says about one checkout, in one authenticated look at it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import attrs

from printapic.domain.events import aware_utc
from printapic.domain.ids import OperationId
from printapic.domain.money import Money
from printapic.domain.payments.attempt import AttemptState, Provider


@attrs.frozen(kw_only=True)
class AuthorizationFact:
    """Money that the bank holds for us until `expires_at`, as the provider says. None was taken by that."""

    ref: str
    amount: Money
    expires_at: datetime | None = attrs.field(default=None, validator=aware_utc)
    occurred_at: datetime = attrs.field(validator=aware_utc)


@attrs.frozen(kw_only=True)
class CaptureFact:
    """Money that the provider says it took. `fee` is what it keeps of it, None until it says so.

    A fee may be in another currency: providers settle in their own.
    """

    ref: str
    amount: Money
    fee: Money | None = None
    occurred_at: datetime = attrs.field(validator=aware_utc)


class RefundState(StrEnum):
    """How far a refund got. `FAILED` and `CANCELLED` may follow `SUCCEEDED`, never the other way round."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


@attrs.frozen(kw_only=True)
class RefundFact:
    """Money that the provider says it gives back. `operation_id` is None for one made in its dashboard."""

    ref: str
    capture_ref: str
    amount: Money
    state: RefundState
    operation_id: OperationId | None
    occurred_at: datetime = attrs.field(validator=aware_utc)


class DisputeState(StrEnum):
    """`INQUIRY`: somebody asks, and no money moves. `WON` and `LOST` are for good."""

    INQUIRY = "inquiry"
    OPEN = "open"
    WON = "won"
    LOST = "lost"


@attrs.frozen(kw_only=True)
class DisputeMovement:
    """Money that a dispute took (negative) or gave back (positive), and the provider's fee for it."""

    ref: str
    amount: Money
    fee: Money | None = None
    occurred_at: datetime = attrs.field(validator=aware_utc)


@attrs.frozen(kw_only=True)
class DisputeFact:
    """A customer's bank, or PayPal, contests a capture. `amount` is what it is about.

    `reason` is the provider's word for it; evidence is taken until `evidence_due_at`.
    """

    ref: str
    capture_ref: str
    amount: Money
    state: DisputeState
    reason: str
    evidence_due_at: datetime | None = attrs.field(default=None, validator=aware_utc)
    movements: tuple[DisputeMovement, ...] = ()
    occurred_at: datetime = attrs.field(validator=aware_utc)


@attrs.frozen(kw_only=True)
class Snapshot:
    """One authenticated look at a checkout: the only source of truth about money.

    `our_reference` is the attempt's id as we gave it to the provider; a snapshot of anything else is
    refused. `amount` is what the page asks for, where the provider says so. `other_refs` are all other
    names under which the provider's news may speak of this checkout: its intent, charges, authorization,
    captures, refunds and disputes.
    """

    provider: Provider
    ref: str
    our_reference: str
    livemode: bool
    state: AttemptState
    amount: Money | None = None
    authorization: AuthorizationFact | None = None
    captures: tuple[CaptureFact, ...] = ()
    refunds: tuple[RefundFact, ...] = ()
    disputes: tuple[DisputeFact, ...] = ()
    other_refs: tuple[str, ...] = ()
