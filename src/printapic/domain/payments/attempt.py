"""Attempts: one hosted checkout at one provider."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import attrs

from printapic.domain.events import aware_utc
from printapic.domain.ids import AttemptId
from printapic.domain.money import Money


class Provider(StrEnum):
    """Who moves the money."""

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
    with another request is refused. `locale` is the customer's when it began: the page is asked for with the
    same words however often. With `manual_capture` the bank holds the money until we take it, when
    production starts. `last_ticket` is the number of the look that `state` comes from.
    `other_refs` are the provider's names for what belongs to this checkout, in the order they were seen.
    """

    id: AttemptId
    provider: Provider
    livemode: bool
    expected: Money
    manual_capture: bool = False
    state: AttemptState = AttemptState.CREATED
    client_key: str
    request_digest: str
    return_url: str
    cancel_url: str
    locale: str
    ref: str | None = None
    redirect_url: str | None = None
    expires_at: datetime = attrs.field(validator=aware_utc)
    created_at: datetime = attrs.field(validator=aware_utc)
    last_ticket: int = 0
    other_refs: tuple[str, ...] = ()

    @property
    def finished(self) -> bool:
        """Nothing more is expected from the customer or the bank."""
        return self.state in TERMINAL

    def forgotten(self) -> Attempt:
        """This attempt without the links and words that came from the customer, or led them to pay."""
        return attrs.evolve(
            self,
            client_key=f"erased:{self.id}",
            request_digest="",
            return_url="",
            cancel_url="",
            redirect_url=None,
        )

    def opened(self, *, ref: str, redirect_url: str, expires_at: datetime) -> Attempt:
        """The provider's page is known. A page that came to an end before we heard of it stays ended."""
        state = AttemptState.OPEN if self.state is AttemptState.CREATED else self.state
        return attrs.evolve(self, state=state, ref=ref, redirect_url=redirect_url, expires_at=expires_at)

    def known_as(self, refs: tuple[str, ...]) -> Attempt:
        """Remember more names under which the provider may speak of this checkout."""
        return attrs.evolve(self, other_refs=tuple(dict.fromkeys((*self.other_refs, *refs))))

    def seen(self, state: AttemptState, ticket: int) -> Attempt:
        """Apply a look at the provider, whenever it arrives.

        Money outweighs any other end, an end outweighs a middle, and between equals the newer look
        wins: so the same looks in any order lead to the same state.
        """
        if (_weight(state), ticket) < (_weight(self.state), self.last_ticket):
            return self
        return attrs.evolve(self, state=state, last_ticket=ticket)


def _weight(state: AttemptState) -> int:
    if state is AttemptState.CAPTURED:
        return 2
    return 1 if state in TERMINAL else 0
