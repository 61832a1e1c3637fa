"""The journal and the findings, over every store."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import attrs
import pytest

from printapic.application.payments.bookkeeping import recorded_place
from printapic.application.ports.bookkeeping import FindingQuery, JournalEntry, LogEntry, LogPosition
from printapic.domain.ids import OperationId, UserId
from printapic.domain.money import Money
from printapic.domain.orders.order import Order
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.finding import Finding, FindingKind, FindingState
from printapic.domain.payments.operation import UNDECIDED, OperationState
from printapic.domain.payments.payment import Payment
from printapic.domain.payments.transaction import Posting, Transaction, TransactionType
from printapic.domain.payments.treasury import TreasuryEntry, TreasuryType
from tests import builders as b
from tests.integration.stores import Store

FOR_EVER = b.minutes(100_000)
CLEARING = "psp_clearing:paypal"


@pytest.fixture
def shop(store: Store) -> Store:
    """A store that knows the customer."""
    with store.units() as work:
        work.users.add(b.a_customer())
        work.commit()
    return store


def log_of(shop: Store, *rows: Transaction, reviews: tuple[str, ...] = ()) -> Payment:
    """A payment of which nothing is known but these rows."""
    order: Order = b.another_order()
    attempt = b.an_attempt(id=b.new_id(), ref=None)
    own = tuple(attrs.evolve(row, attempt_id=attempt.id) for row in rows)
    payment = b.a_payment(
        order_id=order.id,
        attempts=(attempt,),
        operations=(),
        disputes=(),
        transactions=own,
        review_reasons=reviews,
    )
    with shop.units() as work:
        work.orders.add(order)
        work.payments.add(payment)
        work.commit()
    return payment


def row(ref: str, *, at: float, recorded: float | None = None, **fields: object) -> Transaction:
    return b.a_transaction(
        **{
            "ref": ref,
            "occurred_at": b.minutes(at),
            "recorded_at": b.minutes(at if recorded is None else recorded),
            "amount": b.euros("1.00"),
            "postings": (),
            "type": TransactionType.CAPTURE,
            **fields,
        }
    )


def refs(entries: Sequence[JournalEntry]) -> list[str]:
    return [entry.transaction.ref if isinstance(entry, LogEntry) else entry.ref for entry in entries]


def test_the_log_is_read_page_by_page_in_the_order_in_which_it_was_written(shop: Store) -> None:
    first = log_of(shop, row("a", at=9, recorded=1), row("d", at=1, recorded=4))
    second = log_of(
        shop, row("b", at=8, recorded=2), row("c", at=7, recorded=2), row("late", at=1, recorded=5)
    )
    seen = pages_of(shop, since=b.minutes(1), until=b.minutes(5), limit=2)
    assert refs(seen) == ["a", "b", "c", "d"]
    assert [(entry.payment_id, entry.position) for entry in seen if isinstance(entry, LogEntry)] == [
        (first.id, 0),
        (second.id, 0),
        (second.id, 1),
        (first.id, 1),
    ]
    assert [entry.transaction for entry in seen if isinstance(entry, LogEntry)] == [
        first.transactions[0],
        second.transactions[0],
        second.transactions[1],
        first.transactions[1],
    ]


def pages_of(shop: Store, *, since: datetime, until: datetime, limit: int) -> list[JournalEntry]:
    """What was written down in that time, page by page."""
    seen: list[JournalEntry] = []
    after: LogPosition | None = None
    with shop.units.reading() as work:
        while page := work.journal.recorded(since=since, until=until, after=after, limit=limit):
            assert len(page) <= limit
            seen += page
            after = recorded_place(page[-1])
    return seen


def test_what_occurred_at_one_provider_is_read_in_the_order_of_its_times(shop: Store) -> None:
    log_of(
        shop,
        row("too-early", at=0),
        row("second", at=2),
        row("end", at=3),
        row("test-mode", at=2, livemode=False),
        row("other", at=2, provider=Provider.STRIPE),
    )
    log_of(shop, row("first", at=1, recorded=70))

    def page(after: LogPosition | None, limit: int) -> tuple[LogEntry, ...]:
        with shop.units.reading() as work:
            return work.journal.occurred(
                provider=Provider.PAYPAL,
                livemode=True,
                since=b.minutes(1),
                until=b.minutes(3),
                after=after,
                limit=limit,
            )

    (first,) = page(None, 1)
    after = LogPosition(at=b.minutes(1), owner=first.payment_id, position=first.position)
    assert refs((first, *page(after, 9))) == ["first", "second"]


def test_rows_are_found_by_the_providers_names_with_all_their_postings(shop: Store) -> None:
    postings = (
        Posting(debit=CLEARING, credit="suspense", amount=b.euros("1.00")),
        Posting(debit="psp_fees", credit=CLEARING, amount=b.euros("0.30")),
    )
    log_of(
        shop,
        row("x", at=1),
        row("x", at=1, type=TransactionType.FEE, postings=postings),
        row("x", at=1, livemode=False),
        row("y", at=1),
    )
    other = log_of(shop, row("z", at=1))
    with shop.units.reading() as work:
        found = work.journal.about(
            provider=Provider.PAYPAL, livemode=True, refs=frozenset({"x", "z", "none"})
        )
        assert work.journal.about(provider=Provider.STRIPE, livemode=True, refs=frozenset({"x"})) == ()
        assert work.journal.about(provider=Provider.PAYPAL, livemode=True, refs=frozenset()) == ()
    assert sorted((entry.transaction.ref, entry.transaction.type) for entry in found) == [
        ("x", TransactionType.CAPTURE),
        ("x", TransactionType.FEE),
        ("z", TransactionType.CAPTURE),
    ]
    assert {entry.transaction.type: entry.transaction.postings for entry in found if entry.position == 1} == {
        TransactionType.FEE: postings
    }
    assert other.id in {entry.payment_id for entry in found}


def test_balances_are_debits_less_credits_of_each_account_and_currency(shop: Store) -> None:
    def moved(amount: Money, debit: str, credit: str) -> tuple[Posting, ...]:
        return (Posting(debit=debit, credit=credit, amount=amount),)

    yen = Money.of("300", "JPY")
    log_of(
        shop,
        row("1", at=1, postings=moved(b.euros("10.00"), CLEARING, "order_receivable")),
        row("2", at=1, postings=moved(b.euros("10.00"), "order_receivable", "order_obligation")),
        row("3", at=1, postings=moved(b.euros("0.60"), "psp_fees", CLEARING)),
    )
    log_of(shop, row("4", at=1, postings=moved(yen, CLEARING, "suspense")))
    with shop.units.reading() as work:
        found = [(balance.account, str(balance.amount)) for balance in work.journal.balances()]
    assert found == [
        ("order_obligation", "-10.00 EUR"),
        ("psp_clearing:paypal", "9.40 EUR"),
        ("psp_clearing:paypal", "300 JPY"),
        ("psp_fees", "0.60 EUR"),
        ("suspense", "-300 JPY"),
    ]


# The treasury


def written(shop: Store, *entries: TreasuryEntry) -> list[bool]:
    with shop.units() as work:
        new = [work.treasury.add(entry) for entry in entries]
        work.commit()
    return new


def apart(ref: str, *, at: float = 1, recorded: float | None = None, **fields: object) -> TreasuryEntry:
    times = {"occurred_at": b.minutes(at), "recorded_at": b.minutes(at if recorded is None else recorded)}
    return b.a_treasury_entry(ref=ref, **{**times, **fields})


def test_a_line_of_no_payment_is_written_down_once(shop: Store) -> None:
    first = apart("line-1")
    again = apart("line-1", size=b.euros("9.99"))
    others = (
        apart("line-2"),
        apart("line-1", type=TreasuryType.KEPT_FEE),
        apart("line-1", livemode=False),
        apart("line-1", provider=Provider.STRIPE),
    )
    assert written(shop, first, again) == [True, False]
    assert written(shop, again, *others) == [False, True, True, True, True]
    with shop.units.reading() as work:
        found = work.treasury.about(
            provider=Provider.PAYPAL, livemode=True, refs=frozenset({"line-1", "none"})
        )
        assert work.treasury.about(provider=Provider.PAYPAL, livemode=True, refs=frozenset()) == ()
    assert sorted(found, key=lambda entry: entry.id) == [first, others[1]]


def test_two_who_write_the_same_line_down_at_once_write_it_once(shop: Store) -> None:
    entries = [apart("line-1") for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda entry: written(shop, entry)[0], entries)) == 1
    with shop.units.reading() as work:
        assert len(work.journal.recorded(since=b.minutes(0), until=FOR_EVER, after=None, limit=9)) == 1


def test_what_occurred_to_an_account_is_read_page_by_page_in_the_order_of_its_times(shop: Store) -> None:
    wanted = [apart(f"line-{number}", at=1 + number // 2, recorded=9 - number) for number in range(4)]
    others = (
        apart("early", at=0.9),
        apart("end", at=3),
        apart("test-mode", livemode=False),
        apart("elsewhere", provider=Provider.STRIPE),
    )
    written(shop, *reversed(wanted), *others)
    seen: list[TreasuryEntry] = []
    after: LogPosition | None = None
    with shop.units.reading() as work:
        while page := work.treasury.occurred(
            provider=Provider.PAYPAL,
            livemode=True,
            since=b.minutes(1),
            until=b.minutes(3),
            after=after,
            limit=3,
        ):
            seen += page
            after = LogPosition(at=page[-1].occurred_at, owner=page[-1].id, position=0)
    assert seen == sorted(wanted, key=lambda entry: (entry.occurred_at, entry.id))


@pytest.mark.parametrize("limit", [1, 2, 3, 9])
def test_the_journal_has_payments_and_the_treasury_in_the_order_in_which_they_were_written(
    shop: Store, limit: int
) -> None:
    log_of(shop, row("a", at=1), row("b", at=1, type=TransactionType.FEE), row("f", at=5))
    written(shop, apart("c", at=2), apart("d", at=9, recorded=3), apart("late", at=1, recorded=6))
    log_of(shop, row("e", at=4))
    seen = pages_of(shop, since=b.minutes(1), until=b.minutes(6), limit=limit)
    assert refs(seen) == ["a", "b", "c", "d", "e", "f"]


def test_what_was_written_down_at_one_time_is_on_one_page_or_on_the_next(shop: Store) -> None:
    log_of(shop, row("1", at=1), row("2", at=1))
    written(shop, apart("3"), apart("4"))
    log_of(shop, row("5", at=1), row("6", at=1))
    written(shop, apart("7"))
    whole = pages_of(shop, since=b.minutes(1), until=b.minutes(2), limit=9)
    assert sorted(refs(whole)) == list("1234567")
    for limit in range(1, 7):
        assert pages_of(shop, since=b.minutes(1), until=b.minutes(2), limit=limit) == whole


def test_balances_are_of_payments_and_of_the_treasury_together(shop: Store) -> None:
    came = Posting(debit=CLEARING, credit="order_receivable", amount=b.euros("10.00"))
    log_of(shop, row("1", at=1, postings=(came,)))
    back = Posting(debit=CLEARING, credit="bank_in_transit", amount=b.euros("4.00"))
    written(
        shop,
        apart("out", size=b.euros("10.00")),
        apart("back", type=TreasuryType.PAYOUT_RETURNED, posting=back),
        apart("yen", type=TreasuryType.UNEXPLAINED, size=Money.of("300", "JPY")),
    )
    with shop.units.reading() as work:
        found = [(balance.account, str(balance.amount)) for balance in work.journal.balances()]
    assert found == [
        ("bank_in_transit", "6.00 EUR"),
        ("bank_in_transit", "300 JPY"),
        ("order_receivable", "-10.00 EUR"),
        (CLEARING, "4.00 EUR"),
        (CLEARING, "-300 JPY"),
    ]


# Payments of everybody


def test_payments_under_review_are_listed_newest_first(shop: Store) -> None:
    first = log_of(shop, reviews=("capture-amount:x",))
    calm = log_of(shop)
    second = log_of(shop, reviews=("dispute:y", "dispute:z"))
    with shop.units.reading() as work:
        everything = work.payments.page(review=False, before=None, limit=9)
        waiting = work.payments.page(review=True, before=None, limit=9)
        rest = work.payments.page(review=True, before=second.id, limit=1)
        assert work.payments.page(review=False, before=calm.id, limit=1) == (first,)
    assert [payment.id for payment in everything] == [second.id, calm.id, first.id]
    assert [payment.id for payment in waiting] == [second.id, first.id]
    assert [payment.id for payment in rest] == [first.id]
    assert waiting[0].review_reasons == ("dispute:y", "dispute:z")


def found(**fields: object) -> Finding:
    return b.a_finding(
        **{
            "payment_id": None,
            "state": FindingState.OPEN,
            "closed_at": None,
            "closed_by": None,
            "note": None,
            **fields,
        }
    )


def report(shop: Store, *findings: Finding) -> list[bool]:
    with shop.units() as work:
        new = [work.findings.report(finding) for finding in findings]
        work.commit()
    return new


def listed(shop: Store, query: FindingQuery | None = None) -> list[Finding]:
    with shop.units.reading() as work:
        return list(work.findings.page(query or FindingQuery(), before=None, limit=100))


def test_a_difference_is_open_once_and_has_what_was_seen_last(shop: Store) -> None:
    first = found(ref="ch_1")
    slow_run = b.new_id()
    again = found(ref="ch_1", theirs=b.euros("13.00"), ours=None)
    outdated = found(ref="ch_1", theirs=b.euros("99.00"), run_id=slow_run)
    others = [
        found(ref="ch_2"),
        found(ref="ch_1", kind=FindingKind.FEE),
        found(ref="ch_1", movement="refund"),
        found(ref="ch_1", livemode=False),
        found(ref="ch_1", provider=Provider.PAYPAL),
    ]
    assert report(shop, first, again, outdated) == [True, False, False]
    assert report(shop, *others) == [True] * len(others)
    stored = {finding.id: finding for finding in listed(shop)}
    assert set(stored) == {first.id, *(other.id for other in others)}
    renewed = stored[first.id]
    assert (renewed.run_id, renewed.theirs, renewed.ours) == (again.run_id, b.euros("13.00"), None)
    assert renewed.found_at == first.found_at


def test_a_closed_difference_that_comes_back_is_a_new_finding(shop: Store) -> None:
    first, again = found(ref="ch_1"), found(ref="ch_1")
    report(shop, first)
    by, at = UserId(b.new_id()), b.minutes(90)
    with shop.units() as work:
        assert work.findings.close(first.id, by=by, note="They booked it twice", at=at)
        assert not work.findings.close(first.id, by=None, note="again", at=b.minutes(91))
        assert not work.findings.close(again.id, by=by, note="never stored", at=at)
        work.commit()
    closed = listed(shop)[0]
    assert (closed.state, closed.closed_by, closed.note, closed.closed_at) == (
        FindingState.CLOSED,
        by,
        "They booked it twice",
        at,
    )
    assert report(shop, again) == [True]
    assert [finding.state for finding in listed(shop)] == [FindingState.OPEN, FindingState.CLOSED]


def test_what_a_later_run_did_not_see_again_is_closed(shop: Store) -> None:
    gone = [found(occurred_at=b.minutes(at)) for at in (1, 5, 9.9)]
    early = [
        found(occurred_at=b.minutes(0.9)),
        found(occurred_at=b.minutes(10)),
        found(occurred_at=b.minutes(5), livemode=False),
        found(occurred_at=b.minutes(5), provider=Provider.PAYPAL),
        b.a_finding(payment_id=None, occurred_at=b.minutes(5)),
    ]
    run = b.new_id()
    seen = found(occurred_at=b.minutes(5), run_id=run)
    seen_by_a_later_run = found(occurred_at=b.minutes(5))
    report(shop, seen, seen_by_a_later_run, *gone, *early)
    with shop.units() as work:
        closed = work.findings.close_gone(
            run_id=run,
            provider=Provider.STRIPE,
            livemode=True,
            since=b.minutes(1),
            until=b.minutes(10),
            at=b.minutes(99),
        )
        work.commit()
    assert closed == 3
    by_time = [finding.id for finding in listed(shop) if finding.closed_at == b.minutes(99)]
    assert sorted(by_time) == sorted(finding.id for finding in gone)
    assert all(finding.closed_by is None for finding in listed(shop) if finding.id in by_time)


def test_findings_are_listed_newest_first_by_state_provider_and_run(shop: Store) -> None:
    run = b.new_id()
    first = found(run_id=run)
    second = found(provider=Provider.PAYPAL)
    third = b.a_finding(payment_id=None, run_id=run)
    report(shop, first, second, third)

    def ids(**query: object) -> list[object]:
        return [finding.id for finding in listed(shop, FindingQuery(**query))]  # type: ignore[arg-type]

    assert ids() == [third.id, second.id, first.id]
    assert ids(state=FindingState.OPEN) == [second.id, first.id]
    assert ids(provider=Provider.PAYPAL) == [second.id]
    assert ids(run_id=run) == [third.id, first.id]
    with shop.units.reading() as work:
        page = work.findings.page(FindingQuery(), before=third.id, limit=1)
    assert [finding.id for finding in page] == [second.id]


def test_times_keep_their_microseconds(shop: Store) -> None:
    exact: datetime = b.minutes(1) + timedelta(microseconds=7)
    log_of(shop, attrs.evolve(row("exact", at=0), recorded_at=exact))
    with shop.units.reading() as work:
        assert work.journal.recorded(since=b.minutes(0), until=exact, after=None, limit=9) == ()
        assert refs(work.journal.recorded(since=exact, until=FOR_EVER, after=None, limit=9)) == ["exact"]


# What is looked at every few minutes


def pages(shop: Store, method: str, **arguments: object) -> list[Payment]:
    """One payment a page."""
    found: list[Payment] = []
    with shop.units.reading() as work:
        ask = getattr(work.payments, method)
        while page := ask(**arguments, before=found[-1].id if found else None, limit=1):
            found.extend(page)
    return found


def test_payments_with_old_undecided_calls_are_found_newest_first(shop: Store) -> None:
    def calling(*states: OperationState, minute: float) -> Payment:
        payment = log_of(shop)
        calls = tuple(
            b.an_operation(
                id=OperationId(b.new_id()),
                attempt_id=payment.attempts[0].id,
                state=state,
                created_at=b.minutes(minute),
            )
            for state in states
        )
        with shop.units() as work:
            stored = work.payments.get(payment.id)
            stored.operations = calls
            work.payments.save(stored)
            work.commit()
        return stored

    waiting = [calling(OperationState.SUCCEEDED, state, minute=30) for state in sorted(UNDECIDED)]
    calling(OperationState.UNKNOWN, minute=31)
    calling(*(state for state in OperationState if state not in UNDECIDED), minute=30)
    assert pages(shop, "undecided", created_until=b.minutes(30)) == waiting[::-1]
    assert pages(shop, "undecided", created_until=b.minutes(29)) == []


def test_payments_with_money_in_suspense_are_found_newest_first(shop: Store) -> None:
    def moving(ref: str, *moves: tuple[str, str, str, str]) -> Payment:
        postings = tuple(
            Posting(debit=debit, credit=credit, amount=Money.of(amount, currency))
            for debit, credit, amount, currency in moves
        )
        return log_of(shop, row(ref, at=1, postings=postings))

    parked = (CLEARING, "suspense", "3.00", "EUR")
    returned = ("suspense", "refunds_payable", "3.00", "EUR")
    left = moving("left", parked)
    moving("returned", parked, returned)
    moving("elsewhere", (CLEARING, "order_receivable", "3.00", "EUR"))
    partly = moving("partly", parked, ("suspense", "refunds_payable", "2.99", "EUR"))
    other = moving("other", parked, ("suspense", "refunds_payable", "3.00", "USD"))
    assert pages(shop, "in_suspense") == [other, partly, left]


def test_payments_whose_log_grew_are_found_newest_first(shop: Store) -> None:
    old, young = log_of(shop, row("old", at=1)), log_of(shop, row("young", at=1, recorded=3))
    both = log_of(shop, row("early", at=1), row("late", at=2), row("later", at=4))
    log_of(shop)
    assert pages(shop, "changed", since=b.minutes(3)) == [both, young]
    assert pages(shop, "changed", since=b.minutes(1)) == [both, young, old]
    assert pages(shop, "changed", since=b.minutes(5)) == []
