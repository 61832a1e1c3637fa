"""Mail handed to a mail server, one connection a mail."""

from __future__ import annotations

import logging
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from printapic.adapters.notifications.message import Sender, compose, recipient
from printapic.application.ports.notifications import Mail, Mailer, MailRefused, MailUnavailable

Encryption = Literal["starttls", "tls", "none"]
_TOO_LARGE = 552
_LOGIN_WANTED = frozenset({530, 534, 535, 538})  # RFC 4954: says nothing about the mail
_log = logging.getLogger(__name__)


class SmtpMailer(Mailer):
    """Hands mail to the server at `host:port`, encrypted as told: never less, whatever the server offers.

    `starttls` upgrades a plain connection, `tls` is encrypted from the first byte; both check the server's
    name against the system's authorities, or against those in `ca_file`. Every wait ends after `timeout_s`.

    What only the shop's owner can mend (a refused login or sender, a broken certificate) is logged and
    raised as `MailUnavailable`: the mail waits, it is not lost.
    """

    def __init__(
        self,
        *,
        host: str,
        port: int,
        sender: str,
        username: str | None = None,
        password: str | None = None,
        encryption: Encryption = "starttls",
        timeout_s: float = 20.0,
        ca_file: Path | None = None,
    ) -> None:
        """Raises `ValueError` for a sender that is no address."""
        self._host = host
        self._port = port
        self._login = (username, password or "") if username else None
        self._encryption = encryption
        self._timeout_s = timeout_s
        self._sender = Sender.parse(sender)
        self._tls = ssl.create_default_context(cafile=ca_file) if encryption != "none" else None

    def send(self, mail: Mail) -> None:
        message = compose(mail, self._sender).as_bytes()
        with self._connection() as connection:
            self._deliver(connection, recipient(mail.to).addr_spec, message)

    def forget(self, message_id: str) -> None:
        """Nothing is kept here; what the mail server keeps is its own."""

    @contextmanager
    def _connection(self) -> Iterator[smtplib.SMTP]:
        connection = self._connect()
        try:
            yield connection
        finally:
            # The server has answered for the mail already; how it says good-bye changes nothing.
            with suppress(smtplib.SMTPException, OSError):
                connection.quit()
            connection.close()

    def _connect(self) -> smtplib.SMTP:
        connection: smtplib.SMTP | None = None
        try:
            connection = self._greet()
            if self._tls is not None and self._encryption == "starttls":
                connection.starttls(context=self._tls)
            if self._login is not None:
                connection.login(*self._login)
        except (smtplib.SMTPException, OSError, ValueError) as error:
            if connection is not None:
                connection.close()
            # Only the kind of the error: a server may repeat in its words what it was told.
            _log.error("mail server %s:%d: %s", self._host, self._port, _kind(error))
            raise MailUnavailable from None
        return connection

    def _greet(self) -> smtplib.SMTP:
        if self._tls is not None and self._encryption == "tls":
            return smtplib.SMTP_SSL(self._host, self._port, timeout=self._timeout_s, context=self._tls)
        return smtplib.SMTP(self._host, self._port, timeout=self._timeout_s)

    def _deliver(self, connection: smtplib.SMTP, to: str, message: bytes) -> None:
        # Not `send_message`, which writes ">From" where a line of the text begins with "From".
        options = [] if to.isascii() else ["SMTPUTF8", "BODY=8BITMIME"]
        try:
            connection.sendmail(self._sender.address.addr_spec, [to], message, mail_options=options)
        except smtplib.SMTPRecipientsRefused as error:
            raise self._refusal(max(code for code, _ in error.recipients.values())) from None
        except smtplib.SMTPSenderRefused as error:
            if error.smtp_code == _TOO_LARGE:
                raise MailRefused from None
            _log.error("mail server %s:%d refuses our sender: %s", self._host, self._port, _kind(error))
            raise MailUnavailable from None
        except smtplib.SMTPResponseException as error:
            raise self._refusal(error.smtp_code) from None
        except smtplib.SMTPNotSupportedError:
            # The recipient's address is not ASCII, and this server passes on no other.
            raise MailRefused from None
        except (smtplib.SMTPException, OSError):
            raise MailUnavailable from None

    def _refusal(self, code: int) -> MailRefused | MailUnavailable:
        if code in _LOGIN_WANTED:
            _log.error("mail server %s:%d wants another login: %d", self._host, self._port, code)
            return MailUnavailable()
        return MailRefused() if 500 <= code <= 599 else MailUnavailable()


def _kind(error: Exception) -> str:
    code = f" {error.smtp_code}" if isinstance(error, smtplib.SMTPResponseException) else ""
    return type(error).__name__ + code
