"""The headers of a PayPal notification, read strictly: nothing else is done for what is not of their form."""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Mapping
from datetime import datetime

import attrs
import msgspec

ALGORITHM = "SHA256withRSA"
LONGEST_URL = 500
_LIVE_HOSTS = ("api.paypal.com", "api-m.paypal.com")
_SANDBOX_HOSTS = ("api.sandbox.paypal.com", "api-m.sandbox.paypal.com")
_ID = re.compile(r"[A-Za-z0-9_-]{1,50}", re.ASCII)
_SIGNATURE = re.compile(r"[A-Za-z0-9+/]{4,1024}={0,2}", re.ASCII)
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)


def _certificates_at(hosts: tuple[str, ...]) -> re.Pattern[str]:
    """Whole addresses: a test of the end of a host, or of a parsed one, lets too much through."""
    either = "|".join(re.escape(host) for host in hosts)
    return re.compile(rf"https://(?:{either})/v1/notifications/certs/[A-Za-z0-9_-]{{1,128}}", re.ASCII)


_URLS = {True: _certificates_at(_LIVE_HOSTS), False: _certificates_at(_SANDBOX_HOSTS)}


class MalformedTransmission(Exception):
    """A header is missing, given twice, or not of PayPal's form. The message names it, and shows nothing."""


@attrs.frozen(kw_only=True)
class Transmission:
    """One delivery's headers, still untrusted. `time` is as it was signed, `sent_at` what it means."""

    id: str
    time: str
    sent_at: datetime
    certificate_url: str
    signature: bytes = attrs.field(repr=False)

    @classmethod
    def read(cls, headers: Mapping[str, str], *, livemode: bool) -> Transmission:
        """Header names in lower case. Raises `MalformedTransmission`."""
        if headers.get("paypal-auth-algo") != ALGORITHM:
            raise MalformedTransmission("algorithm")
        time = _matching(headers, "paypal-transmission-time", _TIME)
        return cls(
            id=_matching(headers, "paypal-transmission-id", _ID),
            time=time,
            sent_at=_moment(time),
            certificate_url=_matching(headers, "paypal-cert-url", _URLS[livemode], LONGEST_URL),
            signature=_bytes(_matching(headers, "paypal-transmission-sig", _SIGNATURE)),
        )

    def signed_text(self, webhook_id: str, body: bytes) -> bytes:
        """What PayPal signs: of the body a CRC32 only, so that a genuine signature proves no body."""
        return f"{self.id}|{self.time}|{webhook_id}|{zlib.crc32(body)}".encode("ascii")

    def question(self, webhook_id: str, body: bytes) -> bytes:
        """The request that asks PayPal itself. `body` must be one JSON value: it goes in byte for byte."""
        fields = {
            "auth_algo": ALGORITHM,
            "cert_url": self.certificate_url,
            "transmission_id": self.id,
            "transmission_sig": base64.b64encode(self.signature).decode(),
            "transmission_time": self.time,
            "webhook_id": webhook_id,
        }
        return msgspec.json.encode(fields)[:-1] + b',"webhook_event":' + body + b"}"


def _matching(headers: Mapping[str, str], name: str, form: re.Pattern[str], longest: int = 1100) -> str:
    value = headers.get(name, "")
    if len(value) > longest or not form.fullmatch(value):
        raise MalformedTransmission(name)
    return value


def _moment(time: str) -> datetime:
    try:
        return datetime.fromisoformat(time)
    except ValueError:
        raise MalformedTransmission("paypal-transmission-time") from None


def _bytes(signature: str) -> bytes:
    try:
        return base64.b64decode(signature, validate=True)
    except binascii.Error:
        raise MalformedTransmission("paypal-transmission-sig") from None
