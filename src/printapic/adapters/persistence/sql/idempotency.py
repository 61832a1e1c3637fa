"""Idempotency keys in a table, on SQLite or PostgreSQL."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import attrs
from sqlalchemy import (
    Connection,
    Delete,
    Engine,
    Row,
    Select,
    Update,
    and_,
    bindparam,
    delete,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert

from printapic.adapters.persistence.sql.database_clock import as_pause, database_time, database_time_after
from printapic.adapters.persistence.sql.idempotency_tables import idempotency_keys as keys
from printapic.adapters.persistence.sql.transaction import shop_errors
from printapic.adapters.persistence.sql.turns import turn_to_write
from printapic.application.ports.idempotency import (
    Claim,
    Claimed,
    Differs,
    IdempotencyKeys,
    InFlight,
    KeyedRequest,
    Replay,
    StoredReply,
)
from printapic.application.ports.unit_of_work import StorageUnavailable
from printapic.domain.ids import UserId

SWEEP_BATCH = 100
_SWEEP_EVERY_S = 60.0


@attrs.define(eq=False)
class SqlIdempotencyKeys(IdempotencyKeys):
    """A claim is one upsert: it takes a key that is new, forgotten, or left by a claimant that died.

    Headers are kept as JSON text of Latin-1 strings, in which any byte is a character. What is expired is
    removed once a minute, 100 rows at a time and at every answer for as long as there are more, so that
    removing keeps up with any number of claims.
    """

    _engine: Engine
    _monotonic: Callable[[], float] = time.monotonic
    _sweep_at: float = attrs.field(init=False, default=0.0)
    _sweeping: threading.Lock = attrs.field(init=False, factory=threading.Lock)

    def claim(self, request: KeyedRequest, *, lease: timedelta, keep: timedelta) -> Claim:
        """Take the request in hand, or find who has it or what was answered."""
        dialect, token = self._engine.dialect.name, secrets.token_hex(16)
        values = attrs.asdict(request) | {
            "token": token,
            "lease": as_pause(dialect, lease),
            "keep": as_pause(dialect, keep),
        }
        with self._writing() as connection:
            if connection.execute(_claim(dialect), values).first() is not None:
                return Claimed(scope=request.scope, key=request.key, token=token)
            # The row is there to stay: PostgreSQL locked it although it did not change it.
            named = {"its_scope": request.scope, "its_key": request.key}
            found = connection.execute(_find(dialect), named).one()
        return _outcome(found, request)

    def finish(self, claim: Claimed, reply: StoredReply) -> bool:
        """Keep the answer; now and then remove those kept long enough."""
        headers = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in reply.headers]
        ours = self._change(_FINISH, claim, new_status=reply.status, new_headers=headers, new_body=reply.body)
        self._sweep()
        return ours

    def release(self, claim: Claimed) -> bool:
        """Forget the claim."""
        return self._change(_RELEASE, claim)

    def forget(self, user_id: UserId) -> None:
        """Remove everything of a user."""
        with self._writing() as connection:
            connection.execute(delete(keys).where(keys.c.user_id == user_id))

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with turn_to_write(self._engine), shop_errors(), self._engine.begin() as connection:
            yield connection

    def _change(self, statement: Update | Delete, claim: Claimed, **values: object) -> bool:
        ours = {"its_scope": claim.scope, "its_key": claim.key, "its_token": claim.token}
        with self._writing() as connection:
            return connection.execute(statement, ours | values).rowcount == 1

    def _sweep(self) -> None:
        """Remove what is expired; it may fail, and then it is tried again in a minute."""
        now = self._monotonic()
        with self._sweeping:
            if now < self._sweep_at:
                return
            self._sweep_at = now + _SWEEP_EVERY_S
        with suppress(StorageUnavailable), self._writing() as connection:
            if connection.execute(_expired(self._engine.dialect.name)).rowcount == SWEEP_BATCH:
                self._sweep_at = now


_MINE = and_(
    keys.c.scope == bindparam("its_scope"),
    keys.c.key == bindparam("its_key"),
    keys.c.token == bindparam("its_token"),
    keys.c.status.is_(None),
)
_FINISH = (
    update(keys)
    .where(_MINE)
    .values(status=bindparam("new_status"), headers=bindparam("new_headers"), body=bindparam("new_body"))
)
_RELEASE = delete(keys).where(_MINE)


_OF_A_CLAIM = ("user_id", "fingerprint", "token", "leased_until", "expires_at")


@cache
def _claim(dialect: str) -> Insert:
    now = database_time(dialect)
    make: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
    insert = make(keys).values(
        scope=bindparam("scope"),
        key=bindparam("key"),
        user_id=bindparam("user_id"),
        fingerprint=bindparam("fingerprint"),
        token=bindparam("token"),
        leased_until=database_time_after(dialect, "lease"),
        expires_at=database_time_after(dialect, "keep"),
    )
    new = insert.excluded
    forgotten = keys.c.expires_at <= now
    left = and_(keys.c.status.is_(None), keys.c.leased_until <= now, keys.c.fingerprint == new.fingerprint)
    fresh = {column: new[column] for column in _OF_A_CLAIM}
    statement: Insert = insert.on_conflict_do_update(
        index_elements=[keys.c.scope, keys.c.key],
        set_=fresh | {"status": None, "headers": None, "body": None},
        where=or_(forgotten, left),
    ).returning(keys.c.token)
    return statement


@cache
def _find(dialect: str) -> Select[Any]:
    named = and_(keys.c.scope == bindparam("its_scope"), keys.c.key == bindparam("its_key"))
    columns = (keys.c.fingerprint, keys.c.leased_until, keys.c.status, keys.c.headers, keys.c.body)
    return select(*columns, database_time(dialect).label("now")).where(named)


@cache
def _expired(dialect: str) -> Delete:
    """Some of what is expired; on PostgreSQL what others have in hand is left alone, and nobody waits."""
    forgotten = keys.c.expires_at <= database_time(dialect)
    old = select(keys.c.scope, keys.c.key).where(forgotten).limit(SWEEP_BATCH)
    if dialect == "postgresql":
        old = old.with_for_update(skip_locked=True)
    return delete(keys).where(tuple_(keys.c.scope, keys.c.key).in_(old))


def _outcome(row: Row[Any], request: KeyedRequest) -> Claim:
    if row.fingerprint != request.fingerprint:
        return Differs()
    if row.status is None:
        now: datetime = row.now
        return InFlight(max(row.leased_until - now, timedelta()))
    headers = tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in row.headers)
    return Replay(StoredReply(status=row.status, headers=headers, body=bytes(row.body)))
