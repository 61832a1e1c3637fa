"""Housekeeping: what has had its time goes, in batches, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from printapic.application.notifications.erasure import LEFTOVERS_KEPT
from printapic.application.users import purging
from printapic.application.users.purging import REQUESTS_KEPT, SESSIONS_KEPT
from printapic.domain.actors import Actor
from printapic.domain.orders.invoice import InvoiceNotFound
from printapic.domain.users.user import REGISTRATION_LIFETIME, TokenInvalid
from tests.shop_floor import DAY, HOUR, MINUTE, NOON, PASSWORD, ShopFloor, user_of

MAIL = "anna@example.org"


def count(floor: ShopFloor, table: str) -> int:
    return len(floor.unit_of_work.state.tables().get(table, {}))


def test_requests_go_a_week_after_their_links(floor: ShopFloor, anna: Actor) -> None:
    floor.shop.request_password_reset(email=MAIL)
    floor.later(REQUESTS_KEPT)
    floor.shop.purge_expired()
    assert count(floor, "account_requests") == 1
    floor.later(HOUR)
    floor.shop.purge_expired()
    assert count(floor, "account_requests") == 0


def test_registrations_go_as_soon_as_their_links_are_worthless(floor: ShopFloor) -> None:
    floor.shop.register(email=MAIL, password=PASSWORD)
    floor.work()
    token = floor.token()
    floor.later(REGISTRATION_LIFETIME - MINUTE)
    floor.shop.purge_expired()
    assert count(floor, "registrations") == 1
    floor.shop.register(email="bert@example.org", password=PASSWORD)
    floor.later(2 * MINUTE)
    floor.shop.purge_expired()
    (left,) = floor.unit_of_work.state.tables()["registrations"].values()
    assert left.email.address == "bert@example.org"
    with pytest.raises(TokenInvalid):
        floor.shop.verify_email(token=token, password=PASSWORD)


def test_sessions_go_a_month_after_they_ended(floor: ShopFloor, anna: Actor) -> None:
    pair = floor.shop.log_in(email=MAIL, password=PASSWORD)
    floor.shop.log_out(session_id=floor.shop.authenticate(access_token=pair.access_token).session_id)
    floor.later(SESSIONS_KEPT)
    live = floor.session(MAIL)
    floor.shop.purge_expired()
    assert count(floor, "sessions") == 2
    floor.later(HOUR)
    floor.shop.purge_expired()
    assert [each.id for each in floor.shop.list_sessions(user_id=user_of(anna))] == [live]
    assert count(floor, "sessions") == 1


def test_there_may_be_more_than_fit_into_one_batch(
    floor: ShopFloor, anna: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purging, "_BATCH", 2)
    for number in range(5):
        floor.customer(f"guest-{number}@example.org")
    floor.later(9 * DAY)
    floor.shop.purge_expired()
    assert count(floor, "registrations") == 0


def test_everybody_who_waits_is_thought_of_however_many_they_are(
    floor: ShopFloor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purging, "_BATCH", 2)
    for number in range(5):
        guest = floor.customer(f"guest-{number}@example.org")
        floor.place(guest)
        floor.shop.request_erasure(user_id=user_of(guest), actor_id=None)
    floor.later(HOUR)
    floor.shop.purge_expired()
    assert len({job.payload["user_id"] for job in floor.waiting("EraseUser")}) == 5


def test_an_invoice_is_gone_when_its_years_are_over(floor: ShopFloor, anna: Actor) -> None:
    order = floor.paid(anna)
    floor.shop.cancel_order(order_id=order.id, actor=anna)
    floor.hear()
    floor.shop.request_erasure(user_id=user_of(anna), actor_id=None)
    floor.later(HOUR)
    floor.shop.purge_expired()
    assert floor.shop.open_invoice(number=order.number, reason="audit")["number"] == order.number
    floor.clock.advance(timedelta(days=9 * 366))
    floor.shop.purge_expired()
    with pytest.raises(InvoiceNotFound):
        floor.shop.open_invoice(number=order.number, reason="audit")


def test_mails_to_strangers_are_forgotten_after_a_month_and_customers_keep_theirs(
    floor: ShopFloor, anna: Actor
) -> None:
    """A verification mail belongs to nobody: when it was sent there was no account."""
    order = floor.place(anna).order
    floor.shop.cancel_order(order_id=order.id, actor=anna)
    floor.work()
    floor.later(LEFTOVERS_KEPT)
    assert floor.shop.clear_shelf() == 0
    floor.later(HOUR)
    assert floor.shop.clear_shelf() == 1
    assert floor.told() == ["order-placed", "order-cancelled"]
    assert len(floor.mailer.mails) == 2


def test_each_hour_and_each_day_is_promised_once(floor: ShopFloor) -> None:
    assert {floor.shop.schedule_purge() for _ in range(3)} == {NOON + HOUR}
    assert {floor.shop.schedule_clearing() for _ in range(3)} == {NOON + DAY / 2}
    assert [len(floor.waiting(name)) for name in ("PurgeExpired", "ClearShelf")] == [1, 1]
    floor.later(HOUR)
    assert floor.shop.schedule_purge() == NOON + 2 * HOUR
    assert floor.failed() == []
