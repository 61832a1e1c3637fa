"""What must hold of every payment: told where it does not, and only there."""

from __future__ import annotations

import attrs

from printapic.domain.money import Money
from printapic.domain.payments import ledger
from printapic.domain.payments.payment import Payment
from printapic.domain.payments.soundness import Fault, faults_of
from printapic.domain.payments.transaction import Posting, Transaction, TransactionType
from tests.unit.domain.payments.till import DUE, Till


def paid() -> Payment:
    till = Till()
    till.pays(till.checkout())
    return till.payment


def row_of(payment: Payment, type_: TransactionType) -> Transaction:
    return next(row for row in payment.transactions if row.type is type_)


def test_v1_what_pays_twice_is_told() -> None:
    payment = paid()
    second = attrs.evolve(row_of(payment, TransactionType.CAPTURE), ref="capture-2")
    payment.transactions = (*payment.transactions, second)
    assert faults_of(payment) == (Fault.OVERALLOCATED,)


def test_v1_more_back_than_came_is_told() -> None:
    payment = paid()
    capture = row_of(payment, TransactionType.CAPTURE)
    back = attrs.evolve(
        capture,
        type=TransactionType.REFUND_SUCCEEDED,
        ref="refund-1",
        capture_ref=capture.ref,
        amount=Money(DUE.minor + 1, DUE.currency),
        postings=(),
    )
    payment.transactions = (*payment.transactions, back)
    assert faults_of(payment) == (Fault.OVERREFUNDED, Fault.POSTINGS_DIFFER)


def test_v2_and_v3_accounts_on_the_wrong_side_are_told() -> None:
    payment = paid()
    capture = row_of(payment, TransactionType.CAPTURE)
    cent = Money(1, DUE.currency)
    wrong = tuple(
        Posting(debit=account, credit=ledger.PSP_FEES, amount=cent)
        for account in (ledger.REFUNDS_PAYABLE, ledger.SUSPENSE)
    )
    payment.transactions = tuple(
        attrs.evolve(row, postings=(*row.postings, *wrong)) if row is capture else row
        for row in payment.transactions
    )
    assert faults_of(payment) == (
        Fault.POSTINGS_DIFFER,
        Fault.PAYABLE_BELOW_ZERO,
        Fault.SUSPENSE_BELOW_ZERO,
    )
