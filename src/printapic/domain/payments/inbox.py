"""The inbox: every verified webhook, once."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import attrs

from printapic.domain.events import aware_utc
from printapic.domain.payments.attempt import Provider


class InboxState(StrEnum):
    """`IGNORED`: of a kind we do not follow, or about nothing of ours."""

    RECEIVED = "received"
    PROCESSED = "processed"
    IGNORED = "ignored"


@attrs.frozen(kw_only=True)
class InboxEntry:
    """(`provider`, `livemode`, `event_id`) is unique: a provider may deliver as often as it likes.

    So is `delivery_id`, where the provider has one. `ref` names the provider's object, `warning` what a
    person has to look at. The body itself is not kept, only its SHA-256.
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
