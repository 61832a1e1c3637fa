"""The ledger: what every row of the transaction log does to our accounts, in double entry.

`psp_clearing:<provider>` is what a provider owes us. `order_receivable` is what customers owe us,
`order_obligation` what we owe them: prints, or their money back. `suspense` holds money that fits to
nothing yet, `refunds_payable` what was promised back, `dispute_hold` what banks contest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import attrs

from printapic.domain.money import Currency, Money
from printapic.domain.payments.transaction import Posting, Transaction, TransactionType
from printapic.domain.payments.transaction_log import TransactionLog

PSP_CLEARING = "psp_clearing"
ORDER_RECEIVABLE = "order_receivable"
ORDER_OBLIGATION = "order_obligation"
SUSPENSE = "suspense"
REFUNDS_PAYABLE = "refunds_payable"
PSP_FEES = "psp_fees"
DISPUTE_HOLD = "dispute_hold"
DISPUTE_LOSS = "dispute_loss"

_DEBIT_AND_CREDIT: Mapping[TransactionType, tuple[str, str]] = MappingProxyType(
    {
        TransactionType.DUE: (ORDER_RECEIVABLE, ORDER_OBLIGATION),
        TransactionType.DUE_WITHDRAWN: (ORDER_OBLIGATION, ORDER_RECEIVABLE),
        TransactionType.CAPTURE: (PSP_CLEARING, ORDER_RECEIVABLE),
        TransactionType.CAPTURE_PARKED: (PSP_CLEARING, SUSPENSE),
        TransactionType.PARKED_ACCEPTED: (SUSPENSE, ORDER_RECEIVABLE),
        TransactionType.FEE: (PSP_FEES, PSP_CLEARING),
    }
)


def postings(entry: Transaction, before: TransactionLog) -> tuple[Posting, ...]:
    """What `entry` does to the accounts, behind the rows `before` it. The same rows, the same postings.

    An authorization does nothing to them: no money moved.
    """
    if entry.type in _BY_HISTORY:
        return _BY_HISTORY[entry.type](entry, before)
    if entry.type not in _DEBIT_AND_CREDIT:
        return ()
    debit, credit = (_own(account, entry) for account in _DEBIT_AND_CREDIT[entry.type])
    return (Posting(debit=debit, credit=credit, amount=entry.amount),)


def _own(account: str, entry: Transaction) -> str:
    """Each provider owes us on an account of its own."""
    return f"{PSP_CLEARING}:{entry.provider}" if account is PSP_CLEARING else account


def balances(log: TransactionLog, *, about: str | None = None) -> dict[tuple[str, str], int]:
    """Debits less credits in minor units by account and currency, of one capture where told; no zeros."""
    sums: dict[tuple[str, str], int] = {}
    for row in log.rows:
        for posting in row.postings if about in (None, row.about) else ():
            for account, minor in (
                (posting.debit, posting.amount.minor),
                (posting.credit, -posting.amount.minor),
            ):
                key = account, posting.amount.currency.code
                sums[key] = sums.get(key, 0) + minor
    return {key: minor for key, minor in sums.items() if minor}


def _reversed(rows: tuple[Posting, ...]) -> tuple[Posting, ...]:
    return tuple(posting.reversed() for posting in reversed(rows))


def _owed(entry: Transaction, before: TransactionLog) -> tuple[Posting, ...]:
    """A promise to give back: out of the suspense account as far as the capture is parked there."""
    code = entry.amount.currency.code
    parked = -balances(before, about=entry.about).get((SUSPENSE, code), 0)
    from_suspense = Money(min(parked, entry.amount.minor), entry.amount.currency)
    rest = entry.amount - from_suspense
    return tuple(
        Posting(debit=account, credit=REFUNDS_PAYABLE, amount=part)
        for account, part in ((SUSPENSE, from_suspense), (ORDER_OBLIGATION, rest))
        if part
    )


def _of_operation(entry: Transaction, before: TransactionLog) -> TransactionLog:
    """What was written before about the refund that we asked for; nothing of one made elsewhere."""
    own = [row for row in before.rows if entry.operation_id and row.operation_id == entry.operation_id]
    return TransactionLog(tuple(own), before.currency)


def _promise(own: TransactionLog) -> tuple[Posting, ...]:
    """What was posted as a refund was asked for, while all of that is still owed."""
    asked = next((row for row in own.rows if row.type is TransactionType.REFUND_REQUESTED), None)
    if asked is None:
        return ()
    owed = -balances(own).get((REFUNDS_PAYABLE, asked.amount.currency.code), 0)
    return asked.postings if owed >= asked.amount.minor else ()


def _given_back(entry: Transaction, before: TransactionLog) -> tuple[Posting, ...]:
    if before.has(TransactionType.REFUND_FAILED, entry.ref):
        return ()  # An older look that arrives later: it came back since.
    paid = Posting(debit=REFUNDS_PAYABLE, credit=_own(PSP_CLEARING, entry), amount=entry.amount)
    return (paid,) if _promise(_of_operation(entry, before)) else (*_owed(entry, before), paid)


def _came_back(entry: Transaction, before: TransactionLog) -> tuple[Posting, ...]:
    done = [
        row for row in before.rows if row.type is TransactionType.REFUND_SUCCEEDED and row.ref == entry.ref
    ]
    undone = tuple(posting for row in done for posting in _reversed(row.postings))
    own = _of_operation(entry, before)
    owed_again = TransactionLog((*own.rows, attrs.evolve(entry, postings=undone)), before.currency)
    return (*undone, *_reversed(_promise(owed_again)))


def _abandoned(entry: Transaction, before: TransactionLog) -> tuple[Posting, ...]:
    return _reversed(_promise(_of_operation(entry, before)))


def _about(entry: Transaction, before: TransactionLog, type_: TransactionType) -> list[Transaction]:
    return [row for row in before.rows if row.type is type_ and row.about == entry.about]


def _contested(entry: Transaction, before: TransactionLog) -> tuple[Posting, ...]:
    """Money that a bank takes or returns: on hold, until a dispute of the same capture was lost."""
    lost = _about(entry, before, TransactionType.DISPUTE_LOST)
    account, clearing = DISPUTE_LOSS if lost else DISPUTE_HOLD, _own(PSP_CLEARING, entry)
    taken = Posting(debit=account, credit=clearing, amount=entry.amount)
    return (taken if entry.type is TransactionType.DISPUTE_TAKEN else taken.reversed(),)


def _written_off(entry: Transaction, before: TransactionLog) -> tuple[Posting, ...]:
    """All of the capture that is on hold, in the currencies in which the provider moved it."""
    if _about(entry, before, TransactionType.DISPUTE_LOST):
        return ()
    taken = _about(entry, before, TransactionType.DISPUTE_TAKEN)
    returned = _about(entry, before, TransactionType.DISPUTE_RETURNED)
    held: dict[Currency, int] = {}
    for row in taken:
        held[row.amount.currency] = held.get(row.amount.currency, 0) + row.amount.minor
    for row in returned:
        held[row.amount.currency] = held.get(row.amount.currency, 0) - row.amount.minor
    return tuple(
        Posting(debit=DISPUTE_LOSS, credit=DISPUTE_HOLD, amount=Money(minor, currency))
        for currency, minor in held.items()
        if minor > 0
    )


_BY_HISTORY: Mapping[TransactionType, Callable[[Transaction, TransactionLog], tuple[Posting, ...]]] = (
    MappingProxyType(
        {
            TransactionType.REFUND_REQUESTED: _owed,
            TransactionType.REFUND_ABANDONED: _abandoned,
            TransactionType.REFUND_SUCCEEDED: _given_back,
            TransactionType.REFUND_FAILED: _came_back,
            TransactionType.DISPUTE_TAKEN: _contested,
            TransactionType.DISPUTE_RETURNED: _contested,
            TransactionType.DISPUTE_LOST: _written_off,
        }
    )
)
