"""The inbox keeps what came, and when."""

from __future__ import annotations

from datetime import datetime

import pytest

from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.inbox import InboxEntry, InboxState
from tests.unit.domain.payments.till import NOON


def entry(received_at: datetime) -> InboxEntry:
    return InboxEntry(
        provider=Provider.SIMULATED,
        livemode=False,
        event_id="event-1",
        type="checkout.completed",
        ref="page-1",
        body_sha256="0" * 64,
        received_at=received_at,
    )


def test_a_notification_waits_until_somebody_looked() -> None:
    assert entry(NOON).state is InboxState.RECEIVED


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="received_at must be an aware UTC time"):
        entry(NOON.replace(tzinfo=None))
