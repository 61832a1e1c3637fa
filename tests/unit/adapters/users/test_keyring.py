from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from printapic.adapters.users.key_rotation import revoked, rotated
from printapic.adapters.users.keyring import LONGEST_LIFE, SPREAD, KeyLife, KeyRing, KeyRingUnusable
from printapic.application.ports.keys import KeyState
from printapic.domain.users.session import CUSTOMER_LIFETIME, STAFF_LIFETIME

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
AT_ONCE = timedelta(0)


def test_a_new_ring_is_like_no_other() -> None:
    one, other = KeyRing.generate(), KeyRing.generate()
    assert one.active != other.active
    assert one.secret("x") != other.secret("x")


def test_every_purpose_and_every_key_has_a_secret_of_its_own() -> None:
    ring = KeyRing(active="b", keys={"a": b"1" * 32, "b": b"2" * 32})
    secrets = {ring.secret(purpose, kid) for purpose in ("x", "y", "") for kid in ring.kids}
    assert len(secrets) == 6
    assert {len(secret) for secret in secrets} == {32}
    assert ring.secret("x") == ring.secret("x", "b")


def test_of_all_secrets_that_serve_the_active_one_comes_first() -> None:
    ring = rotated(KeyRing.generate(at=NOON), at=NOON, published_for=AT_ONCE)
    old, active, following = (ring.secret("x", kid) for kid in ring.kids)
    day = timedelta(days=1)
    assert ring.secrets("x", life=day, at=NOON + day) == (active, old, following)
    assert ring.secrets("x", life=day, at=NOON + 2 * day) == (active, following)
    assert revoked(ring, ring.kids[0], at=NOON).secrets("x", life=day, at=NOON) == (active, following)


def test_secrets_stay_the_same_from_release_to_release() -> None:
    ring = KeyRing(active="a", keys={"a": bytes(range(32))})
    assert ring.secret("access token").hex() == (
        "eb741c120645dcce210969fd7f223198451087e7616460b9305be683d78250ae"
    )


def test_an_unknown_key_has_no_secret() -> None:
    with pytest.raises(KeyError):
        KeyRing.generate().secret("x", "nobody")


def test_a_ring_never_shows_its_keys() -> None:
    ring = KeyRing(active="a", keys={"a": b"hush" * 8})
    shown = repr(ring) + str(ring) + f"{ring!r}"
    assert "hush" not in shown
    assert "active='a'" in shown


def test_a_secret_is_derived_once() -> None:
    ring = KeyRing.generate()
    assert ring.secret("x") is ring.secret("x")


def test_no_session_outlives_the_keys_of_its_tokens() -> None:
    assert max(CUSTOMER_LIFETIME.absolute, STAFF_LIFETIME.absolute) <= LONGEST_LIFE


@pytest.mark.parametrize(
    "states",
    [
        {"a": KeyState.NEXT},
        {"a": KeyState.RETIRING},
        {"a": KeyState.REVOKED},
        {"a": KeyState.ACTIVE, "b": KeyState.ACTIVE},
        {"a": KeyState.ACTIVE, "b": KeyState.NEXT, "c": KeyState.NEXT},
    ],
)
def test_one_key_is_active_and_at_most_one_next(states: dict[str, KeyState]) -> None:
    with pytest.raises(KeyRingUnusable):
        KeyRing(
            active="a",
            keys={kid: kid.encode() * 32 for kid in "abc"},
            lives={kid: KeyLife(state=state) for kid, state in states.items()},
        )


def test_a_key_of_unknown_past_serves_until_the_next_rotation_says_when_it_ends() -> None:
    ring = KeyRing(active="b", keys={"a": b"1" * 32, "b": b"2" * 32})
    month = timedelta(days=30)
    assert ring.serves("a", life=AT_ONCE, at=NOON + 100 * month)
    after = rotated(ring, at=NOON, published_for=AT_ONCE)
    assert after.serves("a", life=month, at=NOON + month)
    assert not after.serves("a", life=month, at=NOON + month + SPREAD)


def test_how_long_a_retiring_key_serves_depends_on_what_is_made_under_it() -> None:
    ring = rotated(KeyRing.generate(at=NOON), at=NOON, published_for=AT_ONCE)
    retiring = ring.kids[0]
    for life in (timedelta(seconds=1), timedelta(hours=1), timedelta(days=30)):
        last = NOON + life + SPREAD
        assert ring.serves(retiring, life=life, at=last - timedelta(microseconds=1))
        assert not ring.serves(retiring, life=life, at=last)
        assert ring.serves(ring.active, life=life, at=last + timedelta(days=1000))


def test_a_second_rotation_prolongs_nothing() -> None:
    once = rotated(KeyRing.generate(at=NOON), at=NOON, published_for=AT_ONCE)
    twice = rotated(once, at=NOON + timedelta(days=1), published_for=AT_ONCE)
    assert twice.life(once.kids[0]) == once.life(once.kids[0])


def test_an_unknown_key_serves_nothing() -> None:
    assert not KeyRing.generate().serves("nobody", life=AT_ONCE, at=NOON)


def test_the_oldest_key_is_the_one_that_signed_first_of_those_that_serve() -> None:
    ring, life = KeyRing.generate(at=NOON), timedelta(days=30)
    first = ring.active
    for _ in range(3):
        ring = rotated(ring, at=NOON, published_for=AT_ONCE)
        assert ring.oldest(life=life, at=NOON) == first
    assert revoked(ring, first, at=NOON).oldest(life=life, at=NOON) == ring.kids[1]
    assert ring.oldest(life=life, at=NOON + life + SPREAD) == ring.active


def test_whatever_is_done_to_it_a_ring_keeps_all_keys() -> None:
    """What was sealed under one of them could never be read again."""
    ring = KeyRing.generate(at=NOON)
    sealed = {kid: ring.secret("data wrapping", kid) for kid in ring.kids}
    for step in range(4):
        ring = rotated(ring, at=NOON + timedelta(days=90 * step), published_for=AT_ONCE)
        ring = revoked(ring, ring.kids[step], at=NOON + timedelta(days=90 * step))
    assert {kid: ring.secret("data wrapping", kid) for kid in sealed} == sealed
    assert not any(ring.serves(kid, life=timedelta(0), at=NOON) for kid in sealed)
