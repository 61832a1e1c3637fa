"""A simulated provider's books: one SQLite file that several processes may open at once.

Everything that happens at the provider is one entry: a transaction that takes the only writer's place at
its beginning. What was committed survives `kill -9`, so a simulator opened on old books goes on where the
last one was. Time stands in the books too: all processes see the same clock.
"""

from __future__ import annotations

import json
import re
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import attrs

from printapic.application.ports.payments import Movement, MovementKind
from printapic.domain.money import Currency, Money

Json: TypeAlias = dict[str, Any]
BUSY_TIMEOUT_S = 20
_PATH = re.compile(r"\w+(\.\w+)*", re.ASCII)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS object (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL,
  UNIQUE (kind, id));
CREATE INDEX IF NOT EXISTS object_status ON object (kind, json_extract(body, '$.status'));
CREATE INDEX IF NOT EXISTS object_intent ON object (kind, json_extract(body, '$.payment_intent'));
CREATE INDEX IF NOT EXISTS object_charge ON object (kind, json_extract(body, '$.charge'));
CREATE INDEX IF NOT EXISTS object_done ON object (kind, json_extract(body, '$.done'));
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS answer (
  key TEXT PRIMARY KEY, digest TEXT NOT NULL, status INTEGER NOT NULL, headers TEXT NOT NULL,
  body BLOB NOT NULL, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS movement (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, ref TEXT NOT NULL, kind TEXT NOT NULL,
  minor INTEGER NOT NULL, currency TEXT NOT NULL, exponent INTEGER NOT NULL, fee_minor INTEGER,
  fee_currency TEXT, fee_exponent INTEGER, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, seen INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS planned (
  name TEXT NOT NULL, at INTEGER NOT NULL, fault TEXT NOT NULL, PRIMARY KEY (name, at));
CREATE TABLE IF NOT EXISTS event (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS delivery (
  id INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT NOT NULL REFERENCES event (id), due_at REAL NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0, leased_until REAL NOT NULL DEFAULT 0, taken INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS delivery_due ON delivery (due_at) WHERE NOT taken;
"""


@attrs.frozen(kw_only=True)
class StoredAnswer:
    """What was answered to the first request under a key, and what tells that request from others."""

    digest: str
    status: int
    headers: dict[str, str]
    body: bytes
    at: datetime


@attrs.frozen(kw_only=True)
class Entry:
    """One transaction at the provider, at one moment (`now`). `connection` is for sibling modules."""

    connection: sqlite3.Connection
    now: datetime

    def put(self, kind: str, body: Json) -> None:
        """Write the object `body["id"]`, new or changed; it keeps its place in the order of creation."""
        self.connection.execute(
            "INSERT INTO object (kind, id, body) VALUES (?, ?, ?)"
            " ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",
            (kind, body["id"], json.dumps(body)),
        )

    def get(self, kind: str, id_: str) -> Json | None:
        """The object of this name, a copy."""
        row = self.connection.execute(
            "SELECT body FROM object WHERE kind = ? AND id = ?", (kind, id_)
        ).fetchone()
        return None if row is None else json.loads(row["body"])

    def find(self, kind: str, where: Mapping[str, str | int] | None = None) -> list[Json]:
        """All objects whose members equal `where` ("a.b" looks inside), oldest first.

        Raises `ValueError` for a path that is none.
        """
        wanted = dict(where or {})
        if strange := [path for path in wanted if not _PATH.fullmatch(path)]:
            raise ValueError(f"{strange[0]} is no path")
        # Spelt out, not bound: only so SQLite knows its indexes again.
        conditions = "".join(f" AND json_extract(body, '$.{path}') = ?" for path in wanted)
        rows = self.connection.execute(
            f"SELECT body FROM object WHERE kind = ?{conditions} ORDER BY seq", (kind, *wanted.values())
        )
        return [json.loads(row["body"]) for row in rows]

    def setting(self, name: str) -> Any:
        """What was kept under this name; None if nothing was."""
        return _setting(self.connection, name)

    def keep(self, name: str, value: object) -> None:
        """Keep something that JSON can say."""
        self.connection.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, json.dumps(value)))

    def answer(self, key: str) -> StoredAnswer | None:
        """What is remembered under an idempotency key; how long it counts is the provider's business."""
        row = self.connection.execute("SELECT * FROM answer WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        return StoredAnswer(
            digest=row["digest"],
            status=row["status"],
            headers=json.loads(row["headers"]),
            body=row["body"],
            at=datetime.fromtimestamp(row["at"], UTC),
        )

    def remember(self, key: str, digest: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Remember an answer under a key, in the place of an older one."""
        self.connection.execute(
            "INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?, ?, ?)",
            (key, digest, status, json.dumps(dict(headers)), body, self.now.timestamp()),
        )

    def forget_answers(self) -> None:
        """Forget every key, as after days."""
        self.connection.execute("DELETE FROM answer")

    def move(self, movement: Movement) -> None:
        """Write a line of the account; lines are never changed."""
        fee = movement.fee
        self.connection.execute(
            "INSERT INTO movement (id, ref, kind, minor, currency, exponent, fee_minor, fee_currency,"
            " fee_exponent, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                movement.id,
                movement.ref,
                movement.kind.value,
                movement.amount.minor,
                movement.amount.currency.code,
                movement.amount.currency.exponent,
                None if fee is None else fee.minor,
                None if fee is None else fee.currency.code,
                None if fee is None else fee.currency.exponent,
                movement.occurred_at.timestamp(),
            ),
        )

    def movements(self) -> list[Movement]:
        """Every line of the account, oldest first."""
        return [_movement(row) for row in self.connection.execute("SELECT * FROM movement ORDER BY at, seq")]


class ProviderBooks:
    """Opens the books and writes one entry at a time. Thread-safe; processes may share the file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._reading = threading.Lock()
        self._connection = _connected(path)
        _lay_out(self._connection)
        # A look at a setting never waits for the writer, who may wait for another process.
        self._reader = _connected(path)

    @contextmanager
    def entry(self) -> Iterator[Entry]:
        """Begin an entry; it is kept unless the block raises. Entries do not nest in one thread."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield Entry(connection=self._connection, now=_now(self._connection))
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def look(self, name: str) -> Any:
        """A setting as it is now, without waiting for anybody."""
        with self._reading:
            return _setting(self._reader, name)

    def now(self) -> datetime:
        """The provider's time: the machine's and what tests let pass, or the moment it stands still at."""
        with self._reading:
            return _now(self._reader)

    def stand_still(self, at: datetime) -> None:
        """Stop the clock at a moment; from now on only `pass_time` moves it."""
        with self.entry() as entry:
            entry.keep("clock", {"still": at.astimezone(UTC).isoformat(), "ahead_s": 0})

    def pass_time(self, by: timedelta) -> None:
        """Let time pass. Raises `ValueError` for a step backwards."""
        if by < timedelta(0):
            raise ValueError("time does not go backwards")
        with self.entry() as entry:
            clock = entry.setting("clock") or {"still": None, "ahead_s": 0}
            entry.keep("clock", {**clock, "ahead_s": clock["ahead_s"] + by.total_seconds()})

    def close(self) -> None:
        """Let go of the file."""
        with self._lock, self._reading:
            self._connection.close()
            self._reader.close()


def _now(connection: sqlite3.Connection) -> datetime:
    clock = _setting(connection, "clock") or {"still": None, "ahead_s": 0}
    start = datetime.fromisoformat(clock["still"]) if clock["still"] else datetime.now(UTC)
    return start + timedelta(seconds=clock["ahead_s"])


def _setting(connection: sqlite3.Connection, name: str) -> Any:
    row = connection.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
    return None if row is None else json.loads(row["value"])


def _movement(row: sqlite3.Row) -> Movement:
    fee = row["fee_minor"]
    return Movement(
        id=row["id"],
        ref=row["ref"],
        kind=MovementKind(row["kind"]),
        amount=Money(row["minor"], Currency(row["currency"], row["exponent"])),
        fee=None if fee is None else Money(fee, Currency(row["fee_currency"], row["fee_exponent"])),
        occurred_at=datetime.fromtimestamp(row["at"], UTC),
    )


def _connected(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    # Processes are killed here, never machines: what the operating system was given is safe.
    connection.execute("PRAGMA synchronous = OFF")
    return connection


def _lay_out(connection: sqlite3.Connection) -> None:
    try:
        _change_to_wal(connection)
        connection.execute("BEGIN IMMEDIATE")
        for statement in _SCHEMA.split(";"):
            connection.execute(statement)
        connection.execute("COMMIT")
    except BaseException:
        connection.close()
        raise


def _change_to_wal(connection: sqlite3.Connection) -> None:
    """SQLite does not wait by itself where another process is changing the mode at this moment."""
    ends_at = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > ends_at:
                raise
            time.sleep(0.01)
        else:
            return
