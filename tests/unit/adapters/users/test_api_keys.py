"""Keys that have the right form and checksum, and still name nobody."""

from __future__ import annotations

import zlib

import pytest

from printapic.adapters.users.api_keys import PrefixedApiKeyMint, _base62, _number

LARGEST = 2**128 - 1


def signed(identity: str) -> str:
    key = f"pap_live_{identity}_{'s' * 43}"
    return key + _base62(zlib.crc32(key.encode()), 6)


@pytest.mark.parametrize(
    ("identity", "known"),
    [(_base62(LARGEST, 22), True), (_base62(LARGEST + 1, 22), False), ("z" * 22, False)],
)
def test_an_id_beyond_the_last_uuid_is_none(identity: str, known: bool) -> None:
    assert (PrefixedApiKeyMint(environment="live").key_id(signed(identity)) is not None) is known


@pytest.mark.parametrize("number", [0, 1, 61, 62, 3843, LARGEST])
def test_base_62_is_of_fixed_width_and_turns_back(number: int) -> None:
    written = _base62(number, 22)
    assert len(written) == 22
    assert _number(written) == number


def test_the_widths_are_enough_for_what_they_hold() -> None:
    for bits, width in ((128, 22), (256, 43), (32, 6)):
        assert 62 ** (width - 1) < 2**bits <= 62**width
