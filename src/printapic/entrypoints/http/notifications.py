"""Notifications: what a user was told by mail."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Controller, Request, get

from printapic.application.shop import Shop
from printapic.application.users.principal import Principal
from printapic.domain.ids import NotificationId
from printapic.domain.notifications.notification import Notification
from printapic.domain.users.permissions import Permission
from printapic.entrypoints.http.bodies import ResponseBody
from printapic.entrypoints.http.given import Given
from printapic.entrypoints.http.pages import DEFAULT_LIMIT, Cursor, Limit, Page, id_of, page
from printapic.entrypoints.http.policies import allow


class NotificationBody(ResponseBody, kw_only=True):
    """`subject_id` names what it is about; `sent_at` is null until the mail server took it."""

    id: UUID
    kind: str
    subject_id: str
    created_at: datetime
    sent_at: datetime | None


def _notification(notification: Notification) -> NotificationBody:
    return NotificationBody(
        id=notification.id,
        kind=notification.kind.value,
        subject_id=notification.subject_id,
        created_at=notification.created_at,
        sent_at=notification.sent_at,
    )


class NotificationController(Controller):
    path = "/v1/notifications"
    tags = ("accounts",)

    @get(
        operation_id="list_notifications",
        summary="List what one was told by mail, newest first",
        opt=allow(Permission.ACCOUNT_SELF, problems=(422,)),
        sync_to_thread=True,
    )
    def all(
        self,
        request: Request[Any, Any, Any],
        shop: Given[Shop],
        principal: Given[Principal],
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> Page[NotificationBody]:
        before = id_of(cursor, request)
        found = shop.list_notifications(
            user_id=principal.user_id, before=NotificationId(before) if before else None, limit=limit + 1
        )
        return page(found, limit, request, show=_notification, key=lambda notification: notification.id)
