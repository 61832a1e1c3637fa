"""Small secrets at rest: AES-256-GCM under the key ring.

s1.<key's name>.<base64url of nonce, ciphertext and tag>
"""

from __future__ import annotations

import base64
import os
import re

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from printapic.application.ports.keys import Secrets
from printapic.application.ports.secrets import SealBroken, Sealer

_PURPOSE = "data wrapping"
_NONCE_BYTES = 12
_TAG_BYTES = 16
_SEALED = re.compile(r"s1\.(?P<kid>[A-Za-z0-9_-]{1,32})\.(?P<box>[A-Za-z0-9_-]+)", re.ASCII)


class AesGcmSealer(Sealer):
    """Seals under the ring's active key, and opens what any key of the ring has sealed.

    The nonce is 96 random bits (NIST SP 800-38D, section 8.2.2), which is good for 2**32 seals under one
    key; the context is the associated data. What a key sealed can be read as long as it is in the ring,
    retired or revoked: nothing is lost by a rotation.
    """

    def __init__(self, *, keyring: Secrets) -> None:
        self._keyring = keyring

    def seal(self, plain: bytes, *, context: str) -> str:
        kid, nonce = self._keyring.active, os.urandom(_NONCE_BYTES)
        return f"s1.{kid}.{_encoded(nonce + self._box(kid).encrypt(nonce, plain, context.encode()))}"

    def unseal(self, sealed: str, *, context: str) -> bytes:
        kid, box = _opened(sealed)
        try:
            return self._box(kid).decrypt(box[:_NONCE_BYTES], box[_NONCE_BYTES:], context.encode())
        except KeyError:
            raise SealBroken("its key is not in the ring") from None
        except InvalidTag:
            raise SealBroken("it was changed, or sealed for another context") from None

    def _box(self, kid: str) -> AESGCM:
        return AESGCM(self._keyring.secret(_PURPOSE, kid))


def _opened(sealed: str) -> tuple[str, bytes]:
    """The key's name and the bytes. Raises `SealBroken`, also for another spelling of the same bytes."""
    parts = _SEALED.fullmatch(sealed)
    if parts is None or len(parts["box"]) % 4 == 1:
        raise SealBroken("it has another form")
    box = base64.urlsafe_b64decode(parts["box"] + "=" * (-len(parts["box"]) % 4))
    if len(box) < _NONCE_BYTES + _TAG_BYTES or _encoded(box) != parts["box"]:
        raise SealBroken("it has another form")
    return parts["kid"], box


def _encoded(box: bytes) -> str:
    return base64.urlsafe_b64encode(box).decode().rstrip("=")
