"""Notifications: stored before they are sent, and sent once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import attrs
import pytest

from printapic.domain.ids import NotificationId, UserId
from printapic.domain.notifications.notification import Notification, NotificationKind

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def prepared(number: int = 1, *, user_id: UserId | None = None) -> Notification:
    return Notification.prepare(
        id=NotificationId(UUID(int=number)),
        kind=NotificationKind.SHIPPED,
        subject_id="shipment-1",
        user_id=user_id,
        at=NOON,
    )


def test_a_prepared_notification_has_not_been_sent() -> None:
    user_id = UserId(UUID(int=7))
    notification = prepared(user_id=user_id)
    assert (notification.kind, notification.subject_id, notification.user_id) == (
        NotificationKind.SHIPPED,
        "shipment-1",
        user_id,
    )
    assert (notification.created_at, notification.sent_at, notification.version) == (NOON, None, 0)


def test_somebody_without_an_account_can_be_told_something() -> None:
    assert prepared().user_id is None


def test_it_was_sent_when_the_mail_server_first_took_it() -> None:
    notification = prepared()
    notification.sent(at=NOON + MINUTE)
    notification.sent(at=NOON + 2 * MINUTE)
    assert notification.sent_at == NOON + MINUTE


def test_telling_somebody_is_no_event_of_its_own() -> None:
    notification = prepared()
    notification.sent(at=NOON)
    assert notification.take_events() == ()


def test_a_notification_is_known_by_its_id_which_never_changes() -> None:
    sent = prepared()
    sent.sent(at=NOON)
    assert sent == prepared()
    assert prepared(2) != prepared()
    with pytest.raises(attrs.exceptions.FrozenAttributeError):
        sent.id = NotificationId(UUID(int=2))


@pytest.mark.parametrize("field", ["created_at", "sent_at"])
def test_its_times_have_a_zone(field: str) -> None:
    with pytest.raises(ValueError, match=f"Notification.{field} must be an aware UTC time"):
        setattr(prepared(), field, datetime(2026, 1, 1))  # noqa: DTZ001


def test_every_kind_is_named_like_the_template_that_it_is() -> None:
    assert all(kind.value == kind.name.lower().replace("_", "-") for kind in NotificationKind)
