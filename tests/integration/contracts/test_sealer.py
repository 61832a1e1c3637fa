"""What everything that seals small secrets does."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from printapic.adapters.users.keyring import KeyRing
from printapic.adapters.users.sealing import AesGcmSealer
from printapic.application.ports.secrets import SealBroken, Sealer

Make = Callable[[KeyRing], Sealer]
SEALERS: dict[str, Make] = {"aes-gcm": lambda ring: AesGcmSealer(keyring=ring)}
FIRST, SECOND = b"1" * 32, b"2" * 32
SECRET = b"JBSWY3DPEHPK3PXP"
CONTEXT = "totp of 019aabcd"
BROKEN = [
    "",
    ".",
    "..",
    "s1.k1.",
    "s1..AAAA",
    "s1.k1.AAAA",
    "s1.k1." + "A" * 37,
    "s1.k1." + "A" * 38,
    "s1.k1." + "A" * 38 + "==",
    "s1.k1." + "+" * 40,
    "s1.k9." + "A" * 60,
    "é" * 60,
    "\0",
    "\ud800",
    "A" * 100_000,
]


@pytest.fixture(params=SEALERS)
def make(request: pytest.FixtureRequest) -> Make:
    return SEALERS[request.param]


@pytest.fixture
def sealer(make: Make) -> Sealer:
    return make(KeyRing(active="k1", keys={"k1": FIRST}))


@pytest.mark.parametrize("plain", [b"", b"\0", SECRET, bytes(range(256)) * 40], ids=len)
def test_what_was_sealed_comes_back(sealer: Sealer, plain: bytes) -> None:
    assert sealer.unseal(sealer.seal(plain, context=CONTEXT), context=CONTEXT) == plain


def test_the_sealed_text_goes_into_any_column_and_does_not_show_what_is_inside(sealer: Sealer) -> None:
    sealed = sealer.seal(SECRET, context=CONTEXT)
    assert sealed.isascii()
    assert sealed.isprintable()
    assert len(sealed) < 120
    assert SECRET.decode() not in sealed
    assert CONTEXT not in sealed


def test_the_same_secret_is_never_sealed_the_same_way(sealer: Sealer) -> None:
    assert len({sealer.seal(SECRET, context=CONTEXT) for _ in range(200)}) == 200


@pytest.mark.parametrize(
    "other", ["", "totp of 019aabce", CONTEXT + " ", CONTEXT.upper(), "totp of\0 019aabcd"]
)
def test_a_seal_does_not_open_where_it_does_not_belong(sealer: Sealer, other: str) -> None:
    sealed = sealer.seal(SECRET, context=CONTEXT)
    with pytest.raises(SealBroken):
        sealer.unseal(sealed, context=other)


def test_no_seal_with_one_other_character_opens(sealer: Sealer) -> None:
    sealed = sealer.seal(SECRET, context=CONTEXT)
    for place, right in enumerate(sealed):
        for wrong in set("Aa09-_.= \0é") - {right}:
            with pytest.raises(SealBroken):
                sealer.unseal(sealed[:place] + wrong + sealed[place + 1 :], context=CONTEXT)


def test_no_seal_that_was_cut_or_lengthened_opens(sealer: Sealer) -> None:
    sealed = sealer.seal(SECRET, context=CONTEXT)
    for length in range(len(sealed)):
        with pytest.raises(SealBroken):
            sealer.unseal(sealed[:length], context=CONTEXT)
    for more in ("A", "AA", "=", "\n", " ", "."):
        for longer in (sealed + more, more + sealed):
            with pytest.raises(SealBroken):
                sealer.unseal(longer, context=CONTEXT)


@pytest.mark.parametrize("text", BROKEN, ids=range(len(BROKEN)))
def test_what_was_never_sealed_does_not_open(sealer: Sealer, text: str) -> None:
    with pytest.raises(SealBroken):
        sealer.unseal(text, context=CONTEXT)


@settings(max_examples=25)
@given(st.text() | st.from_regex(r"\As1\.k1\.[A-Za-z0-9_-]{38,60}\Z"))
def test_any_text_is_answered(text: str) -> None:
    for make in SEALERS.values():
        with pytest.raises(SealBroken):
            make(KeyRing(active="k1", keys={"k1": FIRST})).unseal(text, context=CONTEXT)


def test_what_the_key_before_sealed_opens_until_that_key_is_gone(make: Make) -> None:
    before = make(KeyRing(active="k1", keys={"k1": FIRST}))
    during = make(KeyRing(active="k2", keys={"k1": FIRST, "k2": SECOND}))
    after = make(KeyRing(active="k2", keys={"k2": SECOND}))
    old = before.seal(SECRET, context=CONTEXT)
    assert during.unseal(old, context=CONTEXT) == SECRET
    new = during.seal(SECRET, context=CONTEXT)
    assert after.unseal(new, context=CONTEXT) == SECRET
    for sealer, sealed in ((after, old), (before, new)):
        with pytest.raises(SealBroken):
            sealer.unseal(sealed, context=CONTEXT)


def test_another_shops_key_of_the_same_name_opens_nothing(make: Make, sealer: Sealer) -> None:
    stranger = make(KeyRing(active="k1", keys={"k1": SECOND}))
    with pytest.raises(SealBroken):
        stranger.unseal(sealer.seal(SECRET, context=CONTEXT), context=CONTEXT)
