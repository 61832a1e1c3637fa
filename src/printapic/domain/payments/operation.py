"""Operations: single calls that may move money, remembered before they are made."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

import attrs

from printapic.domain.events import aware_utc
from printapic.domain.ids import AttemptId, OperationId, UserId
from printapic.domain.money import Money

LEASE = timedelta(seconds=45)
"""How long a call is its sender's: the budget of a call, 30 s, and then some."""

BANK_DECIDES = "bank-decides"
"""The code of a refusal to end a page on whose money the customer's bank decides right now."""
NOT_FOUND = "not-found"
"""The code with which a gateway rejects what names nothing of ours at its provider."""


class OperationKind(StrEnum):
    """What is asked of the provider. COMPLETE takes what the customer approved."""

    OPEN = "open"
    COMPLETE = "complete"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"


class OperationState(StrEnum):
    """`UNKNOWN` means possibly done: it is left only by evidence, never by giving up.

    `ABANDONED`: given up while it certainly had no effect.
    """

    PREPARED = "prepared"
    DISPATCHED = "dispatched"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"
    SUCCEEDED = "succeeded"
    PENDING = "pending"
    PAYER_ACTION = "payer_action"
    DECLINED = "declined"
    REJECTED = "rejected"
    ABANDONED = "abandoned"


UNDECIDED = frozenset(
    {OperationState.PREPARED, OperationState.DISPATCHED, OperationState.NOT_SENT, OperationState.UNKNOWN}
)


@attrs.frozen(kw_only=True)
class Operation:
    """`id` is the idempotency key at the provider, so a repeated call has one effect.

    A dispatched operation is somebody's until `leased_until`; if they die, it is unknown afterwards and
    is sent again under the same key. `first_sent_at` is the first time that it was possibly sent: the
    provider's memory of the key counts from there. `capture_ref` names what a refund gives back,
    `requested_by` the person who asked for it, under their idempotency key (`client_key`).
    `provider_request_id` is the provider's name of the last call that they answered: their support asks
    for it.
    """

    id: OperationId
    attempt_id: AttemptId
    kind: OperationKind
    amount: Money
    state: OperationState = OperationState.PREPARED
    capture_ref: str | None = None
    provider_ref: str | None = None
    reason: str | None = None
    requested_by: UserId | None = None
    client_key: str | None = None
    request_digest: str | None = None
    outcome_code: str | None = None
    provider_request_id: str | None = None
    sends: int = 0
    created_at: datetime = attrs.field(validator=aware_utc)
    leased_until: datetime | None = attrs.field(default=None, validator=aware_utc)
    first_sent_at: datetime | None = attrs.field(default=None, validator=aware_utc)

    @property
    def undecided(self) -> bool:
        """Still to be sent, or of unknown effect."""
        return self.state in UNDECIDED

    @property
    def under_way(self) -> bool:
        """Undecided, or taken by the provider, who has not said yet what becomes of it."""
        return self.undecided or self.state in (OperationState.PENDING, OperationState.PAYER_ACTION)

    @property
    def never_sent(self) -> bool:
        """Certainly without effect so far: it may be given up."""
        return self.undecided and self.first_sent_at is None

    @property
    def sent_before(self) -> bool:
        """An earlier sending than the one under way may have reached the provider."""
        first, until = self.first_sent_at, self.leased_until
        return first is not None and until != first + LEASE

    @property
    def takes_money(self) -> bool:
        """The customer's money moves by it."""
        return self.kind in (OperationKind.COMPLETE, OperationKind.CAPTURE)

    @property
    def failed(self) -> bool:
        """Decided, and certainly without effect."""
        return self.state in (OperationState.DECLINED, OperationState.REJECTED, OperationState.ABANDONED)

    def due(self, *, at: datetime) -> bool:
        """May be sent now: undecided, and in nobody's hands."""
        leased = self.leased_until is not None and at < self.leased_until
        return self.undecided and not (self.state is OperationState.DISPATCHED and leased)

    def dispatched(self, *, at: datetime) -> Operation:
        """Taken into one sender's hands."""
        return attrs.evolve(
            self,
            state=OperationState.DISPATCHED,
            sends=self.sends + 1,
            leased_until=at + LEASE,
            first_sent_at=self.first_sent_at or at,
        )

    def decided(self, state: OperationState, *, provider_ref: str | None, code: str | None) -> Operation:
        """What a sender was answered. What was decided before stays decided.

        "Not sent" speaks of one sending only: if an earlier one may have reached the provider, the whole
        is unknown.
        """
        if not self.undecided:
            return self
        first_sent_at = self.first_sent_at
        if state is OperationState.NOT_SENT:
            if self.sent_before:
                state = OperationState.UNKNOWN
            else:
                first_sent_at = None
        return attrs.evolve(
            self,
            state=state,
            leased_until=None,
            first_sent_at=first_sent_at,
            provider_ref=provider_ref or self.provider_ref,
            outcome_code=code,
        )

    def answered(self, *, provider_request_id: str | None) -> Operation:
        """The provider answered under this name, whatever they said, and whatever was known before."""
        return attrs.evolve(self, provider_request_id=provider_request_id or self.provider_request_id)

    def disproved(self) -> Operation:
        """The provider's complete books show no effect: as good as never sent, whatever its key was."""
        return attrs.evolve(
            self, state=OperationState.NOT_SENT, leased_until=None, first_sent_at=None, outcome_code=None
        )

    def proven(
        self, state: OperationState, *, provider_ref: str | None = None, code: str | None = None
    ) -> Operation:
        """What the provider's own books show: it outweighs whatever a sender was answered."""
        return attrs.evolve(
            self,
            state=state,
            leased_until=None,
            provider_ref=provider_ref or self.provider_ref,
            outcome_code=code,
        )
