"""The inbox: every verified webhook, once."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import attrs

from printapic.domain.events import aware_utc
from printapic.domain.payments.attempt import Provider


class InboxState(StrEnum):
    """`IGNORED`: of a kind we do not follow, of another environment, or about nothing of ours.

    What stays `RECEIVED` is dead: every try to look into it failed. It can be replayed.
    """

    RECEIVED = "received"
    PROCESSED = "processed"
    IGNORED = "ignored"


DONE_WITH = frozenset({InboxState.PROCESSED, InboxState.IGNORED})
"""Nothing waits for these any more: after a while they may go."""


@attrs.frozen(kw_only=True)
class InboxEntry:
    """(`provider`, `livemode`, `event_id`) is unique: a provider may deliver as often as it likes.

    So is `delivery_id`, where the provider has one. `ref` names the provider's object, `warning` what a
    person has to look at. The body itself is not kept, only its SHA-256; `altered_at` is when another body
    first came in its place, which a forger can do to providers that sign no more than a checksum.
    """

    provider: Provider
    livemode: bool
    event_id: str
    type: str
    delivery_id: str | None = None
    ref: str | None
    warning: str | None = None
    body_sha256: str
    received_at: datetime = attrs.field(validator=aware_utc)
    state: InboxState = InboxState.RECEIVED
    altered_at: datetime | None = attrs.field(default=None, validator=aware_utc)
