from __future__ import annotations

import io

import pytest

from printapic.adapters.notifications.console import ConsoleMailer
from printapic.application.ports.notifications import Mail, MailContent, MailRefused, MailUnavailable


def mail(text: str = "Hello Anna,\n\nyour code is 4711.\n", to: str = "anna@example.com") -> Mail:
    content = MailContent(subject="Please confirm", text=text, html="<p>hidden")
    return Mail(message_id="1@shop.example", to=to, content=content)


def test_a_developer_reads_the_text_part_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    ConsoleMailer(sender="Shop <shop@example.com>").send(mail())
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "┌─ mail",
        "│ From: Shop <shop@example.com>",
        "│ To: anna@example.com",
        "│ Subject: Please confirm",
        "│ Message-ID: <1@shop.example>",
        "│",
        "│ Hello Anna,",
        "│",
        "│ your code is 4711.",
        "└─",
    ]


def test_a_mail_cannot_command_the_terminal() -> None:
    stream = io.StringIO()
    ConsoleMailer(sender="shop@example.com", stream=stream).send(mail("\x1b[2J\x07\rbad\x9b1m"))
    assert not any(
        ord(character) < 32 or 127 <= ord(character) < 160
        for line in stream.getvalue().splitlines()
        for character in line
    )


def test_a_terminal_without_unicode_shows_what_it_can() -> None:
    raw = io.BytesIO()
    terminal = io.TextIOWrapper(raw, "ascii")
    ConsoleMailer(sender="shop@example.com", stream=terminal).send(mail("Grüße 4711"))
    assert b"Gr??e 4711" in raw.getvalue()


def test_a_closed_terminal_is_worth_another_try() -> None:
    stream = io.StringIO()
    stream.close()
    with pytest.raises(MailUnavailable):
        ConsoleMailer(sender="shop@example.com", stream=stream).send(mail())


def test_the_console_refuses_what_every_mailer_refuses() -> None:
    stream = io.StringIO()
    with pytest.raises(MailRefused):
        ConsoleMailer(sender="shop@example.com", stream=stream).send(mail(to="anna\n@example.com"))
    assert stream.getvalue() == ""
