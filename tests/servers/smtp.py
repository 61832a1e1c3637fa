"""A real SMTP server in a thread, which keeps what it receives and fails when told to."""

from __future__ import annotations

import asyncio
import email
import email.policy
import secrets
import threading
from contextlib import contextmanager
from email.message import EmailMessage
from enum import Enum
from typing import TYPE_CHECKING
from urllib.parse import quote

import attrs

from tests.servers.processes import LOOPBACK, ServerUnavailable, free_ports

try:
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
except ModuleNotFoundError:  # pragma: no cover
    _AVAILABLE = False
else:
    _AVAILABLE = True

if TYPE_CHECKING:
    from collections.abc import Iterator


class Fault(Enum):
    """What can go wrong when a mail is handed over."""

    TEMPORARY = "451 4.3.0 Mailbox temporarily unavailable"
    PERMANENT = "550 5.1.1 Mailbox unavailable"
    DROPPED = "connection cut before an answer"


@attrs.frozen
class ReceivedMail:
    """One mail as it arrived: the envelope, which Bcc follows, and the parsed message."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage


@attrs.frozen
class SmtpServer:
    """Where the server is, what it received so far, and the handle that makes it fail."""

    host: str
    port: int
    username: str | None
    password: str | None = attrs.field(repr=False)
    _mailbox: _Mailbox = attrs.field(repr=False)

    @property
    def url(self) -> str:
        """The address in one line, with the login when one is demanded."""
        login = f"{self.username}:{quote(self.password or '', safe='')}@" if self.username else ""
        return f"smtp://{login}{self.host}:{self.port}"

    @property
    def received(self) -> list[ReceivedMail]:
        """Every mail accepted so far, oldest first."""
        return self._mailbox.accepted()

    def fail(self, fault: Fault, times: int | None = None) -> None:
        """Answer the next mails with this fault: `times` of them, or all until `recover`."""
        self._mailbox.fail(fault, times)

    def recover(self) -> None:
        """Accept mails again."""
        self._mailbox.fail(None, None)


class _Mailbox:
    """The server's side of the conversation, called from the server's thread."""

    def __init__(self, username: str | None, password: str | None) -> None:
        self._login = (username, password)
        self._lock = threading.Lock()
        self._mails: list[ReceivedMail] = []
        self._fault: Fault | None = None
        self._remaining: int | None = None

    def accepted(self) -> list[ReceivedMail]:
        with self._lock:
            return list(self._mails)

    def fail(self, fault: Fault | None, times: int | None) -> None:
        with self._lock:
            self._fault, self._remaining = fault, times

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        """Say no in the one way that makes aiosmtpd answer 535 and keep the connection."""
        username, password = self._login
        matches = (
            isinstance(data, LoginPassword)
            and data.login.decode() == username
            and data.password.decode() == password
        )
        return AuthResult(success=matches, handled=False)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        fault = self._next_fault()
        if fault is Fault.DROPPED:
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
            return "421 4.4.2 Connection dropped"
        if fault is not None:
            return fault.value
        self._keep(envelope)
        return "250 2.0.0 OK"

    def _next_fault(self) -> Fault | None:
        with self._lock:
            fault = self._fault
            if fault is not None and self._remaining is not None:
                self._remaining -= 1
                if self._remaining <= 0:
                    self._fault = self._remaining = None
            return fault

    def _keep(self, envelope: Envelope) -> None:
        content = envelope.content
        assert isinstance(content, bytes)
        message = email.message_from_bytes(content.replace(b"\r\n", b"\n"), policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        mail = ReceivedMail(envelope.mail_from or "", tuple(envelope.rcpt_tos), message)
        with self._lock:
            self._mails.append(mail)


@contextmanager
def running_smtp(*, login: bool = False) -> Iterator[SmtpServer]:
    """Run an SMTP server for the time of the block, demanding a random login or none."""
    if not _AVAILABLE:
        raise ServerUnavailable("SMTP needs the aiosmtpd wheel")
    username, password = ("printapic", secrets.token_urlsafe(12)) if login else (None, None)
    mailbox = _Mailbox(username, password)
    [port] = free_ports(1)
    controller = Controller(
        mailbox,
        hostname=LOOPBACK,
        port=port,
        authenticator=mailbox.authenticate,
        auth_required=login,
        auth_require_tls=False,
        decode_data=False,
    )
    controller.start()
    try:
        yield SmtpServer(LOOPBACK, port, username, password, mailbox)
    finally:
        controller.stop()
