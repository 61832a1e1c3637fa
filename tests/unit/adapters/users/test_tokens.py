"""Forged access tokens: each differs from a good one in one thing, and none is taken."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import example, given, settings
from hypothesis import strategies as st

from printapic.adapters.system.clock import FixedClock
from printapic.adapters.users.keyring import KeyRing
from printapic.adapters.users.live_keyring import MemoryKeyRing
from printapic.adapters.users.tokens import CurrentRing, JwtTokenIssuer
from printapic.domain.ids import SessionId, UserId
from printapic.domain.users.session import SessionInvalid
from tests.forgeries import Forger, decoded, fuzzed

NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
ANNA = UserId(UUID("019aabcd-0000-7000-8000-00000000a11a"))
SESSION = SessionId(UUID("019aabcd-0000-7000-8000-000000005e55"))
RING = KeyRing(active="k2", keys={"k1": b"1" * 32, "k2": b"2" * 32})
ISSUER, AUDIENCE = "https://shop.example", "printapic"
FORGER = Forger(
    key=Ed25519PrivateKey.from_private_bytes(RING.secret("access token", "k2")),
    header={"alg": "EdDSA", "kid": "k2", "typ": "at+jwt"},
    claims={
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(ANNA),
        "sid": str(SESSION),
        "gen": 7,
        "iat": SECONDS,
        "nbf": SECONDS,
        "exp": SECONDS + 300,
        "jti": "an-id",
    },
    other_kids=("k1", "k3", "K2"),
)
GOOD = FORGER.good


def issuer(remembered: int = 4096) -> JwtTokenIssuer:
    return over(RING, remembered=remembered)


def over(keyring: CurrentRing, remembered: int = 4096, clock: FixedClock | None = None) -> JwtTokenIssuer:
    """An issuer over this ring, for which it is now unless told otherwise."""
    return JwtTokenIssuer(
        keyring=keyring,
        clock=clock or FixedClock(NOW),
        issuer=ISSUER,
        audience=AUDIENCE,
        remembered=remembered,
    )


READER = issuer(remembered=0)


def test_the_token_that_all_forgeries_start_from_is_good() -> None:
    claims = issuer().read_access_token(GOOD, at=NOW)
    assert (claims.user_id, claims.session_id, claims.generation) == (ANNA, SESSION, 7)
    assert claims.expires_at == NOW + timedelta(seconds=300)


def test_no_forged_token_is_taken() -> None:
    forgeries = FORGER.forgeries()
    assert len(forgeries) > 500
    reader = issuer()
    reader.read_access_token(GOOD, at=NOW)  # what is remembered must not help a forger either
    assert [name for name, token in forgeries.items() if taken(reader, token)] == []


def test_none_of_ten_thousand_damaged_tokens_is_taken() -> None:
    reader = issuer()
    genuine = [reader.access_token(ANNA, SESSION, generation, at=NOW)[0] for generation in range(1, 21)]
    assert all(taken(reader, token) for token in genuine)
    assert [token for token in fuzzed(genuine, 10_000, seed=20261122) if taken(reader, token)] == []


def test_a_thousand_damaged_refresh_tokens_are_refused() -> None:
    reader = issuer()
    genuine = [reader.refresh_token(SESSION, generation) for generation in range(1, 21)]
    for token in fuzzed(genuine, 1_000, seed=20261123):
        with pytest.raises(SessionInvalid):
            reader.read_refresh_token(token)


def taken(reader: JwtTokenIssuer, token: str) -> bool:
    """Whether it passes; anything but the one refusal is an error of the test."""
    try:
        reader.read_access_token(token, at=NOW)
    except SessionInvalid:
        return False
    return True


@given(st.data())
@example(None)
def test_no_token_with_one_other_character_is_taken(data: st.DataObject | None) -> None:
    place = data.draw(st.integers(0, len(GOOD) - 1)) if data else len(GOOD) - 1
    character = data.draw(st.characters()) if data else "="
    forged = GOOD[:place] + character + GOOD[place + 1 :]
    if forged != GOOD:
        with pytest.raises(SessionInvalid):
            READER.read_access_token(forged, at=NOW)


@settings(max_examples=50)
@given(st.text() | st.from_regex(r"[a-zA-Z0-9_-]{1,30}\.[a-zA-Z0-9_-]{1,30}\.[A-Z]{86}", fullmatch=True))
def test_any_text_is_refused_the_same_way(text: str) -> None:
    with pytest.raises(SessionInvalid):
        READER.read_access_token(text, at=NOW)
    with pytest.raises(SessionInvalid):
        READER.read_refresh_token(text)


def test_our_own_tokens_have_exactly_the_agreed_header_and_claims() -> None:
    token, lifetime = issuer().access_token(ANNA, SESSION, 7, at=NOW)
    header, claims = (json.loads(decoded(part)) for part in token.split(".")[:2])
    assert header == FORGER.header
    assert set(claims) == set(FORGER.claims)
    assert claims == FORGER.claims | {"exp": SECONDS + lifetime, "jti": claims["jti"]}


def test_a_token_with_a_claim_of_a_newer_release_is_still_read() -> None:
    token = FORGER.signed(FORGER.header, FORGER.claims | {"acr": ["x", {"y": 1}]})
    assert issuer().read_access_token(token, at=NOW).session_id == SESSION


def test_tokens_under_an_older_key_are_read_until_it_leaves_the_ring() -> None:
    before = over(KeyRing(active="k1", keys={"k1": b"1" * 32}))
    access, _ = before.access_token(ANNA, SESSION, 7, at=NOW)
    refresh = before.refresh_token(SESSION, 5)
    during = issuer()
    assert during.read_access_token(access, at=NOW).user_id == ANNA
    assert during.read_refresh_token(refresh) == (SESSION, 5)
    assert during.refresh_token(SESSION, 5).startswith("prt_k2.")
    after = over(KeyRing(active="k2", keys={"k2": b"2" * 32}))
    with pytest.raises(SessionInvalid):
        after.read_access_token(access, at=NOW)
    with pytest.raises(SessionInvalid):
        after.read_refresh_token(refresh)


def test_the_key_that_will_sign_next_is_good_already() -> None:
    """Another process may have heard of the rotation a moment earlier."""
    here, there = MemoryKeyRing(KeyRing.generate(at=NOW)), MemoryKeyRing(KeyRing.generate(at=NOW))
    there._ring = here.current()
    there.rotate(at=NOW, published_for=timedelta(0))
    early, slow = over(there), over(here)
    assert slow.read_access_token(early.access_token(ANNA, SESSION, 7, at=NOW)[0], at=NOW).generation == 7
    assert slow.read_refresh_token(early.refresh_token(SESSION, 3)) == (SESSION, 3)
    assert early.read_access_token(slow.access_token(ANNA, SESSION, 7, at=NOW)[0], at=NOW).generation == 7


def test_a_rotation_is_taken_over_at_once_and_cuts_nobody_off() -> None:
    ring, clock = MemoryKeyRing(KeyRing.generate(at=NOW)), FixedClock(NOW)
    reader = over(ring, clock=clock)
    access, refresh = reader.access_token(ANNA, SESSION, 7, at=NOW)[0], reader.refresh_token(SESSION, 7)
    old = ring.active
    ring.rotate(at=NOW, published_for=timedelta(0))
    assert ring.active != old
    assert reader.refresh_token(SESSION, 7).startswith(f"prt_{ring.active}.")
    assert (
        json.loads(decoded(reader.access_token(ANNA, SESSION, 7, at=NOW)[0].split(".")[0]))["kid"]
        == ring.active
    )
    assert reader.read_access_token(access, at=NOW).user_id == ANNA
    assert reader.read_refresh_token(refresh) == (SESSION, 7)


def test_a_retiring_key_outlives_its_last_tokens_and_no_more() -> None:
    """Somebody who finds an old key can forge access tokens for minutes and refresh tokens for a month."""
    ring, clock = MemoryKeyRing(KeyRing.generate(at=NOW)), FixedClock(NOW)
    thief = over(ring.current(), clock=clock)
    reader = over(ring, clock=clock)
    ring.rotate(at=NOW, published_for=timedelta(0))
    clock.advance(timedelta(minutes=11))
    late = thief.access_token(ANNA, SESSION, 7, at=clock.now())[0]
    assert not taken(reader, late)
    assert reader.read_refresh_token(thief.refresh_token(SESSION, 7)) == (SESSION, 7)
    clock.advance(timedelta(days=30))
    with pytest.raises(SessionInvalid):
        reader.read_refresh_token(thief.refresh_token(SESSION, 7))


def test_a_remembered_token_dies_with_its_key() -> None:
    ring, clock = MemoryKeyRing(KeyRing.generate(at=NOW)), FixedClock(NOW)
    reader = over(ring, clock=clock)
    ring.rotate(at=NOW, published_for=timedelta(0))
    retiring = ring.list(at=NOW)[0].kid
    key = Ed25519PrivateKey.from_private_bytes(ring.secret("access token", retiring))
    ahead = dict.fromkeys(("iat", "nbf"), SECONDS + 590) | {"exp": SECONDS + 900}
    token = Forger(key=key, header=FORGER.header | {"kid": retiring}, claims=FORGER.claims | ahead).good
    clock.advance(timedelta(seconds=600))
    assert reader.read_access_token(token, at=clock.now()).user_id == ANNA
    clock.advance(timedelta(seconds=61))
    with pytest.raises(SessionInvalid):
        reader.read_access_token(token, at=clock.now())


@pytest.mark.parametrize("which", [0, 1])
def test_a_revoked_key_is_refused_even_for_what_is_remembered(which: int) -> None:
    """The retiring one, and the active one."""
    ring = MemoryKeyRing(KeyRing.generate(at=NOW))
    ring.rotate(at=NOW, published_for=timedelta(0))
    kid = ring.kids[which]
    key = Ed25519PrivateKey.from_private_bytes(ring.secret("access token", kid))
    access = Forger(key=key, header=FORGER.header | {"kid": kid}, claims=FORGER.claims).good
    reader = over(ring)
    refresh = over(KeyRing(active=kid, keys={kid: ring.current().entries()[which][1]})).refresh_token(
        SESSION, 1
    )
    assert reader.read_access_token(access, at=NOW).user_id == ANNA
    assert reader.read_refresh_token(refresh) == (SESSION, 1)
    ring.revoke(kid, at=NOW)
    with pytest.raises(SessionInvalid):
        reader.read_access_token(access, at=NOW)
    with pytest.raises(SessionInvalid):
        reader.read_refresh_token(refresh)


def test_a_mails_token_outlives_rotations() -> None:
    ring, clock = MemoryKeyRing(KeyRing.generate(at=NOW)), FixedClock(NOW)
    reader = over(ring, clock=clock)
    token = reader.mail_token("verify-email", "4711")
    for _ in range(3):
        ring.rotate(at=clock.now(), published_for=timedelta(0))
        clock.advance(timedelta(days=7))
        assert reader.mail_token("verify-email", "4711") == token
    clock.advance(timedelta(days=10))
    assert reader.mail_token("verify-email", "4711") != token, "its key has retired"


def test_a_mails_token_changes_when_its_key_is_revoked() -> None:
    ring = MemoryKeyRing(KeyRing.generate(at=NOW))
    reader = over(ring)
    token = reader.mail_token("verify-email", "4711")
    ring.rotate(at=NOW, published_for=timedelta(0))
    ring.revoke(ring.kids[0], at=NOW)
    assert reader.mail_token("verify-email", "4711") != token


def test_public_keys_are_those_whose_tokens_are_taken() -> None:
    ring, clock = MemoryKeyRing(KeyRing.generate(at=NOW)), FixedClock(NOW)
    reader = over(ring, clock=clock)
    assert [key.kid for key in reader.public_keys()] == list(ring.kids)
    ring.rotate(at=NOW, published_for=timedelta(0))
    assert [key.kid for key in reader.public_keys()] == list(ring.kids)
    token, _ = reader.access_token(ANNA, SESSION, 7, at=NOW)
    signing = next(key for key in reader.public_keys() if key.kid == ring.active)
    unsigned, _, signature = token.rpartition(".")
    Ed25519PublicKey.from_public_bytes(signing.key).verify(decoded(signature), unsigned.encode())
    clock.advance(timedelta(minutes=11))
    assert [key.kid for key in reader.public_keys()] == list(ring.kids[1:])


def test_a_remembered_token_is_not_verified_again(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, token = issuer(), issuer().access_token(ANNA, SESSION, 7, at=NOW)[0]
    verifications = []
    really = jwt.PyJWS.decode

    def counted(*arguments: Any, **options: Any) -> Any:
        verifications.append(arguments)
        return really(*arguments, **options)

    monkeypatch.setattr(jwt.PyJWS, "decode", counted)
    first = reader.read_access_token(token, at=NOW)
    assert all(reader.read_access_token(token, at=NOW) == first for _ in range(20))
    assert len(verifications) == 1


@pytest.mark.parametrize("remembered", [0, 1, 3])
def test_no_more_tokens_are_remembered_than_told(remembered: int) -> None:
    reader = issuer(remembered)
    tokens = [reader.access_token(ANNA, SESSION, 7, at=NOW)[0] for _ in range(5)]
    for token in [*tokens, *tokens]:
        assert reader.read_access_token(token, at=NOW).user_id == ANNA
        assert len(reader._held.seen) <= remembered


def test_a_mail_tokens_two_parts_cannot_be_shifted() -> None:
    for purpose, subject in (("a\0b", "c"), ("a", "b\0c")):
        with pytest.raises(ValueError, match="NUL"):
            issuer().mail_token(purpose, subject)
