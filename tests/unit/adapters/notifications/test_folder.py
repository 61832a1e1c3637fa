from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from printapic.adapters.notifications.folder import FolderMailer
from printapic.application.ports.notifications import Mail, MailContent, MailUnavailable


def mail(number: int, text: str = "Hello") -> Mail:
    content = MailContent(subject="Hello", text=text, html="<p>Hello")
    return Mail(message_id=f"mail-{number}@shop.example", to="anna@example.com", content=content)


def test_a_mail_is_a_file_named_for_it(tmp_path: Path) -> None:
    FolderMailer(folder=tmp_path / "out" / "mail", sender="shop@example.com").send(mail(7))
    assert [path.name for path in (tmp_path / "out" / "mail").iterdir()] == ["mail-7.eml"]


def test_a_mail_sent_twice_is_one_file(tmp_path: Path) -> None:
    mailer = FolderMailer(folder=tmp_path, sender="shop@example.com")
    mailer.send(mail(1))
    mailer.send(mail(1))
    assert len(list(tmp_path.iterdir())) == 1


def test_mails_sent_at_once_are_all_whole(tmp_path: Path) -> None:
    mailer = FolderMailer(folder=tmp_path, sender="shop@example.com")
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(mailer.send, [mail(number % 4, "a line\n" * 2_000) for number in range(40)]))
    files = list(tmp_path.iterdir())
    assert len(files) == 4
    assert all(path.read_text().count("a line") == 2_000 for path in files)


def test_a_full_disk_is_worth_another_try_and_leaves_no_half_mail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    mailer = FolderMailer(folder=tmp_path, sender="shop@example.com")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(MailUnavailable):
        mailer.send(mail(1))
    assert list(tmp_path.iterdir()) == []
