"""Everything that can happen to one payment, in any order, with both sides' rules checked after each step."""

from __future__ import annotations

from itertools import pairwise

import attrs
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from printapic.domain.ids import AttemptId
from printapic.domain.money import Money, total
from printapic.domain.payments import ledger
from printapic.domain.payments.attempt import AttemptState
from printapic.domain.payments.dispute import FINAL
from printapic.domain.payments.events import PaymentSucceeded
from printapic.domain.payments.giving_back import (
    CaptureDisputed,
    MoneyNotAcceptable,
    RefundRequest,
    RefundTooLarge,
)
from printapic.domain.payments.operation import Operation, OperationKind, OperationState
from printapic.domain.payments.snapshot import DisputeState, RefundState, Snapshot
from printapic.domain.payments.transaction import Transaction, TransactionType
from printapic.domain.payments.transaction_log import TransactionLog
from tests.unit.domain.payments.bank import AMOUNTS, PAYABLE, REST, Bank, BankRefuses, Page
from tests.unit.domain.payments.till import DUE, Till, new_operation_id

WAYS = ["answered", "answer lost", "never arrived", "not sent"]
NEXT = {
    RefundState.PENDING: [RefundState.SUCCEEDED, RefundState.FAILED, RefundState.CANCELLED],
    RefundState.SUCCEEDED: [RefundState.FAILED],
}


class Interleavings(RuleBasedStateMachine):
    """The shop knows only what it was told; the bank alone knows what is so."""

    def __init__(self) -> None:
        super().__init__()
        self.till, self.bank = Till(), Bank()
        self.looks: list[tuple[AttemptId, Snapshot, int]] = []
        self.succeeded = 0

    # The customer and the bank

    @initialize(manual=st.booleans(), amount=st.sampled_from(AMOUNTS), heard=st.booleans())
    def it_begins_with_a_customer_who_pays(self, manual: bool, amount: Money, heard: bool) -> None:
        self.somebody_opens_a_page()
        (page,) = self.bank.pages.values()
        page.pay(manual=manual, amount=amount)
        self.news(page, heard=heard)

    @precondition(
        lambda self: len(self.bank.pages) < 3 and not self.till.payment.covered and self.till.wanted
    )
    @rule()
    def somebody_opens_a_page(self) -> None:
        self.bank.pages[self.till.checkout(f"key-{len(self.bank.pages)}")] = Page()

    @precondition(lambda self: self.pages(*PAYABLE))
    @rule(data=st.data(), manual=st.booleans(), amount=st.sampled_from(AMOUNTS), heard=st.booleans())
    def somebody_pays(self, data: st.DataObject, manual: bool, amount: Money, heard: bool) -> None:
        page = data.draw(st.sampled_from(self.pages(*PAYABLE)))
        page.pay(manual=manual, amount=amount)
        self.news(page, heard=heard)

    @precondition(lambda self: self.pages(*PAYABLE, AttemptState.AUTHORIZED))
    @rule(data=st.data(), end=st.sampled_from([AttemptState.EXPIRED, AttemptState.FAILED]))
    def time_runs_out(self, data: st.DataObject, end: AttemptState) -> None:
        data.draw(st.sampled_from(self.pages(*PAYABLE, AttemptState.AUTHORIZED))).state = end

    @precondition(lambda self: self.bank.captures)
    @rule(data=st.data(), heard=st.booleans())
    def somebody_contests(self, data: st.DataObject, heard: bool) -> None:
        page, capture = data.draw(st.sampled_from(self.bank.captures))
        if page.left(capture) == capture.amount and not page.disputes:
            page.contest(capture)
            self.news(page, heard=heard)

    @precondition(lambda self: self.bank.open_disputes)
    @rule(data=st.data(), heard=st.booleans())
    def a_dispute_goes_on(self, data: st.DataObject, heard: bool) -> None:
        page, dispute = data.draw(st.sampled_from(self.bank.open_disputes))
        page.decide_dispute(dispute.ref, data.draw(st.sampled_from(REST[dispute.state])))
        self.news(page, heard=heard)

    @precondition(lambda self: self.bank.refunds)
    @rule(data=st.data(), heard=st.booleans())
    def a_refund_goes_on(self, data: st.DataObject, heard: bool) -> None:
        page, refund = data.draw(st.sampled_from(self.bank.refunds))
        page.decide_refund(refund.ref, data.draw(st.sampled_from(NEXT.get(refund.state, [refund.state]))))
        self.news(page, heard=heard)

    @precondition(lambda self: self.bank.captures)
    @rule(data=st.data())
    def somebody_refunds_past_the_shop(self, data: st.DataObject) -> None:
        page, capture = data.draw(st.sampled_from(self.bank.captures))
        if (left := page.left(capture).minor) > 0 and not page.disputes:
            amount = Money(data.draw(st.integers(1, left)), capture.amount.currency)
            page.give_back_past_the_shop(capture, amount)

    # The shop

    @precondition(lambda self: self.bank.pages)
    @rule(data=st.data())
    def the_shop_looks(self, data: st.DataObject) -> None:
        self.look(data.draw(st.sampled_from(list(self.bank.pages))))

    @precondition(lambda self: self.looks)
    @rule(data=st.data())
    def an_old_look_arrives_again(self, data: st.DataObject) -> None:
        attempt_id, snapshot, ticket = data.draw(st.sampled_from(self.looks))
        self.till.take_in(attempt_id, snapshot, ticket=ticket)

    @precondition(lambda self: self.calls())
    @rule(data=st.data(), way=st.sampled_from(WAYS))
    def a_call_goes_out(self, data: st.DataObject, way: str) -> None:
        self.send(data.draw(st.sampled_from(self.calls())), way)

    @precondition(lambda self: self.till.wanted)
    @rule()
    def production_wants_to_start(self) -> None:
        assert self.till.collect() is bool(self.till.payment.allocated)

    @precondition(lambda self: self.till.wanted and len(self.looks) > 2 and not self.till.payment.taking)
    @rule()
    def the_order_is_cancelled(self) -> None:
        self.till.release()

    @precondition(lambda self: not self.till.wanted)
    @rule()
    def the_cancel_is_worked_off_again(self) -> None:
        calls, rows = self.till.payment.operations, self.till.payment.transactions
        self.till.release()
        assert self.till.payment.transactions[: len(rows)] == rows
        assert len(self.till.payment.operations) >= len(calls)

    @precondition(lambda self: self.till.payment.log.captures())
    @rule(data=st.data(), minor=st.none() | st.integers(1, 2100))
    def support_refunds(self, data: st.DataObject, minor: int | None) -> None:
        capture = data.draw(st.sampled_from(self.till.payment.log.captures()))
        amount = None if minor is None else Money(minor, DUE.currency)
        left, rows = self.till.payment.refundable(capture), self.till.payment.transactions
        request = RefundRequest(capture_ref=capture.ref, amount=amount, reason="requested")
        try:
            self.till.payment.refund(request, operation_id=new_operation_id(), at=self.till.now)
        except CaptureDisputed:
            assert any(each.open and each.capture_ref == capture.ref for each in self.till.payment.disputes)
            assert self.till.payment.transactions == rows
        except RefundTooLarge:
            assert (amount or left) > left or left.minor <= 0
            assert self.till.payment.transactions == rows

    @precondition(lambda self: self.till.payment.log.captures())
    @rule(data=st.data())
    def a_person_accepts_parked_money(self, data: st.DataObject) -> None:
        capture = data.draw(st.sampled_from(self.till.payment.log.captures()))
        try:
            self.till.payment.accept_parked(
                capture.ref, new_operation_id=new_operation_id, at=self.till.now, demand=self.till.demand
            )
        except (CaptureDisputed, MoneyNotAcceptable):
            return
        self.till.confirmed = True

    @precondition(lambda self: self.till.payment.review_reasons)
    @rule(data=st.data())
    def a_person_answers(self, data: st.DataObject) -> None:
        self.till.resolve(data.draw(st.sampled_from(self.till.payment.review_reasons)))

    # What always holds

    @invariant()
    def v1_no_more_is_taken_than_is_due_or_held_nor_given_back_than_came(self) -> None:
        payment = self.till.payment
        assert payment.allocated in (Money.zero(DUE.currency), DUE)
        for page in self.bank.pages.values():
            if page.authorization and page.captures:
                taken = total([each.amount for each in page.captures], DUE.currency)
                assert taken <= page.authorization.amount
        for capture in payment.log.captures():
            assert payment.log.refunded_of(capture) <= capture.amount
            ours = [op for op in payment.operations if op.capture_ref == capture.ref and not op.failed]
            assert total([op.amount for op in ours], DUE.currency) <= capture.amount

    @invariant()
    def v2_the_claim_and_the_promises_are_what_the_log_says(self) -> None:
        payment, sums = self.till.payment, self.till.balances()
        withdrawn = payment.log.sum_of(TransactionType.DUE_WITHDRAWN)
        claim = payment.due - payment.allocated - withdrawn
        assert sums.get("order_receivable", 0) == claim.minor >= 0
        assert -sums.get("refunds_payable", 0) == sum(row.amount.minor for row in self.promises()) >= 0

    @invariant()
    def v3_what_is_parked_is_all_that_nobody_claimed_or_got_back(self) -> None:
        log, suspense = self.till.payment.log, 0
        for capture in log.captures(TransactionType.CAPTURE_PARKED):
            promised = [row for row in self.promises() if row.capture_ref == capture.ref]
            gone = sum(row.amount.minor for row in promised) + log.refunded_of(capture).minor
            suspense += max(0, (capture.amount - log.accepted_of(capture)).minor - gone)
        assert -self.till.balances().get("suspense", 0) == suspense

    @invariant()
    def v4_an_order_that_is_covered_was_told_so_once(self) -> None:
        self.succeeded += len(self.till.events(PaymentSucceeded))
        assert self.succeeded == int(self.till.confirmed)

    @invariant()
    def the_ledger_adds_up_to_nothing_and_follows_from_the_log(self) -> None:
        rows = self.till.payment.transactions
        for n, row in enumerate(rows):
            before = TransactionLog(rows[:n], DUE.currency)
            assert ledger.postings(attrs.evolve(row, postings=()), before) == row.postings
        assert sum(self.till.balances().values()) == 0
        keys = [(row.provider, row.ref, row.type) for row in rows]
        assert len(keys) == len(set(keys))

    @invariant()
    def d1_what_banks_took_is_on_hold_or_lost(self) -> None:
        log, sums = self.till.payment.log, self.till.balances()
        taken = log.sum_of(TransactionType.DISPUTE_TAKEN) - log.sum_of(TransactionType.DISPUTE_RETURNED)
        hold, loss = sums.get("dispute_hold", 0), sums.get("dispute_loss", 0)
        assert (hold >= 0, loss >= 0, hold + loss) == (True, True, taken.minor)

    def teardown(self) -> None:
        """In the end everything is heard and sent: then our books say what the bank's say."""
        for _ in range(4):
            for attempt_id in self.bank.pages:
                self.look(attempt_id)
            for call in self.calls():
                self.send(call, "answered")
        for page, refund in self.bank.refunds:
            if refund.state is RefundState.PENDING:
                page.decide_refund(refund.ref, RefundState.SUCCEEDED)
        for page, dispute in self.bank.open_disputes:
            page.decide_dispute(dispute.ref, DisputeState.WON)
        for attempt_id in self.bank.pages:
            self.look(attempt_id)
        sums = self.till.balances()
        assert sums.get("psp_clearing:stripe", 0) == self.bank.owed
        assert "dispute_hold" not in sums
        assert not self.till.payment.taking
        assert all(each.state in FINAL for each in self.till.payment.disputes)
        assert all(earlier <= later for earlier, later in pairwise(sorted(t for _, _, t in self.looks)))
        self.v2_the_claim_and_the_promises_are_what_the_log_says()
        self.v3_what_is_parked_is_all_that_nobody_claimed_or_got_back()

    # How

    def pages(self, *states: AttemptState) -> list[Page]:
        return [page for page in self.bank.pages.values() if page.state in states]

    def calls(self) -> list[Operation]:
        return [op for op in self.till.payment.operations if op.due(at=self.till.now)]

    def promises(self) -> list[Transaction]:
        """Our refunds that were asked for, and are neither made nor given up."""
        over = (
            TransactionType.REFUND_ABANDONED,
            TransactionType.REFUND_SUCCEEDED,
            TransactionType.REFUND_FAILED,
        )
        done = {row.operation_id for row in self.till.rows(*over)}
        asked = self.till.rows(TransactionType.REFUND_REQUESTED)
        return [row for row in asked if row.operation_id not in done]

    def news(self, page: Page, *, heard: bool) -> None:
        """The bank tells us at once, or never."""
        if heard:
            self.look(next(attempt_id for attempt_id, each in self.bank.pages.items() if each is page))

    def look(self, attempt_id: AttemptId) -> None:
        page, ticket = self.bank.pages[attempt_id], self.till.payment.next_ticket()
        snapshot = self.till.snapshot(
            attempt_id,
            page.state,
            page.captures,
            page.refunds,
            authorization=page.authorization,
            disputes=page.disputes,
        )
        self.looks.append((attempt_id, snapshot, ticket))
        self.till.take_in(attempt_id, snapshot, ticket=ticket)

    def send(self, call: Operation, way: str) -> None:
        payment = self.till.payment
        if payment.dispatch(call.id, at=self.till.now) is None:
            return
        if way == "not sent":
            payment.decide(call.id, OperationState.NOT_SENT)
        elif way == "never arrived":
            payment.decide(call.id, OperationState.UNKNOWN)
        else:
            try:
                self.bank.pages[call.attempt_id].obey(call)
            except BankRefuses:
                payment.refuse(call.id, OperationState.REJECTED, "refused", at=self.till.now)
                return
            if way == "answer lost":
                payment.decide(call.id, OperationState.UNKNOWN)
            else:
                pends = call.kind is OperationKind.REFUND
                payment.decide(call.id, OperationState.PENDING if pends else OperationState.SUCCEEDED)
                self.look(call.attempt_id)
