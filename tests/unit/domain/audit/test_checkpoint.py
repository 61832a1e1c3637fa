"""A checkpoint is read back as it was written, or not at all."""

from __future__ import annotations

import json
from typing import Any

import pytest

from printapic.domain.audit.chain import ChainHead
from printapic.domain.audit.checkpoint import AuditCheckpoint, CheckpointForged
from tests import builders as b
from tests.unit.domain.audit.chains import mac

CHECKPOINT = AuditCheckpoint(
    at=b.NOON,
    heads=(ChainHead(stream="admin", sequence=3, mac="a" * 64), ChainHead(stream="auth", sequence=41)),
)
WRITTEN = CHECKPOINT.written("k1", mac)


def changed(**fields: Any) -> str:
    return json.dumps({**json.loads(WRITTEN), **fields})


def without(name: str) -> str:
    return json.dumps({key: value for key, value in json.loads(WRITTEN).items() if key != name})


def test_it_is_one_line_that_reads_back() -> None:
    assert "\n" not in WRITTEN
    assert AuditCheckpoint.read(WRITTEN, mac) == CHECKPOINT


def test_another_spelling_of_the_same_is_as_good() -> None:
    assert AuditCheckpoint.read(json.dumps(json.loads(WRITTEN), indent=2), mac) == CHECKPOINT


@pytest.mark.parametrize(
    "text",
    [
        changed(at="2026-03-14T12:00:00.123457+00:00"),
        changed(heads=[]),
        changed(heads=[{"stream": "auth", "sequence": 3, "mac": "a" * 64}]),
        changed(key_id="k2"),
        changed(mac="0" * 64),
        changed(mac=None),
        changed(note="and one thing more"),
        changed(at="yesterday"),
        changed(at="2026-03-14T12:00:00"),
        changed(heads=[{"stream": "auth"}, 5]),
        changed(heads=None),
        without("mac"),
        without("key_id"),
        "",
        "{",
        "[]",
        "5",
        "[" * 100_000,
    ],
)
def test_what_was_changed_is_forged(text: str) -> None:
    with pytest.raises(CheckpointForged):
        AuditCheckpoint.read(text, mac)


def test_a_key_that_is_not_there_is_said_to_be_missing() -> None:
    with pytest.raises(LookupError):
        AuditCheckpoint.read(changed(key_id="k9"), mac)
