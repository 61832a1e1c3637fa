"""Letting go of what an erased user was told."""

from __future__ import annotations

from datetime import datetime, timedelta

import attrs

from printapic.application.notifications.delivery import ShopFront, message_id
from printapic.application.ports.clock import Clock
from printapic.application.ports.notifications import Mailer
from printapic.application.ports.schedules import promise
from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.domain.ids import NotificationId, UserId
from printapic.domain.notifications.notification import Notification
from printapic.domain.users.user import AFTERMATH

CLEAR_EVERY = timedelta(days=1)
LEFTOVERS_KEPT = timedelta(days=30)
"""Longer than any link in such a mail is good, and than any mail server is tried."""
_PAGE = 100


@attrs.frozen(kw_only=True)
class Shelf:
    """Throws notifications away, and the copies of mails that the mailer itself keeps: those first."""

    unit_of_work: UnitOfWorkFactory
    mailer: Mailer
    front: ShopFront

    def clear(self, notifications: tuple[Notification, ...]) -> None:
        """Raises `MailUnavailable`."""
        for notification in notifications:
            self.mailer.forget(message_id(notification, self.front))
        with self.unit_of_work() as work:
            work.notifications.forget(frozenset(notification.id for notification in notifications))
            work.commit()


@attrs.frozen(kw_only=True)
class EraseNotifications:
    """Reaction: forget what an erased user was told.

    A mail that is on its way keeps its row until the second time, or its copy would never be found.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    shelf: Shelf

    def __call__(self, *, user_id: UserId) -> None:
        with self.unit_of_work.reading() as work:
            erased_at = work.users.get(user_id).erased_at
        if erased_at is None:
            return
        late = self.clock.now() >= erased_at + AFTERMATH
        before: NotificationId | None = None
        while page := self._page(user_id, before):
            self.shelf.clear(tuple(each for each in page if late or each.sent_at is not None))
            before = page[-1].id

    def _page(self, user_id: UserId, before: NotificationId | None) -> tuple[Notification, ...]:
        with self.unit_of_work.reading() as work:
            return work.notifications.page(user_id, before=before, limit=_PAGE)


@attrs.frozen(kw_only=True)
class ScheduleClearing:
    """Promise the clearing of the present day, unless somebody has; return when the next day begins."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    def __call__(self) -> datetime:
        return promise(self.unit_of_work, self.clock, ClearShelf.__name__, every=CLEAR_EVERY)


@attrs.frozen(kw_only=True)
class ClearShelf:
    """Forget old mails that nobody will ask for: those to strangers, and those that were never sent."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    shelf: Shelf

    def __call__(self) -> int:
        """How many. Raises `MailUnavailable`."""
        before = self.clock.now() - LEFTOVERS_KEPT
        cleared = 0
        while leftovers := self._leftovers(before):
            self.shelf.clear(leftovers)
            cleared += len(leftovers)
        return cleared

    def _leftovers(self, before: datetime) -> tuple[Notification, ...]:
        with self.unit_of_work.reading() as work:
            return work.notifications.leftovers(before=before, limit=_PAGE)
