from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from printapic.adapters.users.key_document import parse, write
from printapic.adapters.users.key_rotation import revoked, rotated
from printapic.adapters.users.keyring import KeyRing, KeyRingUnusable
from printapic.application.ports.keys import KeyState

KEY = base64.urlsafe_b64encode(bytes(range(32))).decode().rstrip("=")
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ACTIVE: dict[str, Any] = {"kid": "a", "state": "active", "key": KEY}
NEXT: dict[str, Any] = {"kid": "b", "state": "next", "key": KEY}


def document(*keys: dict[str, Any], **more: Any) -> str:
    return json.dumps({"format": 2, "keys": list(keys), **more})


def test_a_ring_survives_being_written_down_with_all_lives() -> None:
    ring = KeyRing.generate(at=NOON, development=True)
    assert parse(write(ring)) == ring
    for day in range(1, 4):
        ring = rotated(ring, at=NOON + timedelta(days=day), published_for=timedelta(0))
    ring = revoked(ring, ring.kids[1], at=NOON + timedelta(days=5))
    again = parse(write(ring))
    assert again == ring
    assert again.kids == ring.kids
    assert again.records(at=NOON) == ring.records(at=NOON)
    assert again.development


def test_the_first_form_is_read_and_becomes_the_present_one() -> None:
    ring = parse(json.dumps({"active": "b", "keys": {"a": KEY, "b": KEY, "c": KEY}}))
    assert ring == KeyRing(active="b", keys={kid: bytes(range(32)) for kid in "abc"})
    assert [record.state for record in ring.records(at=NOON)] == [
        KeyState.RETIRING,
        KeyState.ACTIVE,
        KeyState.RETIRING,
    ]
    assert not ring.development
    again = parse(write(rotated(ring, at=NOON, published_for=timedelta(0))))
    assert again.kids[:3] == ("a", "b", "c")
    assert again.active == again.kids[3]


def test_times_are_kept_in_utc() -> None:
    ring = parse(document(ACTIVE | {"signs_since": "2026-11-22T14:00:00+02:00"}))
    assert ring.life("a").signs_since == NOON


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        "{" * 3000,
        "[" * 3000,
        '{"active": "a"}',
        '{"active": "a", "keys": {}}',
        '{"active": "a", "keys": []}',
        '{"active": "a", "keys": {"a": 7}}',
        '{"active": "a", "keys": {"a": null}}',
        '{"active": "a", "keys": {"a": "not base64!"}}',
        '{"active": "a", "keys": {"a": "AAAA"}}',
        json.dumps({"active": "b", "keys": {"a": KEY}}),
        json.dumps({"active": ["a"], "keys": {"a": KEY}}),
        json.dumps({"active": None, "keys": {"a": KEY}}),
        json.dumps({"active": "a.b", "keys": {"a.b": KEY}}),
        json.dumps({"active": "", "keys": {"": KEY}}),
        json.dumps({"active": "é", "keys": {"é": KEY}}),
        json.dumps({"active": "a" * 33, "keys": {"a" * 33: KEY}}),
        json.dumps({"active": "a", "keys": {"a": KEY + "A"}}),
        f'{{"active": "a", "keys": {{"a": "{KEY}", "a": "{KEY}"}}}}',
        document(),
        document(ACTIVE, ACTIVE),
        document(ACTIVE, ACTIVE | {"key": KEY[::-1]}),
        document(ACTIVE, NEXT, NEXT | {"kid": "c"}),
        document(ACTIVE, NEXT | {"state": "active"}),
        document(NEXT),
        document(ACTIVE, NEXT | {"state": "retired"}),
        document(ACTIVE, NEXT | {"state": "hidden"}),
        document({"state": "active", "key": KEY}),
        document({"kid": "a", "state": "active"}),
        document(ACTIVE | {"kid": 7}),
        document(ACTIVE | {"kid": ""}),
        document(ACTIVE | {"color": "red"}),
        document(ACTIVE | {"created_at": "yesterday"}),
        document(ACTIVE | {"created_at": "2026-11-22T12:00:00"}),
        document(ACTIVE | {"created_at": "0001-01-01T00:00:00+14:00"}),
        document(ACTIVE, color="red"),
        document(ACTIVE, format=3),
        document(ACTIVE, format="2"),
        document(ACTIVE, development="yes"),
        json.dumps({"format": 2}),
        json.dumps({"keys": [ACTIVE]}),
        f'{{"active": "a", "active": "b", "keys": {{"a": "{KEY}"}}}}',
    ],
)
def test_what_is_no_ring_stops_the_start_without_showing_its_keys(text: str) -> None:
    with pytest.raises(KeyRingUnusable) as refusal:
        parse(text)
    assert KEY not in refusal.value.message


def test_keys_may_be_spelled_with_or_without_padding() -> None:
    assert parse(json.dumps({"active": "a", "keys": {"a": KEY + "="}})) == KeyRing(
        active="a", keys={"a": bytes(range(32))}
    )
