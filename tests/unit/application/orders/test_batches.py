"""The production queue and batches: what reaches the printer is exactly what was ordered."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import BinaryIO

import attrs
import pytest

from printapic.adapters.images.memory import MemoryImageStore
from printapic.application.orders.batches import (
    MAX_BATCH_LINES,
    BatchNotFound,
    NothingToPrint,
)
from printapic.application.ports.images import BlobCorrupt, BlobNotFound
from printapic.application.ports.orders import Batch
from printapic.application.ports.unit_of_work import StorageUnavailable
from printapic.domain.actors import Actor
from printapic.domain.ids import BatchId, OrderId
from printapic.domain.orders.order import EDIT_WINDOW, Order, OrderNotFound
from tests.shop_floor import ShopFloor, line, open_floor, user_of


def prints(floor: ShopFloor) -> list[str]:
    return [blob.key for blob in floor.store.list("prints/")]


def in_production(floor: ShopFloor, customer: Actor, key: str = "order-1", quantity: int = 2) -> Order:
    order = floor.paid(customer, line(floor.upload(customer), quantity=quantity), key=key)
    floor.later(EDIT_WINDOW)
    return floor.order(order.id)


def test_the_queue_holds_what_is_in_production_oldest_first(
    floor: ShopFloor, anna: Actor, operator: Actor
) -> None:
    first = in_production(floor, anna, "one")
    second = in_production(floor, anna, "two")
    floor.paid(anna, key="three")
    queue = floor.shop.read_production_queue()
    assert [(entry.order_id, entry.order_number, entry.sku, entry.quantity) for entry in queue] == [
        (first.id, first.number, "mini", 2),
        (second.id, second.number, "mini", 2),
    ]
    assert floor.shop.read_production_queue(limit=1) == queue[:1]
    floor.shop.ship_parcel(order_id=first.id, actor=operator, carrier="DHL")
    assert [entry.order_id for entry in floor.shop.read_production_queue()] == [second.id]


def test_a_batch_takes_what_is_queued_or_the_orders_that_are_named(
    floor: ShopFloor, anna: Actor, operator: Actor
) -> None:
    first, second = in_production(floor, anna, "one"), in_production(floor, anna, "two")
    confirmed = floor.paid(anna, key="three")
    everything = floor.shop.create_batch(operator_id=user_of(operator))
    assert [order_id for order_id, _ in everything.lines] == [first.id, second.id]
    assert (everything.created_by, everything.created_at) == (operator.user_id, floor.clock.now())
    some = floor.shop.create_batch(
        operator_id=user_of(operator), order_ids=[second.id, confirmed.id, second.id]
    )
    assert some.lines == ((second.id, second.lines[0].id),)


def test_a_batch_of_nothing_is_refused(floor: ShopFloor, anna: Actor, operator: Actor) -> None:
    with pytest.raises(NothingToPrint):
        floor.shop.create_batch(operator_id=user_of(operator))
    confirmed = floor.paid(anna)
    with pytest.raises(NothingToPrint):
        floor.shop.create_batch(operator_id=user_of(operator), order_ids=[confirmed.id])
    with pytest.raises(OrderNotFound):
        floor.shop.create_batch(operator_id=user_of(operator), order_ids=[OrderId(user_of(anna))])


def test_an_order_far_behind_in_the_queue_can_be_put_into_a_batch_by_name(
    floor: ShopFloor, anna: Actor, operator: Actor
) -> None:
    image = floor.upload(anna)
    orders = [floor.paid(anna, *[line(image, quantity=1)] * 170, key=f"bulk-{number}") for number in range(4)]
    floor.later(EDIT_WINDOW)
    assert len(floor.shop.create_batch(operator_id=user_of(operator)).lines) == MAX_BATCH_LINES
    last = floor.shop.read_production_queue(limit=1000)[-1].order_id
    batch = floor.shop.create_batch(operator_id=user_of(operator), order_ids=[last])
    assert len(batch.lines) == 170
    assert {order.id for order in orders} >= {last}


def written(floor: ShopFloor, batch: Batch) -> zipfile.ZipFile:
    file = io.BytesIO()
    floor.shop.write_batch(batch_id=batch.id, file=file)
    return zipfile.ZipFile(file)


def test_a_batch_is_a_zip_of_print_files_with_two_manifests_that_agree(
    floor: ShopFloor, anna: Actor, operator: Actor
) -> None:
    image = floor.upload(anna)
    midi = line(image, "midi", quantity=7, acknowledging=["LOW_RESOLUTION"])
    order = floor.paid(anna, line(image), midi)
    floor.later(EDIT_WINDOW)
    order = floor.order(order.id)
    batch = floor.shop.create_batch(operator_id=user_of(operator))
    with written(floor, batch) as archive:
        assert archive.testzip() is None
        manifest = json.loads(archive.read("manifest.json"))
        rows = list(csv.DictReader(io.StringIO(archive.read("manifest.csv").decode())))
        assert manifest["batch"] == str(batch.id)
        entries = manifest["files"]
        assert [entry["file"] for entry in entries] == [
            f"0001-{order.number}-mini.jpg",
            f"0002-{order.number}-midi.jpg",
        ]
        assert sorted(archive.namelist()) == sorted(
            [*(entry["file"] for entry in entries), "manifest.json", "manifest.csv"]
        )
        assert rows == [{name: str(value) for name, value in entry.items()} for entry in entries]
        for entry, ordered in zip(entries, order.lines, strict=True):
            assert ordered.print_file is not None
            assert sha256(archive.read(entry["file"])).hexdigest() == ordered.print_file.sha256
            assert entry["sha256"] == ordered.print_file.sha256
            assert (entry["copies"], entry["sku"]) == (ordered.quantity, ordered.sku)
            assert (entry["width_px"], entry["height_px"]) == (
                ordered.print_file.width_px,
                ordered.print_file.height_px,
            )
        assert (entries[0]["dpi"], entries[0]["bleed_mm"]) == (100, "1")
        assert entries[1]["back_print"] == f"{order.number} 0002"


def test_an_unknown_batch_is_not_found(floor: ShopFloor, anna: Actor) -> None:
    with pytest.raises(BatchNotFound):
        floor.shop.write_batch(batch_id=BatchId(user_of(anna)), file=io.BytesIO())


@attrs.define(slots=False)
class Rotting(MemoryImageStore):
    """Gives back something else than it was given, once it rots."""

    rotten: bool = False

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        with super().open(key) as file:
            yield io.BytesIO(file.read()[:-1] + b"\0") if self.rotten else file


def test_a_print_file_that_rotted_in_the_store_is_not_printed() -> None:
    store = Rotting()
    floor = open_floor(store=store)
    order = in_production(floor, floor.customer())
    batch = floor.shop.create_batch(operator_id=order.user_id)
    with written(floor, batch) as archive:
        assert archive.testzip() is None
    store.rotten = True
    with pytest.raises(BlobCorrupt):
        written(floor, batch)


def test_a_batch_whose_file_is_gone_cannot_be_written(floor: ShopFloor, anna: Actor, operator: Actor) -> None:
    in_production(floor, anna)
    batch = floor.shop.create_batch(operator_id=user_of(operator))
    floor.store.delete(prints(floor)[0])
    with pytest.raises(BlobNotFound):
        written(floor, batch)
    floor.store.failing = True
    with pytest.raises(StorageUnavailable):
        written(floor, batch)
