"""Another message with a CRC32 of our choice: CRC32 is linear, so 32 equations say which bits to turn."""

from __future__ import annotations

import zlib

LETTERS = 96


def same_crc32(start: bytes, end: bytes, wanted: int) -> bytes:
    """`start`, letters a and c, and `end`, with the checksum `wanted`.

    Turning one a into c changes one bit, and changes the checksum by the same whatever the other letters
    are. With more letters than bits in a checksum some choice of them makes any change.
    """
    plain = bytearray(start + b"a" * LETTERS + end)
    before = zlib.crc32(plain)
    basis: dict[int, tuple[int, int]] = {}
    for position in range(LETTERS):
        turned = bytearray(plain)
        turned[len(start) + position] ^= 2
        effect, letters = zlib.crc32(turned) ^ before, 1 << position
        while effect and effect.bit_length() in basis:
            known, with_letters = basis[effect.bit_length()]
            effect, letters = effect ^ known, letters ^ with_letters
        if effect:
            basis[effect.bit_length()] = effect, letters
    missing, chosen = before ^ wanted, 0
    while missing:
        known, with_letters = basis[missing.bit_length()]
        missing, chosen = missing ^ known, chosen ^ with_letters
    for position in range(LETTERS):
        if chosen >> position & 1:
            plain[len(start) + position] ^= 2
    return bytes(plain)
