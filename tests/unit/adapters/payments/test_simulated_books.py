"""The books: shared by processes, and true after any of them was killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from printapic.adapters.payments.simulated.books import BooksUnavailable, SimulatedBooks
from printapic.adapters.payments.simulated.checkout import Choice
from printapic.adapters.payments.simulated.webhooks import WebhookDeliverer
from printapic.adapters.system.clock import FixedClock
from printapic.application.ports.payments import Done, MovementsUnavailable, Rejected, Unknown
from printapic.domain.money import Money
from printapic.domain.payments.attempt import AttemptState
from printapic.domain.payments.snapshot import RefundState
from tests.unit.adapters.payments.counter import NOON, PRICE, Counter, new_key, value_of

PROCESSES, EACH = 3, 5
EURO = Money.of("1.00", "EUR")


def refund_again_and_again(path: Path, capture_ref: str) -> int:
    """One process of several: how many euros it could give back."""
    counter = Counter(path)
    outcomes = [
        counter.gateway.refund(capture_ref=capture_ref, amount=EURO, reason="race", key=new_key())
        for _ in range(EACH)
    ]
    assert all(isinstance(outcome, Done | Rejected) for outcome in outcomes)
    return sum(isinstance(outcome, Done) for outcome in outcomes)


def test_r2_processes_together_never_give_back_more_than_came(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "books.sqlite"
    counter = Counter(path)
    page = counter.paid()
    (capture,) = counter.look(page).captures
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        done = pool.starmap(refund_again_and_again, [(path, capture.ref)] * PROCESSES)
    assert sum(done) == 12
    assert len(counter.look(page).refunds) == 12


def open_books(path: Path) -> int:
    counter = Counter(path)
    counter.opened()
    return os.getpid()


def test_processes_may_make_the_books_at_the_same_time(tmp_path: Path) -> None:
    path = tmp_path / "books.sqlite"
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        pool.map(open_books, [path] * PROCESSES, chunksize=1)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM checkout").fetchone() == (PROCESSES,)
    connection.close()


VICTIM = """
import os, signal, sys
from datetime import timedelta
from pathlib import Path
from printapic.adapters.payments.simulated.checkout import Choice
from tests.unit.adapters.payments.counter import Counter

counter = Counter(Path(sys.argv[1]))
paid, unfinished = counter.paid(), counter.opened()
print(paid.ref, unfinished.ref, flush=True)
with counter.books.entry() as entry:
    checkout = entry.accounts.checkout(unfinished.ref)
    entry.accounts.take(checkout, checkout.amount)
    entry.outgoing.announce("checkout.completed", unfinished.ref)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_i3_killed_in_the_middle_of_an_entry_everything_or_nothing_of_it_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "books.sqlite"
    victim = subprocess.run(
        [sys.executable, "-c", VICTIM, str(path)],
        cwd=Path(__file__).parents[4],
        env={**os.environ, "PYTHONPATH": "."},
        capture_output=True,
        text=True,
        check=False,
    )
    assert victim.returncode == -signal.SIGKILL, victim.stderr
    paid, unfinished = victim.stdout.split()
    counter = Counter(path)
    assert value_of(counter.gateway.fetch(ref=paid)).state is AttemptState.CAPTURED
    half_done = value_of(counter.gateway.fetch(ref=unfinished))
    assert (half_done.state, half_done.captures) == (AttemptState.OPEN, ())
    with counter.books.entry() as entry:
        delivery = entry.outgoing.claim()
        assert delivery is not None
        assert delivery.ref == paid
        assert entry.outgoing.claim() is None


def test_an_entry_that_fails_leaves_no_trace() -> None:
    counter = Counter()
    page = counter.opened()

    def fail() -> None:
        with counter.books.entry() as entry:
            checkout = entry.accounts.checkout(page.ref)
            assert checkout is not None
            entry.accounts.take(checkout, PRICE)
            entry.outgoing.announce("checkout.completed", page.ref)
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError):
        fail()
    assert counter.look(page).captures == ()
    assert not counter.books.news.is_set()


def test_the_gateway_says_unknown_when_its_books_do_not_answer() -> None:
    counter = Counter()
    page = counter.opened()
    counter.books.close()
    assert counter.gateway.fetch(ref=page.ref) == Unknown(reason="provider-down")
    assert counter.gateway.void(ref=page.ref, key=new_key()) == Unknown(reason="provider-down")
    with pytest.raises(MovementsUnavailable):
        counter.gateway.movements(since=NOON, until=NOON + timedelta(days=1))
    with pytest.raises(BooksUnavailable):
        counter.page.show("any")


def test_books_of_another_edition_or_no_books_at_all_are_refused(tmp_path: Path) -> None:
    newer, garbage = tmp_path / "newer.sqlite", tmp_path / "garbage.sqlite"
    with sqlite3.connect(newer) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    garbage.write_bytes(b"this is no database, and it is long enough to be looked at" * 100)
    for path in (newer, garbage, tmp_path, newer / "below a file"):
        with pytest.raises(BooksUnavailable):
            SimulatedBooks(path, FixedClock(NOON))


def test_nobody_else_on_the_machine_reads_along(tmp_path: Path) -> None:
    counter = Counter(tmp_path / "books.sqlite")
    counter.paid()
    assert {oct(file.stat().st_mode & 0o777) for file in tmp_path.iterdir()} == {"0o600"}


def test_a_refund_that_is_nowhere_cannot_be_decided() -> None:
    counter = Counter()
    with counter.books.entry() as entry, pytest.raises(LookupError):
        entry.accounts.decide_refund("elsewhere", RefundState.FAILED)


def test_i3_what_was_to_be_delivered_is_delivered_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "books.sqlite"
    before = Counter(path)
    before.paid()
    before.books.close()
    after = Counter(path)
    deliverer = WebhookDeliverer(after.books, url="http://127.0.0.1:1/", secret="s")
    assert deliverer.deliver_due() == 0
    deliverer.close()
    with after.books.entry() as entry:
        assert entry.outgoing.next_due() is not None
    after.press(after.opened(), Choice.PAY)
