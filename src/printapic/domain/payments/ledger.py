"""The ledger: what every row of the transaction log does to our accounts, in double entry.

`psp_clearing:<provider>` is what a provider owes us. `order_receivable` is what customers owe us,
`order_obligation` what we owe them: prints, or their money back. `suspense` holds money that fits to
nothing yet, `refunds_payable` what was promised back, `dispute_hold` what banks contest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from printapic.domain.money import Money
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
        TransactionType.DISPUTE_TAKEN: (DISPUTE_HOLD, PSP_CLEARING),
        TransactionType.DISPUTE_RETURNED: (PSP_CLEARING, DISPUTE_HOLD),
        TransactionType.DISPUTE_LOST: (DISPUTE_LOSS, DISPUTE_HOLD),
    }
)


def postings(entry: Transaction, before: TransactionLog) -> tuple[Posting, ...]:
    """What `entry` does to the accounts, behind the rows `before` it. The same rows, the same postings.

    An authorization does nothing to them: no money moved.
    """
    if entry.type in _REFUNDS:
        return _REFUNDS[entry.type](entry, before)
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


def _promise(entry: Transaction, before: TransactionLog) -> tuple[Posting, ...]:
    """What was posted as this refund was asked for; nothing where it never was, or was taken back."""
    own = [row for row in before.rows if entry.operation_id and row.operation_id == entry.operation_id]
    if any(row.type in (TransactionType.REFUND_ABANDONED, TransactionType.REFUND_FAILED) for row in own):
        return ()
    return next((row.postings for row in own if row.type is TransactionType.REFUND_REQUESTED), ())


def _given_back(entry: Transaction, before: TransactionLog) -> tuple[Posting, ...]:
    if before.has(TransactionType.REFUND_FAILED, entry.ref):
        return ()  # An older look that arrives later: it came back since.
    paid = Posting(debit=REFUNDS_PAYABLE, credit=_own(PSP_CLEARING, entry), amount=entry.amount)
    return (paid,) if _promise(entry, before) else (*_owed(entry, before), paid)


def _came_back(entry: Transaction, before: TransactionLog) -> tuple[Posting, ...]:
    promised = _promise(entry, before)
    for row in before.rows:
        if row.type is TransactionType.REFUND_SUCCEEDED and row.ref == entry.ref:
            return (*_reversed(row.postings), *_reversed(promised))
    return _reversed(promised)


def _abandoned(entry: Transaction, before: TransactionLog) -> tuple[Posting, ...]:
    return _reversed(_promise(entry, before))


_REFUNDS: Mapping[TransactionType, Callable[[Transaction, TransactionLog], tuple[Posting, ...]]] = (
    MappingProxyType(
        {
            TransactionType.REFUND_REQUESTED: _owed,
            TransactionType.REFUND_ABANDONED: _abandoned,
            TransactionType.REFUND_SUCCEEDED: _given_back,
            TransactionType.REFUND_FAILED: _came_back,
        }
    )
)
