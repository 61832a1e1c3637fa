"""What notifications need: a repository, templates and a way to send mail."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import attrs

from printapic.domain.errors import Invalid, Unavailable
from printapic.domain.ids import NotificationId, UserId
from printapic.domain.notifications.notification import Notification, NotificationKind
from printapic.domain.users.user import Locale


class NotificationRepository(Protocol):
    @abstractmethod
    def add(self, notification: Notification) -> bool:
        """Store; False, and nothing else, where (`kind`, `subject_id`) is stored already."""

    @abstractmethod
    def about(self, kind: NotificationKind, subject_id: str) -> Notification | None: ...

    @abstractmethod
    def save(self, notification: Notification) -> None: ...

    @abstractmethod
    def page(self, user_id: UserId, *, before: NotificationId | None, limit: int) -> tuple[Notification, ...]:
        """What this user was told, newest first, beginning behind `before`."""

    @abstractmethod
    def adopt(self, subject_ids: frozenset[str], user_id: UserId) -> None:
        """Give what was told to nobody we knew, about these subjects, to the user who that was."""

    @abstractmethod
    def leftovers(self, *, before: datetime, limit: int) -> tuple[Notification, ...]:
        """What was prepared before and belongs to nobody, or was never sent, the oldest first."""

    @abstractmethod
    def forget(self, notification_ids: frozenset[NotificationId]) -> None: ...


@attrs.frozen(kw_only=True)
class InlineImage:
    """A picture inside a mail, shown where the HTML says `cid:<content_id>`."""

    content_id: str
    content: bytes
    content_type: str


@attrs.frozen(kw_only=True)
class MailContent:
    """A rendered mail: one-line subject, and the same message as text and as HTML."""

    subject: str
    text: str
    html: str


@attrs.frozen(kw_only=True)
class Mail:
    """A mail ready to go. `message_id` is stable: a repeated mail is the same mail."""

    message_id: str
    to: str
    content: MailContent
    images: tuple[InlineImage, ...] = ()


class MailTemplates(Protocol):
    """Writes mails. Values are escaped in the HTML part and cannot break out of the subject line."""

    @abstractmethod
    def render(self, kind: NotificationKind, locale: Locale, values: Mapping[str, object]) -> MailContent:
        """`values` are plain: strings, numbers, lists and mappings of them. A missing one is an error."""


class MailRefused(Invalid):
    """The mail server will not take this mail, now or ever (an address that does not exist)."""

    code = "mail-refused"

    def __init__(self) -> None:
        super().__init__("The mail server refused this mail.")


class MailUnavailable(Unavailable):
    code = "mail-unavailable"

    def __init__(self) -> None:
        super().__init__("The mail server does not answer.")


class Mailer(Protocol):
    @abstractmethod
    def send(self, mail: Mail) -> None:
        """Hand a mail over as multipart text and HTML. Returns when the server has taken it.

        Raises `MailRefused` for a lasting refusal and `MailUnavailable` for a passing one.
        """

    @abstractmethod
    def forget(self, message_id: str) -> None:
        """Remove what the mailer itself kept of a mail, if anything: what left the house is out of reach.

        Repeating it changes nothing. Raises `MailUnavailable`.
        """
