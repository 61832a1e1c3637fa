"""What repositories let go of: everything of one user, everything old, and nothing of anybody else."""

from __future__ import annotations

from datetime import datetime

import pytest

from printapic.application.ports.unit_of_work import UnitOfWork
from printapic.domain.ids import UserId
from printapic.domain.images.image import ImageState
from printapic.domain.orders.invoice import InvoiceNotFound
from printapic.domain.orders.status import OrderStatus
from printapic.domain.users.api_key import ApiKeyNotFound
from printapic.domain.users.email import EmailAddress
from tests import builders as b
from tests.integration.stores import Store

OLD, NEW = EmailAddress.parse("old@example.com"), EmailAddress.parse("new@example.com")


@pytest.fixture
def bert(store: Store) -> UserId:
    """Somebody else beside the customer of the builders."""
    other = b.another_customer(erasure_requested_at=None, erased_at=None)
    with store.units() as work:
        work.users.add(b.a_customer())
        work.users.add(other)
        work.commit()
    return other.id


def test_those_who_wait_to_be_erased_are_found_in_order(store: Store) -> None:
    waiting = [b.another_customer(erased_at=None) for _ in range(3)]
    with store.units() as work:
        nobody = b.another_customer(erasure_requested_at=None, erased_at=None)
        for user in (*waiting, b.another_customer(), nobody):
            work.users.add(user)
        work.commit()
    with store.units.reading() as work:
        ids = tuple(user.id for user in waiting)
        assert work.users.leaving(after=None, limit=10) == ids
        assert work.users.leaving(after=None, limit=2) == ids[:2]
        assert work.users.leaving(after=ids[1], limit=2) == ids[2:]


def test_registrations_go_by_address_and_by_age(store: Store) -> None:
    mine = [b.a_registration(email=OLD), b.a_registration(email=NEW)]
    other = b.a_registration(expires_at=b.minutes(50))
    with store.units() as work:
        for registration in (*mine, other):
            work.registrations.add(registration)
        keys = frozenset({OLD.key, NEW.key})
        assert work.registrations.of_addresses(keys) == tuple(mine)
        assert work.registrations.of_addresses(frozenset()) == ()
        work.registrations.forget(frozenset({mine[0].id}))
        assert work.registrations.of_addresses(keys) == (mine[1],)
        assert work.registrations.purge(expired_before=b.minutes(2), limit=5) == 0
        assert work.registrations.purge(expired_before=b.minutes(3), limit=5) == 1
        assert work.registrations.get(other.id) == other
        work.commit()


def test_requests_go_with_their_user_and_strangers_requests_by_address(store: Store, bert: UserId) -> None:
    own = b.an_account_request(email=NEW)
    strangers = b.an_account_request(user_id=None, email=OLD)
    others = [b.an_account_request(user_id=bert, email=OLD), b.an_account_request(user_id=None)]
    with store.units() as work:
        for request in (own, strangers, *others):
            work.account_requests.add(request)
        assert work.account_requests.of_user(b.CUSTOMER, frozenset()) == (own,)
        found = work.account_requests.of_user(b.CUSTOMER, frozenset({OLD.key}))
        assert found == (own, strangers)
        work.account_requests.forget(frozenset(request.id for request in found))
        work.account_requests.forget(frozenset())
        assert [work.account_requests.get(each.id) for each in (own, strangers)] == [None, None]
        assert [work.account_requests.get(each.id) for each in others] == others
        assert work.account_requests.purge(expired_before=b.minutes(3), limit=1) == 1
        assert work.account_requests.purge(expired_before=b.minutes(3), limit=5) == 1
        work.commit()


def test_sessions_go_with_their_user_or_when_they_have_long_been_over(store: Store, bert: UserId) -> None:
    over = {"revoked_at": None, "ended_by": None}
    mine = [b.a_session(), b.a_session(**over)]
    ended = b.a_session(user_id=bert, expires_at=b.minutes(900))
    expired = b.a_session(user_id=bert, **over)
    live = b.a_session(user_id=bert, expires_at=b.minutes(900), **over)
    with store.units() as work:
        for session in (*mine, ended, expired, live):
            work.sessions.add(session)
        assert work.sessions.of_user(b.CUSTOMER) == tuple(mine)
        work.sessions.forget(b.CUSTOMER)
        assert work.sessions.of_user(b.CUSTOMER) == ()
        assert work.sessions.purge(over_before=b.minutes(4), limit=5) == 0
        assert work.sessions.purge(over_before=b.minutes(4.5), limit=5) == 1
        assert work.sessions.of_user(bert) == (expired, live)
        assert work.sessions.purge(over_before=b.minutes(60), limit=5) == 1
        assert work.sessions.of_user(bert) == (live,)
        work.commit()


def test_keys_of_machines_go_with_who_issued_them(store: Store, bert: UserId) -> None:
    mine, other = [b.an_api_key(), b.an_api_key()], b.an_api_key(owner_id=bert)
    with store.units() as work:
        for key in (*mine, other):
            work.api_keys.add(key)
        assert work.api_keys.of_owner(b.CUSTOMER) == tuple(mine)
        work.api_keys.forget(b.CUSTOMER)
        with pytest.raises(ApiKeyNotFound):
            work.api_keys.get(mine[0].id)
        assert work.api_keys.of_owner(bert) == (other,)
        work.commit()


def test_photos_are_held_until_they_are_forgotten_deleted_ones_too(store: Store, bert: UserId) -> None:
    mine = [b.an_image(), b.an_image(state=ImageState.DELETED), b.an_image()]
    other = b.an_image(owner_id=bert)
    with store.units() as work:
        for image in (*mine, other):
            work.images.add(image)
        assert work.images.held(b.CUSTOMER, after=None, limit=2) == tuple(mine[:2])
        assert work.images.held(b.CUSTOMER, after=mine[1].id, limit=2) == (mine[2],)
        work.images.forget(frozenset(image.id for image in mine))
        assert work.images.held(b.CUSTOMER, after=None, limit=2) == ()
        assert work.images.get(other.id) == other
        work.commit()


def test_open_orders_of_one_customer_are_counted(store: Store, bert: UserId) -> None:
    with store.units() as work:
        for status in OrderStatus:
            work.orders.add(b.another_order(status=status))
        work.orders.add(b.another_order(user_id=bert))
        assert work.orders.open_of(b.CUSTOMER) == len(OrderStatus) - 3
        assert work.orders.open_of(bert) == 1
        work.commit()


def test_an_order_that_was_forgotten_comes_back_as_such(store: Store, bert: UserId) -> None:
    """Its history, which only grows, among it; and whatever is added to it later."""
    order = b.an_order(status=OrderStatus.COMPLETED)
    with store.units() as work:
        work.orders.add(order)
        work.commit()
    with store.units() as work:
        kept = work.orders.get(order.id)
        assert kept.forget()
        kept.history = (*kept.history, b.a_history_entry(reason=None))
        work.orders.save(kept)
        work.commit()
    with store.units() as work:
        found = work.orders.get(order.id)
        assert (found.ship_to, found.lines, found.shipments) == (kept.ship_to, kept.lines, kept.shipments)
        assert found.history == kept.history
        assert {entry.reason for entry in found.history} == {None}
        assert (found.idempotency_key, found.request_digest) == (f"erased:{order.id}", "")
        assert not found.forget()
        work.orders.save(found)
        work.commit()


def test_payments_of_one_customer_come_in_pages(store: Store, bert: UserId) -> None:
    with store.units() as work:
        payments = []
        for owner in (b.CUSTOMER, b.CUSTOMER, bert):
            order = b.another_order(user_id=owner)
            attempt = b.an_attempt()
            work.orders.add(order)
            payment = b.a_payment(
                order_id=order.id,
                user_id=owner,
                attempts=(attempt,),
                operations=(),
                transactions=(),
                disputes=(),
            )
            work.payments.add(payment)
            payments.append(payment)
        first, second, _ = payments
        assert work.payments.of_user(b.CUSTOMER, after=None, limit=1) == (first,)
        (found,) = work.payments.of_user(b.CUSTOMER, after=first.id, limit=5)
        assert (found, found.attempts) == (second, second.attempts)
        assert found.forget()
        work.payments.save(found)
        assert work.payments.get(second.id).attempts[0].return_url == ""
        assert work.payments.of_user(b.CUSTOMER, after=second.id, limit=5) == ()
        work.commit()


def test_what_a_stranger_was_told_becomes_the_users_it_was_about(store: Store, bert: UserId) -> None:
    strangers = b.a_notification(user_id=None, subject_id="registration-1")
    others = b.a_notification(user_id=bert, subject_id="registration-2")
    with store.units() as work:
        for notification in (strangers, others):
            work.notifications.add(notification)
        work.notifications.adopt(frozenset({"registration-1", "registration-2"}), b.CUSTOMER)
        work.notifications.adopt(frozenset(), b.CUSTOMER)
        assert work.notifications.page(b.CUSTOMER, before=None, limit=5) == (strangers,)
        assert work.notifications.page(bert, before=None, limit=5) == (others,)
        work.notifications.forget(frozenset({strangers.id}))
        assert work.notifications.page(b.CUSTOMER, before=None, limit=5) == ()
        work.commit()


def test_leftovers_are_old_and_belong_to_nobody_or_were_never_sent(store: Store, bert: UserId) -> None:
    nobodys, unsent = b.a_notification(user_id=None), b.a_notification(sent_at=None)
    young, sent = b.a_notification(user_id=None, created_at=b.minutes(50)), b.a_notification()
    with store.units() as work:
        for notification in (nobodys, unsent, young, sent):
            work.notifications.add(notification)
        assert work.notifications.leftovers(before=b.minutes(50), limit=5) == (nobodys, unsent)
        assert work.notifications.leftovers(before=b.minutes(51), limit=1) == (nobodys,)
        work.commit()


def test_an_invoice_is_kept_once_and_until_its_day(store: Store, bert: UserId) -> None:
    first, day = b.a_retained_invoice(), b.a_retained_invoice().keep_until
    with store.units() as work:
        work.orders.add(b.an_order())
        work.invoices.add(first)
        work.invoices.add(b.a_retained_invoice(document_sealed="another"))
        work.commit()
    with store.units() as work:
        assert work.invoices.get(first.number) == first
        assert _purged(work, b.minutes(1)) == 0
        assert _purged(work, day) == 1
        with pytest.raises(InvoiceNotFound):
            work.invoices.get(first.number)
        work.commit()


def _purged(work: UnitOfWork, at: datetime) -> int:
    return work.invoices.purge(at=at, limit=5)
