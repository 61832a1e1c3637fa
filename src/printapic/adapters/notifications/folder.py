"""Mail as files: what a shop without a mail server would have sent, ready for any mail program."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from printapic.adapters.notifications.message import Sender, compose, message_id, plain_id
from printapic.application.ports.notifications import Mail, Mailer, MailUnavailable


class FolderMailer(Mailer):
    """Writes each mail to `<local part of its Message-ID>.eml`, whole or not at all.

    A mail sent twice is one file. `MailUnavailable` where the disk will not take it.
    """

    def __init__(self, *, folder: Path, sender: str) -> None:
        self._folder = folder
        self._sender = Sender.parse(sender)

    def send(self, mail: Mail) -> None:
        content = compose(mail, self._sender).as_bytes()
        name, _, _ = message_id(mail).rpartition("@")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._write(self._folder / f"{name}.eml", content)
        except OSError:
            raise MailUnavailable from None

    def forget(self, message_id: str) -> None:
        """Remove the file."""
        name, _, _ = plain_id(message_id).rpartition("@")
        try:
            (self._folder / f"{name}.eml").unlink(missing_ok=True)
        except OSError:
            raise MailUnavailable from None

    def _write(self, path: Path, content: bytes) -> None:
        descriptor, beside = tempfile.mkstemp(dir=self._folder, prefix=".", suffix=".part")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(beside).replace(path)
        except BaseException:
            Path(beside).unlink(missing_ok=True)
            raise
