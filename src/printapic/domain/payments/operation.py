"""Operations: single calls that may move money, remembered before they are made."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import attrs

from printapic.domain.events import aware_utc
from printapic.domain.ids import AttemptId, OperationId
from printapic.domain.money import Money


class OperationKind(StrEnum):
    OPEN = "open"
    COMPLETE = "complete"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"


class OperationState(StrEnum):
    """`UNKNOWN` means possibly done: it is left only by evidence, never by giving up."""

    PREPARED = "prepared"
    DISPATCHED = "dispatched"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"
    SUCCEEDED = "succeeded"
    PENDING = "pending"
    PAYER_ACTION = "payer_action"
    DECLINED = "declined"
    REJECTED = "rejected"


UNDECIDED = frozenset(
    {OperationState.PREPARED, OperationState.DISPATCHED, OperationState.NOT_SENT, OperationState.UNKNOWN}
)


@attrs.frozen(kw_only=True)
class Operation:
    """`id` is the idempotency key at the provider, so a repeated call has one effect.

    A dispatched operation is somebody's until `leased_until`; if they die, it is unknown afterwards and
    is sent again under the same key. `capture_ref` names what a refund gives back.
    """

    id: OperationId
    attempt_id: AttemptId
    kind: OperationKind
    amount: Money
    state: OperationState = OperationState.PREPARED
    capture_ref: str | None = None
    provider_ref: str | None = None
    reason: str | None = None
    outcome_code: str | None = None
    sends: int = 0
    created_at: datetime = attrs.field(validator=aware_utc)
    leased_until: datetime | None = attrs.field(default=None, validator=aware_utc)
    first_sent_at: datetime | None = attrs.field(default=None, validator=aware_utc)

    @property
    def undecided(self) -> bool:
        return self.state in UNDECIDED

    def due(self, *, at: datetime) -> bool:
        """May be sent now: undecided, and in nobody's hands."""
        in_hands = self.state is OperationState.DISPATCHED and self.leased_until and at < self.leased_until
        return self.undecided and not in_hands
