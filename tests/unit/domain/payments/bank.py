"""A bank for the tests: what really became of the money, whoever of us knows it already."""

from __future__ import annotations

from itertools import count

import attrs

from printapic.domain.ids import AttemptId
from printapic.domain.money import Money, total
from printapic.domain.payments.attempt import AttemptState
from printapic.domain.payments.dispute import FINAL
from printapic.domain.payments.operation import Operation, OperationKind
from printapic.domain.payments.snapshot import (
    AuthorizationFact,
    CaptureFact,
    DisputeFact,
    DisputeState,
    RefundFact,
    RefundState,
)
from tests.unit.domain.payments.till import DUE, contested, given_back, held_with, moved, paid_with

COUNTED = (RefundState.PENDING, RefundState.SUCCEEDED)
PAYABLE = (AttemptState.OPEN, AttemptState.PROCESSING)
REST = {
    DisputeState.INQUIRY: [DisputeState.OPEN, DisputeState.WON],
    DisputeState.OPEN: [DisputeState.WON, DisputeState.LOST],
}
AMOUNTS = (DUE, DUE, DUE, Money.of("20.00", "EUR"), Money.of("1.00", "EUR"))
FEE = Money.of("15.00", "EUR")
numbers = count(1)


class BankRefuses(Exception):
    """It cannot do that, or not any more; nothing moved."""


@attrs.define
class Page:
    """One checkout at the bank. A repeated call has one effect."""

    state: AttemptState = AttemptState.OPEN
    authorization: AuthorizationFact | None = None
    captures: tuple[CaptureFact, ...] = ()
    refunds: tuple[RefundFact, ...] = ()
    disputes: tuple[DisputeFact, ...] = ()
    done: set[object] = attrs.field(factory=set)

    def capture_of(self, ref: str) -> CaptureFact:
        return next(each for each in self.captures if each.ref == ref)

    def left(self, capture: CaptureFact) -> Money:
        """What of a capture is neither on its way back nor with its customer's bank."""
        back = [each.amount for each in self.refunds if each.capture_ref == capture.ref and counted(each)]
        moves = [move for each in self.disputes if each.capture_ref == capture.ref for move in each.movements]
        currency = capture.amount.currency
        return capture.amount - total(back, currency) + total([move.amount for move in moves], currency)

    def pay(self, *, manual: bool, amount: Money) -> None:
        n = next(numbers)
        if manual:
            self.authorization, self.state = held_with(f"held-{n}", amount), AttemptState.AUTHORIZED
        else:
            self.captures = (*self.captures, paid_with(f"capture-{n}", amount))
            self.state = AttemptState.CAPTURED

    def obey(self, call: Operation) -> None:
        """Do what our side asks for. Raises `BankRefuses`."""
        if call.id in self.done:
            return
        match call.kind:
            case OperationKind.CAPTURE if self.state is AttemptState.AUTHORIZED and self.authorization:
                if call.amount > self.authorization.amount:
                    raise BankRefuses
                self.captures = (paid_with(f"capture-{next(numbers)}", call.amount),)
                self.state = AttemptState.CAPTURED
            case OperationKind.VOID if self.state in (*PAYABLE, AttemptState.AUTHORIZED):
                self.state = AttemptState.VOIDED
            case OperationKind.REFUND:
                self.give_back(call)
            case _:
                raise BankRefuses
        self.done.add(call.id)

    def give_back(self, call: Operation) -> None:
        capture = self.capture_of(call.capture_ref or "")
        disputed = any(each.capture_ref == capture.ref and each.state not in FINAL for each in self.disputes)
        if disputed or call.amount > self.left(capture):
            raise BankRefuses
        fact = given_back(
            f"refund-{next(numbers)}",
            of=capture.ref,
            amount=call.amount,
            state=RefundState.PENDING,
            operation_id=call.id,
        )
        self.refunds = (*self.refunds, fact)

    def give_back_past_the_shop(self, capture: CaptureFact, amount: Money) -> None:
        self.refunds = (*self.refunds, given_back(f"refund-{next(numbers)}", of=capture.ref, amount=amount))

    def decide_refund(self, ref: str, state: RefundState) -> None:
        self.refunds = tuple(
            attrs.evolve(each, state=state) if each.ref == ref else each for each in self.refunds
        )

    def contest(self, capture: CaptureFact) -> None:
        dispute = contested(f"dispute-{next(numbers)}", of=capture.ref, state=DisputeState.INQUIRY)
        self.disputes = (*self.disputes, attrs.evolve(dispute, amount=capture.amount))

    def decide_dispute(self, ref: str, state: DisputeState) -> None:
        """One step of a dispute, with the money that moves by it."""
        dispute = next(each for each in self.disputes if each.ref == ref)
        movements = dispute.movements
        if state is DisputeState.OPEN:
            movements = (
                *movements,
                moved(f"move-{next(numbers)}", -dispute.amount, fee=FEE),
            )
        elif state is DisputeState.WON and movements:
            movements = (*movements, moved(f"move-{next(numbers)}", dispute.amount))
        seen = attrs.evolve(dispute, state=state, movements=movements)
        self.disputes = tuple(seen if each.ref == ref else each for each in self.disputes)

    @property
    def owed(self) -> int:
        """What the bank owes the shop, in cents: all that came, less all that went."""
        came = sum(each.amount.minor for each in self.captures)
        back = sum(each.amount.minor for each in self.refunds if each.state is RefundState.SUCCEEDED)
        moves = [move for each in self.disputes for move in each.movements]
        fees = sum(move.fee.minor for move in moves if move.fee)
        return came - back + sum(move.amount.minor for move in moves) - fees


def counted(refund: RefundFact) -> bool:
    return refund.state in COUNTED


@attrs.define
class Bank:
    """All pages of one payment."""

    pages: dict[AttemptId, Page] = attrs.field(factory=dict)

    @property
    def captures(self) -> list[tuple[Page, CaptureFact]]:
        return [(page, capture) for page in self.pages.values() for capture in page.captures]

    @property
    def refunds(self) -> list[tuple[Page, RefundFact]]:
        return [(page, refund) for page in self.pages.values() for refund in page.refunds]

    @property
    def open_disputes(self) -> list[tuple[Page, DisputeFact]]:
        pages = self.pages.values()
        return [(page, each) for page in pages for each in page.disputes if each.state not in FINAL]

    @property
    def owed(self) -> int:
        return sum(page.owed for page in self.pages.values())
