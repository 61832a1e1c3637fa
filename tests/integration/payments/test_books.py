"""The daily comparison with what the providers' own books say, and books that nobody changes."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from printapic.application.payments.run import ProviderReport
from printapic.application.ports.bookkeeping import FindingQuery
from printapic.domain.money import Money
from printapic.domain.orders.order import Order
from printapic.domain.payments.finding import FindingKind
from printapic.domain.payments.snapshot import DisputeState, RefundState
from printapic.domain.payments.status import PaymentStatus
from tests.integration.payments.conftest import SideMaker, state_row
from tests.integration.payments.floor import PAID, PRICE, Backend, Floor
from tests.providers.counter import WebhookPlan
from tests.providers.paypal.simulator import PayPalSimulator
from tests.shop_floor import DAY

ONE = Money.of("1.00", "EUR")


def compared(floor: Floor) -> ProviderReport:
    """The comparison of the last month, as far as the provider's books reach today."""
    floor.later(DAY)
    (report,) = floor.shop.reconcile_payments()
    return report


def found(floor: Floor) -> list[FindingKind]:
    return [each.kind for each in floor.shop.list_findings(query=FindingQuery(), limit=10)]


def printed(floor: Floor) -> Order:
    order = floor.paid()
    floor.printed(order)
    return order


@state_row
def test_l1_a_shop_that_heard_everything_has_the_providers_own_books(floor: Floor) -> None:
    floor.paid()
    refunded, disputed, returned = (printed(floor) for _ in range(3))
    floor.refunds(refunded, "1.00")
    floor.refunds(returned, "2.00")
    (capture,) = floor.captures(disputed)
    dispute = floor.provider.dispute(capture.ref, PRICE)
    floor.hear()
    floor.provider.decide_dispute(dispute, DisputeState.WON)
    ref = floor.payment(returned).refunds_asked[0].provider_ref
    assert ref is not None
    floor.provider.decide_refund(ref, RefundState.FAILED)
    floor.hear()
    report = compared(floor)
    assert (report.available, report.clean, report.taken_in) == (True, True, 0)
    assert found(floor) == []


@state_row
def test_l1_what_nobody_told_us_is_taken_in(floor: Floor) -> None:
    floor.provider.webhooks(WebhookPlan(lost=True))
    order = floor.places()
    floor.provider.pay(floor.opens(order))
    floor.syncs(order)
    floor.printed(order)
    (capture,) = floor.captures(order)
    floor.provider.refund(capture.ref, ONE)
    report = compared(floor)
    assert (report.clean, report.taken_in) == (True, 1)
    assert floor.payment(order).status is PaymentStatus.PARTIALLY_REFUNDED


@pytest.mark.contracts
@pytest.mark.parametrize("kind", [FindingKind.MISSING_THERE, FindingKind.AMOUNT, FindingKind.FEE])
def test_l1_books_that_tell_another_story_are_found(
    make_side: SideMaker, store: Backend, kind: FindingKind
) -> None:
    side = make_side("paypal")
    paypal = side.simulator
    assert isinstance(paypal, PayPalSimulator)
    floor = Floor(store, [side])
    order = floor.paid()
    (line,) = paypal.ledger()
    wrong = Money.of("0.77", "EUR")
    paypal.misreport(
        line.id,
        amount=wrong if kind is FindingKind.AMOUNT else None,
        fee=wrong if kind is FindingKind.FEE else None,
        hide=kind is FindingKind.MISSING_THERE,
    )
    assert not compared(floor).clean
    assert kind in found(floor)
    assert floor.payment(order).status is PaymentStatus.PAID


@pytest.mark.parametrize(
    "store", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
@pytest.mark.parametrize("table", ["payment_transactions", "ledger_postings"])
def test_l2_what_is_written_down_cannot_be_changed_or_deleted(
    floor: Floor, store: Backend, table: str
) -> None:
    order = floor.paid()
    engine = store.engine
    assert engine is not None
    statements = [f"UPDATE {table} SET amount_minor = 1", f"DELETE FROM {table}"]
    if engine.dialect.name == "postgresql":
        statements.append(f"TRUNCATE {table} CASCADE")
    for statement in statements:
        with pytest.raises(DBAPIError), engine.begin() as connection:
            connection.execute(text(statement))
    assert floor.status(order) == PAID
