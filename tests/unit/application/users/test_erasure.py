"""Leaving the shop for good: access ends at once, data when nothing is open, and invoices stay."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta

import pytest

from printapic.application.orders.batches import BatchNotFound
from printapic.application.orders.invoices import MAX_REASON, ReasonMissing
from printapic.application.ports.audit import AuditQuery
from printapic.application.ports.idempotency import Claimed, KeyedRequest
from printapic.application.ports.images import BlobNotFound
from printapic.application.ports.notifications import MailUnavailable
from printapic.domain.actors import Actor, Caller, Role
from printapic.domain.audit.event import AuditAction
from printapic.domain.errors import PrintAPicError
from printapic.domain.orders.invoice import InvoiceNotFound
from printapic.domain.orders.order import EDIT_WINDOW, Order
from printapic.domain.users.permissions import Permission
from printapic.domain.users.session import ReauthenticationRequired, SessionInvalid
from printapic.domain.users.user import (
    AccountDisabled,
    AccountLeaving,
    CredentialsInvalid,
    LastAdministrator,
    User,
    UserNotFound,
)
from tests.shop_floor import DAY, HOME, HOUR, MINUTE, PASSWORD, ShopFloor, line, photo, user_of

MAIL = "anna@example.org"
HOME_OF_ANNA = Caller(address="203.0.113.7", device="Firefox on Linux")


def leave(floor: ShopFloor, person: Actor) -> int:
    """Ask to be erased, a moment after logging in."""
    email = floor.shop.read_user(user_id=user_of(person)).email.address
    return floor.shop.request_erasure(
        user_id=user_of(person),
        actor_id=person.user_id,
        session_id=floor.session(email),
        caller=HOME_OF_ANNA,
    )


def gone(floor: ShopFloor, person: Actor) -> bool:
    return floor.shop.read_user(user_id=user_of(person)).erased_at is not None


def until_done(floor: ShopFloor) -> None:
    """Both rounds of all reactions."""
    floor.later(MINUTE)
    floor.later(5 * MINUTE)
    floor.later(HOUR)
    floor.later(5 * MINUTE)
    assert floor.failed() == []


def row(floor: ShopFloor, table: str) -> list[object]:
    return list(floor.unit_of_work.state.tables().get(table, {}).values())


def cancelled(floor: ShopFloor, anna: Actor, reason: str = "changed my mind") -> Order:
    """An order that was paid, called off and refunded."""
    order = floor.paid(anna)
    floor.shop.cancel_order(order_id=order.id, actor=anna, reason=reason)
    floor.hear()
    return floor.order(order.id)


def test_access_ends_with_the_request(floor: ShopFloor, anna: Actor) -> None:
    pair = floor.shop.log_in(email=MAIL, password=PASSWORD)
    assert leave(floor, anna) == 0
    for use in (
        lambda: floor.shop.authenticate(access_token=pair.access_token),
        lambda: floor.shop.refresh_session(refresh_token=pair.refresh_token),
    ):
        with pytest.raises(SessionInvalid):
            use()
    with pytest.raises(AccountDisabled):
        floor.shop.log_in(email=MAIL, password=PASSWORD)
    with pytest.raises(AccountLeaving):
        floor.shop.enable_user(user_id=user_of(anna), actor_id=None)
    assert AuditAction.ERASURE_REQUESTED in floor.audited()


def test_nothing_is_left_of_an_account_but_its_id(floor: ShopFloor, anna: Actor) -> None:
    floor.session(MAIL)
    floor.shop.request_password_reset(email=MAIL)
    leave(floor, anna)
    until_done(floor)
    user = floor.shop.read_user(user_id=user_of(anna))
    assert (user.name, user.roles, user.password_changed_at) == (None, frozenset(), None)
    assert user.email.address == user.email.key == f"erased:{user.id}"
    for table in ("sessions", "registrations", "account_requests", "notifications"):
        assert row(floor, table) == [], table
    assert floor.mailer.mails == ()
    with pytest.raises(UserNotFound):
        floor.shop.find_user(email=MAIL)
    with pytest.raises(CredentialsInvalid):
        floor.shop.log_in(email=MAIL, password=PASSWORD)


def test_the_address_may_come_back_as_somebody_new(floor: ShopFloor, anna: Actor) -> None:
    leave(floor, anna)
    until_done(floor)
    again = floor.customer()
    assert again.user_id != anna.user_id
    floor.shop.log_in(email=MAIL, password=PASSWORD)


def test_asking_twice_changes_nothing_and_neither_does_erasing_twice(floor: ShopFloor, anna: Actor) -> None:
    leave(floor, anna)
    again = {"user_id": user_of(anna), "actor_id": None}
    floor.shop.request_erasure(**again)  # type: ignore[arg-type]
    assert floor.audited().count(AuditAction.ERASURE_REQUESTED) == 1
    until_done(floor)
    erased = floor.shop.read_user(user_id=user_of(anna))
    floor.shop.request_erasure(**again)  # type: ignore[arg-type]
    floor.shop.erase_user(user_id=user_of(anna))
    assert floor.shop.read_user(user_id=user_of(anna)).version == erased.version
    assert floor.audited().count(AuditAction.USER_ERASED) == 1


def test_nobody_is_erased_who_did_not_ask(floor: ShopFloor, anna: Actor) -> None:
    for name in ("EraseUser", "EraseNotifications"):
        floor.perform(name, user_id=str(anna.user_id))
    assert not gone(floor, anna)
    assert row(floor, "notifications") != []


def test_an_old_proof_is_not_enough(floor: ShopFloor, anna: Actor) -> None:
    session = floor.session(MAIL)
    floor.clock.advance(6 * MINUTE)
    with pytest.raises(ReauthenticationRequired):
        floor.shop.request_erasure(user_id=user_of(anna), actor_id=anna.user_id, session_id=session)
    with pytest.raises(SessionInvalid):
        floor.shop.request_erasure(
            user_id=user_of(anna), actor_id=floor.customer("bert@example.org").user_id, session_id=session
        )
    assert floor.shop.read_user(user_id=user_of(anna)).erasure_requested_at is None


def test_the_last_administrator_stays(floor: ShopFloor) -> None:
    admin = floor.staff(Role.ADMIN)
    with pytest.raises(LastAdministrator):
        leave(floor, admin)
    floor.shop.create_admin(email="second@example.org", password=PASSWORD)
    leave(floor, admin)
    until_done(floor)
    assert gone(floor, admin)


def test_an_open_order_comes_first(floor: ShopFloor, anna: Actor) -> None:
    order = floor.paid(anna)
    assert leave(floor, anna) == 1
    until_done(floor)
    assert not gone(floor, anna)
    assert floor.order(order.id).ship_to == HOME
    assert floor.told()[-1] == "payment-received"


def test_a_refund_on_its_way_comes_first(floor: ShopFloor, anna: Actor) -> None:
    order = floor.paid(anna)
    floor.shop.cancel_order(order_id=order.id, actor=anna)
    leave(floor, anna)
    floor.shop.erase_user(user_id=user_of(anna))
    assert not gone(floor, anna)
    floor.hear()
    floor.shop.erase_user(user_id=user_of(anna))
    assert gone(floor, anna)


def test_whoever_waits_is_thought_of_every_hour(floor: ShopFloor, anna: Actor) -> None:
    order = floor.place(anna).order
    leave(floor, anna)
    until_done(floor)
    floor.shop.cancel_order(order_id=order.id, actor=floor.staff(Role.SUPPORT), reason="gone")
    floor.hear()
    floor.later(HOUR)
    assert not gone(floor, anna)
    floor.shop.schedule_purge()
    floor.work()
    assert gone(floor, anna)


def test_what_was_sold_stays_and_to_whom_does_not(floor: ShopFloor, anna: Actor) -> None:
    before = cancelled(floor, anna, reason="Anna has moved to Bremen")
    leave(floor, anna)
    until_done(floor)
    order, payment = floor.order(before.id), floor.payment(before)
    assert (order.number, order.amounts, order.status) == (before.number, before.amounts, before.status)
    assert order.ship_to.country == "DE"
    kept = repr((order, payment))
    for text in ("Anna", "Am Kai", "20457", "Hamburg", "Bremen", "order-1", before.lines[0].image_sha256):
        assert text not in kept
    assert "thanks" not in kept
    assert payment.refunded == payment.captured == before.total
    assert [entry.target for entry in order.history] == [entry.target for entry in before.history]


def test_the_tax_office_still_gets_the_invoice(floor: ShopFloor, anna: Actor) -> None:
    paid = cancelled(floor, anna)
    unpaid = floor.place(anna, key="order-2").order
    floor.shop.cancel_order(order_id=unpaid.id, actor=anna)
    floor.work()
    with pytest.raises(InvoiceNotFound):
        floor.shop.open_invoice(number=paid.number, reason="audit of 2026")
    leave(floor, anna)
    until_done(floor)
    invoice = floor.shop.open_invoice(number=paid.number, reason=" audit of 2026 ")
    assert invoice["billed_to"] == invoice["shipped_to"]
    assert invoice["billed_to"] | {"name": "Anna Ahrens", "line1": "Am Kai 1"} == invoice["billed_to"]  # type: ignore[operator]
    assert invoice["total"] == {"amount": paid.total.amount, "currency": "EUR"}
    assert [each["quantity"] for each in invoice["lines"]] == [2]  # type: ignore[attr-defined]
    assert {each["type"] for each in invoice["payments"]} >= {"capture", "refund_succeeded"}  # type: ignore[attr-defined]
    with pytest.raises(InvoiceNotFound):
        floor.shop.open_invoice(number=unpaid.number, reason="audit of 2026")
    with floor.unit_of_work.reading() as work:
        (record,) = work.audit.page(AuditQuery(action="invoice.opened"), before=None, limit=5)
    assert record.entry.details == {"number": paid.number, "reason": "audit of 2026"}


@pytest.mark.parametrize("reason", ["", "  ", "x" * (MAX_REASON + 1)])
def test_nobody_looks_into_an_invoice_without_a_reason(floor: ShopFloor, anna: Actor, reason: str) -> None:
    order = cancelled(floor, anna)
    leave(floor, anna)
    until_done(floor)
    with pytest.raises(ReasonMissing):
        floor.shop.open_invoice(number=order.number, reason=reason)
    assert AuditAction.INVOICE_OPENED not in floor.audited()


def test_photos_go_and_the_same_photo_of_somebody_else_stays(floor: ShopFloor, anna: Actor) -> None:
    bert = floor.customer("bert@example.org")
    hers, his = floor.upload(anna), floor.upload(bert)
    deleted = floor.upload(anna, 2)
    floor.shop.delete_image(image_id=deleted.id, owner_id=user_of(anna))
    cancelled(floor, anna)
    leave(floor, anna)
    until_done(floor)
    left = {blob.key for blob in floor.store.list("")}
    assert not [
        key for key in left if str(anna.user_id) in key or str(hers.id) in key or str(deleted.id) in key
    ]
    with floor.store.open(his.original_key) as file:
        assert file.read() == photo()
    assert [image.id for image in floor.shop.list_images(owner_id=user_of(bert))] == [his.id]
    with pytest.raises(BlobNotFound):
        floor.store.stat(hers.original_key)


def test_what_comes_in_while_one_is_erased_goes_an_hour_later(floor: ShopFloor, anna: Actor) -> None:
    leave(floor, anna)
    floor.later(MINUTE)
    late = floor.upload(anna)
    floor.later(HOUR)
    with pytest.raises(BlobNotFound):
        floor.store.stat(late.original_key)


def test_a_mail_on_its_way_is_found_when_it_has_arrived(floor: ShopFloor, anna: Actor) -> None:
    """Its row is the only way to the copy that the mailer keeps."""
    floor.mailer.failure = MailUnavailable()
    order = floor.place(anna).order
    floor.work()
    (told,) = [each for each in row(floor, "notifications") if getattr(each, "kind", "") == "order-placed"]
    floor.shop.cancel_order(order_id=order.id, actor=anna)
    leave(floor, anna)
    floor.mailer.failure = None
    floor.clock.advance(MINUTE)
    floor.shop.erase_user(user_id=user_of(anna))
    floor.shop.erase_notifications(user_id=user_of(anna))
    assert row(floor, "notifications") == [told]
    floor.later(HOUR)
    assert row(floor, "notifications") == []
    assert [mail for mail in floor.mailer.mails if mail.to == MAIL] == []


def test_nobody_writes_to_somebody_who_is_gone(floor: ShopFloor, anna: Actor) -> None:
    order = cancelled(floor, anna)
    leave(floor, anna)
    until_done(floor)
    floor.perform("SendOrderMail", kind="order-placed", order_id=str(order.id), subject_id="again")
    floor.perform(
        "SendSecurityMail",
        kind="password-changed",
        user_id=str(anna.user_id),
        subject_id="again",
        happened_at=floor.clock.now().isoformat(),
        due_at="",
    )
    assert floor.mailer.mails == ()
    assert row(floor, "notifications") == []


def test_former_addresses_go_unless_they_are_somebody_elses_by_now(floor: ShopFloor, anna: Actor) -> None:
    session = floor.session(MAIL)
    floor.shop.request_email_change(user_id=user_of(anna), session_id=session, email="anna@new.example")
    floor.work()
    floor.shop.confirm_email_change(token=floor.token(to="anna@new.example"))
    heir = floor.customer(MAIL)
    floor.shop.request_password_reset(email=MAIL)
    floor.work()
    reset = floor.token(to=MAIL)
    leave(floor, anna)
    until_done(floor)
    assert not [mail for mail in floor.mailer.mails if mail.to == "anna@new.example"]
    assert {getattr(each, "user_id", None) for each in row(floor, "account_requests")} == {heir.user_id}
    assert floor.shop.find_user(email=MAIL).id == heir.user_id
    with pytest.raises(PrintAPicError):
        floor.shop.confirm_email_change(token=reset)


def test_an_address_that_one_only_wished_to_have_stays_a_strangers(floor: ShopFloor, anna: Actor) -> None:
    """Else anybody could undo the registration of somebody whose address they know."""
    victim = "bert@example.org"
    floor.shop.register(email=victim, password=PASSWORD)
    floor.work()
    invitation = floor.token(to=victim)
    floor.shop.request_verification_mail(email=victim)
    floor.work()
    session = floor.session(MAIL)
    floor.shop.request_email_change(user_id=user_of(anna), session_id=session, email=victim)
    floor.work()
    leave(floor, anna)
    until_done(floor)
    assert gone(floor, anna)
    assert [getattr(each, "email", None).address for each in row(floor, "registrations")] == [victim]  # type: ignore[union-attr]
    assert [getattr(each, "user_id", 0) for each in row(floor, "account_requests")] == [None]
    kept = [mail.content.text for mail in floor.mailer.mails if mail.to == victim]
    assert len(kept) == 2
    assert all(invitation in text for text in kept)
    bert = floor.shop.verify_email(token=invitation, password=PASSWORD)
    assert floor.shop.find_user(email=victim).id == bert


def test_former_addresses_that_one_has_proven_go_with_all_that_was_asked_for_there(
    floor: ShopFloor, anna: Actor
) -> None:
    for email in ("anna@new.example", "anna@newer.example"):
        session = floor.session(floor.shop.read_user(user_id=user_of(anna)).email.address)
        floor.shop.request_email_change(user_id=user_of(anna), session_id=session, email=email)
        floor.work()
        floor.shop.confirm_email_change(token=floor.token(to=email))
        floor.work()
    for email in (MAIL, "anna@new.example", "anna@newer.example"):
        floor.shop.request_password_reset(email=email)
        floor.shop.request_verification_mail(email=email)
    floor.work()
    leave(floor, anna)
    until_done(floor)
    assert row(floor, "registrations") == row(floor, "account_requests") == []
    assert floor.mailer.mails == ()


def test_the_second_factor_and_the_keys_of_machines_go_too(floor: ShopFloor, anna: Actor) -> None:
    session = floor.session(MAIL)
    floor.shop.enrol_second_factor(user_id=user_of(anna), session_id=session)
    _, key = floor.shop.issue_api_key(
        owner_id=user_of(anna), name="Anna's tablet", scopes=frozenset({Permission.ORDER_OWN})
    )
    leave(floor, anna)
    with pytest.raises(SessionInvalid):
        floor.shop.authenticate_api_key(api_key=key)
    until_done(floor)
    assert row(floor, "second_factors") == row(floor, "api_keys") == []


def test_the_audit_log_forgets_from_where_somebody_came(floor: ShopFloor, anna: Actor) -> None:
    floor.shop.log_in(email=MAIL, password=PASSWORD, caller=HOME_OF_ANNA)
    leave(floor, anna)
    until_done(floor)
    with floor.unit_of_work.reading() as work:
        records = work.audit.page(AuditQuery(subject_id=user_of(anna)), before=None, limit=50)
    assert {record.caller.address for record in records} == {None}
    assert any(record.erased for record in records)
    assert floor.shop.verify_audit_log().intact


def test_answers_to_keyed_requests_go(floor: ShopFloor, anna: Actor) -> None:
    request = KeyedRequest(user_id=user_of(anna), scope="s" * 64, key="basket", fingerprint="f" * 64)
    floor.keys.claim(request, lease=HOUR, keep=DAY)
    leave(floor, anna)
    until_done(floor)
    assert isinstance(floor.keys.claim(request, lease=HOUR, keep=DAY), Claimed)


def test_production_leaves_out_of_a_batch_what_is_gone(
    floor: ShopFloor, anna: Actor, operator: Actor
) -> None:
    """Batches are downloaded again: a spoilt print is printed again, but not one of somebody who left."""
    bert = floor.customer("bert@example.org")
    orders = [floor.paid(anna), floor.paid(bert, line(floor.upload(bert)), key="order-2")]
    floor.later(EDIT_WINDOW + timedelta(minutes=10))
    batch = floor.shop.create_batch(operator_id=user_of(operator))
    alone = floor.shop.create_batch(operator_id=user_of(operator), order_ids=[orders[0].id])
    floor.shop.abort_order(order_id=orders[0].id, actor=floor.staff(Role.ADMIN), reason="spoilt")
    floor.hear()
    leave(floor, anna)
    until_done(floor)
    file = io.BytesIO()
    floor.shop.write_batch(batch_id=batch.id, file=file)
    with zipfile.ZipFile(file) as archive:
        assert [name for name in archive.namelist() if name.endswith(".jpg")] == [
            f"0002-{orders[1].number}-mini.jpg"
        ]
    with pytest.raises(BatchNotFound):
        floor.shop.write_batch(batch_id=alone.id, file=io.BytesIO())


def test_an_erased_user_is_still_a_user(floor: ShopFloor, anna: Actor) -> None:
    leave(floor, anna)
    until_done(floor)
    assert isinstance(floor.shop.read_user(user_id=user_of(anna)), User)
    assert [user.id for user in floor.shop.list_users()] == [anna.user_id]
