"""Mail about orders: everything the customer needs, once, and sent again only under the same name."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from printapic.adapters.images.memory import MemoryImageStore
from printapic.application.ports.images import Blob
from printapic.application.ports.notifications import Mail, MailRefused, MailUnavailable
from printapic.domain.actors import Actor
from printapic.domain.addresses import Address
from printapic.domain.notifications.notification import Notification, NotificationKind
from printapic.domain.orders.order import EDIT_WINDOW
from tests.shop_floor import HOME, HOUR, MINUTE, ShopFloor, line, open_floor, user_of


def newest(floor: ShopFloor) -> Mail:
    return floor.mailer.mails[-1]


def test_the_mail_about_an_order_says_what_was_ordered_and_where_it_goes(
    floor: ShopFloor, anna: Actor
) -> None:
    order = floor.place(anna).order
    floor.work()
    mail = newest(floor)
    assert mail.to == "anna@example.org"
    assert order.number in mail.content.subject
    for part in (mail.content.text, mail.content.html):
        for fact in ("Mini print", "3.00 EUR", "Anna Ahrens", "20457 Hamburg", f"/orders/{order.id}"):
            assert fact in part


def test_an_address_without_a_second_line_leaves_no_gap(floor: ShopFloor, anna: Actor) -> None:
    floor.place(anna)
    floor.work()
    assert "None" not in newest(floor).content.text
    full = Address(**(attrs.asdict(HOME) | {"line2": "Back door", "region": "Altona"}))
    lines = [line(floor.upload(anna))]
    floor.shop.place_order(
        customer_id=user_of(anna),
        idempotency_key="with all lines",
        quote_hash=floor.quote(*lines).quote_hash,
        lines=lines,
        ship_to=full,
        shipping_method="standard",
        currency="EUR",
    )
    floor.work()
    assert "Back door" in newest(floor).content.text
    assert "Altona" in newest(floor).content.text


def test_every_photo_is_shown_once_and_at_most_twelve_are(floor: ShopFloor, anna: Actor) -> None:
    images = [floor.upload(anna, number) for number in range(14)]
    floor.place(anna, *[line(image, quantity=1) for image in images], line(images[0]))
    floor.work()
    mail = newest(floor)
    assert [each.content_id for each in mail.images] == [f"photo-{image.id}" for image in images[:12]]
    assert all(f"cid:{each.content_id}" in mail.content.html for each in mail.images)
    assert f"cid:photo-{images[13].id}" not in mail.content.html
    with floor.store.open(
        next(floor.store.list(f"renditions/{anna.user_id}/{images[0].id}/thumbnail-")).key
    ) as file:
        assert mail.images[0].content == file.read()


def test_a_mail_without_a_picture_is_still_a_mail(floor: ShopFloor, anna: Actor) -> None:
    image = floor.upload(anna)
    floor.store.delete_prefix(f"renditions/{image.owner_id}/{image.id}/")
    floor.place(anna, line(image))
    floor.work()
    assert newest(floor).images == ()
    assert "cid:" not in newest(floor).content.html


@attrs.define(slots=False)
class Forgetting(MemoryImageStore):
    """Deletes what it has just listed, as a clean-up at the wrong moment does."""

    forgetful: bool = False

    def list(self, prefix: str, *, after: str | None = None, limit: int = 1000) -> Iterator[Blob]:
        for blob in super().list(prefix, after=after, limit=limit):
            if self.forgetful:
                self.delete(blob.key)
            yield blob


def test_a_picture_that_vanishes_while_the_mail_is_written_is_left_out() -> None:
    store = Forgetting()
    floor = open_floor(store=store)
    anna = floor.customer()
    floor.place(anna)
    store.forgetful = True
    floor.work()
    assert floor.told() == ["order-placed"]
    assert newest(floor).images == ()


def test_what_time_allows_is_said_in_the_mail(floor: ShopFloor, anna: Actor) -> None:
    order = floor.paid(anna)
    placed, received = floor.mailer.mails[-2:]
    assert f"{order.expires_at.day} {order.expires_at:%B}" in placed.content.text
    assert order.edit_until is not None
    assert f"{order.edit_until:%H:%M}" in received.content.text


def test_a_refund_says_how_much(floor: ShopFloor, anna: Actor) -> None:
    order = floor.paid(anna)
    floor.shop.cancel_order(order_id=order.id, actor=anna)
    floor.work()
    assert floor.told()[-1] == "refunded"
    assert "3.00 EUR" in newest(floor).content.text


# Once


def test_a_job_that_runs_twice_tells_once(floor: ShopFloor, anna: Actor) -> None:
    order = floor.place(anna).order
    floor.work()
    floor.perform("SendOrderMail", kind="order-placed", order_id=str(order.id), subject_id=str(order.id))
    assert floor.told() == ["order-placed"]


def test_a_mail_server_that_is_down_delays_a_mail_under_the_same_name(floor: ShopFloor, anna: Actor) -> None:
    floor.place(anna)
    floor.mailer.failure = MailUnavailable()
    floor.work()
    (prepared,) = told(floor, anna)
    assert prepared.sent_at is None
    floor.mailer.failure = None
    floor.later(MINUTE)
    (sent,) = told(floor, anna)
    assert sent.id == prepared.id
    assert sent.sent_at is not None
    assert newest(floor).message_id == f"{prepared.id}@shop.example"


def test_an_address_that_refuses_mail_for_good_ends_up_among_the_dead_jobs(
    floor: ShopFloor, anna: Actor
) -> None:
    floor.place(anna)
    floor.mailer.failure = MailRefused()
    for _ in range(12):
        floor.later(HOUR)
    assert floor.dead().count("SendOrderMail: MailRefused mail-refused") >= 1
    assert all(notification.sent_at is None for notification in told(floor, anna))


def test_what_a_customer_was_told_is_read_newest_first_in_pages(
    floor: ShopFloor, anna: Actor, operator: Actor
) -> None:
    floor.paid(anna)
    floor.later(EDIT_WINDOW)
    everything = told(floor, anna)
    assert [entry.kind for entry in everything] == ["in-production", "payment-received", "order-placed"]
    first = floor.shop.list_notifications(user_id=user_of(anna), limit=2)
    rest = floor.shop.list_notifications(user_id=user_of(anna), before=first[-1].id, limit=2)
    assert (*first, *rest) == everything
    assert told(floor, operator) == ()


def told(floor: ShopFloor, person: Actor) -> tuple[Notification, ...]:
    return floor.shop.list_notifications(user_id=user_of(person))


def test_without_a_web_front_end_no_link_is_made_up(floor: ShopFloor, anna: Actor) -> None:
    front = attrs.evolve(floor.shop.send_order_mail.front, order_url="")
    order = floor.place(anna).order
    send = attrs.evolve(floor.shop.send_order_mail, front=front)
    send(kind=NotificationKind.ORDER_PLACED, order_id=order.id, subject_id=str(order.id))
    assert f"/orders/{order.id}" not in newest(floor).content.text
