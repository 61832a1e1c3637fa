"""Delivering: prepared and stored, sent, and marked as sent, in this order."""

from __future__ import annotations

import attrs

from printapic.application.ports.clock import Clock
from printapic.application.ports.identifiers import Identifiers
from printapic.application.ports.notifications import InlineImage, Mail, MailContent, Mailer
from printapic.application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from printapic.domain.ids import NotificationId, UserId
from printapic.domain.notifications.notification import Notification, NotificationKind


@attrs.frozen(kw_only=True)
class ShopFront:
    """How the shop presents itself in mails. URLs are empty where there is no web front end to open."""

    name: str
    mail_domain: str
    verify_url: str = ""
    reset_url: str = ""
    email_url: str = ""
    revert_url: str = ""
    order_url: str = ""


def message_id(notification: Notification, front: ShopFront) -> str:
    """The Message-ID of a notification's mail, the same each time it is sent."""
    return f"{notification.id}@{front.mail_domain}"


def prepare(
    work: UnitOfWork,
    *,
    kind: NotificationKind,
    subject_id: str,
    user_id: UserId | None,
    clock: Clock,
    identifiers: Identifiers,
) -> Notification | None:
    """Claim the message inside a unit of work; None where it was sent before."""
    notification = Notification.prepare(
        id=NotificationId(identifiers.uuid()),
        kind=kind,
        subject_id=subject_id,
        user_id=user_id,
        at=clock.now(),
    )
    if work.notifications.add(notification):
        return notification
    earlier = work.notifications.about(kind, subject_id)
    return earlier if earlier is not None and earlier.sent_at is None else None


@attrs.frozen(kw_only=True)
class SendMail:
    """Hand one prepared notification to the mail server and mark it as sent.

    A crash between the two sends it again under the same Message-ID, which mail programs show once. So
    does a second runner of the same job, one of which is told `ConcurrentUpdate`.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    mailer: Mailer
    front: ShopFront

    def __call__(
        self,
        *,
        notification: Notification,
        to: str,
        content: MailContent,
        images: tuple[InlineImage, ...] = (),
    ) -> None:
        """Raises `MailRefused` or `MailUnavailable`."""
        self.mailer.send(
            Mail(
                message_id=message_id(notification, self.front),
                to=to,
                content=content,
                images=images,
            )
        )
        notification.sent(at=self.clock.now())
        with self.unit_of_work() as work:
            work.notifications.save(notification)
            work.commit()
