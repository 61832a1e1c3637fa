"""The simulated provider's books: one SQLite file of its own, or memory.

Everything that happens at the provider is one entry: a transaction that takes the only writer's place
at its beginning, so that two threads or processes never decide about the same money at once. What was
committed survives `kill -9`.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import attrs
import tenacity

from printapic.adapters.payments.simulated.accounts import Accounts
from printapic.adapters.payments.simulated.outgoing import Outgoing
from printapic.adapters.payments.simulated.rows import as_text
from printapic.application.ports.clock import Clock
from printapic.domain.errors import Unavailable

BUSY_TIMEOUT_S = 10
EDITION = 1
_SCHEMA = """
CREATE TABLE checkout (
  ref TEXT PRIMARY KEY, token TEXT NOT NULL UNIQUE, csrf_token TEXT NOT NULL, our_reference TEXT NOT NULL,
  order_number TEXT NOT NULL, currency TEXT NOT NULL, exponent INTEGER NOT NULL,
  minor INTEGER NOT NULL CHECK (minor > 0), authorized INTEGER NOT NULL DEFAULT 0 CHECK (authorized >= 0),
  return_url TEXT NOT NULL, cancel_url TEXT NOT NULL, locale TEXT NOT NULL,
  collection TEXT NOT NULL, state TEXT NOT NULL, created_at TEXT NOT NULL, expires_at TEXT NOT NULL);
CREATE INDEX checkout_by_reference ON checkout (our_reference, created_at);
CREATE INDEX checkout_by_expiry ON checkout (expires_at) WHERE state = 'open';
CREATE TABLE capture (
  ref TEXT PRIMARY KEY, checkout_ref TEXT NOT NULL REFERENCES checkout, currency TEXT NOT NULL,
  exponent INTEGER NOT NULL, minor INTEGER NOT NULL CHECK (minor > 0), at TEXT NOT NULL);
CREATE INDEX capture_by_checkout ON capture (checkout_ref);
CREATE TABLE refund (
  ref TEXT PRIMARY KEY, capture_ref TEXT NOT NULL REFERENCES capture, currency TEXT NOT NULL,
  exponent INTEGER NOT NULL, minor INTEGER NOT NULL CHECK (minor > 0), state TEXT NOT NULL,
  operation_id TEXT, reason TEXT NOT NULL, at TEXT NOT NULL);
CREATE INDEX refund_by_capture ON refund (capture_ref);
CREATE TABLE movement (
  ref TEXT NOT NULL, type TEXT NOT NULL, currency TEXT NOT NULL, exponent INTEGER NOT NULL,
  minor INTEGER NOT NULL, fee INTEGER, at TEXT NOT NULL, PRIMARY KEY (ref, type));
CREATE INDEX movement_by_time ON movement (at);
CREATE TABLE answer (
  key TEXT PRIMARY KEY, digest TEXT NOT NULL, body BLOB NOT NULL, at TEXT NOT NULL);
CREATE TABLE event (
  id TEXT PRIMARY KEY, type TEXT NOT NULL, ref TEXT NOT NULL, created_at TEXT NOT NULL);
CREATE TABLE delivery (
  id INTEGER PRIMARY KEY, event_id TEXT NOT NULL REFERENCES event, due_at TEXT,
  tries INTEGER NOT NULL DEFAULT 0, leased_until TEXT, delivered_at TEXT);
CREATE INDEX delivery_due ON delivery (due_at) WHERE delivered_at IS NULL;
"""


class BooksUnavailable(Unavailable):
    """The file cannot be read or written right now. Nothing of the entry was kept."""

    code = "simulated-books-unavailable"

    def __init__(self) -> None:
        super().__init__("The simulated payment provider's books do not answer.")


@attrs.frozen(kw_only=True)
class BookEntry:
    """One transaction at the provider, at one moment (`now`)."""

    connection: sqlite3.Connection
    now: datetime
    accounts: Accounts
    outgoing: Outgoing

    def answer(self, key: str, *, lifetime: timedelta) -> tuple[str, bytes] | None:
        """The digest of the request that came with this key, and what was answered; None once forgotten."""
        row = self.connection.execute(
            "SELECT digest, body FROM answer WHERE key = ? AND at > ?", (key, as_text(self.now - lifetime))
        ).fetchone()
        return None if row is None else (row["digest"], row["body"])

    def remember(self, key: str, digest: str, body: bytes) -> None:
        """Keep what was answered under a key."""
        self.connection.execute(
            "INSERT OR REPLACE INTO answer (key, digest, body, at) VALUES (?, ?, ?, ?)",
            (key, digest, body, as_text(self.now)),
        )


class SimulatedBooks:
    """Opens the books, and writes one entry at a time. Thread-safe; processes may share a file.

    `path` None keeps everything in memory. Raises `BooksUnavailable` for a file that cannot be opened,
    or was written by another edition of this provider.
    """

    def __init__(self, path: Path | None, clock: Clock) -> None:
        self.clock = clock
        self.news = threading.Event()
        """Set after an entry that left something to deliver."""
        self._lock = threading.Lock()
        if path is not None:
            _make_private(path)
        self._connection = _connected(":memory:" if path is None else str(path))

    @contextmanager
    def entry(self) -> Iterator[BookEntry]:
        """Begin an entry; it is kept unless the block raises. Raises `BooksUnavailable`.

        Checkouts whose time is over are closed first: nobody ever meets one that is open and too old.
        """
        with self._lock, _translated():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                now = self.clock.now()
                outgoing = Outgoing(self._connection, now)
                accounts = Accounts(self._connection, now)
                for ref in accounts.expire():
                    outgoing.announce("checkout.expired", ref)
                yield BookEntry(connection=self._connection, now=now, accounts=accounts, outgoing=outgoing)
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
        if outgoing.announced:
            self.news.set()

    def close(self) -> None:
        """Let go of the file. Every later entry raises `BooksUnavailable`."""
        with self._lock:
            self._connection.close()


def _make_private(path: Path) -> None:
    """Nobody else on the machine reads along; SQLite gives its side files the same rights."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
    except OSError as error:
        raise BooksUnavailable from error


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise BooksUnavailable from error


# Changing to WAL may meet another process doing the same, for which SQLite does not wait by itself.
@tenacity.retry(
    retry=tenacity.retry_if_exception_type(BooksUnavailable),
    stop=tenacity.stop_after_attempt(5),
    wait=tenacity.wait_random(0.01, 0.1),
    reraise=True,
)
def _connected(target: str) -> sqlite3.Connection:
    with _translated():
        connection = sqlite3.connect(
            target, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        try:
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("BEGIN IMMEDIATE")
            edition = connection.execute("PRAGMA user_version").fetchone()[0]
            if edition == 0:
                for statement in _SCHEMA.split(";"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {EDITION}")
            elif edition != EDITION:
                raise BooksUnavailable
            connection.execute("COMMIT")
        except BaseException:
            connection.close()
            raise
        return connection
