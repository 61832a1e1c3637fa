"""What repositories find: by whom, in which order, on which page, and what they refuse to hold twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest

from printapic.application.ports.inbox import InboxPosition, InboxQuery
from printapic.application.ports.orders import OrderKeyTaken, OrderNumberTaken, OrderSummary, QueueEntry
from printapic.application.ports.unit_of_work import ConcurrentUpdate, UnitOfWork
from printapic.application.ports.users import EmailTaken
from printapic.domain.ids import ImageId, SessionId, UserId
from printapic.domain.images.image import Image, ImageNotFound
from printapic.domain.money import Money
from printapic.domain.orders.order import OrderAmounts, OrderNotFound
from printapic.domain.orders.status import OrderStatus
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.inbox import InboxEntry, InboxState
from printapic.domain.payments.payment import PaymentNotFound
from tests import builders as b
from tests.integration.stores import Store

STRANGER = UserId(b.new_id())


@pytest.fixture
def shop(store: Store) -> Store:
    """A store that knows the customer and a stranger."""
    with store.units() as work:
        work.users.add(b.a_customer())
        work.users.add(b.another_customer(id=STRANGER))
        work.commit()
    return store


def add(shop: Store, repository: str, *things: Any) -> None:
    with shop.units() as work:
        for thing in things:
            getattr(work, repository).add(thing)
        work.commit()


def test_a_foreign_order_image_or_payment_is_not_found(shop: Store) -> None:
    order, image, payment = b.an_order(), b.an_image(), b.a_payment()
    add(shop, "orders", order)
    add(shop, "images", image)
    add(shop, "payments", payment)
    for begin in (shop.units, shop.units.reading):
        with begin() as work:
            assert work.orders.get(order.id, owner_id=b.CUSTOMER) == order
            assert work.images.get(image.id, owner_id=b.CUSTOMER) == image
            assert work.payments.get(payment.id, owner_id=b.CUSTOMER) == payment
            with pytest.raises(OrderNotFound):
                work.orders.get(order.id, owner_id=STRANGER)
            with pytest.raises(ImageNotFound):
                work.images.get(image.id, owner_id=STRANGER)
            with pytest.raises(PaymentNotFound):
                work.payments.get(payment.id, owner_id=STRANGER)
            assert work.orders.by_key(STRANGER, order.idempotency_key) is None
            assert work.images.by_sha256(STRANGER, image.sha256) is None
            assert work.images.many(frozenset({image.id}), owner_id=STRANGER) == {}


def test_a_user_is_found_by_the_key_of_their_address(shop: Store) -> None:
    with shop.units.reading() as work:
        assert work.users.by_email(b.a_customer().email.key) == b.a_customer()
        assert work.users.by_email(b.a_customer().email.address) is None
        assert work.users.password_hash(b.a_customer().email.key) == b.a_customer().password_hash
        assert work.users.password_hash(b.a_customer().email.address) is None


def test_hashes_of_every_scheme_and_cost_are_among_the_samples(store: Store) -> None:
    kinds = [*(f"$bcrypt-sha256$v=2,t=2b,r={cost}$" for cost in (9, 11, 12)), "$2b$"]
    with store.units() as work:
        assert work.users.hash_samples() == ()
        for number in range(12):
            stored = f"{kinds[number % 4]}{number:02}{'s' * 40}"
            work.users.add(b.another_customer(password_hash=stored))
        work.commit()
    with store.units.reading() as work:
        samples = work.users.hash_samples()
    assert {kind for kind in kinds for sample in samples if sample.startswith(kind)} == set(kinds)


def test_an_address_cannot_be_changed_to_somebody_elses(shop: Store) -> None:
    with shop.units() as work:
        stranger = work.users.get(STRANGER)
        stranger.email = b.a_customer().email
        with pytest.raises(EmailTaken):
            work.users.save(stranger)


def test_registrations_may_wish_for_one_address_and_are_found_by_their_token(shop: Store) -> None:
    first, second = b.a_registration(), b.a_registration(token_sha256=None)
    add(shop, "registrations", first, second)
    with shop.units() as work:
        assert first.token_sha256
        assert work.registrations.by_token(first.token_sha256) == first
        assert work.registrations.by_token("0" * 64) is None


def test_a_session_comes_with_its_user(shop: Store) -> None:
    session = b.a_session()
    add(shop, "sessions", session)
    with shop.units.reading() as work:
        found = work.sessions.with_user(session.id)
        assert found is not None
        assert attrs.asdict(found[0], recurse=False) == attrs.asdict(session, recurse=False)
        assert attrs.asdict(found[1], recurse=False) == attrs.asdict(b.a_customer(), recurse=False)
        assert work.sessions.with_user(SessionId(b.new_id())) is None


def test_a_deleted_image_is_found_by_nobody_and_makes_room_for_the_same_bytes(shop: Store) -> None:
    image = b.an_image()
    twin = b.an_image(sha256=image.sha256)
    add(shop, "images", image)
    with pytest.raises(ConcurrentUpdate):
        add(shop, "images", twin)
    with shop.units() as work:
        found = work.images.get(image.id)
        found.delete(at=b.NOON)
        work.images.save(found)
        work.commit()
    with shop.units.reading() as work:
        with pytest.raises(ImageNotFound):
            work.images.get(image.id)
        assert work.images.many(frozenset({image.id}), owner_id=b.CUSTOMER) == {}
        assert work.images.by_sha256(b.CUSTOMER, image.sha256) is None
        assert work.images.page(b.CUSTOMER, before=None, limit=9) == ()
    add(shop, "images", twin, b.an_image(sha256=image.sha256, owner_id=STRANGER))
    with shop.units.reading() as work:
        assert work.images.by_sha256(b.CUSTOMER, image.sha256) == twin
    assert shop.jobs() == ["ImageDeleted"]


def test_many_images_are_found_by_id_and_the_rest_is_left_out(shop: Store) -> None:
    images = [b.an_image() for _ in range(5)]
    add(shop, "images", *images)
    wanted = frozenset({images[0].id, images[3].id, ImageId(b.new_id())})
    with shop.units.reading() as work:
        found = work.images.many(wanted, owner_id=b.CUSTOMER)
        assert {image_id: image.sha256 for image_id, image in found.items()} == {
            image.id: image.sha256 for image in (images[0], images[3])
        }
        assert work.images.many(frozenset(), owner_id=b.CUSTOMER) == {}


def test_two_orders_with_one_number_or_one_key_are_refused(shop: Store) -> None:
    order = b.another_order()
    add(shop, "orders", order)
    with shop.units() as work:
        with pytest.raises(OrderNumberTaken):
            work.orders.add(b.another_order(number=order.number))
        with pytest.raises(OrderKeyTaken):
            work.orders.add(b.another_order(idempotency_key=order.idempotency_key))
        with pytest.raises(OrderKeyTaken):
            work.orders.add(b.another_order(number=order.number, idempotency_key=order.idempotency_key))
        with pytest.raises(ConcurrentUpdate):
            work.orders.add(b.another_order(id=order.id))
        work.orders.add(b.another_order(idempotency_key=order.idempotency_key, user_id=STRANGER))
        work.commit()
    with shop.units.reading() as work:
        assert len(work.orders.page(owner_id=None, limit=9)) == 2
        assert work.orders.by_key(b.CUSTOMER, order.idempotency_key) == order
        assert work.orders.by_key(b.CUSTOMER, "another") is None


def test_the_order_list_says_the_total_in_every_currency(shop: Store) -> None:
    yen, most = Money.of("99999999", "JPY"), Money.of("999999.99", "EUR")
    orders = [
        b.another_order(
            amounts=OrderAmounts(items=total, shipping=total, discount=total, tax=total, total=total)
        )
        for total in (yen, most, Money.of("0.05", "GBP"))
    ]
    add(shop, "orders", *orders)
    with shop.units.reading() as work:
        summaries = work.orders.page(owner_id=b.CUSTOMER, limit=9)
        loaded = [work.orders.get(order.id).total for order in orders]
    assert loaded == [yen, most, Money.of("0.05", "GBP")]
    assert summaries == tuple(
        OrderSummary(
            id=order.id,
            number=order.number,
            status=order.status,
            total_amount=order.total.amount,
            currency=order.total.currency.code,
            line_count=1,
            created_at=order.created_at,
        )
        for order in reversed(orders)
    )


def pages(page: Callable[[Any], tuple[Any, ...]]) -> list[Any]:
    """All ids, walking from page to page until one is empty."""
    ids: list[Any] = []
    while found := page(ids[-1] if ids else None):
        ids += [each.id for each in found]
    return ids


PAGED: dict[str, tuple[Callable[..., Any], Callable[[UnitOfWork, Any], tuple[Any, ...]]]] = {
    "images": (b.an_image, lambda w, last: w.images.page(b.CUSTOMER, before=last, limit=3)),
    "orders": (
        b.another_order,
        lambda w, last: w.orders.page(owner_id=b.CUSTOMER, before=last, limit=3),
    ),
    "notifications": (
        b.a_notification,
        lambda w, last: w.notifications.page(b.CUSTOMER, before=last, limit=3),
    ),
}


@pytest.mark.parametrize("repository", PAGED)
def test_pages_are_newest_first_without_gaps_or_repeats(repository: str, shop: Store) -> None:
    build, page = PAGED[repository]
    things = [build() for _ in range(8)]
    owner = "owner_id" if repository == "images" else "user_id"
    add(shop, repository, *things[::2], build(**{owner: STRANGER}), *things[1::2])
    with shop.units.reading() as work:
        assert pages(lambda last: page(work, last)) == [thing.id for thing in reversed(things)]


def test_users_are_listed_oldest_first(shop: Store) -> None:
    more = [b.another_customer() for _ in range(5)]
    add(shop, "users", *reversed(more))
    with shop.units.reading() as work:
        listed = pages(lambda last: work.users.all(after=last, limit=3))
    assert listed == sorted([b.CUSTOMER, STRANGER, *(user.id for user in more)])


def test_the_order_list_can_be_of_everybody_and_of_one_status(shop: Store) -> None:
    mine = b.another_order(status=OrderStatus.SHIPPED)
    theirs = b.another_order(status=OrderStatus.CONFIRMED, user_id=STRANGER)
    add(shop, "orders", mine, theirs)
    with shop.units.reading() as work:
        assert [o.id for o in work.orders.page(owner_id=None, limit=9)] == [theirs.id, mine.id]
        shipped = work.orders.page(owner_id=None, status=OrderStatus.SHIPPED, limit=9)
        assert [o.id for o in shipped] == [mine.id]
        assert work.orders.page(owner_id=STRANGER, status=OrderStatus.SHIPPED, limit=9) == ()


@pytest.mark.parametrize("status", OrderStatus)
def test_an_image_is_in_use_until_its_orders_are_over(status: OrderStatus, shop: Store) -> None:
    line = b.a_line()
    add(shop, "orders", b.another_order(status=status, lines=(b.a_line(), line)))
    over = {OrderStatus.CANCELLED, OrderStatus.EXPIRED, OrderStatus.COMPLETED}
    with shop.units.reading() as work:
        assert work.orders.uses_image(line.image_id) is (status not in over)
        assert work.orders.uses_image(ImageId(b.new_id())) is False


def test_the_production_queue_is_oldest_first_and_only_of_lines_with_print_files(shop: Store) -> None:
    def in_production(since: float, **fields: Any) -> Any:
        began = [b.a_history_entry(target=OrderStatus.IN_PRODUCTION, at=b.minutes(m)) for m in (0, since)]
        return b.another_order(**{"status": OrderStatus.IN_PRODUCTION, "history": tuple(began), **fields})

    lines = (b.a_line(), b.a_line(print_file=None), b.a_line())
    late, early = in_production(9), in_production(5, lines=lines)
    silent = in_production(0, history=(), updated_at=b.minutes(7))
    add(shop, "orders", late, early, silent, b.another_order(status=OrderStatus.CONFIRMED))
    with shop.units.reading() as work:
        queue = work.orders.production_queue(limit=9)
        assert work.orders.production_queue(limit=2) == queue[:2]
    assert [(entry.order_id, entry.line_id) for entry in queue] == [
        (early.id, lines[0].id),
        (early.id, lines[2].id),
        (silent.id, silent.lines[0].id),
        (late.id, late.lines[0].id),
    ]
    assert queue[0] == QueueEntry(
        order_id=early.id,
        order_number=early.number,
        line_id=lines[0].id,
        sku=lines[0].sku,
        quantity=lines[0].quantity,
        since=b.minutes(5),
    )


def test_lines_taken_off_an_order_are_gone(shop: Store) -> None:
    order = b.another_order(lines=(b.a_line(), b.a_line(), b.a_line()))
    add(shop, "orders", order)
    with shop.units() as work:
        found = work.orders.get(order.id)
        found.lines = found.lines[:2]
        work.orders.save(found)
        work.commit()
    with shop.units.reading() as work:
        assert work.orders.get(order.id).lines == order.lines[:2]


def test_the_newest_price_list_counts_even_when_an_older_one_comes_back(shop: Store) -> None:
    first, second = b.a_price_list(), b.a_price_list()
    for newest in (first, second, first):
        add(shop, "price_lists", newest)
        for begin in (shop.units, shop.units.reading):
            with begin() as work:
                assert work.price_lists.current() == newest


def test_a_price_list_that_was_not_committed_is_forgotten(shop: Store) -> None:
    with shop.units() as work:
        work.price_lists.add(b.a_price_list())
        assert work.price_lists.current() is not None
    with shop.units.reading() as work:
        assert work.price_lists.current() is None
    kept = b.a_price_list()
    add(shop, "price_lists", kept)
    with shop.units.reading() as work:
        assert work.price_lists.current() == kept


def test_an_order_has_one_payment_and_a_provider_object_one_attempt(shop: Store) -> None:
    payment = b.a_payment()
    add(shop, "orders", b.an_order(), other := b.another_order())
    add(shop, "payments", payment)
    with pytest.raises(ConcurrentUpdate):
        add(shop, "payments", b.a_payment(attempts=(), operations=(), transactions=()))
    attempts = (attempt := b.an_attempt(ref=payment.attempts[0].ref),)
    with pytest.raises(ConcurrentUpdate):
        add(
            shop,
            "payments",
            b.a_payment(order_id=other.id, attempts=attempts, operations=(), transactions=()),
        )
    log = (attrs.evolve(payment.transactions[0], attempt_id=attempt.id),)
    attempts = (attrs.evolve(attempt, ref="another"),)
    with pytest.raises(ConcurrentUpdate):
        add(
            shop,
            "payments",
            b.a_payment(order_id=other.id, attempts=attempts, operations=(), transactions=log),
        )
    with shop.units() as work:
        assert work.payments.of_order(b.ORDER) == payment
        assert work.payments.of_order(other.id) is None


def test_a_webhook_is_received_once_per_environment_and_closed(shop: Store) -> None:
    live = b.an_inbox_entry(state=InboxState.RECEIVED)
    test = attrs.evolve(live, livemode=False, ref=None)
    with shop.units() as work:
        assert [work.inbox.receive(entry) for entry in (live, test, live, test)] == [True, True, False, False]
        work.commit()
    with shop.units() as work:
        work.inbox.close(live, InboxState.PROCESSED)
        assert work.inbox.receive(live) is False
        work.commit()
    with shop.units.reading() as work:
        closed = attrs.evolve(live, state=InboxState.PROCESSED)
        assert work.inbox.get(live.provider, True, live.event_id) == closed
        assert work.inbox.get(live.provider, False, live.event_id) == test
        assert work.inbox.get(Provider.PAYPAL, True, live.event_id) is None


def test_one_delivery_is_received_once_whatever_event_it_claims_to_be(shop: Store) -> None:
    first = b.an_inbox_entry(delivery_id="d-1", altered_at=None)
    forged = b.an_inbox_entry(delivery_id="d-1", body_sha256="f" * 64, received_at=b.minutes(40))
    unnamed = [b.an_inbox_entry(delivery_id=None) for _ in range(2)]
    with shop.units() as work:
        assert [work.inbox.receive(each) for each in (first, forged, *unnamed)] == [True, False, True, True]
        work.inbox.distrust(forged)
        work.commit()
    with shop.units.reading() as work:
        assert work.inbox.get(forged.provider, True, forged.event_id) is None
        altered = work.inbox.get(first.provider, True, first.event_id)
    assert altered == attrs.evolve(first, altered_at=b.minutes(40))


def test_the_first_other_body_of_an_event_is_remembered(shop: Store) -> None:
    entry = b.an_inbox_entry(altered_at=None, delivery_id=None)
    bystander = b.an_inbox_entry(altered_at=None, delivery_id=None)
    elsewhere = attrs.evolve(entry, livemode=False)
    again = attrs.evolve(entry, received_at=b.minutes(40))
    others = [attrs.evolve(entry, body_sha256="f" * 64, received_at=b.minutes(m)) for m in (41, 42)]
    with shop.units() as work:
        for each in (entry, bystander, elsewhere):
            work.inbox.receive(each)
        for each in (again, *others):
            work.inbox.distrust(each)
        work.commit()
    with shop.units.reading() as work:
        found = {
            (each.event_id, each.livemode): each.altered_at
            for each in work.inbox.page(InboxQuery(), before=None, limit=9)
        }
    assert found == {
        (entry.event_id, True): b.minutes(41),
        (entry.event_id, False): None,
        (bystander.event_id, True): None,
    }


def test_old_webhooks_go_in_batches_and_those_that_wait_stay(shop: Store) -> None:
    old = [
        b.an_inbox_entry(state=state, received_at=b.minutes(minute))
        for minute in (0, 1)
        for state in (InboxState.PROCESSED, InboxState.IGNORED, InboxState.RECEIVED)
    ]
    young = b.an_inbox_entry(state=InboxState.PROCESSED, received_at=b.minutes(2))
    with shop.units() as work:
        for each in (*old, young):
            work.inbox.receive(each)
        work.commit()
    purged = []
    for _ in range(3):
        with shop.units() as work:
            purged.append(work.inbox.purge(received_before=b.minutes(2), limit=3))
            work.commit()
    assert purged == [3, 1, 0]
    with shop.units.reading() as work:
        kept = work.inbox.page(InboxQuery(), before=None, limit=9)
    assert list(kept) == [young, old[5], old[2]]


def test_the_inbox_is_read_page_by_page_newest_first(shop: Store) -> None:
    made = [b.an_inbox_entry(event_id=f"e{n}", received_at=b.minutes(n)) for n in range(3)]
    twins = [attrs.evolve(made[2], livemode=False, state=InboxState.RECEIVED, delivery_id=None)]
    others = [b.an_inbox_entry(event_id="e2", provider=Provider.PAYPAL, received_at=b.minutes(2))]
    with shop.units() as work:
        for each in (*made, *twins, *others):
            work.inbox.receive(each)
        work.commit()
    newest_first = [made[2], *twins, *others, made[1], made[0]]

    def pages(query: InboxQuery, limit: int = 2) -> list[InboxEntry]:
        found: list[InboxEntry] = []
        before = None
        with shop.units.reading() as work:
            while page := work.inbox.page(query, before=before, limit=limit):
                assert len(page) <= limit
                found.extend(page)
                last = page[-1]
                before = InboxPosition(
                    received_at=last.received_at,
                    provider=last.provider,
                    event_id=last.event_id,
                    livemode=last.livemode,
                )
        return found

    assert pages(InboxQuery()) == newest_first
    assert pages(InboxQuery(), limit=1) == newest_first
    assert pages(InboxQuery(state=InboxState.RECEIVED)) == twins
    assert pages(InboxQuery(provider=Provider.PAYPAL)) == others
    assert pages(InboxQuery(received_before=b.minutes(2))) == [made[1], made[0]]


def test_nobody_is_told_the_same_thing_twice(shop: Store) -> None:
    told = b.a_notification()
    with shop.units() as work:
        assert work.notifications.add(told) is True
        assert work.notifications.add(b.a_notification(subject_id=told.subject_id)) is False
        assert work.notifications.add(b.a_notification(user_id=None)) is True
        work.commit()
    with shop.units() as work:
        assert work.notifications.about(told.kind, told.subject_id) == told
        assert work.notifications.page(b.CUSTOMER, before=None, limit=9) == (told,)


def test_big_orders_are_stored_whole(shop: Store) -> None:
    """200 lines is the most that one order can have."""
    order = b.another_order(
        lines=tuple(b.a_line() for _ in range(200)),
        history=tuple(b.a_history_entry(reason=f"step {n}") for n in range(100)),
    )
    add(shop, "orders", order)
    with shop.units.reading() as work:
        found = work.orders.get(order.id)
    assert (found.lines, found.history) == (order.lines, order.history)


def test_images_of_an_owner_are_not_confused_by_equal_bytes(shop: Store) -> None:
    mine = b.an_image()
    theirs: Image = b.an_image(sha256=mine.sha256, owner_id=STRANGER)
    add(shop, "images", mine, theirs)
    with shop.units.reading() as work:
        assert work.images.by_sha256(STRANGER, mine.sha256) == theirs
        assert work.images.by_sha256(b.CUSTOMER, mine.sha256) == mine
