"""Attempts: one hosted checkout at one provider."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import attrs

from printapic.domain.events import aware_utc
from printapic.domain.ids import AttemptId
from printapic.domain.money import Money


class Provider(StrEnum):
    STRIPE = "stripe"
    PAYPAL = "paypal"
    SIMULATED = "simulated"


class AttemptState(StrEnum):
    """How far one checkout got. Terminal states yield only to a money fact fetched from the provider."""

    CREATED = "created"
    OPEN = "open"
    ACTION_REQUIRED = "action_required"
    APPROVED = "approved"
    PROCESSING = "processing"
    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    FAILED = "failed"
    EXPIRED = "expired"
    VOIDED = "voided"


TERMINAL = frozenset({AttemptState.CAPTURED, AttemptState.FAILED, AttemptState.EXPIRED, AttemptState.VOIDED})


@attrs.frozen(kw_only=True)
class Attempt:
    """`ref` and `redirect_url` are the provider's, None until it answered.

    `client_key` is the caller's idempotency key and `request_digest` what came with it: the same key
    with another request is refused. `last_ticket` is the newest look at the provider that was applied.
    """

    id: AttemptId
    provider: Provider
    livemode: bool
    expected: Money
    state: AttemptState = AttemptState.CREATED
    client_key: str
    request_digest: str
    return_url: str
    cancel_url: str
    ref: str | None = None
    redirect_url: str | None = None
    expires_at: datetime = attrs.field(validator=aware_utc)
    created_at: datetime = attrs.field(validator=aware_utc)
    last_ticket: int = 0

    @property
    def finished(self) -> bool:
        return self.state in TERMINAL

    def seen(self, state: AttemptState, ticket: int) -> Attempt:
        """Apply a look at the provider: an older look never overrides a newer one, nor an end a middle."""
        if ticket < self.last_ticket:
            return self
        if self.finished and state is not AttemptState.CAPTURED:
            return attrs.evolve(self, last_ticket=ticket)
        return attrs.evolve(self, state=state, last_ticket=ticket)
