"""The treasury: every entry is balanced by itself, and the provider's account comes to what was told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from printapic.domain.ids import TreasuryEntryId
from printapic.domain.money import Currency, Money
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.treasury import TreasuryEntry, TreasuryLine, TreasuryType
from tests import builders as b
from tests.unit.domain.payments.till import NOON

CLEARING = "psp_clearing:stripe"
SIZES = st.integers(-(10**9), 10**9).filter(bool)
LINES = st.builds(
    TreasuryLine,
    type=st.sampled_from([each for each in TreasuryType if each is not TreasuryType.CLAIMED]),
    ref=st.text(min_size=1, max_size=5),
    amount=st.builds(Money, SIZES, st.sampled_from([Currency.of(code) for code in ("EUR", "USD", "JPY")])),
    occurred_at=st.just(NOON),
)


def written(line: TreasuryLine, provider: Provider = Provider.STRIPE) -> TreasuryEntry:
    return TreasuryEntry.written(
        line, entry_id=TreasuryEntryId(b.new_id()), provider=provider, livemode=True, at=b.minutes(5)
    )


def balances(entries: Sequence[TreasuryEntry]) -> Counter[tuple[str, str]]:
    sums: Counter[tuple[str, str]] = Counter()
    for entry in entries:
        code, minor = entry.posting.amount.currency.code, entry.posting.amount.minor
        sums[entry.posting.debit, code] += minor
        sums[entry.posting.credit, code] -= minor
    return sums


def line(type_: TreasuryType, amount: str, currency: str = "EUR") -> TreasuryLine:
    return TreasuryLine(type=type_, ref="txn_1", amount=Money.of(amount, currency), occurred_at=NOON)


@pytest.mark.parametrize(
    ("type_", "amount", "debit", "credit"),
    [
        (TreasuryType.PAYOUT, "-5.00", "bank_in_transit", CLEARING),
        (TreasuryType.PAYOUT_RETURNED, "5.00", CLEARING, "bank_in_transit"),
        (TreasuryType.TOP_UP, "5.00", CLEARING, "bank_in_transit"),
        (TreasuryType.TOP_UP, "-5.00", "bank_in_transit", CLEARING),
        (TreasuryType.CONVERTED_FROM, "-5.00", "fx_conversion", CLEARING),
        (TreasuryType.CONVERTED_INTO, "5.00", CLEARING, "fx_conversion"),
        (TreasuryType.ACCOUNT_FEE, "-5.00", "psp_fees", CLEARING),
        (TreasuryType.ACCOUNT_FEE, "5.00", CLEARING, "psp_fees"),
        (TreasuryType.KEPT_FEE, "-5.00", "psp_fees", CLEARING),
        (TreasuryType.UNEXPLAINED, "-5.00", "psp_unexplained:stripe", CLEARING),
        (TreasuryType.UNEXPLAINED, "5.00", CLEARING, "psp_unexplained:stripe"),
    ],
)
def test_every_type_is_posted_against_an_account_of_its_own(
    type_: TreasuryType, amount: str, debit: str, credit: str
) -> None:
    entry = written(line(type_, amount))
    assert (entry.posting.debit, entry.posting.credit) == (debit, credit)
    assert entry.posting.amount == Money.of("5.00", "EUR")
    assert entry.amount == Money.of(amount, "EUR")


def test_an_entry_has_everything_that_was_told() -> None:
    told = attrs.evolve(line(TreasuryType.PAYOUT, "-5.00"), about="po_1")
    entry = written(told, Provider.PAYPAL)
    assert (entry.ref, entry.about, entry.type) == ("txn_1", "po_1", TreasuryType.PAYOUT)
    assert (entry.occurred_at, entry.recorded_at) == (NOON, b.minutes(5))
    assert entry.posting.credit == "psp_clearing:paypal"


def test_nothing_is_written_down_of_a_line_that_moved_nothing() -> None:
    with pytest.raises(ValueError, match="above zero"):
        written(line(TreasuryType.UNEXPLAINED, "0.00"))


@given(st.lists(LINES, max_size=12))
def test_v2_any_entries_come_to_zero_per_currency_and_the_account_to_what_was_told(
    lines: list[TreasuryLine],
) -> None:
    entries = [written(each) for each in lines]
    sums, told, zero = balances(entries), Counter[str](), Counter[str]()
    for each in lines:
        told[each.amount.currency.code] += each.amount.minor
    for (account, code), minor in sums.items():
        zero[code] += minor
        if account == CLEARING:
            told[code] -= minor
    assert not any(zero.values())
    assert not any(told.values())


@given(LINES)
def test_what_is_taken_back_has_done_nothing_in_the_end(told: TreasuryLine) -> None:
    entry = written(told)
    back = entry.claimed(entry_id=TreasuryEntryId(b.new_id()), at=b.minutes(9))
    assert not any(balances([entry, back]).values())
    assert (back.type, back.ref, back.about) == (TreasuryType.CLAIMED, str(entry.id), entry.ref)
    assert (back.amount, back.recorded_at, back.occurred_at) == (-entry.amount, b.minutes(9), NOON)
    assert back.id != entry.id
