"""Whatever may be written down can be read again: money in currencies that the shop does not trade in."""

from __future__ import annotations

import pytest

from printapic.application.ports.bookkeeping import FindingQuery
from printapic.domain.money import ISO_4217, TRADED, Currency, Money
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.finding import FindingState
from printapic.domain.payments.transaction import Posting, TransactionType
from printapic.domain.payments.treasury import TreasuryType
from tests import builders as b
from tests.integration.stores import Store

CLEARING = "psp_clearing:paypal"
ALL = [Money(1 + number, Currency.known(code)) for number, code in enumerate(sorted(ISO_4217))]
EXPONENTS = {money.currency.code: money.currency.exponent for money in ALL}


@pytest.fixture
def shop(store: Store) -> Store:
    """A store that knows the customer."""
    with store.units() as work:
        work.users.add(b.a_customer())
        work.commit()
    return store


def test_the_currencies_that_somebody_may_pay_in_are_more_than_the_shop_trades_in() -> None:
    assert set(TRADED) < set(ISO_4217)


def test_a_payment_shows_money_that_came_in_any_currency(shop: Store) -> None:
    order, attempt = b.another_order(), b.an_attempt(id=b.new_id(), ref=None)
    rows = tuple(
        b.a_transaction(
            attempt_id=attempt.id,
            ref=f"came-{money.currency.code}",
            type=TransactionType.CAPTURE_PARKED,
            amount=money,
            postings=(Posting(debit=CLEARING, credit="suspense", amount=money),),
        )
        for money in ALL
    )
    payment = b.a_payment(
        order_id=order.id,
        attempts=(attempt,),
        operations=tuple(
            b.an_operation(id=b.new_id(), attempt_id=attempt.id, amount=money, client_key=None)
            for money in ALL[:3]
        ),
        disputes=tuple(
            b.a_dispute(ref=f"dispute-{money.currency.code}", attempt_id=attempt.id, amount=money)
            for money in ALL[:3]
        ),
        transactions=rows,
    )
    with shop.units() as work:
        work.orders.add(order)
        work.payments.add(payment)
        work.commit()
    with shop.units.reading() as work:
        read = work.payments.get(payment.id)
        logged = work.journal.recorded(since=b.minutes(0), until=b.minutes(9999), after=None, limit=999)
        balances = {each.amount for each in work.journal.balances() if each.account == CLEARING}
    assert read.transactions == rows
    assert (read.operations, read.disputes) == (payment.operations, payment.disputes)
    assert {row.amount.currency.code: row.amount.currency.exponent for row in read.transactions} == EXPONENTS
    assert len(logged) == len(rows)
    assert balances == set(ALL)


def test_a_finding_tells_of_money_in_any_currency(shop: Store) -> None:
    findings = [
        b.a_finding(
            payment_id=None,
            ref=f"line-{theirs.currency.code}",
            theirs=-theirs,
            ours=theirs,
            state=FindingState.OPEN,
            closed_at=None,
            closed_by=None,
            note=None,
        )
        for theirs in ALL
    ]
    with shop.units() as work:
        assert [work.findings.report(finding) for finding in findings] == [True] * len(findings)
        work.commit()
    with shop.units() as work:
        page = work.findings.page(FindingQuery(), before=None, limit=999)
        assert work.findings.close(findings[0].id, by=None, note="Somebody else's", at=b.minutes(90))
        work.commit()
    assert sorted(page, key=lambda each: each.ref) == findings
    assert [each.theirs.currency.exponent for each in findings if each.theirs] == list(EXPONENTS.values())


def test_the_treasury_tells_of_money_in_any_currency(shop: Store) -> None:
    entries = [
        b.a_treasury_entry(ref=f"line-{size.currency.code}", type=TreasuryType.UNEXPLAINED, size=size)
        for size in ALL
    ]
    with shop.units() as work:
        assert [work.treasury.add(entry) for entry in entries] == [True] * len(entries)
        work.commit()
    with shop.units.reading() as work:
        read = work.treasury.about(
            provider=Provider.PAYPAL, livemode=True, refs=frozenset(entry.ref for entry in entries)
        )
        balances = {each.amount for each in work.journal.balances() if each.account == CLEARING}
    assert sorted(read, key=lambda entry: entry.ref) == entries
    assert {entry.amount.currency.code: entry.amount.currency.exponent for entry in read} == EXPONENTS
    assert balances == {entry.amount for entry in entries}
