"""What the simulated provider knows of money: checkouts, captures, refunds, and movements with fees."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from uuid import UUID

import attrs

from printapic.adapters.payments.simulated.rows import as_money, as_text, new_ref
from printapic.application.ports.payments import Movement, MovementKind
from printapic.domain.ids import OperationId
from printapic.domain.money import Money, total
from printapic.domain.payments.attempt import AttemptState, Provider
from printapic.domain.payments.snapshot import (
    AuthorizationFact,
    CaptureFact,
    RefundFact,
    RefundState,
    Snapshot,
)

FEE_PER_MILLE = 15
FEE_FIXED_MINOR = 25


def fee_of(amount: Money) -> Money:
    """What the provider keeps of a capture: 1.5 % and 25 minor units, never more than the capture."""
    fee = amount.share(FEE_PER_MILLE, 1000) + Money(FEE_FIXED_MINOR, amount.currency)
    return min(fee, amount)


@attrs.frozen(kw_only=True)
class Checkout:
    """One hosted page. `token` is its address, `csrf_token` what a press must bring along.

    `authorized` is what the customer agreed to and nobody took yet, `collection` when it is taken.
    """

    ref: str
    token: str
    csrf_token: str = attrs.field(repr=False)
    our_reference: str
    order_number: str
    amount: Money
    authorized: Money
    return_url: str
    cancel_url: str
    locale: str
    collection: str
    state: AttemptState
    created_at: datetime
    expires_at: datetime


class Accounts:
    """The money side of one entry."""

    def __init__(self, connection: sqlite3.Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def expire(self) -> list[str]:
        """Close every open checkout whose time is over; their refs."""
        rows = self._connection.execute(
            "UPDATE checkout SET state = 'expired' WHERE state = 'open' AND expires_at <= ? RETURNING ref",
            (as_text(self._now),),
        ).fetchall()
        return [row["ref"] for row in rows]

    def add(self, checkout: Checkout) -> None:
        """Write down a new page."""
        self._connection.execute(
            "INSERT INTO checkout (ref, token, csrf_token, our_reference, order_number, currency, exponent,"
            " minor, authorized, return_url, cancel_url, locale, collection, state,"
            " created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                checkout.ref,
                checkout.token,
                checkout.csrf_token,
                checkout.our_reference,
                checkout.order_number,
                checkout.amount.currency.code,
                checkout.amount.currency.exponent,
                checkout.amount.minor,
                checkout.authorized.minor,
                checkout.return_url,
                checkout.cancel_url,
                checkout.locale,
                checkout.collection,
                checkout.state.value,
                as_text(checkout.created_at),
                as_text(checkout.expires_at),
            ),
        )

    def checkout(self, ref: str) -> Checkout | None:
        """The checkout of this name."""
        return self._one("SELECT * FROM checkout WHERE ref = ?", ref)

    def checkout_of(self, name: str) -> Checkout | None:
        """The checkout of this name, or the one in which a capture or a refund has it."""
        return self._one(
            "SELECT * FROM checkout WHERE ref IN (SELECT :name"
            " UNION SELECT checkout_ref FROM capture WHERE ref = :name"
            " UNION SELECT capture.checkout_ref FROM refund"
            " JOIN capture ON capture.ref = refund.capture_ref WHERE refund.ref = :name)",
            name=name,
        )

    def checkout_at(self, token: str) -> Checkout | None:
        """The checkout whose page has this address."""
        return self._one("SELECT * FROM checkout WHERE token = ?", token)

    def checkout_for(self, our_reference: str, *, since: datetime, until: datetime) -> Checkout | None:
        """The checkout with this reference made in that time: one with money before one without."""
        return self._one(
            "SELECT * FROM checkout WHERE our_reference = ? AND created_at >= ? AND created_at <= ?"
            " ORDER BY EXISTS (SELECT 1 FROM capture WHERE checkout_ref = checkout.ref) DESC,"
            " created_at DESC LIMIT 1",
            our_reference,
            as_text(since),
            as_text(until),
        )

    def _one(self, query: str, *values: str, **named: str) -> Checkout | None:
        row = self._connection.execute(query, named or values).fetchone()
        return None if row is None else _checkout(row)

    def change(self, checkout: Checkout, state: AttemptState, *, authorized: Money | None = None) -> Checkout:
        """Move a checkout on; what is still authorized is nothing unless told."""
        rest = authorized or Money.zero(checkout.amount.currency)
        self._connection.execute(
            "UPDATE checkout SET state = ?, authorized = ? WHERE ref = ?",
            (state.value, rest.minor, checkout.ref),
        )
        return attrs.evolve(checkout, state=state, authorized=rest)

    def take(self, checkout: Checkout, amount: Money) -> str:
        """Take the customer's money; the capture's ref."""
        ref, at = new_ref("cap"), as_text(self._now)
        unit = (amount.currency.code, amount.currency.exponent, amount.minor)
        self._connection.execute(
            "INSERT INTO capture VALUES (?, ?, ?, ?, ?, ?)", (ref, checkout.ref, *unit, at)
        )
        self._move(ref, MovementKind.CAPTURE, amount, fee=fee_of(amount))
        return ref

    def captured(self, capture_ref: str) -> tuple[Checkout, Money] | None:
        """The checkout of a capture, and how much it took; None if there is no such capture."""
        row = self._connection.execute("SELECT * FROM capture WHERE ref = ?", (capture_ref,)).fetchone()
        checkout = None if row is None else self.checkout(row["checkout_ref"])
        return None if checkout is None else (checkout, as_money(row))

    def refunds(self, capture_ref: str) -> tuple[RefundFact, ...]:
        """Everything that was given back of a capture, tried or done, oldest first."""
        rows = self._connection.execute(
            "SELECT * FROM refund WHERE capture_ref = ? ORDER BY rowid", (capture_ref,)
        ).fetchall()
        return tuple(_refund(row) for row in rows)

    def give_back(
        self,
        capture_ref: str,
        amount: Money,
        *,
        state: RefundState,
        reason: str,
        operation_id: OperationId | None,
    ) -> RefundFact:
        """Write down a refund, pending or done."""
        ref, currency = new_ref("re"), amount.currency
        self._connection.execute(
            "INSERT INTO refund VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                ref,
                capture_ref,
                currency.code,
                currency.exponent,
                amount.minor,
                RefundState.PENDING.value,
                str(operation_id) if operation_id else None,
                reason,
                as_text(self._now),
            ),
        )
        return self.decide_refund(ref, state)

    def decide_refund(self, ref: str, state: RefundState) -> RefundFact:
        """What became of a refund; money moves when it succeeds, and back when it fails afterwards.

        Raises `LookupError` if there is no such refund.
        """
        before = self.refund(ref)
        if before is None:
            raise LookupError(ref)
        self._connection.execute("UPDATE refund SET state = ? WHERE ref = ?", (state.value, ref))
        if state is RefundState.SUCCEEDED and before.state is RefundState.PENDING:
            self._move(ref, MovementKind.REFUND, -before.amount)
        elif state is not RefundState.SUCCEEDED and before.state is RefundState.SUCCEEDED:
            self._move(ref, MovementKind.REFUND_RETURNED, before.amount)
        return attrs.evolve(before, state=state)

    def refund(self, ref: str) -> RefundFact | None:
        """The refund of this name."""
        row = self._connection.execute("SELECT * FROM refund WHERE ref = ?", (ref,)).fetchone()
        return None if row is None else _refund(row)

    def snapshot(self, checkout: Checkout) -> Snapshot:
        """Everything about one checkout, as `fetch` answers it."""
        rows = self._connection.execute(
            "SELECT * FROM capture WHERE checkout_ref = ? ORDER BY rowid", (checkout.ref,)
        ).fetchall()
        captures = tuple(
            CaptureFact(
                ref=row["ref"],
                amount=as_money(row),
                fee=fee_of(as_money(row)),
                occurred_at=datetime.fromisoformat(row["at"]),
            )
            for row in rows
        )
        refunds = tuple(refund for capture in captures for refund in self.refunds(capture.ref))
        return Snapshot(
            provider=Provider.SIMULATED,
            ref=checkout.ref,
            our_reference=checkout.our_reference,
            livemode=False,
            state=checkout.state,
            authorization=_authorization(checkout, captures),
            captures=captures,
            refunds=refunds,
            other_refs=(*(capture.ref for capture in captures), *(refund.ref for refund in refunds)),
        )

    def movements(self, *, since: datetime, until: datetime) -> list[Movement]:
        """The lines of the account in that time, `since` included and `until` not."""
        rows = self._connection.execute(
            "SELECT * FROM movement WHERE at >= ? AND at < ? ORDER BY at, rowid",
            (as_text(since), as_text(until)),
        ).fetchall()
        return [
            Movement(
                id=f"{row['type']}:{row['ref']}",
                ref=row["ref"],
                kind=MovementKind(row["type"]),
                amount=as_money(row),
                fee=None if row["fee"] is None else as_money(row, "fee"),
                occurred_at=datetime.fromisoformat(row["at"]),
            )
            for row in rows
        ]

    def _move(self, ref: str, kind: MovementKind, amount: Money, *, fee: Money | None = None) -> None:
        self._connection.execute(
            "INSERT INTO movement (ref, type, currency, exponent, minor, fee, at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                ref,
                kind.value,
                amount.currency.code,
                amount.currency.exponent,
                amount.minor,
                None if fee is None else fee.minor,
                as_text(self._now),
            ),
        )


def _checkout(row: sqlite3.Row) -> Checkout:
    return Checkout(
        ref=row["ref"],
        token=row["token"],
        csrf_token=row["csrf_token"],
        our_reference=row["our_reference"],
        order_number=row["order_number"],
        amount=as_money(row),
        authorized=as_money(row, "authorized"),
        return_url=row["return_url"],
        cancel_url=row["cancel_url"],
        locale=row["locale"],
        collection=row["collection"],
        state=AttemptState(row["state"]),
        created_at=datetime.fromisoformat(row["created_at"]),
        expires_at=datetime.fromisoformat(row["expires_at"]),
    )


def _authorization(checkout: Checkout, captures: tuple[CaptureFact, ...]) -> AuthorizationFact | None:
    """What the bank promised, while it still holds some of it."""
    if checkout.state is not AttemptState.AUTHORIZED:
        return None
    taken = total([capture.amount for capture in captures], checkout.amount.currency)
    return AuthorizationFact(
        ref=f"{checkout.ref}_auth",
        amount=checkout.authorized + taken,
        expires_at=None,
        occurred_at=checkout.created_at,
    )


def _refund(row: sqlite3.Row) -> RefundFact:
    operation_id = row["operation_id"]
    return RefundFact(
        ref=row["ref"],
        capture_ref=row["capture_ref"],
        amount=as_money(row),
        state=RefundState(row["state"]),
        operation_id=None if operation_id is None else OperationId(UUID(operation_id)),
        occurred_at=datetime.fromisoformat(row["at"]),
    )
