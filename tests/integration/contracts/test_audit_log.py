"""The audit log inside a unit of work: chained without gaps, sealed for its subjects, and never changed."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import attrs
import pytest

from printapic.application.ports.audit import AuditPosition, AuditQuery
from printapic.domain.actors import Caller
from printapic.domain.audit.chain import GENESIS, ChainHead, follows
from printapic.domain.audit.entry import AuditEntry, AuditRecord
from printapic.domain.audit.event import AuditAction, AuditEvent, AuditStream
from printapic.domain.ids import UserId
from tests import builders as b
from tests.integration.stores import Store
from tests.shop_floor import notary

AUTH, ADMIN = AuditStream.AUTH, AuditStream.ADMIN
HOME = Caller(address="203.0.113.77", device="Firefox on Windows", request_id="req-1")
THREADS = 8


def log(store: Store, *events: AuditEvent) -> None:
    with store.units() as work:
        for event in events:
            work.audit.append(event)
        work.commit()


def chain(store: Store, stream: str = AUTH) -> list[AuditEntry]:
    with store.units.reading() as work:
        rows = work.audit.chain(stream, since=None, limit=1000)
    assert all(isinstance(row, AuditEntry) for row in rows)
    return [row for row in rows if isinstance(row, AuditEntry)]


def records(
    store: Store, *, before: AuditPosition | None = None, limit: int = 100, **query: Any
) -> tuple[AuditRecord, ...]:
    with store.units.reading() as work:
        return work.audit.page(AuditQuery(**query), before=before, limit=limit)


def assert_chained(entries: list[AuditEntry]) -> None:
    assert [entry.sequence for entry in entries] == list(range(1, len(entries) + 1))
    previous = GENESIS
    for entry in entries:
        assert follows(entry, previous, notary().seal.mac)
        previous = entry.mac


def test_an_entry_says_everything_that_its_event_says(store: Store) -> None:
    event = b.an_audit_event()
    log(store, event)
    (record,) = records(store)
    entry = record.entry
    for field in attrs.fields(AuditEvent):
        if field.name != "caller":
            assert getattr(entry, field.name) == getattr(event, field.name)
    assert (record.caller, record.erased) == (event.caller, False)
    assert (entry.stream, entry.sequence, entry.key_id) == ("auth", 1, notary().seal.key_id)


def test_entries_of_one_stream_are_a_chain_without_gaps(store: Store) -> None:
    log(store, *(b.an_audit_event() for _ in range(3)))
    log(store, b.an_audit_event(action=AuditAction.ROLES_CHANGED), b.an_audit_event())
    assert_chained(chain(store, AUTH))
    assert_chained(chain(store, ADMIN))
    assert (len(chain(store, AUTH)), len(chain(store, ADMIN))) == (4, 1)


def test_entries_keep_the_order_in_which_they_were_appended(store: Store) -> None:
    words = [f"event {number}" for number in range(10)]
    log(store, *(b.an_audit_event(details={"word": word}) for word in words))
    assert [entry.details["word"] for entry in chain(store)] == words


def test_nothing_is_logged_of_a_unit_that_was_not_committed(store: Store) -> None:
    with store.units() as work:
        work.audit.append(b.an_audit_event())
    log(store, b.an_audit_event(details={"which": "second"}))
    (entry,) = chain(store)
    assert (entry.sequence, entry.details) == (1, {"which": "second"})


def test_an_event_is_stored_with_what_it_tells_of_or_not_at_all(store: Store) -> None:
    with store.units() as work:
        work.users.add(b.a_customer())
        work.commit()
    with pytest.raises(Exception, match="already"), store.units() as work:  # noqa: PT012
        work.audit.append(b.an_audit_event())
        work.users.add(b.another_customer(email=b.a_customer().email))
        work.commit()
    assert chain(store) == []


def test_who_only_reads_cannot_log(store: Store) -> None:
    with store.units.reading() as work:
        with pytest.raises(RuntimeError):
            work.audit.append(b.an_audit_event())
        with pytest.raises(RuntimeError):
            work.audit.append(AuditEvent(at=b.NOON, action=AuditAction.KEYS_ROTATED))
        with pytest.raises(RuntimeError):
            work.audit.forget(b.CUSTOMER)


def test_writers_of_one_stream_take_turns(store: Store) -> None:
    """Streams in opposite order, subjects shared: nobody waits for ever, and no number is given twice."""
    actions = (AuditAction.LOGGED_IN, AuditAction.ROLES_CHANGED)
    subjects = [UserId(b.new_id()) for _ in range(2)]
    start = threading.Barrier(THREADS)

    def write(number: int) -> None:
        start.wait()
        for round_ in range(5):
            order = 1 if number % 2 else -1
            log(
                store,
                *(
                    b.an_audit_event(action=each, subject_id=subjects[round_ % 2])
                    for each in actions[::order]
                ),
            )

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(write, range(THREADS)))
    for stream in (AUTH, ADMIN):
        entries = chain(store, stream)
        assert len(entries) == THREADS * 5
        assert_chained(entries)
    assert {record.caller for record in records(store)} == {HOME}


def test_a_forgotten_subject_leaves_a_valid_chain_and_no_trace_of_where_they_were(store: Store) -> None:
    other = UserId(b.new_id())
    log(store, b.an_audit_event(), b.an_audit_event(subject_id=other))
    with store.units() as work:
        work.audit.forget(b.CUSTOMER)
        work.audit.forget(b.CUSTOMER)
        work.commit()
    assert_chained(chain(store))
    gone, kept = sorted(records(store), key=lambda record: record.entry.sequence)
    assert (gone.erased, gone.caller) == (True, Caller(request_id="req-1"))
    assert (kept.erased, kept.caller) == (False, HOME)


def test_who_was_forgotten_stays_forgotten(store: Store) -> None:
    with store.units() as work:
        work.audit.append(b.an_audit_event())
        work.audit.forget(b.CUSTOMER)
        work.audit.append(b.an_audit_event(action=AuditAction.USER_ERASED))
        work.commit()
    log(store, b.an_audit_event())
    assert_chained(chain(store))
    assert {record.caller.address for record in records(store)} == {None}
    assert [entry.sealed is None for entry in chain(store)] == [False, True, True]


def test_forgetting_is_undone_where_its_unit_is(store: Store) -> None:
    log(store, b.an_audit_event())
    with store.units() as work:
        work.audit.forget(b.CUSTOMER)
    assert [record.caller for record in records(store)] == [HOME]


@pytest.mark.parametrize(
    ("address", "network"),
    [("203.0.113.77", "203.0.113.0/24"), ("2001:db8:77:1::5", "2001:db8:77::/48"), (None, None)],
)
def test_of_somebody_unknown_only_the_network_is_kept(
    address: str | None, network: str | None, store: Store
) -> None:
    log(
        store,
        b.an_audit_event(
            action=AuditAction.LOG_IN_FAILED,
            actor_id=None,
            subject_id=None,
            caller=Caller(address=address, device="Firefox on Windows", request_id="req-9"),
        ),
    )
    (record,) = records(store)
    assert (record.caller, record.erased) == (Caller(address=network, request_id="req-9"), False)
    assert record.entry.sealed is None


def test_the_actor_stands_in_for_a_missing_subject(store: Store) -> None:
    actor = UserId(b.new_id())
    log(store, b.an_audit_event(actor_id=actor, subject_id=None))
    assert [record.caller for record in records(store)] == [HOME]
    with store.units() as work:
        work.audit.forget(actor)
        work.commit()
    assert [record.erased for record in records(store)] == [True]


def test_what_happens_by_itself_has_no_caller(store: Store) -> None:
    log(store, b.an_audit_event(caller=Caller()))
    (record,) = records(store)
    assert (record.caller, record.erased, record.entry.sealed) == (Caller(), False, None)


def test_pages_show_the_newest_first_and_each_entry_once(store: Store) -> None:
    for minute in (3, 1, 1, 2):
        log(
            store,
            b.an_audit_event(at=b.minutes(minute)),
            b.an_audit_event(at=b.minutes(minute), action=AuditAction.ROLES_CHANGED),
        )
    seen: list[AuditEntry] = []
    before = None
    while found := records(store, before=before, limit=3):
        seen += [record.entry for record in found]
        last = seen[-1]
        before = AuditPosition(at=last.at, stream=last.stream, sequence=last.sequence)
    assert len(seen) == 8
    assert seen == sorted(seen, key=lambda entry: (entry.at, entry.stream, entry.sequence), reverse=True)


def test_pages_hold_what_was_asked_for(store: Store) -> None:
    anna, boss = UserId(b.new_id()), UserId(b.new_id())
    log(
        store,
        b.an_audit_event(subject_id=anna, actor_id=anna),
        b.an_audit_event(subject_id=anna, actor_id=boss, action=AuditAction.USER_DISABLED),
        b.an_audit_event(subject_id=boss, actor_id=boss, at=b.NOON + timedelta(seconds=1)),
    )

    def numbers(**query: Any) -> list[tuple[str, int]]:
        return sorted((record.entry.stream, record.entry.sequence) for record in records(store, **query))

    assert numbers() == [("admin", 1), ("auth", 1), ("auth", 2)]
    assert numbers(stream=AUTH) == [("auth", 1), ("auth", 2)]
    assert numbers(action="user.disabled") == [("admin", 1)]
    assert numbers(subject_id=anna) == [("admin", 1), ("auth", 1)]
    assert numbers(actor_id=boss) == [("admin", 1), ("auth", 2)]
    assert numbers(actor_id=boss, subject_id=anna, stream=ADMIN) == [("admin", 1)]
    assert numbers(stream=AuditStream.MONEY) == []


def test_a_chain_is_read_in_pages(store: Store) -> None:
    log(store, *(b.an_audit_event() for _ in range(5)))
    with store.units.reading() as work:
        first = work.audit.chain(AUTH, since=None, limit=2)
        rest = work.audit.chain(AUTH, since=2, limit=10)
        none = work.audit.chain(AUTH, since=6, limit=10)
    assert [[row.sequence for row in rows] for rows in (first, rest, none)] == [[1, 2], [2, 3, 4, 5], []]


def test_the_head_is_the_newest_entry(store: Store) -> None:
    with store.units.reading() as work:
        assert work.audit.head(AUTH) == ChainHead(stream="auth", sequence=0, mac=GENESIS)
        assert work.audit.streams() == ()
    log(store, b.an_audit_event(), b.an_audit_event(), b.an_audit_event(action=AuditAction.KEYS_ROTATED))
    with store.units.reading() as work:
        head = work.audit.head(AUTH)
        assert work.audit.streams() == ("admin", "auth")
    assert (head.sequence, head.mac) == (2, chain(store)[-1].mac)


def test_the_store_never_holds_a_callers_address_or_device_in_the_clear(store: Store) -> None:
    log(store, b.an_audit_event())
    (entry,) = chain(store)
    written = repr(attrs.asdict(entry))
    assert "203.0.113" not in written
    assert "Firefox" not in written
