"""Notifications in memory."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from operator import attrgetter

from printapic.adapters.persistence.memory.state import MemoryTransaction, copy_of
from printapic.application.ports.notifications import NotificationRepository
from printapic.domain.ids import NotificationId, UserId
from printapic.domain.notifications.notification import Notification, NotificationKind


class MemoryNotificationRepository(NotificationRepository):
    """Notifications, each stored once per kind and subject."""

    def __init__(self, transaction: MemoryTransaction) -> None:
        self._transaction = transaction

    def add(self, notification: Notification) -> bool:
        """Store unless it is stored already."""
        self._transaction.check(writing=True)
        if any(_key(each) == _key(notification) for each in self._all()):
            return False
        self._transaction.add("notifications", notification, notification.id)
        return True

    def about(self, kind: NotificationKind, subject_id: str) -> Notification | None:
        """The notification of this kind about this subject."""
        return next((copy_of(each) for each in self._all() if _key(each) == (kind, subject_id)), None)

    def save(self, notification: Notification) -> None:
        """Raises `ConcurrentUpdate`."""
        self._transaction.save("notifications", notification, notification.id)

    def page(self, user_id: UserId, *, before: NotificationId | None, limit: int) -> tuple[Notification, ...]:
        """Newest first."""
        newest_first = sorted(self._all(), key=attrgetter("id"), reverse=True)
        wanted = (n for n in newest_first if n.user_id == user_id and (before is None or n.id < before))
        return tuple(copy_of(notification) for notification in wanted)[:limit]

    def adopt(self, subject_ids: frozenset[str], user_id: UserId) -> None:
        """One by one: there is no other writer."""
        for notification in map(copy_of, self._all()):
            if notification.user_id is None and notification.subject_id in subject_ids:
                notification.user_id = user_id
                self.save(notification)

    def leftovers(self, *, before: datetime, limit: int) -> tuple[Notification, ...]:
        """The oldest first."""
        found = (
            each
            for each in sorted(self._all(), key=attrgetter("id"))
            if each.created_at < before and (each.user_id is None or each.sent_at is None)
        )
        return tuple(copy_of(notification) for notification in islice(found, limit))

    def forget(self, notification_ids: frozenset[NotificationId]) -> None:
        """Remove them."""
        self._transaction.drop("notifications", lambda each: each.id in notification_ids)

    def _all(self) -> list[Notification]:
        return list(self._transaction.table("notifications").values())


def _key(notification: Notification) -> tuple[NotificationKind, str]:
    return notification.kind, notification.subject_id
