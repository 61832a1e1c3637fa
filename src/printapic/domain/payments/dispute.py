"""Disputes: a customer's bank, or PayPal, contests money that came. An overlay; the log has the money."""

from __future__ import annotations

from datetime import datetime

import attrs

from printapic.domain.events import aware_utc
from printapic.domain.ids import AttemptId
from printapic.domain.money import Money
from printapic.domain.payments.snapshot import DisputeFact, DisputeState

FINAL = frozenset({DisputeState.WON, DisputeState.LOST})


@attrs.frozen(kw_only=True)
class Dispute:
    """One dispute as the provider tells it. Our staff answer in the provider's dashboard."""

    ref: str
    attempt_id: AttemptId
    capture_ref: str
    amount: Money
    state: DisputeState
    reason: str
    evidence_due_at: datetime | None = attrs.field(default=None, validator=aware_utc)
    opened_at: datetime = attrs.field(validator=aware_utc)

    @classmethod
    def of(cls, fact: DisputeFact, attempt_id: AttemptId) -> Dispute:
        """A dispute of which we just heard."""
        return cls(
            ref=fact.ref,
            attempt_id=attempt_id,
            capture_ref=fact.capture_ref,
            amount=fact.amount,
            state=fact.state,
            reason=fact.reason,
            evidence_due_at=fact.evidence_due_at,
            opened_at=fact.occurred_at,
        )

    @property
    def open(self) -> bool:
        """Not decided: nothing of that capture may be given back meanwhile."""
        return self.state not in FINAL

    def seen(self, fact: DisputeFact) -> Dispute:
        """Apply a look at it, whenever it arrives. An older look takes no step of it back."""
        if _weight(fact.state) < _weight(self.state):
            return self
        return attrs.evolve(
            self,
            amount=fact.amount,
            state=fact.state,
            reason=fact.reason,
            evidence_due_at=fact.evidence_due_at,
        )


def _weight(state: DisputeState) -> int:
    """An inquiry may become a dispute, and a dispute be decided, never the other way round."""
    if state in FINAL:
        return 2
    return 1 if state is DisputeState.OPEN else 0
