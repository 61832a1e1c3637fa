"""Print files: made of exactly what was ordered, or the order waits."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256
from typing import BinaryIO

import attrs
from PIL import Image as Picture

from printapic.adapters.images.memory import MemoryImageStore
from printapic.application.orders.printing import render_key
from printapic.domain.actors import Actor
from printapic.domain.crops import PixelBox
from printapic.domain.images.image import original_key
from printapic.domain.images.layout import PrintLayout
from printapic.domain.orders.line import PrintState
from printapic.domain.orders.order import EDIT_WINDOW, Order
from printapic.domain.orders.status import HoldReason, OrderStatus
from printapic.domain.payments.transaction import Source
from tests.shop_floor import MINUTE, ShopFloor, line, open_floor


def prints(floor: ShopFloor) -> list[str]:
    return [blob.key for blob in floor.store.list("prints/")]


def test_a_paid_order_gets_a_print_file_of_exactly_the_papers_size(floor: ShopFloor, anna: Actor) -> None:
    order = floor.paid(anna)
    file = order.lines[0].print_file
    assert file is not None
    assert (file.width_px, file.height_px) == (126, 87)
    with floor.store.open(file.key) as stored:
        content = stored.read()
    assert (sha256(content).hexdigest(), len(content)) == (file.sha256, file.size_bytes)
    with Picture.open(io.BytesIO(content)) as picture:
        assert picture.size == (126, 87)
        assert round(picture.info["dpi"][0]) == 100


def test_before_the_money_is_there_nothing_is_rendered(floor: ShopFloor, anna: Actor) -> None:
    order = floor.place(anna).order
    floor.perform("RenderPrintFiles", order_id=str(order.id))
    assert prints(floor) == []


def test_lines_that_print_alike_share_a_file_and_rendering_again_makes_none(
    floor: ShopFloor, anna: Actor
) -> None:
    image = floor.upload(anna)
    order = floor.paid(anna, line(image), line(image, quantity=5))
    assert len(prints(floor)) == 1
    floor.perform("RenderPrintFiles", order_id=str(order.id))
    assert floor.order(order.id).version == order.version


def test_a_store_that_is_down_delays_the_print_files_and_the_production(
    floor: ShopFloor, anna: Actor
) -> None:
    order = floor.place(anna).order
    floor.press(floor.start(order))
    floor.store.failing = True
    floor.hear()
    assert not floor.order(order.id).print_files_ready
    floor.later(EDIT_WINDOW)
    assert floor.order(order.id).status is OrderStatus.CONFIRMED
    floor.store.failing = False
    floor.later(timedelta(minutes=20))
    assert floor.order(order.id).status is OrderStatus.IN_PRODUCTION
    assert floor.dead() == []


def test_however_long_rendering_fails_the_order_goes_on_once_it_works(floor: ShopFloor, anna: Actor) -> None:
    """The job that renders dies; whoever looks after the shop replays it, and the order is not forgotten."""
    order = floor.place(anna).order
    floor.press(floor.start(order))
    floor.store.failing = True
    floor.hear()
    for _ in range(20):
        floor.later(timedelta(hours=1))
    assert "RenderPrintFiles: StorageUnavailable storage-unavailable" in floor.dead()
    floor.store.failing = False
    for record in floor.worker.list():
        if record.state == "dead":
            floor.worker.replay(record.id)
    floor.work()
    floor.later(5 * MINUTE)
    assert floor.order(order.id).status is OrderStatus.IN_PRODUCTION


def test_a_photo_whose_bytes_are_lost_holds_the_order_and_says_so_on_the_line(
    floor: ShopFloor, anna: Actor, operator: Actor
) -> None:
    order = floor.place(anna, line(floor.upload(anna, 1)), line(floor.upload(anna, 2))).order
    keys = [original_key(order.user_id, each.image_sha256) for each in order.lines]
    with floor.store.open(keys[0]) as file:
        content = file.read()
    for key in keys:
        floor.store.delete(key)
    floor.press(floor.start(order))
    floor.hear()
    held = floor.order(order.id)
    assert (held.status, held.hold_reason) == (OrderStatus.ON_HOLD, HoldReason.QUALITY)
    assert [(each.print_state, each.print_failure) for each in held.lines] == [
        (PrintState.FAILED, "file-not-found"),
        (PrintState.FAILED, "file-not-found"),
    ]

    floor.upload(anna, content=content)
    floor.store.put(
        keys[0],
        io.BytesIO(content),
        size_bytes=len(content),
        sha256=sha256(content).hexdigest(),
        content_type="image/jpeg",
    )
    floor.shop.release_order(order_id=order.id, actor=operator)
    floor.work()
    held = floor.order(order.id)
    assert held.status is OrderStatus.ON_HOLD
    assert [each.print_state for each in held.lines] == [PrintState.READY, PrintState.FAILED]


def test_a_photo_that_was_deleted_all_the_same_holds_the_order(floor: ShopFloor, anna: Actor) -> None:
    """As a store may that cannot lock photos while they are put into an order."""
    image = floor.upload(anna)
    order = floor.place(anna, line(image)).order
    with floor.unit_of_work() as work:
        found = work.images.get(image.id)
        found.delete(at=floor.clock.now())
        work.images.save(found)
        work.commit()
    floor.press(floor.start(order))
    floor.hear()
    held = floor.order(order.id)
    assert (held.status, held.lines[0].print_failure) == (OrderStatus.ON_HOLD, "image-not-found")


@attrs.define(slots=False)
class Interrupted(MemoryImageStore):
    """Something else happens in the moment in which an original is opened, and the original vanishes."""

    meanwhile: Callable[[], object] | None = None

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        if key.startswith("originals/") and self.meanwhile is not None:
            act, self.meanwhile = self.meanwhile, None
            act()
            self.delete(key)
        with super().open(key) as file:
            yield file


def confirmed_without_files(store: Interrupted) -> tuple[ShopFloor, Actor, Order]:
    """An order that was paid a moment ago; the job that renders its print files waits."""
    floor = open_floor(store=store)
    anna = floor.customer()
    order = floor.place(anna).order
    floor.press(floor.start(order))
    floor.shop.sync_payment(payment_id=floor.payment(order).id, source=Source.STAFF)
    return floor, anna, order


def test_an_order_called_off_while_its_files_are_made_is_not_held() -> None:
    store = Interrupted()
    floor, anna, order = confirmed_without_files(store)
    store.meanwhile = lambda: floor.shop.cancel_order(order_id=order.id, actor=anna)
    floor.work()
    order = floor.order(order.id)
    assert (order.status, order.lines[0].print_failure) == (OrderStatus.CANCELLED, "file-not-found")


def test_a_run_that_fails_after_another_one_made_the_file_holds_nothing() -> None:
    """The same job in two hands: the lease of the first had ended."""
    store = Interrupted()
    floor, _, order = confirmed_without_files(store)
    store.meanwhile = lambda: floor.perform("RenderPrintFiles", order_id=str(order.id))
    floor.work()
    order = floor.order(order.id)
    assert order.status is OrderStatus.CONFIRMED
    assert order.print_files_ready
    assert prints(floor)


def test_whatever_decides_about_a_print_file_is_in_its_name() -> None:
    layout = PrintLayout(
        canvas_width_px=100,
        canvas_height_px=80,
        source=PixelBox(0, 0, 100, 80),
        target=PixelBox(0, 0, 100, 80),
        dpi=100,
    )
    names = {
        render_key("a" * 64, layout, "engine"),
        render_key("b" * 64, layout, "engine"),
        render_key("a" * 64, attrs.evolve(layout, dpi=101), "engine"),
        render_key("a" * 64, attrs.evolve(layout, source=PixelBox(0, 0, 99, 80)), "engine"),
        render_key("a" * 64, layout, "another engine"),
    }
    assert len(names) == 5
    assert render_key("a" * 64, layout, "engine") in names
