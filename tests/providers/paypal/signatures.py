"""How PayPal signs its news: over an id, a time, the webhook's id and no more of the body than its CRC32."""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from uuid import uuid4

import attrs
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

ALGORITHM = "SHA256withRSA"
PREFIX = "/v1/notifications/certs/"
LEAF_ALONE = "-LEAF"
"""At the end of a certificate's address: without the chain, as PayPal has served it too."""


@attrs.frozen(kw_only=True)
class SigningDesk:
    """Signs for one webhook with one key, whose certificate and its chain stand at `certificate_url`."""

    key_pem: str = attrs.field(repr=False)
    certificate_url: str
    webhook_id: str

    def headers(self, body: bytes, at: datetime) -> dict[str, str]:
        """What goes with a transmission of `body`: another one each time, also of the same event."""
        transmission, time = str(uuid4()), at.strftime("%Y-%m-%dT%H:%M:%SZ")
        signature = _key(self.key_pem).sign(
            _signed(transmission, time, self.webhook_id, body), PKCS1v15(), hashes.SHA256()
        )
        return {
            "Content-Type": "application/json",
            "PAYPAL-TRANSMISSION-ID": transmission,
            "PAYPAL-TRANSMISSION-TIME": time,
            "PAYPAL-TRANSMISSION-SIG": b64encode(signature).decode(),
            "PAYPAL-CERT-URL": self.certificate_url,
            "PAYPAL-AUTH-ALGO": ALGORITHM,
        }

    def vouches(self, claim: Mapping[str, object], body: bytes) -> bool:
        """PayPal's own answer to "did you send this": no more than what the signature says."""
        names = ("transmission_id", "transmission_time", "webhook_id", "transmission_sig")
        transmission, time, webhook, signature = (str(claim[name]) for name in names)
        known = (self.certificate_url, self.certificate_url + LEAF_ALONE)
        if claim["auth_algo"] != ALGORITHM or claim["cert_url"] not in known or webhook != self.webhook_id:
            return False
        try:
            _key(self.key_pem).public_key().verify(
                b64decode(signature, validate=True),
                _signed(transmission, time, webhook, body),
                PKCS1v15(),
                hashes.SHA256(),
            )
        except (InvalidSignature, NotBase64, ValueError):
            return False
        return True


def _signed(transmission: str, time: str, webhook: str, body: bytes) -> bytes:
    return f"{transmission}|{time}|{webhook}|{zlib.crc32(body)}".encode()


@lru_cache(maxsize=8)
def _key(pem: str) -> RSAPrivateKey:
    key = load_pem_private_key(pem.encode(), password=None)
    assert isinstance(key, RSAPrivateKey)
    return key
