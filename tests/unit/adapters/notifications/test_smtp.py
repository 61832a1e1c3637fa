"""What is the mail server's own: encryption, logins, and the many ways in which it says no."""

from __future__ import annotations

import ipaddress
import logging
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from printapic.adapters.notifications.smtp import Encryption, SmtpMailer
from printapic.application.ports.notifications import Mail, MailContent, MailRefused, MailUnavailable
from tests.servers.processes import LOOPBACK, free_ports
from tests.servers.smtp import Fault, SmtpServer

MAIL = Mail(
    message_id="1@shop.example",
    to="anna@example.com",
    content=MailContent(subject="Hello", text="Hello", html="<p>Hello"),
)
SENDER = "Shop <shop@example.com>"
FAILURES = (MailRefused, MailUnavailable)

pytestmark = pytest.mark.smtp


def mailer_for(server: SmtpServer, **settings: str) -> SmtpMailer:
    return SmtpMailer(host=server.host, port=server.port, sender=SENDER, encryption="none", **settings)  # type: ignore[arg-type]


def test_the_envelope_names_one_recipient_and_our_bare_address(smtp_server: SmtpServer) -> None:
    mailer_for(smtp_server).send(MAIL)
    [received] = smtp_server.received
    assert (received.sender, received.recipients) == ("shop@example.com", ("anna@example.com",))


def test_a_temporary_answer_is_worth_another_try(smtp_server: SmtpServer) -> None:
    mailer = mailer_for(smtp_server)
    smtp_server.fail(Fault.TEMPORARY, times=1)
    with pytest.raises(MailUnavailable):
        mailer.send(MAIL)
    mailer.send(MAIL)
    assert len(smtp_server.received) == 1


def test_a_lasting_answer_is_not(smtp_server: SmtpServer) -> None:
    smtp_server.fail(Fault.PERMANENT)
    with pytest.raises(MailRefused):
        mailer_for(smtp_server).send(MAIL)


def test_a_cut_connection_is_worth_another_try(smtp_server: SmtpServer) -> None:
    mailer = mailer_for(smtp_server)
    smtp_server.fail(Fault.DROPPED, times=1)
    with pytest.raises(MailUnavailable):
        mailer.send(MAIL)
    mailer.send(MAIL)
    assert len(smtp_server.received) == 1


def test_a_server_that_is_not_there_is_worth_another_try() -> None:
    [port] = free_ports(1)
    with pytest.raises(MailUnavailable):
        SmtpMailer(host=LOOPBACK, port=port, sender=SENDER, encryption="none").send(MAIL)


def test_a_server_that_says_nothing_is_given_up_in_time() -> None:
    with socket.create_server((LOOPBACK, 0)) as silent:
        mailer = SmtpMailer(
            host=LOOPBACK, port=silent.getsockname()[1], sender=SENDER, encryption="none", timeout_s=0.2
        )
        with pytest.raises(MailUnavailable):
            mailer.send(MAIL)


def test_a_login_is_made_where_one_is_demanded(smtp_login_server: SmtpServer) -> None:
    assert smtp_login_server.username is not None
    assert smtp_login_server.password is not None
    mailer = mailer_for(
        smtp_login_server, username=smtp_login_server.username, password=smtp_login_server.password
    )
    mailer.send(MAIL)
    assert len(smtp_login_server.received) == 1


@pytest.mark.parametrize("password", ["wrong", "", "größe"])
def test_a_refused_login_loses_no_mail_and_is_told_to_the_owner(
    smtp_login_server: SmtpServer, password: str, caplog: pytest.LogCaptureFixture
) -> None:
    mailer = mailer_for(smtp_login_server, username="printapic", password=password)
    with caplog.at_level(logging.ERROR), pytest.raises(MailUnavailable):
        mailer.send(MAIL)
    assert str(smtp_login_server.port) in caplog.text
    assert not password or password not in caplog.text


def test_a_demanded_login_that_is_not_configured_loses_no_mail(smtp_login_server: SmtpServer) -> None:
    with pytest.raises(MailUnavailable):
        mailer_for(smtp_login_server).send(MAIL)


def test_a_login_that_the_server_does_not_know_loses_no_mail(smtp_server: SmtpServer) -> None:
    with pytest.raises(MailUnavailable):
        mailer_for(smtp_server, username="printapic", password="x").send(MAIL)


def test_no_mail_leaves_unencrypted_where_encryption_is_wanted(smtp_server: SmtpServer) -> None:
    for encryption in ("starttls", "tls"):
        mailer = SmtpMailer(
            host=smtp_server.host, port=smtp_server.port, sender=SENDER, encryption=encryption, timeout_s=5
        )
        with pytest.raises(MailUnavailable):
            mailer.send(MAIL)
    assert smtp_server.received == []


@pytest.mark.parametrize(
    "sender", ["", "nobody", "a@b\nBcc: c@d", "a@b, c@d", "A <a@b>, C <c@d>", "größe@example.com", "@", "<>"]
)
def test_a_sender_that_is_no_address_stops_the_start(sender: str) -> None:
    with pytest.raises(ValueError, match="sender"):
        SmtpMailer(host=LOOPBACK, port=25, sender=sender)


@attrs.frozen
class Line:
    """What a scripted server answers to the commands that begin with this word."""

    command: bytes
    answer: bytes


@contextmanager
def scripted(*script: Line, greeting: bytes = b"220 ready", extensions: bytes = b"") -> Iterator[SmtpMailer]:
    """A server that follows a script: the refusals that a good server cannot be talked into."""
    answers = {line.command: line.answer for line in script}

    def serve(connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines:
            connection.sendall(greeting + b"\r\n")
            for line in lines:
                word = line[:4].upper().strip()
                usual = b"250-here" + extensions + b"\r\n250 OK" if word == b"EHLO" else b"250 OK"
                answer = answers.get(word, b"354 go on" if word == b"DATA" else usual)
                connection.sendall(answer + b"\r\n")
                if word == b"DATA" and answer.startswith(b"354"):
                    while lines.readline() not in {b".\r\n", b""}:
                        pass
                    connection.sendall(answers.get(b".", b"250 OK") + b"\r\n")

    with socket.create_server((LOOPBACK, 0)) as server:

        def accept() -> None:
            connection, _ = server.accept()
            serve(connection)

        thread = threading.Thread(target=accept)
        thread.start()
        yield SmtpMailer(
            host=LOOPBACK, port=server.getsockname()[1], sender=SENDER, encryption="none", timeout_s=10
        )
        thread.join()


@pytest.mark.parametrize(
    ("command", "answer", "failure"),
    [
        (b"RCPT", b"550 5.1.1 no such user", MailRefused),
        (b"RCPT", b"553 5.1.3 bad address", MailRefused),
        (b"RCPT", b"530 5.7.0 authentication required", MailUnavailable),
        (b"RCPT", b"450 4.2.0 greylisted", MailUnavailable),
        (b"RCPT", b"452 4.2.2 mailbox full", MailUnavailable),
        (b"RCPT", b"421 4.3.2 shutting down", MailUnavailable),
        (b"MAIL", b"451 4.3.0 later", MailUnavailable),
        (b"MAIL", b"550 5.7.1 sender not allowed", MailUnavailable),
        (b"MAIL", b"530 5.7.0 must issue STARTTLS first", MailUnavailable),
        (b"MAIL", b"552 5.3.4 too large", MailRefused),
        (b"DATA", b"554 5.5.1 no", MailRefused),
        (b"DATA", b"421 4.3.2 shutting down", MailUnavailable),
        (b".", b"554 5.7.1 looks like spam", MailRefused),
        (b".", b"552 5.3.4 too large", MailRefused),
        (b".", b"451 4.7.1 later", MailUnavailable),
        (b".", b"what?", MailUnavailable),
        (b"EHLO", b"421 4.3.2 shutting down", MailUnavailable),
    ],
)
def test_what_the_server_answers_decides_whether_to_try_again(
    command: bytes, answer: bytes, failure: type[Exception]
) -> None:
    with scripted(Line(command, answer), Line(b"HELO", answer)) as mailer, pytest.raises(FAILURES) as failed:
        mailer.send(MAIL)
    assert failed.type is failure


def test_a_server_that_turns_everybody_away_is_worth_another_try() -> None:
    with scripted(greeting=b"554 5.3.2 not today") as mailer, pytest.raises(MailUnavailable):
        mailer.send(MAIL)


@pytest.mark.parametrize("goodbye", [b"500 what?", b"421 no", b"nonsense"])
def test_a_taken_mail_stays_taken_however_the_server_says_goodbye(goodbye: bytes) -> None:
    with scripted(Line(b"QUIT", goodbye)) as mailer:
        mailer.send(MAIL)


def test_an_address_that_this_server_cannot_pass_on_is_refused_for_good() -> None:
    with scripted() as mailer, pytest.raises(MailRefused):
        mailer.send(attrs.evolve(MAIL, to="änna@example.com"))


@attrs.frozen
class Authority:
    """A certificate for the loopback address, trusted by whoever has its file."""

    certificate: Path
    context: ssl.SSLContext


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    folder = tmp_path_factory.mktemp("tls")
    key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail.example")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(LOOPBACK))]), False)
        .sign(key, hashes.SHA256())
    )
    pem, secret = folder / "certificate.pem", folder / "key.pem"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem, secret)
    return Authority(pem, context)


class Encrypted:
    """Notes for each mail whether it came encrypted."""

    def __init__(self) -> None:
        self.mails: list[bool] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert server.transport is not None
        self.mails.append(server.transport.get_extra_info("ssl_object") is not None)
        return "250 2.0.0 OK"


@contextmanager
def encrypted_server(authority: Authority, encryption: Encryption) -> Iterator[tuple[int, Encrypted]]:
    handler = Encrypted()
    [port] = free_ports(1)
    upgrade = {"tls_context": authority.context, "require_starttls": True}
    settings = {"ssl_context": authority.context} if encryption == "tls" else upgrade
    controller = Controller(handler, hostname=LOOPBACK, port=port, **settings)
    controller.start()
    try:
        yield port, handler
    finally:
        controller.stop()


@pytest.mark.parametrize("encryption", ["starttls", "tls"])
def test_mail_travels_encrypted_to_a_server_that_we_trust(
    authority: Authority, encryption: Encryption
) -> None:
    with encrypted_server(authority, encryption) as (port, handler):
        SmtpMailer(
            host=LOOPBACK, port=port, sender=SENDER, encryption=encryption, ca_file=authority.certificate
        ).send(MAIL)
    assert handler.mails == [True]


@pytest.mark.parametrize("encryption", ["starttls", "tls"])
def test_mail_does_not_travel_to_a_server_that_nobody_vouches_for(
    authority: Authority, encryption: Encryption
) -> None:
    with encrypted_server(authority, encryption) as (port, handler), pytest.raises(MailUnavailable):
        SmtpMailer(host=LOOPBACK, port=port, sender=SENDER, encryption=encryption).send(MAIL)
    assert handler.mails == []


@pytest.mark.parametrize("encryption", ["starttls", "tls"])
def test_mail_does_not_travel_to_a_server_of_another_name(
    authority: Authority, encryption: Encryption
) -> None:
    with encrypted_server(authority, encryption) as (port, handler):
        mailer = SmtpMailer(
            host="localhost", port=port, sender=SENDER, encryption=encryption, ca_file=authority.certificate
        )
        with pytest.raises(MailUnavailable):
            mailer.send(MAIL)
    assert handler.mails == []
