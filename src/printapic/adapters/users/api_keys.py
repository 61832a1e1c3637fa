"""API keys that a scanner for leaked secrets can find, and tell from a typing error.

    pap_<live|test>_<22 characters>_<43 characters><6 characters>

The id, 256 random bits and a CRC-32 of all that stands before it, each in base 62 of a fixed width.
GitHub's tokens are made the same way. A scanner looks for `pap_(live|test)_[0-9A-Za-z]{22}_[0-9A-Za-z]{49}`.
"""

from __future__ import annotations

import re
import secrets
import string
import zlib
from typing import Literal
from uuid import UUID

from printapic.application.ports.secrets import ApiKeyMint
from printapic.domain.ids import ApiKeyId

Environment = Literal["live", "test"]
_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_VALUES = {character: value for value, character in enumerate(_ALPHABET)}
_ID_WIDTH, _SECRET_WIDTH, _CHECKSUM_WIDTH = 22, 43, 6
_SECRET_BITS = 256
_LARGEST_ID = 2**128 - 1


class PrefixedApiKeyMint(ApiKeyMint):
    """Keys of one environment: a `test` key is not even looked up in a shop that is `live`.

    Any single changed character is noticed without asking the database, for CRC-32 notices every run of
    errors up to 32 bits. That says nothing about who made the key: the secret does.
    """

    def __init__(self, *, environment: Environment) -> None:
        self._prefix = f"pap_{environment}_"
        self._form = re.compile(
            rf"{self._prefix}(?P<id>[0-9A-Za-z]{{{_ID_WIDTH}}})_"
            rf"[0-9A-Za-z]{{{_SECRET_WIDTH + _CHECKSUM_WIDTH}}}",
            re.ASCII,
        )

    def mint(self, key_id: ApiKeyId) -> str:
        secret = _base62(secrets.randbits(_SECRET_BITS), _SECRET_WIDTH)
        key = f"{self._prefix}{_base62(key_id.int, _ID_WIDTH)}_{secret}"
        return key + _checksum(key)

    def key_id(self, key: str) -> ApiKeyId | None:
        parts = self._form.fullmatch(key)
        if parts is None or _checksum(key[:-_CHECKSUM_WIDTH]) != key[-_CHECKSUM_WIDTH:]:
            return None
        number = _number(parts["id"])
        return ApiKeyId(UUID(int=number)) if number <= _LARGEST_ID else None


def _checksum(text: str) -> str:
    return _base62(zlib.crc32(text.encode("ascii")), _CHECKSUM_WIDTH)


def _base62(number: int, width: int) -> str:
    digits = []
    for _ in range(width):
        number, digit = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))


def _number(text: str) -> int:
    number = 0
    for character in text:
        number = number * len(_ALPHABET) + _VALUES[character]
    return number
