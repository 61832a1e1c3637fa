"""Stripe's books, for the daily comparison: each of their lines as a movement."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

import stripe
from stripe.params import BalanceTransactionListParams

from printapic.adapters.payments.stripe.calls import PAGE_LENGTH, StripeCall, every
from printapic.adapters.payments.stripe.currencies import money_of
from printapic.adapters.payments.stripe.objects import (
    AnswerUnreadable,
    BalanceTransaction,
    LineSource,
    Page,
    moment,
)
from printapic.application.ports.payments import Movement, MovementKind
from printapic.domain.money import Money

_DAY_S = 24 * 3600
_KINDS: Mapping[str, MovementKind] = {
    "charge": MovementKind.CAPTURE,
    "refund": MovementKind.REFUND,
    "refund_failure": MovementKind.REFUND_RETURNED,
    "dispute": MovementKind.DISPUTE,
    "dispute_reversal": MovementKind.DISPUTE_RETURNED,
    "fee": MovementKind.FEE,
    "network_cost": MovementKind.FEE,
    "tax": MovementKind.FEE,
    "payout": MovementKind.PAYOUT,
    "payout_reversal": MovementKind.PAYOUT_RETURNED,
    "topup": MovementKind.TOP_UP,
    "topup_reversal": MovementKind.TOP_UP,
}
"""By reporting category: several `type`s share one, and `adjustment` alone says nothing."""
_BY_THE_LINE_ITSELF = frozenset({MovementKind.DISPUTE, MovementKind.DISPUTE_RETURNED})


def lines(new_call: Callable[[], StripeCall], *, since: datetime, until: datetime) -> Iterator[Movement]:
    """Lines with `since` <= time < `until`, the oldest first.

    Stripe lists the newest first, so it is asked day by day: one day's lines are what is kept in memory.
    Raises the SDK's errors, or those of reading.
    """
    first, end = math.ceil(since.timestamp()), math.ceil(until.timestamp())
    for start in range(first, end, _DAY_S):
        stop = min(start + _DAY_S, end)
        pages = every(
            lambda after, start=start, stop=stop: _page(new_call(), start, stop, after),  # type: ignore[misc]
            Page[BalanceTransaction],
        )
        yield from reversed([_movement(line) for line in pages])


def _page(call: StripeCall, start: int, stop: int, after: str | None) -> stripe.StripeObject:
    params: BalanceTransactionListParams = {
        "created": {"gte": start, "lt": stop},
        "limit": PAGE_LENGTH,
        "expand": ["data.source"],
    }
    if after is not None:
        params["starting_after"] = after
    return call.api.balance_transactions.list(params)


def _movement(line: BalanceTransaction) -> Movement:
    kind = _KINDS.get(line.reporting_category, MovementKind.OTHER)
    source = line.source.id if isinstance(line.source, LineSource) else line.source
    amount, settled = _amount(line, kind), money_of(line.amount, line.currency)
    return Movement(
        id=line.id,
        ref=line.id if source is None or kind in _BY_THE_LINE_ITSELF else source,
        kind=kind,
        amount=amount,
        fee=money_of(line.fee, line.currency),
        about=source,
        settled=None if settled.currency == amount.currency else settled,
        occurred_at=moment(line.created),
    )


def _amount(line: BalanceTransaction, kind: MovementKind) -> Money:
    """Gross, in the customer's currency where Stripe converted it: that is what our log says."""
    amount, currency = line.amount, line.currency
    if line.exchange_rate is not None and kind not in _BY_THE_LINE_ITSELF:
        if not isinstance(line.source, LineSource):
            raise AnswerUnreadable("not-expanded")
        if line.source.currency is not None and line.source.amount is not None:
            taken = line.source.amount_captured
            size = line.source.amount if taken is None else taken
            amount, currency = (size if amount >= 0 else -size), line.source.currency
    return money_of(amount, currency)
