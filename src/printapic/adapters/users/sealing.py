"""Small secrets at rest: AES-256-GCM under the key ring.

s1.<key's name>.<base64url of nonce, ciphertext and tag>
"""

from __future__ import annotations

import base64
import os
import re

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from printapic.adapters.users.keyring import KeyRing
from printapic.application.ports.secrets import SealBroken, Sealer

_PURPOSE = "data wrapping"
_NONCE_BYTES = 12
_TAG_BYTES = 16
_SEALED = re.compile(r"s1\.(?P<kid>[A-Za-z0-9_-]{1,32})\.(?P<box>[A-Za-z0-9_-]+)", re.ASCII)


class AesGcmSealer(Sealer):
    """Seals under the ring's active key, and opens what any key of the ring has sealed.

    The nonce is 96 random bits (NIST SP 800-38D, section 8.2.2), which is good for 2**32 seals under one
    key; the context is the associated data. What a key sealed can be read only while it is in the ring,
    so a key may leave it only after everything was sealed anew.
    """

    def __init__(self, *, keyring: KeyRing) -> None:
        self._kid = keyring.active
        self._boxes = {kid: AESGCM(keyring.secret(_PURPOSE, kid)) for kid in keyring.kids}

    def seal(self, plain: bytes, *, context: str) -> str:
        nonce = os.urandom(_NONCE_BYTES)
        box = nonce + self._boxes[self._kid].encrypt(nonce, plain, context.encode())
        return f"s1.{self._kid}.{_encoded(box)}"

    def unseal(self, sealed: str, *, context: str) -> bytes:
        kid, box = _opened(sealed)
        if kid not in self._boxes:
            raise SealBroken("its key is not in the ring")
        try:
            return self._boxes[kid].decrypt(box[:_NONCE_BYTES], box[_NONCE_BYTES:], context.encode())
        except InvalidTag:
            raise SealBroken("it was changed, or sealed for another context") from None


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
