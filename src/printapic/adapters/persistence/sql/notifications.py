"""Notifications in SQL."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, or_, select, update

from printapic.adapters.persistence.sql.tables import notifications
from printapic.adapters.persistence.sql.transaction import SqlTransaction, Values
from printapic.application.ports.notifications import NotificationRepository
from printapic.domain.ids import NotificationId, UserId
from printapic.domain.notifications.notification import Notification, NotificationKind


class SqlNotificationRepository(NotificationRepository):
    """Notifications, each stored once per kind and subject."""

    def __init__(self, transaction: SqlTransaction) -> None:
        self._transaction = transaction

    def add(self, notification: Notification) -> bool:
        """Store unless it is stored already, in one statement."""
        added = self._transaction.insert_new(notifications, _values(notification))
        if added:
            self._transaction.events.extend(notification.take_events())
        return added

    def about(self, kind: NotificationKind, subject_id: str) -> Notification | None:
        """The notification, locked in a writing unit: it is about to be sent."""
        statement = select(notifications).where(
            notifications.c.kind == kind, notifications.c.subject_id == subject_id
        )
        row = self._transaction.row_to_change(statement)
        return _notification(row) if row else None

    def save(self, notification: Notification) -> None:
        """Raises `ConcurrentUpdate`."""
        self._transaction.change(notifications, _values(notification), notification)

    def page(self, user_id: UserId, *, before: NotificationId | None, limit: int) -> tuple[Notification, ...]:
        """Newest first."""
        statement = (
            select(notifications)
            .where(notifications.c.user_id == user_id)
            .order_by(notifications.c.id.desc())
            .limit(limit)
        )
        if before is not None:
            statement = statement.where(notifications.c.id < before)
        return tuple(_notification(row) for row in self._transaction.rows(statement))

    def adopt(self, subject_ids: frozenset[str], user_id: UserId) -> None:
        """One statement."""
        told_nobody = notifications.c.user_id.is_(None)
        self._transaction.write(
            update(notifications)
            .where(told_nobody, notifications.c.subject_id.in_(subject_ids))
            .values(user_id=user_id, version=notifications.c.version + 1)
        )

    def leftovers(self, *, before: datetime, limit: int) -> tuple[Notification, ...]:
        """By two partial indexes' worth of rows: what is in order is not among them."""
        statement = (
            select(notifications)
            .where(
                notifications.c.created_at < before,
                or_(notifications.c.user_id.is_(None), notifications.c.sent_at.is_(None)),
            )
            .order_by(notifications.c.id)
            .limit(limit)
        )
        return tuple(_notification(row) for row in self._transaction.rows(statement))

    def forget(self, notification_ids: frozenset[NotificationId]) -> None:
        """Remove them."""
        self._transaction.write(delete(notifications).where(notifications.c.id.in_(notification_ids)))


def _values(notification: Notification) -> Values:
    return {
        "id": notification.id,
        "kind": notification.kind,
        "subject_id": notification.subject_id,
        "user_id": notification.user_id,
        "created_at": notification.created_at,
        "sent_at": notification.sent_at,
        "version": notification.version,
    }


def _notification(values: Values) -> Notification:
    return Notification(
        id=NotificationId(values["id"]),
        kind=NotificationKind(values["kind"]),
        subject_id=values["subject_id"],
        user_id=None if values["user_id"] is None else UserId(values["user_id"]),
        created_at=values["created_at"],
        sent_at=values["sent_at"],
        version=values["version"],
    )
