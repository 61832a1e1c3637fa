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
        TransactionType.FEE_RETURNED: (PSP_CLEARING, PSP_FEES),
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


def _claimed(entry: Transaction, before: TransactionLog, change: int) -> tuple[Posting, ...]:
    """Promise some more of a capture to its payer, or less: what is parked goes first, and comes back last.

    So the suspense account holds what of parked money nobody claimed, in whatever order that came about.
    """
    currency = entry.amount.currency
    parked = _sum(entry, before, TransactionType.CAPTURE_PARKED)
    parked -= _sum(entry, before, TransactionType.PARKED_ACCEPTED)
    gone = sum(
        posting.amount.minor if posting.credit == REFUNDS_PAYABLE else -posting.amount.minor
        for row in before.rows
        if row.about == entry.about and row.amount.currency == currency
        for posting in row.postings
        if {posting.debit, posting.credit} & {SUSPENSE, ORDER_OBLIGATION} and row.type in _BY_HISTORY
    )
    from_suspense = max(0, parked - gone) - max(0, parked - gone - change)
    moves = ((SUSPENSE, from_suspense), (ORDER_OBLIGATION, change - from_suspense))
    rows = [Posting(debit=a, credit=REFUNDS_PAYABLE, amount=Money(abs(m), currency)) for a, m in moves if m]
    return tuple(rows) if change > 0 else tuple(posting.reversed() for posting in rows)


def _sum(entry: Transaction, before: TransactionLog, type_: TransactionType) -> int:
    """All rows of that type about the same capture, in the entry's currency."""
    rows = _about(entry, before, type_)
    return sum(row.amount.minor for row in rows if row.amount.currency == entry.amount.currency)


def _of_operation(entry: Transaction, before: TransactionLog) -> TransactionLog:
    """What was written before about the refund that we asked for; nothing of one made elsewhere."""
    own = [row for row in before.rows if entry.operation_id and row.operation_id == entry.operation_id]
    return TransactionLog(tuple(own), before.currency)


def _promised(own: TransactionLog) -> int:
    """What was promised as a refund was asked for, while all of that is still owed; else nothing."""
    asked = next((row for row in own.rows if row.type is TransactionType.REFUND_REQUESTED), None)
    if asked is None:
        return 0
    owed = -balances(own).get((REFUNDS_PAYABLE, asked.amount.currency.code), 0)
    return asked.amount.minor if owed >= asked.amount.minor else 0


def _asked(entry: Transaction, before: TransactionLog) -> tuple[Posting, ...]:
    return _claimed(entry, before, entry.amount.minor)


def _given_back(entry: Transaction, before: TransactionLog) -> tuple[Posting, ...]:
    if before.has(TransactionType.REFUND_FAILED, entry.ref):
        return ()  # An older look that arrives later: it came back since.
    paid = Posting(debit=REFUNDS_PAYABLE, credit=_own(PSP_CLEARING, entry), amount=entry.amount)
    if _promised(_of_operation(entry, before)):
        return (paid,)
    return (*_claimed(entry, before, entry.amount.minor), paid)


def _came_back(entry: Transaction, before: TransactionLog) -> tuple[Posting, ...]:
    rows = [row for row in before.rows if row.type is TransactionType.REFUND_SUCCEEDED]
    done = [posting for row in rows if row.ref == entry.ref for posting in row.postings]
    unpaid = tuple(posting.reversed() for posting in done if posting.debit == REFUNDS_PAYABLE)
    claimed = sum(posting.amount.minor for posting in done if posting.credit == REFUNDS_PAYABLE)
    own = _of_operation(entry, before)
    owed_again = TransactionLog((*own.rows, attrs.evolve(entry, postings=unpaid)), before.currency)
    return (*unpaid, *_claimed(entry, before, -(claimed or _promised(owed_again))))


def _abandoned(entry: Transaction, before: TransactionLog) -> tuple[Posting, ...]:
    return _claimed(entry, before, -_promised(_of_operation(entry, before)))


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
            TransactionType.REFUND_REQUESTED: _asked,
            TransactionType.REFUND_ABANDONED: _abandoned,
            TransactionType.REFUND_SUCCEEDED: _given_back,
            TransactionType.REFUND_FAILED: _came_back,
            TransactionType.DISPUTE_TAKEN: _contested,
            TransactionType.DISPUTE_RETURNED: _contested,
            TransactionType.DISPUTE_LOST: _written_off,
        }
    )
)
