"""Soundness: what must hold of every payment at any time, computed again from its log."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import attrs

from printapic.domain.payments import ledger
from printapic.domain.payments.payment import Payment
from printapic.domain.payments.transaction import TransactionType
from printapic.domain.payments.transaction_log import TransactionLog


class Fault(StrEnum):
    """`OVERALLOCATED`: more pays the order than it costs. `OVERREFUNDED`: more went back than came.

    `POSTINGS_DIFFER`: the ledger is not what the log makes of it. `RECEIVABLE_DIFFERS`: it says that the
    customer owes something else than what is still due. `PAYABLE_BELOW_ZERO` and `SUSPENSE_BELOW_ZERO`:
    more was given back than promised, or more than parked.
    """

    OVERALLOCATED = "overallocated"
    OVERREFUNDED = "overrefunded"
    POSTINGS_DIFFER = "postings-differ"
    RECEIVABLE_DIFFERS = "receivable-differs"
    PAYABLE_BELOW_ZERO = "payable-below-zero"
    SUSPENSE_BELOW_ZERO = "suspense-below-zero"


def faults_of(payment: Payment) -> tuple[Fault, ...]:
    """What is wrong with a payment; nothing, in this house."""
    log = payment.log
    found = []
    if payment.allocated > payment.due:
        found.append(Fault.OVERALLOCATED)
    if any(log.rest_of(capture).minor < 0 for capture in log.captures()):
        found.append(Fault.OVERREFUNDED)
    return (*found, *_faults_of_ledger(payment))


def parked_since(payment: Payment) -> datetime | None:
    """Since when there has been money in suspense all the time; None where there is none."""
    since, balances = None, dict[str, int]()
    for row in payment.transactions:
        for posting in row.postings:
            code, minor = posting.amount.currency.code, posting.amount.minor
            for account, change in ((posting.debit, minor), (posting.credit, -minor)):
                if account == ledger.SUSPENSE:
                    balances[code] = balances.get(code, 0) + change
        if not any(balances.values()):
            since = None
        elif since is None:
            since = row.recorded_at
    return since


def _faults_of_ledger(payment: Payment) -> list[Fault]:
    log, found = payment.log, []
    balances = ledger.balances(log)
    if any(row.postings != expected for row, expected in zip(log.rows, _recomputed(log), strict=True)):
        found.append(Fault.POSTINGS_DIFFER)
    withdrawn = log.sum_of(TransactionType.DUE_WITHDRAWN)
    owed = balances.get((ledger.ORDER_RECEIVABLE, payment.due.currency.code), 0)
    if owed != (payment.due - payment.allocated - withdrawn).minor:
        found.append(Fault.RECEIVABLE_DIFFERS)
    # What we owe stands on the credit side, which is the negative one.
    for account, fault in (
        (ledger.REFUNDS_PAYABLE, Fault.PAYABLE_BELOW_ZERO),
        (ledger.SUSPENSE, Fault.SUSPENSE_BELOW_ZERO),
    ):
        if any(name == account and minor > 0 for (name, _), minor in balances.items()):
            found.append(fault)
    return found


def _recomputed(log: TransactionLog) -> list[tuple[object, ...]]:
    return [
        ledger.postings(attrs.evolve(row, postings=()), TransactionLog(log.rows[:number], log.currency))
        for number, row in enumerate(log.rows)
    ]
