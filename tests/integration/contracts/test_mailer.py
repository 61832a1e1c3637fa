"""What every mailer does, told by what arrives."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from printapic.adapters.notifications.folder import FolderMailer
from printapic.adapters.notifications.memory import MemoryMailer
from printapic.adapters.notifications.smtp import SmtpMailer
from printapic.application.ports.notifications import (
    InlineImage,
    Mail,
    MailContent,
    Mailer,
    MailRefused,
    MailUnavailable,
)
from tests.servers.smtp import Fault, SmtpServer

SENDER = "Anna's Prints <shop@example.com>"
JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40 + b"\xff\xd9"


@attrs.frozen
class Post:
    """A mailer, what has arrived through it, and a way to break what is behind it for a while.

    `kept` is what of it has never left the house.
    """

    mailer: Mailer
    arrived: Callable[[], list[EmailMessage]]
    broken: Callable[[], AbstractContextManager[None]]
    kept: Callable[[], list[EmailMessage]] = list


def parsed(content: bytes) -> EmailMessage:
    message = email.message_from_bytes(content.replace(b"\r\n", b"\n"), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def memory_post() -> Post:
    mailer = MemoryMailer(sender=SENDER)

    @contextmanager
    def broken() -> Iterator[None]:
        mailer.failure = MailUnavailable()
        yield
        mailer.failure = None

    def arrived() -> list[EmailMessage]:
        return [parsed(message.as_bytes()) for message in mailer.messages]

    return Post(mailer, arrived, broken, arrived)


def folder_post(folder: Path) -> Post:
    @contextmanager
    def broken() -> Iterator[None]:
        aside = folder.with_name("aside")
        if folder.exists():
            folder.rename(aside)
        folder.write_text("no folder any more")
        yield
        folder.unlink()
        if aside.exists():
            aside.rename(folder)

    def arrived() -> list[EmailMessage]:
        files = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns) if folder.exists() else []
        return [parsed(path.read_bytes()) for path in files]

    return Post(FolderMailer(folder=folder, sender=SENDER), arrived, broken, arrived)


def smtp_post(server: SmtpServer) -> Post:
    @contextmanager
    def broken() -> Iterator[None]:
        server.fail(Fault.TEMPORARY)
        yield
        server.recover()

    mailer = SmtpMailer(host=server.host, port=server.port, sender=SENDER, encryption="none")
    return Post(mailer, lambda: [mail.message for mail in server.received], broken)


POSTS: dict[str, Callable[[pytest.FixtureRequest], Post]] = {
    "memory": lambda request: memory_post(),
    "folder": lambda request: folder_post(request.getfixturevalue("tmp_path") / "mail"),
    "smtp": lambda request: smtp_post(request.getfixturevalue("smtp_server")),
}


@pytest.fixture(params=["memory", "folder", pytest.param("smtp", marks=pytest.mark.smtp)])
def post(request: pytest.FixtureRequest) -> Post:
    return POSTS[request.param](request)


def mail(
    *,
    number: int = 1,
    to: str = "anna@example.com",
    subject: str = "Your order PA-7K3M-92QX",
    text: str = "Hello Anna,\n\nthank you.\n",
    html: str = "<p>Hello Anna,</p><p>thank you.</p>",
    images: tuple[InlineImage, ...] = (),
) -> Mail:
    content = MailContent(subject=subject, text=text, html=html)
    return Mail(message_id=f"019aabcd-{number}@shop.example", to=to, content=content, images=images)


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    content = part.get_content()
    assert isinstance(content, str)
    return content


def the_only(post: Post) -> EmailMessage:
    [message] = post.arrived()
    return message


def test_a_mail_arrives_with_its_subject_text_and_html(post: Post) -> None:
    post.mailer.send(mail())
    message = the_only(post)
    assert message["Subject"] == "Your order PA-7K3M-92QX"
    assert body(message, "plain") == "Hello Anna,\n\nthank you.\n"
    assert body(message, "html") == "<p>Hello Anna,</p><p>thank you.</p>\n"
    assert message.get_content_type() == "multipart/alternative"


def test_a_mail_says_from_whom_to_whom_and_when(post: Post) -> None:
    post.mailer.send(mail())
    message = the_only(post)
    assert message["From"] == SENDER
    assert message["To"] == "anna@example.com"
    assert message["Message-ID"] == "<019aabcd-1@shop.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert parsedate_to_datetime(message["Date"]).utcoffset() is not None
    for name in ("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version"):
        assert len(message.get_all(name, [])) == 1
    assert message.get_all("Bcc") is None


def test_pictures_arrive_beside_the_html_that_shows_them(post: Post) -> None:
    pictures = (
        InlineImage(content_id="photo-1", content=JPEG, content_type="image/jpeg"),
        InlineImage(
            content_id="photo-2@shop", content=b"\x89PNG\r\n\x1a\n\0\r\n.\r\n", content_type="image/png"
        ),
    )
    post.mailer.send(mail(html='<img src="cid:photo-1"><img src="cid:photo-2@shop">', images=pictures))
    message = the_only(post)
    text, related = message.iter_parts()
    assert (text.get_content_type(), related.get_content_type()) == ("text/plain", "multipart/related")
    assert isinstance(related, EmailMessage)
    html, *images = related.iter_parts()
    assert html.get_content_type() == "text/html"
    assert [image["Content-ID"] for image in images] == ["<photo-1>", "<photo-2@shop>"]
    assert [image.get_content_type() for image in images] == ["image/jpeg", "image/png"]
    assert [image.get_content_disposition() for image in images] == ["inline", "inline"]
    assert [image.get_content() for image in images] == [picture.content for picture in pictures]


@pytest.mark.parametrize(
    "subject",
    [
        "Größe für Zoë",
        "写真の注文 🖼️ " * 20,
        "x" * 900,
        "a " * 400,
        "  spaces  ",
        "comma, <b>",
    ],
    ids=range(6),
)
def test_any_subject_arrives_as_it_was(post: Post, subject: str) -> None:
    post.mailer.send(mail(subject=subject))
    assert the_only(post)["Subject"] == " ".join(subject.split())


@pytest.mark.parametrize(
    "text",
    [
        "Schöne Grüße,\nZoë 写真 🖼️\n",
        "a very long line " * 1_000 + "\n",
        "ü" * 5_000 + "\n",
        ".\n..\n.\n.hidden\n",
        "From here on\n>From there\nFrom: nobody\n",
        "-- \nsignature  \n\ttabs\t\n",
        "equals = sign =3D\n",
    ],
    ids=["unicode", "long line", "long unicode line", "dots", "from", "signature", "quoted"],
)
def test_any_text_arrives_as_it_was(post: Post, text: str) -> None:
    post.mailer.send(mail(text=text, html=f"<p>{text}</p>"))
    message = the_only(post)
    assert body(message, "plain") == text
    assert body(message, "html").rstrip("\n") == f"<p>{text}</p>"


def test_nothing_travels_that_an_old_server_would_break(post: Post) -> None:
    post.mailer.send(mail(subject="Größe " * 40, text="ü" * 3_000, html="<p>" + "ü" * 3_000))
    content = the_only(post).as_bytes()
    assert content.isascii()
    assert max(len(line) for line in content.splitlines()) <= 998


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(subject=st.text(max_size=120), text=st.text(max_size=400))
def test_whatever_is_written_nothing_becomes_a_header(post: Post, subject: str, text: str) -> None:
    post.mailer.send(mail(subject=subject, text=text))
    message = post.arrived()[-1]
    assert set(message.keys()) == {
        *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type")
    }
    assert message.defects == []
    assert sum(1 for _ in message.walk()) == 3


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029", "\0"])
def test_a_subject_cannot_write_headers(post: Post, line_break: str) -> None:
    post.mailer.send(
        mail(subject=f"Hello{line_break}Bcc: everybody@example.com{line_break}{line_break}<p>spam")
    )
    message = the_only(post)
    assert message["Subject"] == "Hello Bcc: everybody@example.com <p>spam"
    assert message["Bcc"] is None
    assert message.get_content_type() == "multipart/alternative"


def test_a_subject_cannot_hide_line_breaks_in_an_encoded_word(post: Post) -> None:
    post.mailer.send(mail(subject="Hello =?utf-8?q?=0D=0ABcc:_everybody=40example.com?="))
    assert the_only(post)["Subject"] == "Hello = ?utf-8?q?=0D=0ABcc:_everybody=40example.com?="


@pytest.mark.parametrize(
    "to",
    [
        "",
        "anna",
        "@example.com",
        "anna@",
        "anna@example.com\nBcc: everybody@example.com",
        "anna@example.com\r\n\r\nspam",
        "anna@example.com, berta@example.com",
        "anna@example.com berta@example.com",
        "Anna <anna@example.com>",
        "anna\0@example.com",
        "an na@example.com",
        "anna@exam ple.com",
        "anna@-example-.com",
        "anna@" + "a" * 70 + ".com",
        "anna@example..com",
        "a" * 65 + "@example.com",
        ".anna@example.com",
        "an..na@example.com",
        '"anna\n"@example.com',
        "\ud800@example.com",
        "anna@[127.0.0.1]",
        "anna@exa\u2028mple.com",
        "anna@straße.de",
        "=?utf-8?q?a=0d=0aBcc=3aeverybody=40example.com?=@example.com",
        "=?utf-8?b?YUBiLmNvbQ0KQmNjOiBldmlsQHguY29t?=@example.com",
        "=?utf-8?q?victim=40example.org=2c?=@example.com",
    ],
)
def test_a_recipient_that_is_no_address_is_refused_for_good(post: Post, to: str) -> None:
    with pytest.raises(MailRefused):
        post.mailer.send(mail(to=to))
    assert post.arrived() == []


@pytest.mark.parametrize(
    "message_id", ["", "x", "a b@c", "a@b\nBcc: x@y", "../../etc/x@y", "a/b@c", "\0@x", "é@x"]
)
def test_an_identifier_that_is_none_is_refused_for_good(post: Post, message_id: str) -> None:
    with pytest.raises(MailRefused):
        post.mailer.send(attrs.evolve(mail(), message_id=message_id))
    assert post.arrived() == []


@pytest.mark.parametrize(
    ("content_id", "content_type"),
    [
        ("a\nb", "image/png"),
        ("<a>", "image/png"),
        ("", "image/png"),
        ("a", "text/html"),
        ("a", "image/png\nX: y"),
    ],
)
def test_a_picture_that_is_none_is_refused_for_good(post: Post, content_id: str, content_type: str) -> None:
    picture = InlineImage(content_id=content_id, content=JPEG, content_type=content_type)
    with pytest.raises(MailRefused):
        post.mailer.send(mail(images=(picture,)))
    assert post.arrived() == []


def test_a_domain_with_umlauts_is_written_as_the_net_knows_it(post: Post) -> None:
    post.mailer.send(mail(to="Anna.O'Hara+prints@Exämple.de"))
    assert the_only(post)["To"] == "Anna.O'Hara+prints@xn--exmple-cua.de"


def test_a_name_with_umlauts_before_the_at_sign_arrives(post: Post) -> None:
    post.mailer.send(mail(to="änna@example.com"))
    [address] = the_only(post)["To"].addresses
    # The standard library reads raw UTF-8 in a header, but hands it out undecoded.
    assert address.addr_spec.encode("utf-8", "surrogateescape").decode() == "änna@example.com"


def test_the_same_mail_sent_twice_has_the_same_identity(post: Post) -> None:
    post.mailer.send(mail(number=1))
    post.mailer.send(mail(number=2))
    post.mailer.send(mail(number=1))
    identities = {message["Message-ID"] for message in post.arrived()}
    assert identities == {"<019aabcd-1@shop.example>", "<019aabcd-2@shop.example>"}


def test_an_identifier_may_come_with_its_brackets(post: Post) -> None:
    post.mailer.send(attrs.evolve(mail(), message_id="<a.b-c@shop.example>"))
    assert the_only(post)["Message-ID"] == "<a.b-c@shop.example>"


def test_a_failure_that_passes_is_told_and_the_mail_can_be_sent_again(post: Post) -> None:
    with post.broken():
        for _ in range(2):
            with pytest.raises(MailUnavailable):
                post.mailer.send(mail())
    assert post.arrived() == []
    post.mailer.send(mail())
    assert the_only(post)["Subject"] == "Your order PA-7K3M-92QX"


def test_a_mailer_forgets_what_it_kept_of_one_mail_and_of_no_other(post: Post) -> None:
    for number in (1, 2):
        post.mailer.send(mail(number=number))
    expected = [message["Message-ID"] for message in post.kept() if "-1@" not in message["Message-ID"]]
    for _ in range(2):
        post.mailer.forget(mail(number=1).message_id)
    assert [message["Message-ID"] for message in post.kept()] == expected
    assert len(post.arrived()) >= len(expected)


def test_a_mail_that_was_never_sent_is_forgotten_easily(post: Post) -> None:
    post.mailer.forget(mail(number=9).message_id)
    assert post.arrived() == []
