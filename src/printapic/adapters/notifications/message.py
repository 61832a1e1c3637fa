"""The form of every mail that leaves the shop: MIME, headers, and what may not stand in them."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

import attrs

from printapic.application.ports.notifications import InlineImage, Mail, MailRefused

_LOCAL = re.compile(r"[^\s@<>()\[\]\\,;:\"\x00-\x1f\x7f]{1,64}")
_DOMAIN = re.compile(r"(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9-]{1,63}", re.ASCII)
_SENDER = re.compile(r'"?(?P<name>[^"<>]*?)"?\s*<(?P<address>[^<>]*)>|(?P<bare>[^<>]*)')
_MESSAGE_ID = re.compile(r"<?(?P<id>[A-Za-z0-9._+=-]{1,120}@[A-Za-z0-9.-]{1,120})>?", re.ASCII)
_CONTENT_ID = re.compile(r"[A-Za-z0-9._@+=-]{1,120}", re.ASCII)
_CONTENT_TYPE = re.compile(r"image/[a-z0-9.+-]{1,60}", re.ASCII)
# The standard library's IDNA 2003 makes other letters, and so a stranger's domain, of these.
_ELSEWHERE_TODAY = frozenset("ßẞς\u200c\u200d")
_INVISIBLE = ("Cc", "Cs", "Zl", "Zp")


@attrs.frozen(kw_only=True)
class Sender:
    """Who a mail is from: a name to show, which may be empty, and an address to answer to."""

    name: str
    address: Address

    @classmethod
    def parse(cls, text: str) -> Sender:
        """Read `Anna's Prints <hello@example.com>`. Raises `ValueError` for anything else."""
        found = _SENDER.fullmatch(text.strip())
        try:
            address = recipient((found["address"] or found["bare"] or "") if found else "")
        except MailRefused:
            raise ValueError("the sender of mail must be one e-mail address") from None
        if not address.addr_spec.isascii():
            raise ValueError("the sender's address must be ASCII: not every mail server takes another")
        return cls(name=_one_line((found and found["name"]) or ""), address=address)

    @property
    def header(self) -> Address:
        """The name and the address as they stand in `From`."""
        return Address(self.name, username=self.address.username, domain=self.address.domain)


def compose(mail: Mail, sender: Sender) -> EmailMessage:
    """The mail as multipart text and HTML, the pictures beside the HTML that shows them.

    Everything is 7-bit clean. Raises `MailRefused` where the recipient, an identifier or a picture's type
    is not of its form: a line break in one of them would write headers of its own.
    """
    to = recipient(mail.to)
    message = EmailMessage(SMTP.clone(cte_type="7bit", utf8=not to.addr_spec.isascii()))
    message["From"] = sender.header
    message["To"] = to
    if [each.addr_spec for each in message["To"].addresses] != [to.addr_spec]:
        raise MailRefused
    message["Subject"] = _one_line(mail.content.subject)
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = f"<{message_id(mail)}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_encodable(mail.content.text), cte="quoted-printable")
    message.add_alternative(_encodable(mail.content.html), subtype="html", cte="quoted-printable")
    html = message.get_payload(1)
    assert isinstance(html, EmailMessage)  # noqa: S101 - of add_alternative's own making
    for image in mail.images:
        _attach(html, image)
    return message


def message_id(mail: Mail) -> str:
    """The mail's Message-ID without its brackets. Raises `MailRefused` for one that is no such thing."""
    return plain_id(mail.message_id)


def plain_id(text: str) -> str:
    """A Message-ID without its brackets, harmless as the name of a file. Raises `MailRefused`."""
    found = _MESSAGE_ID.fullmatch(text)
    if found is None:
        raise MailRefused
    return found["id"]


def recipient(text: str) -> Address:
    """One address, its domain as IDNA wants it. Raises `MailRefused`.

    `=?` would begin an encoded word: the library decodes it, line breaks and all, into the header.
    """
    local, _, domain = text.rpartition("@")
    try:
        ascii_domain = domain.encode("idna").decode().lower()
        local.encode()
    except UnicodeError:
        raise MailRefused from None
    elsewhere = _ELSEWHERE_TODAY & set(domain)
    dotted = local.startswith(".") or local.endswith(".") or ".." in local
    hidden = "=?" in local
    if elsewhere or dotted or hidden or not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(ascii_domain):
        raise MailRefused
    return Address(username=local, domain=ascii_domain)


def plain(text: str) -> str:
    """Text in which nothing but line breaks is invisible: fit for a terminal."""
    return "".join(
        character if character == "\n" or unicodedata.category(character) not in _INVISIBLE else " "
        for character in text
    )


def _attach(html: EmailMessage, image: InlineImage) -> None:
    if not _CONTENT_ID.fullmatch(image.content_id) or not _CONTENT_TYPE.fullmatch(image.content_type):
        raise MailRefused
    _, _, subtype = image.content_type.partition("/")
    html.add_related(
        image.content, maintype="image", subtype=subtype, cid=f"<{image.content_id}>", disposition="inline"
    )


def _one_line(text: str) -> str:
    """`=?` begins an encoded word, in which a line break could hide: it must not stand there by itself."""
    return " ".join(plain(text).split()).replace("=?", "= ?")


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
