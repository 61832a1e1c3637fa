"""What every keeper of keys does."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from printapic.adapters.users import key_file
from printapic.adapters.users.keyring import KeyRing
from printapic.adapters.users.live_keyring import FileKeyRing, LiveKeyRing, MemoryKeyRing
from printapic.application.ports.keys import (
    PUBLISHED_FOR,
    KeyNotFound,
    KeyRecord,
    KeyState,
    NextKeyTooNew,
)

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
AT_ONCE = timedelta(0)
MONTH, DAY = timedelta(days=30), timedelta(days=1)
Make = Callable[[KeyRing], LiveKeyRing]


def in_file(folder: Path, ring: KeyRing) -> LiveKeyRing:
    key_file.create(folder / "keys.json", ring)
    return FileKeyRing(folder / "keys.json")


@pytest.fixture(params=["memory", "file"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    makers: dict[str, Make] = {"memory": MemoryKeyRing, "file": lambda ring: in_file(tmp_path, ring)}
    return makers[request.param]


@pytest.fixture
def keys(make: Make) -> LiveKeyRing:
    return make(KeyRing.generate(at=NOON))


def states(keys: LiveKeyRing, at: datetime = NOON) -> list[KeyState]:
    return [record.state for record in keys.list(at=at)]


def test_a_new_ring_has_a_key_that_signs_and_the_next_one(keys: LiveKeyRing) -> None:
    assert keys.list(at=NOON) == (
        KeyRecord(kid=keys.active, state=KeyState.ACTIVE, created_at=NOON, signs_since=NOON),
        KeyRecord(kid=keys.kids[1], state=KeyState.NEXT, created_at=NOON),
    )


def test_rotating_lets_the_published_key_sign_and_publishes_another(keys: LiveKeyRing) -> None:
    first, second = keys.kids
    active = keys.rotate(at=NOON + DAY)
    assert active == KeyRecord(kid=second, state=KeyState.ACTIVE, created_at=NOON, signs_since=NOON + DAY)
    assert keys.active == second
    retiring, now_active, following = keys.list(at=NOON + DAY)
    assert now_active == active
    assert (following.state, following.created_at) == (KeyState.NEXT, NOON + DAY)
    assert (retiring.kid, retiring.state) == (first, KeyState.RETIRING)
    assert retiring.retire_at
    assert timedelta(0) < retiring.retire_at - (NOON + DAY + MONTH) < timedelta(hours=1)


def test_a_key_has_retired_when_its_last_token_has_expired(keys: LiveKeyRing) -> None:
    keys.rotate(at=NOON + DAY)
    retire_at = keys.list(at=NOON + DAY)[0].retire_at
    assert retire_at
    assert states(keys, retire_at - timedelta(seconds=1))[0] is KeyState.RETIRING
    assert states(keys, retire_at)[0] is KeyState.RETIRED
    assert keys.secret("data wrapping", keys.kids[0]), "what it sealed can still be read"


def test_a_key_is_published_before_it_signs(keys: LiveKeyRing) -> None:
    with pytest.raises(NextKeyTooNew) as refusal:
        keys.rotate(at=NOON + PUBLISHED_FOR - timedelta(seconds=30))
    assert refusal.value.details == {"retry_after_s": 30}
    assert states(keys) == [KeyState.ACTIVE, KeyState.NEXT]
    keys.rotate(at=NOON + PUBLISHED_FOR)
    keys.rotate(at=NOON + PUBLISHED_FOR, published_for=AT_ONCE)
    assert states(keys) == [KeyState.RETIRING, KeyState.RETIRING, KeyState.ACTIVE, KeyState.NEXT]


def test_a_ring_of_the_first_form_gets_what_it_lacks(make: Make) -> None:
    keys = make(KeyRing(active="b", keys={"a": b"1" * 32, "b": b"2" * 32}))
    assert states(keys) == [KeyState.RETIRING, KeyState.ACTIVE]
    assert keys.list(at=NOON)[1].overdue(at=NOON)
    active = keys.rotate(at=NOON)
    assert states(keys) == [KeyState.RETIRING, KeyState.RETIRING, KeyState.ACTIVE, KeyState.NEXT]
    assert active.kid == keys.kids[2]
    assert {record.retire_at is None for record in keys.list(at=NOON)[:2]} == {False}


def test_of_many_who_rotate_together_one_does(keys: LiveKeyRing) -> None:
    def rotate(_: int) -> bool:
        try:
            keys.rotate(at=NOON + DAY)
        except NextKeyTooNew:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(rotate, range(16))) == 1
    assert states(keys, NOON + DAY) == [KeyState.RETIRING, KeyState.ACTIVE, KeyState.NEXT]


def test_a_revoked_key_is_worth_nothing_from_then_on(keys: LiveKeyRing) -> None:
    keys.rotate(at=NOON + DAY)
    retiring = keys.kids[0]
    assert keys.serves(retiring, life=MONTH, at=NOON + DAY)
    assert keys.revoke(retiring, at=NOON + DAY).state is KeyState.REVOKED
    assert not keys.serves(retiring, life=MONTH, at=NOON + DAY)
    assert states(keys) == [KeyState.REVOKED, KeyState.ACTIVE, KeyState.NEXT]
    assert keys.revoke(retiring, at=NOON + 2 * DAY) == keys.revoke(retiring, at=NOON + 3 * DAY)


def test_the_next_key_takes_the_place_of_a_revoked_one_without_waiting(keys: LiveKeyRing) -> None:
    leaked, spare = keys.kids
    keys.revoke(leaked, at=NOON)
    assert keys.active == spare
    assert states(keys) == [KeyState.REVOKED, KeyState.ACTIVE, KeyState.NEXT]


def test_a_revoked_next_key_is_replaced(keys: LiveKeyRing) -> None:
    active, leaked = keys.kids
    keys.revoke(leaked, at=NOON)
    assert keys.active == active
    assert states(keys) == [KeyState.ACTIVE, KeyState.REVOKED, KeyState.NEXT]
    assert keys.rotate(at=NOON + DAY).kid == keys.kids[2]


def test_only_a_key_of_the_ring_is_revoked(keys: LiveKeyRing) -> None:
    with pytest.raises(KeyNotFound):
        keys.revoke("nobody", at=NOON)
    with pytest.raises(KeyError):
        keys.secret("access token", "nobody")
    assert not keys.serves("nobody", life=MONTH, at=NOON)


def test_a_key_is_overdue_ninety_days_after_it_began_to_sign(keys: LiveKeyRing) -> None:
    keys.rotate(at=NOON + DAY)
    almost, due = NOON + 90 * DAY, NOON + 91 * DAY
    assert not any(record.overdue(at=almost) for record in keys.list(at=almost))
    assert [record.kid for record in keys.list(at=due) if record.overdue(at=due)] == [keys.active]


def test_what_is_listed_holds_no_key(keys: LiveKeyRing) -> None:
    shown = repr(keys.list(at=NOON)) + repr(keys.current())
    for _, key, _ in keys.current().entries():
        assert key.hex() not in shown
        assert repr(key) not in shown
