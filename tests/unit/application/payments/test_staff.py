"""Staff decide about money: refunds within limits, money that fits to nothing, and reviews."""

from __future__ import annotations

import attrs
import pytest

from printapic.adapters.payments.simulated.checkout import DeskOrder
from printapic.adapters.payments.simulated.faults import Fault
from printapic.application.payments.staff import (
    CancelInstead,
    NotUnderReview,
    ReasonNeeded,
    RefundAboveLimit,
    Refunded,
    Staff,
)
from printapic.domain.actors import Actor, Caller
from printapic.domain.audit.event import AuditAction
from printapic.domain.ids import PaymentId, UserId
from printapic.domain.money import Money
from printapic.domain.orders.order import Order
from printapic.domain.orders.status import OrderStatus
from printapic.domain.payments.account import IdempotencyKeyReused, PaymentNotFound
from printapic.domain.payments.giving_back import CaptureNotFound, MoneyNotAcceptable, RefundTooLarge
from printapic.domain.payments.snapshot import RefundState
from printapic.domain.payments.status import PaymentStatus
from tests.builders import new_id
from tests.shop_floor import ShopFloor, line

CLARA = UserId(new_id())
DORA = UserId(new_id())
SUPPORT = Caller(address="203.0.113.20", device="Firefox", request_id="req-9")
EUR = "EUR"


@pytest.fixture
def order(floor: ShopFloor, anna: Actor) -> Order:
    """Paid, and dearer than the limit of 10 euros."""
    paid = floor.paid(anna, line(floor.upload(anna), quantity=20))
    assert paid.total > Money.of("11.00", EUR)
    return paid


def by(user_id: UserId = CLARA, *, refund_any: bool = False) -> Staff:
    return Staff(user_id=user_id, refund_any=refund_any, caller=SUPPORT)


def refund(
    floor: ShopFloor,
    order: Order,
    amount: str | None = "2.00",
    *,
    key: str = "refund-1",
    reason: str = "A scratch",
    capture_ref: str | None = None,
    staff: UserId = CLARA,
    refund_any: bool = False,
) -> Refunded:
    return floor.shop.refund_payment(
        payment_id=floor.payment(order).id,
        amount=Money.of(amount, EUR) if amount else None,
        capture_ref=capture_ref,
        reason=reason,
        idempotency_key=key,
        staff=by(staff, refund_any=refund_any),
    )


def test_r1_a_partial_refund_is_sent_and_done_when_the_provider_says_so(
    floor: ShopFloor, order: Order
) -> None:
    asked = refund(floor, order)
    assert asked.payment.refund_state(asked.operation) is RefundState.PENDING
    assert floor.payment(order).status is PaymentStatus.PAID
    floor.hear()
    payment = floor.payment(order)
    (operation,) = payment.refunds_asked
    assert payment.refund_state(operation) is RefundState.SUCCEEDED
    assert (payment.status, payment.refunded) == (PaymentStatus.PARTIALLY_REFUNDED, Money.of("2.00", EUR))
    assert floor.captured_and_refunded()[1] == 200
    assert floor.order(order.id).status is OrderStatus.CONFIRMED
    assert floor.told()[-1] == "refunded"


def test_i1_the_same_key_asks_for_one_refund_and_i2_another_request_is_refused(
    floor: ShopFloor, order: Order
) -> None:
    first = refund(floor, order)
    again = refund(floor, order)
    assert (first.replayed, again.replayed) == (False, True)
    assert again.operation == first.operation
    for amount, reason in (("2.01", "A scratch"), (None, "A scratch"), ("2.00", "Two scratches")):
        with pytest.raises(IdempotencyKeyReused):
            refund(floor, order, amount, reason=reason)
    assert len(floor.payment(order).refunds_asked) == 1


def test_i2_a_key_that_two_people_chose_alike_is_not_taken_for_one_wish(
    floor: ShopFloor, order: Order
) -> None:
    refund(floor, order)
    with pytest.raises(IdempotencyKeyReused):
        refund(floor, order, staff=DORA)
    refund(floor, order, staff=DORA, key="refund-2")
    assert len(floor.payment(order).refunds_asked) == 2


def test_r2_more_than_is_left_is_refused_before_anything_is_sent(floor: ShopFloor, order: Order) -> None:
    refund(floor, order, "9.00")
    left = order.total - Money.of("9.00", EUR)
    with pytest.raises(RefundTooLarge):
        refund(floor, order, "0.00", key="refund-0")
    with pytest.raises(RefundTooLarge) as refused:
        refund(floor, order, (left + Money.of("0.01", EUR)).amount, key="refund-2", refund_any=True)
    assert refused.value.details["left"] == left.amount
    assert len(floor.payment(order).refunds_asked) == 1


def test_a_limit_that_could_be_split_would_be_none(floor: ShopFloor, order: Order) -> None:
    refund(floor, order, "6.00")
    with pytest.raises(RefundAboveLimit):
        refund(floor, order, "4.01", key="refund-2")
    refund(floor, order, "4.00", key="refund-3")
    assert [op.amount.amount for op in floor.payment(order).refunds_asked] == ["6.00", "4.00"]


def test_administrators_are_bound_by_no_limit(floor: ShopFloor, order: Order) -> None:
    refund(floor, order, "10.01", refund_any=True)
    assert [op.amount.amount for op in floor.payment(order).refunds_asked] == ["10.01"]


def test_a_refused_refund_does_not_count_against_the_limit(floor: ShopFloor, order: Order) -> None:
    floor.gateway.faults.plan("refund", 1, Fault.UNAUTHORIZED)
    refund(floor, order, "10.00")
    floor.work()
    payment = floor.payment(order)
    assert payment.status is PaymentStatus.NEEDS_REVIEW
    assert payment.refund_state(payment.refunds_asked[0]) is RefundState.FAILED
    refund(floor, order, "10.00", key="refund-2")
    floor.hear()
    assert floor.payment(order).refunded == Money.of("10.00", EUR)


def test_an_order_that_waits_for_its_print_is_cancelled_and_not_refunded_whole(
    floor: ShopFloor, order: Order
) -> None:
    for amount in (None, order.total.amount):
        with pytest.raises(CancelInstead):
            refund(floor, order, amount, refund_any=True)
    assert floor.payment(order).refunds_asked == ()


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501])
def test_whoever_moves_money_by_hand_says_why(floor: ShopFloor, order: Order, reason: str) -> None:
    payment_id, staff = floor.payment(order).id, by()
    with pytest.raises(ReasonNeeded):
        refund(floor, order, reason=reason)
    with pytest.raises(ReasonNeeded):
        floor.shop.accept_parked_money(payment_id=payment_id, capture_ref="x", reason=reason, staff=staff)
    with pytest.raises(ReasonNeeded):
        floor.shop.resolve_review(payment_id=payment_id, review="x", reason=reason, staff=staff)


def test_a_refund_needs_money_that_came(floor: ShopFloor, anna: Actor) -> None:
    order = floor.place(anna).order
    floor.start(order)
    with pytest.raises(CaptureNotFound):
        refund(floor, order)
    with pytest.raises(CaptureNotFound):
        refund(floor, order, capture_ref="elsewhere")


def test_unknown_payments_have_nothing_to_decide(floor: ShopFloor) -> None:
    with pytest.raises(PaymentNotFound):
        floor.shop.resolve_review(payment_id=PaymentId(new_id()), review="x", reason="because", staff=by())


# Money in a wrong amount


def paid_wrong(floor: ShopFloor, anna: Actor, by_minor: int) -> tuple[Order, str]:
    order = floor.place(anna).order
    floor.press(floor.start(order), desk=DeskOrder(amount_off=by_minor))
    floor.hear()
    (capture,) = floor.payment(order).log.captures()
    return order, capture.ref


def accept(floor: ShopFloor, order: Order, capture_ref: str) -> None:
    floor.shop.accept_parked_money(
        payment_id=floor.payment(order).id, capture_ref=capture_ref, reason="agreed", staff=by()
    )


def test_a1_a_cent_too_much_pays_the_order_when_somebody_accepts_it_and_goes_back(
    floor: ShopFloor, anna: Actor
) -> None:
    order, capture_ref = paid_wrong(floor, anna, +1)
    assert floor.order(order.id).status is OrderStatus.AWAITING_PAYMENT
    accept(floor, order, capture_ref)
    assert floor.order(order.id).status is OrderStatus.CONFIRMED
    floor.hear()
    payment = floor.payment(order)
    assert (payment.status, payment.allocated) == (PaymentStatus.PAID, order.total)
    assert floor.captured_and_refunded() == (order.total.minor + 1, 1)
    assert floor.logged(AuditAction.MONEY_ACCEPTED) == [(by().user_id, order.user_id, None, SUPPORT.address)]
    with pytest.raises(MoneyNotAcceptable):
        accept(floor, order, capture_ref)


def test_r1_a_refund_that_names_no_capture_is_of_the_money_that_pays_the_order(
    floor: ShopFloor, anna: Actor
) -> None:
    order = floor.place(anna).order
    wrong, late = floor.start(order, key="wrong"), floor.start(order, key="late")
    floor.press(wrong, desk=DeskOrder(amount_off=1))
    floor.hear()
    (parked,) = floor.payment(order).log.captures()
    accept(floor, order, parked.ref)
    floor.press(late)
    floor.hear()
    assert len(floor.payment(order).log.captures()) == 2
    refunded = refund(floor, order, "1.00", refund_any=True)
    assert refunded.operation.capture_ref == parked.ref


def test_what_is_too_much_of_accepted_money_counts_as_a_refund_of_whoever_accepted_it(
    floor: ShopFloor, anna: Actor
) -> None:
    order, capture_ref = paid_wrong(floor, anna, +1)
    nothing_goes_back = attrs.evolve(floor.shop.accept_parked_money, refund_limit=0)
    payment_id = floor.payment(order).id
    with pytest.raises(RefundAboveLimit):
        nothing_goes_back(payment_id=payment_id, capture_ref=capture_ref, reason="agreed", staff=by())
    assert floor.order(order.id).status is OrderStatus.AWAITING_PAYMENT
    assert floor.payment(order).refunds_asked == ()


def test_money_is_accepted_where_the_order_is_under_review_for_something_else_and_is_held(
    floor: ShopFloor, anna: Actor
) -> None:
    order, capture_ref = paid_wrong(floor, anna, +1)
    with floor.unit_of_work() as work:
        payment = work.payments.get(floor.payment(order).id)
        payment.review("something else")
        work.payments.save(payment)
        work.commit()
    accept(floor, order, capture_ref)
    assert floor.order(order.id).status is OrderStatus.ON_HOLD


def test_money_does_not_pay_an_order_that_was_called_off(floor: ShopFloor, anna: Actor) -> None:
    order, capture_ref = paid_wrong(floor, anna, +1)
    floor.shop.cancel_order(order_id=order.id, actor=anna)
    with pytest.raises(MoneyNotAcceptable):
        accept(floor, order, capture_ref)


def test_a1_a_cent_too_little_never_pays_and_is_refunded_by_hand(floor: ShopFloor, anna: Actor) -> None:
    order, capture_ref = paid_wrong(floor, anna, -1)
    with pytest.raises(MoneyNotAcceptable):
        accept(floor, order, capture_ref)
    refund(floor, order, None, capture_ref=capture_ref, refund_any=True)
    floor.hear()
    assert floor.captured_and_refunded() == (order.total.minor - 1, order.total.minor - 1)
    assert floor.order(order.id).status is OrderStatus.AWAITING_PAYMENT


def test_without_a_name_it_is_the_last_money_that_came_where_none_pays_the_order(
    floor: ShopFloor, anna: Actor
) -> None:
    order, capture_ref = paid_wrong(floor, anna, -1)
    asked = refund(floor, order, None, refund_any=True)
    assert asked.operation.capture_ref == capture_ref


# Reviews


def test_a_review_ends_when_somebody_says_so_and_that_is_remembered(floor: ShopFloor, anna: Actor) -> None:
    order, _ = paid_wrong(floor, anna, -1)
    payment, staff = floor.payment(order), by()
    (review,) = payment.review_reasons
    resolved = floor.shop.resolve_review(
        payment_id=payment.id, review=review, reason="telephoned", staff=staff
    )
    assert resolved.review_reasons == ()
    assert floor.payment(order).status is PaymentStatus.PROCESSING
    assert floor.logged(AuditAction.REVIEW_RESOLVED) == [
        (staff.user_id, order.user_id, None, SUPPORT.address)
    ]
    with pytest.raises(NotUnderReview):
        floor.shop.resolve_review(payment_id=payment.id, review=review, reason="again", staff=staff)


def test_a_refund_says_in_the_audit_log_who_asked(floor: ShopFloor, order: Order) -> None:
    refund(floor, order)
    assert floor.logged(AuditAction.REFUND_REQUESTED) == [
        (by().user_id, order.user_id, None, SUPPORT.address)
    ]
