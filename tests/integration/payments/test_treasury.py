"""What providers do with our money apart from payments: in the end our books say what theirs say is left."""

from __future__ import annotations

from collections import Counter

import pytest

from printapic.application.payments.reconciliation_run import ProviderReport
from printapic.application.ports.bookkeeping import FindingQuery
from printapic.application.ports.payments import MovementKind
from printapic.domain.money import Money
from printapic.domain.payments.finding import FindingKind, FindingState
from printapic.domain.payments.snapshot import DisputeState, RefundState
from printapic.domain.payments.treasury import TreasuryEntry, TreasuryType
from tests.integration.contracts.gateway_drivers import NOON
from tests.integration.payments.conftest import SideMaker, state_row
from tests.integration.payments.floor import PRICE, Backend, Floor
from tests.integration.payments.sides import Side
from tests.providers.paypal.simulator import PayPalSimulator
from tests.providers.stripe.simulator import StripeSimulator
from tests.shop_floor import DAY, HOUR

ONE, TWO = Money.of("1.00", "EUR"), Money.of("2.00", "EUR")
MONTHLY = Money.of("0.35", "EUR")


@pytest.fixture
def floor(side: Side, store: Backend) -> Floor:
    """A shop whose books are not closed at the end: what is left at the provider is told here."""
    return Floor(store, [side])


def compared(floor: Floor) -> ProviderReport:
    """Hours later: PayPal's report is late."""
    floor.later(4 * HOUR)
    (report,) = floor.shop.reconcile_payments(since=NOON - HOUR)
    assert report.available
    return report


def left_there(floor: Floor) -> dict[str, int]:
    """What the provider's own books say is ours, in minor units by currency."""
    left: Counter[str] = Counter()
    for line in floor.provider.ledger():
        left[line.amount.currency.code] += line.amount.minor
        if line.fee is not None:
            left[line.fee.currency.code] -= line.fee.minor
    return {code: minor for code, minor in left.items() if minor}


def balances(floor: Floor, account: str) -> dict[str, int]:
    return {
        balance.amount.currency.code: balance.amount.minor
        for balance in floor.shop.read_balances()
        if balance.account == account
    }


def left_here(floor: Floor) -> dict[str, int]:
    return balances(floor, f"psp_clearing:{floor.side.provider}")


def treasury(floor: Floor) -> list[TreasuryEntry]:
    entries = floor.shop.export_transactions(until=floor.clock.now() + DAY)
    return [entry for entry in entries if isinstance(entry, TreasuryEntry)]


@state_row
def test_l1_after_a_payout_the_account_has_what_the_provider_says_is_left(floor: Floor) -> None:
    for _ in range(2):
        floor.paid()
    before = compared(floor)
    assert (before.clean, left_here(floor)) == (True, left_there(floor))
    payout = floor.provider.payout(TWO)
    report = compared(floor)
    assert (report.clean, report.other_lines) == (True, {MovementKind.PAYOUT: 1})
    assert left_here(floor) == left_there(floor)
    assert balances(floor, "bank_in_transit") == {"EUR": 200}
    (entry,) = treasury(floor)
    assert payout in (entry.ref, entry.about)
    assert (entry.amount, entry.provider, entry.livemode) == (-TWO, floor.side.provider, False)


@state_row
def test_l1_after_everything_that_can_happen_both_say_the_same_is_left(floor: Floor) -> None:
    refunded, disputed, returned = (floor.paid() for _ in range(3))
    for each in (refunded, disputed, returned):
        floor.printed(each)
    floor.refunds(refunded, "1.00")
    floor.refunds(returned, "2.00")
    dispute = floor.provider.dispute(floor.captures(disputed)[0].ref, PRICE)
    kept, failed = floor.provider.payout(ONE), floor.provider.payout(TWO)
    floor.provider.account_fee(MONTHLY)
    floor.hear()
    floor.later(HOUR)
    floor.provider.decide_dispute(dispute, DisputeState.WON)
    ref = floor.payment(returned).refunds_asked[0].provider_ref
    assert ref is not None
    floor.provider.decide_refund(ref, RefundState.FAILED)
    floor.provider.payout_fails(failed)
    floor.hear()
    for _ in range(2):
        report = compared(floor)
        assert report.clean, floor.shop.list_findings(query=FindingQuery(), limit=9)
        assert left_here(floor) == left_there(floor)
    assert balances(floor, "bank_in_transit") == {"EUR": ONE.minor}
    written = {
        entry.about or entry.ref: entry.type.value for entry in treasury(floor) if entry.amount.minor < 0
    }
    assert (written.pop(kept), written.pop(failed)) == ("payout", "payout")
    assert list(written.values()) == ["account_fee"]
    (returned_payout,) = (entry for entry in treasury(floor) if entry.amount.minor > 0)
    assert (returned_payout.type, returned_payout.amount) == (TreasuryType.PAYOUT_RETURNED, TWO)


@state_row
def test_l1_all_accounts_together_come_to_nothing_in_every_currency(floor: Floor) -> None:
    floor.paid()
    floor.provider.payout_fails(floor.provider.payout(TWO))
    floor.provider.account_fee(MONTHLY)
    compared(floor)
    sums: Counter[str] = Counter()
    for balance in floor.shop.read_balances():
        sums[balance.amount.currency.code] += balance.amount.minor
    assert not any(sums.values())
    assert len(treasury(floor)) == 3


def test_l1_a_payout_that_is_told_otherwise_later_is_a_difference(floor: Floor) -> None:
    floor.paid()
    payout = floor.provider.payout(TWO)
    assert compared(floor).clean
    written, left = treasury(floor), left_here(floor)
    floor.provider.misreport(payout, amount=-ONE)
    assert compared(floor).found == {FindingKind.AMOUNT: 1}
    (finding,) = floor.shop.list_findings(query=FindingQuery(state=FindingState.OPEN), limit=9)
    assert (finding.movement, finding.ref) == ("payout", written[0].ref)
    assert (finding.theirs, finding.ours, finding.payment_id) == (-ONE, -TWO, None)
    assert (treasury(floor), left_here(floor)) == (written, left)
    floor.provider.misreport(payout, amount=-TWO)
    report = compared(floor)
    assert (report.clean, report.closed) == (True, 1)


def test_l1_a_payout_of_which_the_provider_tells_no_more_is_a_difference(floor: Floor) -> None:
    payout = floor.provider.payout(TWO)
    floor.later(4 * DAY)
    assert compared(floor).clean
    floor.provider.misreport(payout, hide=True)
    assert compared(floor).found == {FindingKind.MISSING_THERE: 1}


def test_l1_a_shop_that_lost_its_connection_half_way_goes_on_where_it_was(floor: Floor) -> None:
    floor.paid()
    floor.provider.payout(ONE)
    floor.later(4 * HOUR)
    floor.provider.close_door()
    (report,) = floor.shop.reconcile_payments(since=NOON - HOUR)
    assert not report.available
    floor.provider.close_door(False)
    assert compared(floor).clean
    assert left_here(floor) == left_there(floor)


def test_l1_stripes_account_in_another_currency(make_side: SideMaker, store: Backend) -> None:
    """Customers pay in euros, and dollars arrive: less Stripe's fee, which is in dollars too."""
    floor = Floor(store, [make_side("stripe")])
    stripe = floor.provider
    assert isinstance(stripe, StripeSimulator)
    stripe.settle_in("usd", rate="1.07")
    order = floor.paid()
    floor.printed(order)
    floor.refunds(order, "1.00")
    disputed = floor.paid()
    floor.provider.dispute(floor.captures(disputed)[0].ref, PRICE)
    floor.hear()
    stripe.payout(Money.of("1.50", "USD"))
    for _ in range(2):
        report = compared(floor)
        assert report.clean, floor.shop.list_findings(query=FindingQuery(), limit=9)
    with stripe.books.entry() as entry:
        net = sum(line["net"] for line in entry.find("balance_transaction"))
    assert left_here(floor) == {"USD": net}
    assert balances(floor, "fx_conversion").keys() == {"EUR", "USD"}


def test_l1_what_paypal_converted_is_two_lines(make_side: SideMaker, store: Backend) -> None:
    floor = Floor(store, [make_side("paypal")])
    paypal = floor.provider
    assert isinstance(paypal, PayPalSimulator)
    floor.paid()
    paypal.convert(TWO, Money.of("2.14", "USD"))
    paypal.payout(Money.of("2.14", "USD"))
    assert compared(floor).clean
    assert left_here(floor) == left_there(floor)
    assert balances(floor, "fx_conversion") == {"EUR": 200, "USD": -214}
    assert balances(floor, "bank_in_transit") == {"USD": 214}
