"""Whoever owns the database and not the keys can change the audit log, but not without being found out."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import attrs
import pytest
from sqlalchemy import Engine

from printapic.adapters.audit.hmac_seal import HmacAuditSeal
from printapic.adapters.audit.memory_checkpoints import MemoryAuditCheckpoints
from printapic.adapters.persistence.sql.audit_rows import entry_of
from printapic.adapters.persistence.sql.engine import sql_engine
from printapic.adapters.persistence.sql.migrate import migrate
from printapic.adapters.system.clock import FixedClock
from printapic.adapters.users.keyring import KeyRing
from printapic.application.audit.checkpoints import SealAuditLog
from printapic.application.audit.verification import AuditReport, VerifyAuditLog
from printapic.application.ports.audit import AuditLogDamaged, AuditQuery
from printapic.domain.audit.chain import GENESIS, sealed
from printapic.domain.audit.entry import AuditEntry
from printapic.domain.audit.event import AuditAction
from printapic.domain.audit.tampering import Tampering
from tests import builders as b
from tests.integration.stores import sql_units
from tests.shop_floor import notary

ACTIONS = {"auth": AuditAction.LOGGED_IN, "admin": AuditAction.ROLES_CHANGED}
LENGTHS = {"auth": 24, "admin": 9}
TAMPERINGS_SEED = 20_260_302
Row = dict[str, Any]
Expected = tuple[str, int, set[Tampering]]


@attrs.frozen
class Intruder:
    """Somebody with all rights on the database: no trigger, no rule and no foreign hand in the way."""

    database: sqlite3.Connection
    dice: random.Random
    original: tuple[Row, ...]

    def rows(self, stream: str) -> list[Row]:
        return [dict(row) for row in self.original if row["stream"] == stream]

    def restore(self) -> None:
        self.write([], of=None)

    def write(self, rows: list[Row], *, of: str | None) -> None:
        """Leave these rows of one stream, as they are, and the original ones of all others."""
        rows = [row for row in self.original if row["stream"] != of] + rows
        names = ", ".join(rows[0])
        values = ", ".join(f":{name}" for name in rows[0])
        self.database.execute("BEGIN IMMEDIATE")
        self.database.execute("DELETE FROM audit_log")
        self.database.executemany(f"INSERT INTO audit_log ({names}) VALUES ({values})", rows)
        self.database.execute("COMMIT")

    def somewhere(self) -> tuple[str, int]:
        """A stream, and the number of one of its rows."""
        stream = self.dice.choice(list(LENGTHS))
        return stream, self.dice.randint(1, LENGTHS[stream])

    def forged(self, rows: list[Row], previous: str) -> list[Row]:
        """The same rows, sealed anew with a key of one's own under the name of the real one."""
        mac = HmacAuditSeal(KeyRing(active=KEY, keys={KEY: self.dice.randbytes(32)})).mac
        made = []
        for row in rows:
            entry = entry_of(row)
            assert isinstance(entry, AuditEntry)
            again = sealed(entry, previous, mac)
            previous = again.mac
            made.append({**row, "mac": again.mac})
        return made


KEY = notary().seal.key_id


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = sql_engine(f"sqlite:///{tmp_path_factory.mktemp('log') / 'shop.sqlite'}")
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def checkpoints(engine: Engine) -> MemoryAuditCheckpoints:
    """A log of two streams, with a checkpoint half-way and one at the end."""
    units, kept = sql_units(engine), MemoryAuditCheckpoints()
    seal = SealAuditLog(units, notary().seal, kept, FixedClock(b.NOON))
    for part in range(2):
        for stream, action in ACTIONS.items():
            with units() as work:
                for number in range(LENGTHS[stream] // 2 + part * (LENGTHS[stream] % 2)):
                    at = b.NOON + timedelta(minutes=number)
                    work.audit.append(b.an_audit_event(action=action, at=at, details={"n": str(number)}))
                work.commit()
        seal()
    return kept


@pytest.fixture(scope="module")
def intruder(engine: Engine, checkpoints: MemoryAuditCheckpoints) -> Iterator[Intruder]:
    database = sqlite3.connect(str(engine.url.database), isolation_level=None)
    database.row_factory = sqlite3.Row
    for each in ("PRAGMA synchronous = OFF", "PRAGMA ignore_check_constraints = ON"):
        database.execute(each)
    for action in ("update", "delete"):
        database.execute(f"DROP TRIGGER audit_log_no_{action}")
    original = tuple(dict(row) for row in database.execute("SELECT * FROM audit_log"))
    yield Intruder(database, random.Random(TAMPERINGS_SEED), original)
    database.close()


@pytest.fixture(scope="module")
def verify(engine: Engine, checkpoints: MemoryAuditCheckpoints) -> VerifyAuditLog:
    return VerifyAuditLog(sql_units(engine), notary().seal, checkpoints)


def edit(intruder: Intruder) -> Expected:
    stream, number = intruder.somewhere()
    rows = intruder.rows(stream)
    column = intruder.dice.choice([name for name in rows[0] if name not in {"stream", "sequence"}])
    values = [value for value in EDITS[column] if value != rows[number - 1][column]]
    rows[number - 1][column] = intruder.dice.choice(values)
    intruder.write(rows, of=stream)
    return stream, number, {Tampering.UNKNOWN_KEY} if column == "key_id" else {Tampering.EDITED}


IDS = ("actor_id", "subject_id", "session_id", "api_key_id")
EDITS: dict[str, list[object]] = {
    "at": ["2026-03-14 12:00:00.123457", "2026-03-14", "yesterday", 5],
    "action": ["session.refused", "", 7, b"blob"],
    **{
        name: [uuid4().hex, None, "nobody"] for name in ("actor_id", "subject_id", "session_id", "api_key_id")
    },
    "request_id": ["req-2", None, 2.5],
    "network": ["198.51.100.0/24", ""],
    "sealed": ["QUFB", None, ""],
    "details": ['{"n":"99"}', "{}", "{", "[]", '{"n": "0", "n":"0"}', '{"n":1}', "[" * 100_000],
    "key_id": ["k-1", "", KEY.upper() + "x"],
    "mac": ["0" * 64, "", "f" * 64],
}
"""What each column may be changed to: what we might have written, and what we never would."""


def move_elsewhere(intruder: Intruder) -> Expected:
    """Give a row another number, or another stream, that nobody has."""
    stream, number = intruder.somewhere()
    rows = intruder.rows(stream)
    column, value = intruder.dice.choice(
        [("sequence", 1000 + number), ("sequence", "last"), ("stream", "money"), ("stream", "elsewhere")]
    )
    rows[number - 1][column] = value
    intruder.write(rows, of=stream)
    last_one_left = column == "stream" and number == len(rows)
    if value == "last" and number == len(rows):
        return stream, number, {Tampering.EDITED}
    return stream, number, {Tampering.TRUNCATED if last_one_left else Tampering.MISSING}


def remove(intruder: Intruder) -> Expected:
    stream, number = intruder.somewhere()
    rows = intruder.rows(stream)
    del rows[number - 1]
    intruder.write(rows, of=stream)
    return stream, number, {Tampering.TRUNCATED if number > len(rows) else Tampering.MISSING}


def remove_and_close_the_gap(intruder: Intruder) -> Expected:
    stream, number = intruder.somewhere()
    rows = intruder.rows(stream)
    del rows[number - 1]
    intruder.write(numbered(rows), of=stream)
    at_the_end = {Tampering.TRUNCATED} if number > len(rows) else {Tampering.EDITED}
    return stream, number, {Tampering.MISSING} if number < len(rows) else at_the_end


def insert_a_row(intruder: Intruder) -> Expected:
    stream, number = intruder.somewhere()
    rows = intruder.rows(stream)
    another = {**intruder.dice.choice(rows), "request_id": "req-x"}
    rows.insert(number - 1, intruder.forged([another], GENESIS)[0])
    intruder.write(numbered(rows), of=stream)
    return stream, number, {Tampering.INSERTED}


def append_a_row(intruder: Intruder) -> Expected:
    stream, _ = intruder.somewhere()
    rows = intruder.rows(stream)
    rows += intruder.forged([{**rows[-1], "sequence": len(rows) + 1}], rows[-1]["mac"])
    intruder.write(rows, of=stream)
    return stream, len(rows), {Tampering.EDITED}


def swap(intruder: Intruder) -> Expected:
    stream, _ = intruder.somewhere()
    rows = intruder.rows(stream)
    one, other = sorted(intruder.dice.sample(range(len(rows)), 2))
    rows[one], rows[other] = rows[other], rows[one]
    intruder.write(numbered(rows), of=stream)
    return stream, one + 1, {Tampering.REORDERED}


def shift(intruder: Intruder) -> Expected:
    """Take one row out and put it in somewhere else."""
    stream, _ = intruder.somewhere()
    rows = intruder.rows(stream)
    one, other = intruder.dice.sample(range(len(rows)), 2)
    rows.insert(other, rows.pop(one))
    intruder.write(numbered(rows), of=stream)
    return stream, min(one, other) + 1, {Tampering.REORDERED, Tampering.INSERTED, Tampering.MISSING}


def truncate(intruder: Intruder) -> Expected:
    stream, number = intruder.somewhere()
    intruder.write(intruder.rows(stream)[: number - 1], of=stream)
    return stream, number, {Tampering.TRUNCATED}


def rewrite_the_end(intruder: Intruder) -> Expected:
    stream, number = intruder.somewhere()
    return rewrite(intruder, stream, number)


def rewrite_everything(intruder: Intruder) -> Expected:
    return rewrite(intruder, intruder.somewhere()[0], 1)


def rewrite(intruder: Intruder, stream: str, number: int) -> Expected:
    rows = intruder.rows(stream)
    kept, changed = rows[: number - 1], rows[number - 1 :]
    changed[0]["details"] = '{"n":"nothing happened"}'
    rows = kept + intruder.forged(changed, kept[-1]["mac"] if kept else GENESIS)
    intruder.write(rows, of=stream)
    return stream, number, {Tampering.REWRITTEN if number < len(rows) else Tampering.EDITED}


def numbered(rows: list[Row]) -> list[Row]:
    return [{**row, "sequence": number} for number, row in enumerate(rows, 1)]


TAMPERINGS: tuple[Callable[[Intruder], Expected], ...] = (
    edit,
    edit,
    move_elsewhere,
    remove,
    remove_and_close_the_gap,
    insert_a_row,
    append_a_row,
    swap,
    shift,
    truncate,
    rewrite_the_end,
    rewrite_everything,
)


def named(report: AuditReport, stream: str) -> tuple[int, Tampering] | None:
    return next(((f.sequence, f.what) for f in report.findings if f.stream == stream), None)


def test_an_untouched_log_is_found_intact(intruder: Intruder, verify: VerifyAuditLog) -> None:
    intruder.restore()
    report = verify()
    assert (report.intact, report.entries, report.checkpoints) == (True, sum(LENGTHS.values()), 2)


@pytest.mark.parametrize("cases", [100, pytest.param(1000, marks=pytest.mark.chaos)])
def test_of_many_tamperings_each_is_found_and_its_row_named(
    intruder: Intruder, verify: VerifyAuditLog, cases: int
) -> None:
    unnoticed = []
    for case in range(cases):
        tamper = TAMPERINGS[case % len(TAMPERINGS)]
        stream, number, kinds = tamper(intruder)
        found = named(verify(), stream)
        if found is None or found[0] != number or found[1] not in kinds:
            unnoticed.append((case, tamper.__name__, (stream, number, kinds), found))
    intruder.restore()
    assert unnoticed == []
    assert verify().intact


@pytest.mark.parametrize("stream", ["", "other", b"\x00", "\uffff"])
def test_a_stream_of_any_name_is_found(stream: object, intruder: Intruder, verify: VerifyAuditLog) -> None:
    rows = intruder.rows("admin")
    rows.append({**rows[0], "stream": stream, "sequence": 5})
    intruder.write(rows, of="admin")
    [finding] = verify().findings
    assert finding.what is Tampering.INSERTED
    assert finding.stream == str(stream)
    intruder.restore()


def test_who_reads_a_page_with_a_damaged_row_is_told_to_verify(engine: Engine, intruder: Intruder) -> None:
    rows = intruder.rows("admin")
    rows[0]["at"] = "yesterday"
    intruder.write(rows, of="admin")
    with sql_units(engine).reading() as work, pytest.raises(AuditLogDamaged):
        work.audit.page(AuditQuery(), before=None, limit=100)
    intruder.restore()


def test_a_key_that_was_destroyed_is_in_no_page_of_the_file_any_more(
    engine: Engine, intruder: Intruder
) -> None:
    def everything() -> bytes:
        intruder.database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return Path(str(engine.url.database)).read_bytes()

    [row] = intruder.database.execute("SELECT wrapped_key FROM subject_keys").fetchall()
    key = row["wrapped_key"].encode()
    assert key in everything()
    with sql_units(engine)() as work:
        work.audit.forget(b.CUSTOMER)
        work.commit()
    assert key[-20:] not in everything()
