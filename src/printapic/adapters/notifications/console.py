"""Mail on the terminal, for whoever develops: the link to click stands right there."""

from __future__ import annotations

import sys
import threading
from typing import TextIO

from printapic.adapters.notifications.message import Sender, compose, plain
from printapic.application.ports.notifications import Mail, Mailer, MailUnavailable


class ConsoleMailer(Mailer):
    """Prints the text part of each mail to `stream`, or to standard error.

    Mails carry tokens: never for production, where standard error is a log.
    """

    def __init__(self, *, sender: str, stream: TextIO | None = None) -> None:
        self._sender = Sender.parse(sender)
        self._stream = stream
        self._lock = threading.Lock()

    def send(self, mail: Mail) -> None:
        message = compose(mail, self._sender)
        head = [f"{name}: {message[name]}" for name in ("From", "To", "Subject", "Message-ID")]
        lines = [*head, "", *mail.content.text.rstrip().splitlines()]
        picture = plain("\n".join(["┌─ mail", *(f"│ {line}".rstrip() for line in lines), "└─"]))
        # Looked up now: a program, or a test, may have put another stream in its place.
        stream = sys.stderr if self._stream is None else self._stream
        encoding = stream.encoding or "utf-8"
        try:
            with self._lock:
                stream.write(picture.encode(encoding, "replace").decode(encoding) + "\n")
                stream.flush()
        except (OSError, ValueError):  # a closed stream is a ValueError
            raise MailUnavailable from None

    def forget(self, message_id: str) -> None:
        """Nothing is kept."""
