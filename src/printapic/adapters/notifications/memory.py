"""Mail that stays in memory: for tests, and for programs that send it in their own way."""

from __future__ import annotations

import threading
from email.message import EmailMessage

from printapic.adapters.notifications.message import Sender, compose
from printapic.application.ports.notifications import Mail, Mailer, MailRefused, MailUnavailable


class MemoryMailer(Mailer):
    """Keeps what it was given, oldest first, and fails while `failure` is set to an error."""

    def __init__(self, *, sender: str = "PrintAPic <shop@localhost>") -> None:
        self.failure: MailRefused | MailUnavailable | None = None
        self._sender = Sender.parse(sender)
        self._lock = threading.Lock()
        self._sent: list[tuple[Mail, EmailMessage]] = []

    @property
    def mails(self) -> tuple[Mail, ...]:
        """Everything sent, as it was handed over."""
        with self._lock:
            return tuple(mail for mail, _ in self._sent)

    @property
    def messages(self) -> tuple[EmailMessage, ...]:
        """Everything sent, as it would have left the house."""
        with self._lock:
            return tuple(message for _, message in self._sent)

    def send(self, mail: Mail) -> None:
        message = compose(mail, self._sender)
        if self.failure is not None:
            raise self.failure
        with self._lock:
            self._sent.append((mail, message))

    def forget(self, message_id: str) -> None:
        """Remove it from what was sent. Raises `failure` while that is set."""
        if self.failure is not None:
            raise self.failure
        with self._lock:
            self._sent = [each for each in self._sent if each[0].message_id != message_id]
