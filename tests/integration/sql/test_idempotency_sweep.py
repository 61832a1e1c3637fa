"""Keys that are forgotten leave the table: a batch a minute, and faster while there are many."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import Engine, func, select

from printapic.adapters.persistence.sql.idempotency import SWEEP_BATCH, SqlIdempotencyKeys
from printapic.adapters.persistence.sql.idempotency_tables import idempotency_keys
from printapic.application.ports.idempotency import Claimed, KeyedRequest, StoredReply
from printapic.domain.ids import UserId

DAY = timedelta(hours=24)
NOTHING = StoredReply(status=204, headers=(), body=b"")


def take(keys: SqlIdempotencyKeys, name: str, keep: timedelta) -> Claimed:
    request = KeyedRequest(user_id=UserId(UUID(int=1)), scope="a" * 64, key=name, fingerprint="f" * 64)
    got = keys.claim(request, lease=timedelta(seconds=30), keep=keep)
    assert isinstance(got, Claimed)
    return got


def answer(keys: SqlIdempotencyKeys, name: str) -> None:
    assert keys.finish(take(keys, name, DAY), NOTHING)


def rows(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(idempotency_keys)).scalar_one()


def test_what_is_forgotten_is_removed_in_batches_until_nothing_is_left(database: Engine) -> None:
    now = [0.0]
    keys = SqlIdempotencyKeys(database, monotonic=lambda: now[0])
    for number in range(SWEEP_BATCH + 5):
        take(keys, f"forgotten {number}", timedelta(0))
    answer(keys, "kept 1")
    assert rows(database) == 5 + 1
    answer(keys, "kept 2")
    assert rows(database) == 2
    take(keys, "forgotten at last", timedelta(0))
    now[0] = 59.9
    answer(keys, "kept 3")
    assert rows(database) == 3 + 1
    now[0] = 60.0
    answer(keys, "kept 4")
    assert rows(database) == 4
