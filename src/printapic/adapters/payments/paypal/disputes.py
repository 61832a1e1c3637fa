"""Disputes: what a customer, a bank or PayPal contests, and the money that moved for it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, TypeAlias
from urllib.parse import parse_qs, urlsplit

import attrs
import msgspec

from printapic.adapters.payments.paypal.answers import Unreadable, moment
from printapic.adapters.payments.paypal.currencies import Amount, money_of
from printapic.adapters.payments.paypal.refusals import Link
from printapic.adapters.payments.paypal.wire import Ref
from printapic.domain.money import Money
from printapic.domain.payments.snapshot import DisputeFact, DisputeMovement, DisputeState

DisputeRef: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9-]{1,128}\Z")]
_Word: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"\A[A-Z][A-Z0-9_]{0,63}\Z")]
_FEES = frozenset({"DISPUTE_SETTLEMENT_FEE", "DISPUTE_FEE", "CHARGEBACK_FEE"})
_DECIDED = {
    "RESOLVED_BUYER_FAVOUR": DisputeState.LOST,
    "ACCEPTED": DisputeState.LOST,
    "RESOLVED_SELLER_FAVOUR": DisputeState.WON,
    "CANCELED_BY_BUYER": DisputeState.WON,
    "DENIED": DisputeState.WON,
}


class _Item(msgspec.Struct, frozen=True):
    dispute_id: DisputeRef


class DisputePage(msgspec.Struct, frozen=True):
    items: tuple[_Item, ...] = ()
    links: tuple[Link, ...] = ()

    @property
    def next_token(self) -> str | None:
        """What PayPal's link to the next page names it. Raises `Unreadable` for a link without a name."""
        following = next((link.href for link in self.links if link.rel == "next"), None)
        if following is None:
            return None
        try:
            (token,) = parse_qs(urlsplit(following).query)["next_page_token"]
        except (KeyError, ValueError):
            raise Unreadable("disputes") from None
        return token


class _DisputedTransaction(msgspec.Struct, frozen=True):
    seller_transaction_id: Ref | None = None


class _Outcome(msgspec.Struct, frozen=True):
    outcome_code: (
        Literal[
            "RESOLVED_BUYER_FAVOUR",
            "RESOLVED_SELLER_FAVOUR",
            "RESOLVED_WITH_PAYOUT",
            "CANCELED_BY_BUYER",
            "ACCEPTED",
            "DENIED",
            "NONE",
        ]
        | None
    ) = None


class _Movement(msgspec.Struct, frozen=True):
    affected_party: Literal["SELLER", "BUYER", "PAYMENT_PROCESSOR"]
    type: Literal["DEBIT", "CREDIT"]
    initiated_time: str
    amount: Amount
    reason: (
        Literal["DISPUTE_SETTLEMENT_FEE", "DISPUTE_SETTLEMENT", "DISPUTE_FEE", "CHARGEBACK_FEE"] | None
    ) = None


class DisputeBody(msgspec.Struct, frozen=True):
    """A dispute as PayPal shows it, without what people wrote in it."""

    dispute_id: DisputeRef
    status: Literal[
        "OPEN",
        "WAITING_FOR_BUYER_RESPONSE",
        "WAITING_FOR_SELLER_RESPONSE",
        "UNDER_REVIEW",
        "RESOLVED",
        "OTHER",
    ]
    reason: _Word
    dispute_amount: Amount
    create_time: str
    dispute_life_cycle_stage: Literal["INQUIRY", "CHARGEBACK", "PRE_ARBITRATION", "ARBITRATION"] | None = None
    dispute_outcome: _Outcome | None = None
    seller_response_due_date: str | None = None
    disputed_transactions: tuple[_DisputedTransaction, ...] = ()
    money_movements: tuple[_Movement, ...] = ()


def dispute_fact(body: DisputeBody, *, capture_ref: str) -> DisputeFact:
    """Raises `Unreadable`."""
    movements, contested = _movements(body), money_of(body.dispute_amount)
    if contested.minor < 0:
        raise Unreadable("amount")
    due = body.seller_response_due_date
    return DisputeFact(
        ref=body.dispute_id,
        capture_ref=capture_ref,
        amount=contested,
        state=_state(body, movements),
        reason=body.reason.lower().replace("_", "-"),
        evidence_due_at=None if due is None else moment(due),
        movements=movements,
        occurred_at=moment(body.create_time),
    )


def _state(body: DisputeBody, movements: tuple[DisputeMovement, ...]) -> DisputeState:
    """Resolved "with payout", or without a word: whoever has the money has won."""
    if body.status == "RESOLVED":
        word = body.dispute_outcome.outcome_code if body.dispute_outcome else None
        gone = sum(movement.amount.minor for movement in movements) < 0
        return _DECIDED.get(word or "", DisputeState.LOST if gone else DisputeState.WON)
    if body.dispute_life_cycle_stage == "INQUIRY" and not movements:
        return DisputeState.INQUIRY
    return DisputeState.OPEN


def _movements(body: DisputeBody) -> tuple[DisputeMovement, ...]:
    """Ours among the movements. They have no id: dispute, time and direction name them.

    What moved at one time in one direction is one movement, of which fees are told apart.
    """
    found: dict[str, DisputeMovement] = {}
    for movement in body.money_movements:
        if movement.affected_party != "SELLER":
            continue
        at, money = moment(movement.initiated_time), money_of(movement.amount)
        ref = f"{body.dispute_id}:{_stamp(at)}:{movement.type}"
        nothing = Money.zero(money.currency)
        known = found.get(ref) or DisputeMovement(ref=ref, amount=nothing, occurred_at=at)
        if known.amount.currency != money.currency:
            raise Unreadable("dispute-currency")
        taken = money if movement.type == "DEBIT" else -money
        if movement.reason in _FEES:
            found[ref] = attrs.evolve(known, fee=(known.fee or nothing) + taken)
        else:
            found[ref] = attrs.evolve(known, amount=known.amount - taken)
    return tuple(sorted(found.values(), key=lambda movement: (movement.occurred_at, movement.ref)))


def _stamp(at: datetime) -> str:
    """Always to the millisecond, so that the name stays the same however PayPal writes the time."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
