"""Evidence: what a bank asks for in a dispute is all there, and what was forgotten is named, not missing."""

from __future__ import annotations

import pytest

from printapic.application.payments.evidence import Evidence
from printapic.application.payments.staff import Staff
from printapic.domain.actors import Actor, Caller, Role
from printapic.domain.audit.event import AuditAction
from printapic.domain.ids import PaymentId
from printapic.domain.orders.order import CLAIM_WINDOW, EDIT_WINDOW, Order
from printapic.domain.payments.payment import PaymentNotFound
from printapic.domain.payments.snapshot import DisputeState
from tests import builders as b
from tests.shop_floor import DAY, HOME, HOUR, MINUTE, PASSWORD, ShopFloor, line, user_of

MAIL = "anna@example.org"
AT_HOME = Caller(address="203.0.113.7", device="Firefox on Linux")
TRACKING = "JD0140000000000001"


def staff(person: Actor | None = None) -> Staff:
    return Staff(user_id=person.user_id if person else None, caller=Caller(address="203.0.113.20"))


def evidence(floor: ShopFloor, order: Order) -> Evidence:
    return floor.shop.assemble_evidence(payment_id=floor.payment(order).id, staff=staff())


@pytest.fixture
def delivered(floor: ShopFloor, anna: Actor, operator: Actor) -> Order:
    """Ordered from home, paid after one failure to, printed with a warning, sent and delivered."""
    floor.shop.log_in(email=MAIL, password=PASSWORD, caller=AT_HOME)
    floor.clock.advance(MINUTE)
    midi = line(floor.upload(anna), "midi", acknowledging=["LOW_RESOLUTION"])
    order = floor.paid(anna, midi)
    floor.shop.waive_edit_window(order_id=order.id, actor=anna)
    floor.later(EDIT_WINDOW)
    shipped = floor.shop.ship_parcel(
        order_id=order.id, actor=operator, carrier="DHL", tracking_number=TRACKING
    )
    floor.later(2 * DAY)
    floor.shop.mark_delivered(order_id=order.id, shipment_id=shipped.shipments[0].id, actor=operator)
    floor.work()
    return floor.order(order.id)


def contest(floor: ShopFloor, order: Order) -> str:
    """The customer goes to their bank."""
    with floor.unit_of_work() as work:
        payment = work.payments.get(floor.payment(order).id)
        (capture,) = payment.log.captures()
        dispute = b.a_dispute(
            attempt_id=payment.attempts[0].id,
            capture_ref=capture.ref,
            amount=capture.amount,
            state=DisputeState.OPEN,
            reason="product_not_received",
        )
        payment.disputes = (dispute,)
        work.payments.save(payment)
        work.commit()
    return dispute.ref


def test_everything_about_a_delivered_order_is_told(floor: ShopFloor, anna: Actor, delivered: Order) -> None:
    ref = contest(floor, delivered)
    told = evidence(floor, delivered)
    assert (told.order.number, told.order.history) == (delivered.number, delivered.history)
    assert told.order.ship_to == HOME
    (ordered,) = told.order.lines
    assert (ordered.sku, str(ordered.specification.trim)) == ("midi", "60x40 mm")
    assert [consent.code for consent in ordered.acknowledgements] == ["LOW_RESOLUTION"]
    assert (told.customer.name, told.customer.email, told.customer.erased_at) == ("Anna", MAIL, None)
    assert [(each.address, each.device) for each in told.sessions] == [("203.0.113.7", "Firefox on Linux")]
    (parcel,) = told.order.shipments
    assert parcel.tracking_number == TRACKING
    assert parcel.delivered_at == parcel.handed_over_at + 2 * DAY
    assert [mail.kind.value for mail in told.mails] == [
        "order-placed", "payment-received", "in-production", "shipped", "delivered"
    ]  # fmt: skip
    assert all(mail.sent_at for mail in told.mails)
    assert told.edit_window_waived_at == delivered.edit_until
    (capture,) = told.payment.log.captures()
    assert told.paid_at == capture.occurred_at
    assert [dispute.ref for dispute in told.payment.disputes] == [ref]
    assert (told.erased, told.sealed_invoice) == ((), False)


def test_logins_that_cannot_have_ordered_are_left_out(floor: ShopFloor, anna: Actor) -> None:
    ended = floor.session(MAIL)
    floor.shop.log_out(session_id=ended)
    floor.clock.advance(MINUTE)
    order = floor.paid(anna)
    floor.clock.advance(MINUTE)
    floor.session(MAIL)
    assert evidence(floor, order).sessions == ()


def test_a_login_that_ended_after_the_order_counts(floor: ShopFloor, anna: Actor) -> None:
    used = floor.session(MAIL)
    floor.clock.advance(MINUTE)
    order = floor.paid(anna)
    floor.clock.advance(MINUTE)
    floor.shop.log_out(session_id=used)
    assert [session.id for session in evidence(floor, order).sessions] == [used]


def test_failures_and_refunds_are_told_with_their_mails(floor: ShopFloor, anna: Actor) -> None:
    order = floor.paid(anna)
    floor.shop.cancel_order(order_id=order.id, actor=anna, reason="changed my mind")
    floor.hear()
    told = evidence(floor, floor.order(order.id))
    assert [mail.kind.value for mail in told.mails][-2:] == ["order-cancelled", "refunded"]
    assert told.payment.refunded == told.payment.captured
    assert told.edit_window_waived_at is None


def test_before_money_came_there_is_no_time_at_which_it_did(floor: ShopFloor, anna: Actor) -> None:
    order = floor.place(anna).order
    floor.start(order)
    assert evidence(floor, order).paid_at is None


def test_other_orders_of_the_customer_stay_out(floor: ShopFloor, anna: Actor, delivered: Order) -> None:
    before = evidence(floor, delivered).mails
    floor.paid(anna, key="order-2")
    assert [mail.id for mail in evidence(floor, delivered).mails] == [mail.id for mail in before]


def test_who_read_it_is_in_the_audit_log(floor: ShopFloor, anna: Actor, delivered: Order) -> None:
    clara = floor.staff(Role.SUPPORT)
    floor.shop.assemble_evidence(payment_id=floor.payment(delivered).id, staff=staff(clara))
    assert floor.logged(AuditAction.EVIDENCE_ASSEMBLED) == [
        (clara.user_id, anna.user_id, None, "203.0.113.20")
    ]


def test_after_an_erasure_it_says_what_was_erased(floor: ShopFloor, anna: Actor, delivered: Order) -> None:
    floor.later(CLAIM_WINDOW)
    floor.shop.request_erasure(
        user_id=user_of(anna), actor_id=anna.user_id, session_id=floor.session(MAIL), caller=AT_HOME
    )
    for pause in (MINUTE, 5 * MINUTE, HOUR, 5 * MINUTE):
        floor.later(pause)
    assert floor.failed() == []
    told = evidence(floor, delivered)
    assert set(told.erased) == {
        "customer", "sessions", "mails", "delivery address", "tracking numbers", "print files", "reasons"
    }  # fmt: skip
    assert (told.customer.name, told.customer.email) == (None, None)
    assert told.customer.erased_at is not None
    assert told.sealed_invoice
    assert (told.sessions, told.mails) == ((), ())
    assert told.order.total == delivered.total
    assert told.paid_at is not None


def test_a_payment_is_found_by_what_a_dashboard_calls_it(floor: ShopFloor, delivered: Order) -> None:
    payment = floor.payment(delivered)
    (attempt,) = payment.attempts
    assert attempt.ref is not None
    for ref in (attempt.ref, *attempt.other_refs):
        assert floor.shop.find_payment(ref=ref) == payment.id
    with pytest.raises(PaymentNotFound):
        floor.shop.find_payment(ref="dp_unheard_of")


def test_of_no_payment_there_is_no_evidence(floor: ShopFloor) -> None:
    with pytest.raises(PaymentNotFound):
        floor.shop.assemble_evidence(payment_id=PaymentId(b.new_id()), staff=staff())
    assert floor.logged(AuditAction.EVIDENCE_ASSEMBLED) == []
