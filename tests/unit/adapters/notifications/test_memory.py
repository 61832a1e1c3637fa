from __future__ import annotations

import pytest

from printapic.adapters.notifications.memory import MemoryMailer
from printapic.application.ports.notifications import Mail, MailContent, MailRefused


def mail(number: int) -> Mail:
    content = MailContent(subject=f"Mail {number}", text="Hello", html="<p>Hello")
    return Mail(message_id=f"{number}@shop.example", to="anna@example.com", content=content)


def test_mails_are_kept_as_they_were_handed_over_and_as_they_would_leave() -> None:
    mailer = MemoryMailer()
    mailer.send(mail(1))
    mailer.send(mail(2))
    assert mailer.mails == (mail(1), mail(2))
    assert [message["Subject"] for message in mailer.messages] == ["Mail 1", "Mail 2"]
    assert mailer.messages[0]["From"] == "PrintAPic <shop@localhost>"


def test_a_refusal_on_demand_keeps_nothing() -> None:
    mailer = MemoryMailer()
    mailer.failure = MailRefused()
    with pytest.raises(MailRefused):
        mailer.send(mail(1))
    assert (mailer.mails, mailer.messages) == ((), ())
