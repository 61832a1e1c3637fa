"""One line of a provider's books against our log and ledger."""

from __future__ import annotations

from typing import Any

import pytest

from printapic.application.payments.comparison import differences, line_of, lines_of, missing_there
from printapic.application.ports.bookkeeping import LogEntry
from printapic.application.ports.payments import Movement, MovementKind
from printapic.domain.ids import PaymentId
from printapic.domain.money import Money
from printapic.domain.payments.finding import FindingKind
from printapic.domain.payments.transaction import Posting, TransactionType
from tests import builders as b

CLEARING = "psp_clearing:paypal"
FIVE = b.euros("5.00")


def row(type_: TransactionType, *postings: Posting, amount: Money = FIVE) -> LogEntry:
    transaction = b.a_transaction(type=type_, ref="ref", amount=amount, postings=postings)
    return LogEntry(payment_id=PaymentId(b.new_id()), position=0, transaction=transaction)


def line(kind: MovementKind, amount: str, **fields: Any) -> Movement:
    return Movement(
        **{
            "id": "line",
            "ref": "ref",
            "kind": kind,
            "amount": b.euros(amount),
            "fee": None,
            "occurred_at": b.minutes(1),
            **fields,
        }
    )


SIGNS = [
    (TransactionType.CAPTURE, MovementKind.CAPTURE, "5.00"),
    (TransactionType.CAPTURE_PARKED, MovementKind.CAPTURE, "5.00"),
    (TransactionType.REFUND_SUCCEEDED, MovementKind.REFUND, "-5.00"),
    (TransactionType.REFUND_FAILED, MovementKind.REFUND_RETURNED, "5.00"),
    (TransactionType.DISPUTE_TAKEN, MovementKind.DISPUTE, "-5.00"),
    (TransactionType.DISPUTE_RETURNED, MovementKind.DISPUTE_RETURNED, "5.00"),
]


@pytest.mark.parametrize(("type_", "kind", "amount"), SIGNS)
def test_rows_from_before_the_ledger_count_as_the_log_has_them(
    type_: TransactionType, kind: MovementKind, amount: str
) -> None:
    entry = row(type_)
    assert differences(line(kind, amount), [entry]) == ()
    assert line_of(entry) == (kind, "ref")
    assert (missing_there(entry).kind, missing_there(entry).ours) == (
        FindingKind.MISSING_THERE,
        b.euros(amount),
    )


@pytest.mark.parametrize(("type_", "kind", "amount"), SIGNS)
def test_where_the_ledger_says_something_else_than_the_log_that_is_what_counts(
    type_: TransactionType, kind: MovementKind, amount: str
) -> None:
    came = not amount.startswith("-")
    accounts = (CLEARING, "suspense") if came else ("suspense", CLEARING)
    wrong = Posting(debit=accounts[0], credit=accounts[1], amount=b.euros("4.99"))
    (difference,) = differences(line(kind, amount), [row(type_, wrong)])
    assert (difference.kind, difference.theirs) == (FindingKind.AMOUNT, b.euros(amount))
    assert difference.ours == b.euros("4.99" if came else "-4.99")
    assert difference.payment_id is not None


def test_postings_between_our_own_accounts_move_nothing_at_the_provider() -> None:
    own = Posting(debit="order_obligation", credit="refunds_payable", amount=FIVE)
    paid = Posting(debit="refunds_payable", credit=CLEARING, amount=FIVE)
    entry = row(TransactionType.REFUND_SUCCEEDED, own, paid)
    assert differences(line(MovementKind.REFUND, "-5.00"), [entry]) == ()


def test_a_refund_known_only_as_failed_is_known() -> None:
    promised = Posting(debit="refunds_payable", credit="order_obligation", amount=FIVE)
    entry = row(TransactionType.REFUND_FAILED, promised)
    assert differences(line(MovementKind.REFUND, "-5.00"), [entry]) == ()
    assert differences(line(MovementKind.REFUND_RETURNED, "5.00"), [entry]) == ()


def test_a_return_that_we_know_is_no_sign_that_we_know_the_dispute() -> None:
    (difference,) = differences(line(MovementKind.DISPUTE, "-5.00"), [row(TransactionType.DISPUTE_RETURNED)])
    assert difference.kind is FindingKind.MISSING_HERE
    assert difference.unknown_here


def test_another_currency_is_another_amount() -> None:
    entry = row(TransactionType.CAPTURE, amount=Money.of("5.00", "USD"))
    (difference,) = differences(line(MovementKind.CAPTURE, "5.00"), [entry])
    assert (difference.kind, difference.ours) == (FindingKind.AMOUNT, Money.of("5.00", "USD"))


def test_a_fee_is_compared_as_a_part_of_a_line_or_as_a_line_of_its_own() -> None:
    capture, fee = row(TransactionType.CAPTURE), row(TransactionType.FEE, amount=b.euros("0.35"))
    whole = line(MovementKind.CAPTURE, "5.00", fee=b.euros("0.35"))
    assert differences(whole, [capture, fee]) == ()
    assert lines_of(whole) == ((MovementKind.CAPTURE, "ref"), (MovementKind.FEE, "ref"))
    assert differences(line(MovementKind.FEE, "-0.35"), [fee]) == ()
    assert lines_of(line(MovementKind.CAPTURE, "5.00", fee=b.euros("0.00"))) == (
        (MovementKind.CAPTURE, "ref"),
    )
    (unknown,) = differences(whole, [capture])
    assert (unknown.kind, unknown.movement, unknown.unknown_here) == (
        FindingKind.FEE,
        MovementKind.FEE,
        True,
    )
    (higher,) = differences(line(MovementKind.FEE, "-0.36"), [fee])
    assert (higher.theirs, higher.ours) == (b.euros("0.36"), b.euros("0.35"))


def test_a_fee_that_came_back_is_a_fee_below_zero() -> None:
    back = row(TransactionType.DISPUTE_RETURNED), row(TransactionType.FEE_RETURNED, amount=b.euros("20.00"))
    assert differences(line(MovementKind.DISPUTE_RETURNED, "5.00", fee=b.euros("-20.00")), back) == ()
    assert differences(line(MovementKind.FEE, "20.00"), back[1:]) == ()
    assert missing_there(back[1]).ours == b.euros("-20.00")


def test_rows_that_move_nothing_at_the_provider_have_no_line() -> None:
    for type_ in (
        TransactionType.AUTHORIZED,
        TransactionType.AUTHORIZATION_PARKED,
        TransactionType.PARKED_ACCEPTED,
        TransactionType.REFUND_REQUESTED,
        TransactionType.REFUND_ABANDONED,
        TransactionType.DISPUTE_LOST,
    ):
        assert line_of(row(type_)) is None
