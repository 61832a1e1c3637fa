"""The secrets behind every token: a ring of keys, one of which signs.

Kept as JSON, in a file of the owner's alone or in a setting of the same text:

    {"active": "k2", "keys": {"k1": "<32 random bytes, base64url>", "k2": "..."}}

Every key verifies, `active` alone makes. Rotating is: add a key everywhere, make it active, and drop the
old one when its last token has expired.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import secrets
import stat
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

import attrs
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from printapic.domain.errors import Invalid

KEY_BYTES = 32
_KID = re.compile(r"[A-Za-z0-9_-]{1,32}", re.ASCII)
_LARGEST_FILE = 64 * 1024


class KeyRingUnusable(Invalid):
    """The shop must not start with these keys. Says what is wrong, never what the keys are."""

    code = "keyring-unusable"

    def __init__(self, reason: str) -> None:
        super().__init__(f"The key ring cannot be used: {reason}.")


@attrs.frozen(kw_only=True)
class KeyRing:
    """Named keys of 32 bytes, from which a secret for each purpose is derived.

    Raises `KeyRingUnusable` for a wrong name or length, and where `active` names no key.
    """

    active: str
    _keys: Mapping[str, bytes] = attrs.field(repr=False)

    def __attrs_post_init__(self) -> None:
        if any(not _KID.fullmatch(kid) for kid in self._keys):
            raise KeyRingUnusable("a key's name has 1 to 32 letters, digits, - or _")
        if any(len(key) != KEY_BYTES for key in self._keys.values()):
            raise KeyRingUnusable(f"a key has exactly {KEY_BYTES} bytes")
        if self.active not in self._keys:
            raise KeyRingUnusable("the active key is missing")

    @classmethod
    def generate(cls) -> Self:
        """A ring of one new random key."""
        kid = secrets.token_hex(4)
        return cls(active=kid, keys={kid: secrets.token_bytes(KEY_BYTES)})

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the JSON form. Raises `KeyRingUnusable`, for a name given twice as well."""
        try:
            document = json.loads(text, object_pairs_hook=_no_name_twice)
            keys = {str(kid): _decoded(key) for kid, key in document["keys"].items()}
            return cls(active=document["active"], keys=keys)
        except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
            raise KeyRingUnusable('it is not of the form {"active": name, "keys": {name: key}}') from None

    @property
    def kids(self) -> tuple[str, ...]:
        """The names of all keys, which are no secret."""
        return tuple(self._keys)

    def secret(self, purpose: str, kid: str | None = None) -> bytes:
        """32 bytes for one purpose, under the active key or the one named. Raises `KeyError`.

        Derived with HKDF-SHA256 (RFC 5869), so that what leaks for one purpose serves no other.
        """
        key = self._keys[self.active if kid is None else kid]
        info = f"printapic {purpose}".encode()
        return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(key)

    def secrets(self, purpose: str) -> tuple[bytes, ...]:
        """The secrets for one purpose under every key, the active one first: it makes, all verify."""
        verifying = (kid for kid in self._keys if kid != self.active)
        return tuple(self.secret(purpose, kid) for kid in (self.active, *verifying))

    def to_json(self) -> str:
        """The form that `parse` reads. Holds the keys themselves: for the key file only."""
        keys = {kid: base64.urlsafe_b64encode(key).decode().rstrip("=") for kid, key in self._keys.items()}
        return json.dumps({"active": self.active, "keys": keys}, indent=2) + "\n"


def load_keyring(path: Path) -> KeyRing:
    """Read a key file. Raises `KeyRingUnusable`, for one that others than its owner may read too."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(_LARGEST_FILE)
    except OSError as error:
        raise KeyRingUnusable(f"its file cannot be read ({error.strerror})") from None
    if stat.S_IMODE(mode) & 0o077:
        raise KeyRingUnusable("others may read its file; take that right away (chmod 600)")
    return KeyRing.parse(content.decode("utf-8", "replace"))


def load_or_create_keyring(path: Path) -> KeyRing:
    """Read the key file, or make it with one random key where there is none.

    However many processes do this at once, all end up with the same keys. Raises `KeyRingUnusable`.
    """
    if not path.exists():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _create(path, KeyRing.generate().to_json())
        except OSError as error:
            raise KeyRingUnusable(f"its file cannot be written ({error.strerror})") from None
    return load_keyring(path)


def _create(path: Path, text: str) -> None:
    """Write beside, then link: a link that exists already stays, and no reader sees half a file."""
    descriptor, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(beside, path)
    finally:
        Path(beside).unlink()
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _no_name_twice(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(dict(pairs)) != len(pairs):
        raise KeyRingUnusable("a name is there twice")
    return dict(pairs)


def _decoded(key: str) -> bytes:
    try:
        return base64.b64decode(key + "=" * (-len(key) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise KeyRingUnusable("a key is not base64url") from None
