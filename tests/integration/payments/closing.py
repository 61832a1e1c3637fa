"""The closing: the providers' books and ours agree to the cent, and nothing is left open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from printapic.application.payments.checking import ConcernKind
from printapic.application.ports.jobs import JobState
from printapic.application.ports.payments import Movement, MovementKind
from printapic.domain.money import total
from printapic.domain.payments import ledger
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.operation import OperationKind
from printapic.domain.payments.payment import Payment
from printapic.domain.payments.transaction import Transaction, TransactionType
from tests.integration.payments.floor import Floor

Line = tuple[str, str, int, str]
"""Kind, ref, minor units as our account sees them, currency."""

_BOTH_SIDES_TELL = frozenset(
    {
        MovementKind.CAPTURE,
        MovementKind.REFUND,
        MovementKind.REFUND_RETURNED,
        MovementKind.DISPUTE,
        MovementKind.DISPUTE_RETURNED,
    }
)
_SIGNED = {
    TransactionType.CAPTURE: (MovementKind.CAPTURE, 1),
    TransactionType.CAPTURE_PARKED: (MovementKind.CAPTURE, 1),
    TransactionType.REFUND_SUCCEEDED: (MovementKind.REFUND, -1),
    TransactionType.DISPUTE_TAKEN: (MovementKind.DISPUTE, -1),
    TransactionType.DISPUTE_RETURNED: (MovementKind.DISPUTE_RETURNED, 1),
}


def books_agree(floor: Floor) -> None:
    """Every capture, refund, dispute movement and fee that one side knows, the other knows as well."""
    payments = floor.payments()
    for provider, side in floor.sides.items():
        theirs = side.simulator.ledger()
        assert Counter(_their_lines(theirs)) == Counter(_our_lines(payments, provider)), provider
        assert _their_fees(theirs) == _our_fees(payments, provider), provider
        assert _their_balance(theirs) == _our_balance(payments, provider), provider
    for payment in payments:
        check_invariants(payment)


def all_is_done(floor: Floor) -> None:
    """The books agree, no call is undecided, no job died, and no news lies about unread.

    The shop's own check finds nothing either, but for payments on which a person has to look.
    """
    books_agree(floor)
    for concern in floor.shop.check_payments():
        assert concern.kind is ConcernKind.PAYMENT_IN_REVIEW, concern
    for payment in floor.payments():
        assert [op for op in payment.operations if op.undecided] == []
    assert floor.dead() == []
    waiting = floor.worker.list(JobState.WAITING)
    assert [record.name for record in waiting if record.error is not None] == []


def check_invariants(payment: Payment) -> None:
    """V1 to V3 of the design."""
    log = payment.log
    assert payment.allocated <= payment.due
    for capture in log.captures():
        assert log.rest_of(capture).minor >= 0, "more was refunded than came"
    balances = ledger.balances(log)
    code = payment.due.currency.code
    called_off = log.has(TransactionType.DUE_WITHDRAWN, str(payment.id))
    owed = 0 if called_off else (payment.due - payment.allocated).minor
    assert balances.get((ledger.ORDER_RECEIVABLE, code), 0) == owed
    promised = [
        op.amount
        for op in payment.operations
        if op.kind is OperationKind.REFUND
        and not op.failed
        and not any(row.operation_id == op.id for row in log.refunds)
    ]
    for currency in {row.amount.currency for row in payment.transactions}:
        open_refunds = total([each for each in promised if each.currency == currency], currency)
        assert -balances.get((ledger.REFUNDS_PAYABLE, currency.code), 0) == open_refunds.minor
        came = [row.amount for row in log.captures(TransactionType.CAPTURE_PARKED)]
        parked = total([amount for amount in came if amount.currency == currency], currency)
        assert 0 <= -balances.get((ledger.SUSPENSE, currency.code), 0) <= parked.minor


def _their_lines(books: Sequence[Movement]) -> Iterator[Line]:
    for line in books:
        if line.kind in _BOTH_SIDES_TELL and line.amount:
            yield line.kind.value, line.ref, line.amount.minor, line.amount.currency.code


def _our_rows(payments: Sequence[Payment], provider: Provider) -> Iterator[Transaction]:
    for payment in payments:
        yield from (row for row in payment.transactions if row.provider is provider)


def _our_lines(payments: Sequence[Payment], provider: Provider) -> Iterator[Line]:
    rows = list(_our_rows(payments, provider))
    gone = {row.ref for row in rows if row.type is TransactionType.REFUND_SUCCEEDED}
    for row in rows:
        if row.type in _SIGNED:
            kind, sign = _SIGNED[row.type]
            yield kind.value, row.ref, sign * row.amount.minor, row.amount.currency.code
        elif row.type is TransactionType.REFUND_FAILED and row.ref in gone:
            yield (
                MovementKind.REFUND_RETURNED.value,
                row.ref,
                row.amount.minor,
                row.amount.currency.code,
            )


def _their_fees(books: Sequence[Movement]) -> dict[str, int]:
    fees: Counter[str] = Counter()
    for line in books:
        if line.kind in _BOTH_SIDES_TELL and line.fee is not None:
            fees[line.ref] += line.fee.minor
        elif line.kind is MovementKind.FEE:
            fees[line.ref] -= line.amount.minor
    return {ref: minor for ref, minor in fees.items() if minor}


def _our_fees(payments: Sequence[Payment], provider: Provider) -> dict[str, int]:
    rows = list(_our_rows(payments, provider))
    kept = {row.ref: row.amount.minor for row in rows if row.type is TransactionType.FEE}
    return kept | {row.ref: -row.amount.minor for row in rows if row.type is TransactionType.FEE_RETURNED}


def _their_balance(books: Sequence[Movement]) -> dict[str, int]:
    balance: Counter[str] = Counter()
    for line in books:
        if line.kind in _BOTH_SIDES_TELL or line.kind is MovementKind.FEE:
            balance[line.amount.currency.code] += line.amount.minor
            if line.fee is not None:
                balance[line.fee.currency.code] -= line.fee.minor
    return {code: minor for code, minor in balance.items() if minor}


def _our_balance(payments: Sequence[Payment], provider: Provider) -> dict[str, int]:
    """What the ledger says that the provider owes us."""
    balance: Counter[str] = Counter()
    for payment in payments:
        for (account, code), minor in ledger.balances(payment.log).items():
            if account == f"{ledger.PSP_CLEARING}:{provider}":
                balance[code] += minor
    return {code: minor for code, minor in balance.items() if minor}
