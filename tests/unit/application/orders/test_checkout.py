"""Placing orders: at the price that was accepted, of one's own photos, once."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import attrs
import pytest

from printapic.adapters.system.identifiers import SeededIdentifiers
from printapic.application.orders.checkout import OrderKeyReused, OrderLineRequest, Placed
from printapic.application.ports.catalogue import NoPriceList, VoucherUnknown
from printapic.application.ports.orders import OrderNumberTaken
from printapic.domain.actors import Actor
from printapic.domain.catalogue.quote import QUOTE_LIFETIME, QuoteChanged, QuoteExpired
from printapic.domain.crops import CropInvalid, CropRecipe
from printapic.domain.images.image import Image, ImageNotFound
from printapic.domain.money import CurrencyUnsupported
from printapic.domain.orders.line import PrintBlocked, WarningsUnacknowledged
from printapic.domain.orders.order import PAYMENT_WINDOW
from tests.shop_floor import HOME, PRICES, ShopFloor, line, open_floor, user_of

DEAR = PRICES.replace('"0.50"', '"0.60"')


def place(
    floor: ShopFloor,
    customer: Actor,
    lines: Sequence[OrderLineRequest],
    quote_hash: str,
    changes: Mapping[str, Any] | None = None,
) -> Placed:
    request: dict[str, Any] = {
        "customer_id": user_of(customer),
        "idempotency_key": "order-1",
        "quote_hash": quote_hash,
        "lines": lines,
        "ship_to": HOME,
        "shipping_method": "standard",
        "currency": "EUR",
    }
    return floor.shop.place_order(**(request | dict(changes or {})))


@pytest.fixture
def image(floor: ShopFloor, anna: Actor) -> Image:
    return floor.upload(anna)


def test_an_order_keeps_everything_that_was_promised(floor: ShopFloor, anna: Actor, image: Image) -> None:
    crop = CropRecipe(0, 0, 1_000_000, 1_000_000)
    midi = line(image, "midi", quantity=3, acknowledging=["LOW_RESOLUTION"])
    order = floor.place(anna, line(image, crop=crop), midi).order
    assert floor.order(order.id) == order
    first, second = order.lines
    assert (first.sku, first.product_name, first.quantity, first.crop) == ("mini", "Mini print", 2, crop)
    assert (str(first.unit_price), str(first.line_total)) == ("0.50 EUR", "1.00 EUR")
    assert (first.image_id, first.image_sha256) == (image.id, image.sha256)
    assert (first.check.verdict, first.acknowledgements) == ("info", ())
    assert second.check.warnings == ("LOW_RESOLUTION",)
    assert [(each.code, each.effective_dpi) for each in second.acknowledgements] == [
        ("LOW_RESOLUTION", "76.2")
    ]
    assert (str(order.amounts.items), str(order.amounts.shipping), str(order.total)) == (
        "5.50 EUR",
        "2.00 EUR",
        "7.50 EUR",
    )
    assert order.ship_to == HOME
    assert order.expires_at == floor.clock.now() + PAYMENT_WINDOW


def test_the_same_request_again_finds_the_same_order(floor: ShopFloor, anna: Actor, image: Image) -> None:
    placed = floor.place(anna, line(image))
    again = floor.place(anna, line(image))
    assert not placed.replayed
    assert again.replayed
    assert again.order == placed.order
    assert len(floor.shop.list_orders(actor=anna)) == 1
    floor.work()
    assert floor.told() == ["order-placed"]


def test_a_repeated_request_finds_its_order_though_its_quote_has_expired(
    floor: ShopFloor, anna: Actor, image: Image
) -> None:
    lines = [line(image)]
    quote_hash = floor.quote(*lines).quote_hash
    first = place(floor, anna, lines, quote_hash)
    floor.clock.advance(QUOTE_LIFETIME)
    floor.shop.load_price_list(document=DEAR)
    assert place(floor, anna, lines, quote_hash).order == first.order


@pytest.mark.parametrize(
    "change",
    [
        {"ship_to": attrs.evolve(HOME, line2="Back door")},
        {"shipping_method": "express"},
        {"currency": "USD"},
        {"quote_hash": "another"},
        {"lines": []},
        {"lines": ["quantity"]},
        {"lines": ["crop"]},
        {"lines": ["acknowledging"]},
    ],
)
def test_the_same_key_with_another_request_is_refused(
    floor: ShopFloor, anna: Actor, image: Image, change: dict[str, Any]
) -> None:
    lines = [line(image)]
    other = {
        "quantity": line(image, quantity=3),
        "crop": line(image, crop=CropRecipe(0, 0, 1_000_000, 1_000_000)),
        "acknowledging": line(image, acknowledging=["LOW_RESOLUTION"]),
    }
    change = change | ({"lines": [other[name] for name in change["lines"]]} if "lines" in change else {})
    quote_hash = floor.quote(*lines).quote_hash
    place(floor, anna, lines, quote_hash)
    with pytest.raises(OrderKeyReused):
        place(floor, anna, lines, quote_hash, change)


def test_the_key_of_one_customer_is_nothing_to_another(floor: ShopFloor, anna: Actor, image: Image) -> None:
    bert = floor.customer("bert@example.org")
    first = floor.place(anna, line(image))
    second = floor.place(bert, line(floor.upload(bert)))
    assert first.order != second.order


def test_two_clicks_at_the_same_moment_make_one_order(floor: ShopFloor, anna: Actor, image: Image) -> None:
    together = threading.Barrier(4, timeout=20)
    quote_hash = floor.quote(line(image)).quote_hash

    def click(_: int) -> Placed:
        together.wait()
        return place(floor, anna, [line(image)], quote_hash)

    with ThreadPoolExecutor(4) as pool:
        placed = list(pool.map(click, range(4)))
    assert len({each.order.id for each in placed}) == 1
    assert sorted(each.replayed for each in placed) == [False, True, True, True]


class FewNumbers(SeededIdentifiers):
    """Draws from `numbers`, the last of them for ever."""

    numbers: list[str]

    def order_number(self) -> str:
        return self.numbers.pop(0) if len(self.numbers) > 1 else self.numbers[0]


def a_floor_with(*numbers: str) -> ShopFloor:
    identifiers = FewNumbers(1)
    identifiers.numbers = list(numbers)
    return open_floor(identifiers=identifiers)


def test_a_number_that_is_taken_is_drawn_again() -> None:
    floor = a_floor_with("PA-1", "PA-1", "PA-1", "PA-2")
    anna = floor.customer()
    assert floor.place(anna, key="one").order.number == "PA-1"
    assert floor.place(anna, key="two").order.number == "PA-2"


def test_after_three_taken_numbers_something_is_wrong_and_nothing_is_kept() -> None:
    floor = a_floor_with("PA-1")
    anna = floor.customer()
    floor.place(anna, key="one")
    with pytest.raises(OrderNumberTaken):
        floor.place(anna, key="two")
    assert len(floor.shop.list_orders(actor=anna)) == 1


def test_an_order_at_another_price_than_accepted_is_refused_with_the_new_quote(
    floor: ShopFloor, anna: Actor, image: Image
) -> None:
    lines = [line(image)]
    quote_hash = floor.quote(*lines).quote_hash
    floor.shop.load_price_list(document=DEAR)
    with pytest.raises(QuoteChanged) as refusal:
        place(floor, anna, lines, quote_hash)
    assert str(refusal.value.quote.total) == "3.20 EUR"
    assert place(floor, anna, lines, refusal.value.quote.quote_hash).order.total == refusal.value.quote.total


@pytest.mark.parametrize("forgery", ["", "nonsense", "0" * 9 + "-" + "0" * 64])
def test_a_quote_that_we_never_gave_is_refused(
    floor: ShopFloor, anna: Actor, image: Image, forgery: str
) -> None:
    with pytest.raises(QuoteChanged):
        place(floor, anna, [line(image)], forgery)


@pytest.mark.parametrize("change", [{"quantity": 1}, {"sku": "midi"}])
def test_a_quote_is_for_these_lines_alone(
    floor: ShopFloor, anna: Actor, image: Image, change: dict[str, Any]
) -> None:
    quote_hash = floor.quote(line(image)).quote_hash
    with pytest.raises(QuoteChanged):
        place(floor, anna, [line(image, **change)], quote_hash)


def test_a_quote_is_good_until_its_last_second(floor: ShopFloor, anna: Actor, image: Image) -> None:
    lines = [line(image)]
    quote_hash = floor.quote(*lines).quote_hash
    floor.clock.advance(QUOTE_LIFETIME)
    with pytest.raises(QuoteExpired) as refusal:
        place(floor, anna, lines, quote_hash)
    assert place(floor, anna, lines, refusal.value.quote.quote_hash).order.total == refusal.value.quote.total


def test_only_ones_own_photos_can_be_ordered(floor: ShopFloor, anna: Actor) -> None:
    berts = floor.upload(floor.customer("bert@example.org"))
    with pytest.raises(ImageNotFound):
        floor.place(anna, line(berts))


def test_a_deleted_photo_cannot_be_ordered(floor: ShopFloor, anna: Actor, image: Image) -> None:
    floor.shop.delete_image(image_id=image.id, owner_id=user_of(anna))
    with pytest.raises(ImageNotFound):
        floor.place(anna, line(image))


def test_what_would_look_bad_is_not_printed_whatever_the_customer_says(
    floor: ShopFloor, anna: Actor, image: Image
) -> None:
    with pytest.raises(PrintBlocked) as refusal:
        floor.place(anna, line(image), line(image, "maxi", acknowledging=["LOW_RESOLUTION"]))
    assert refusal.value.details == {"line": 1, "findings": ["LOW_RESOLUTION"]}
    assert floor.shop.list_orders(actor=anna) == ()


def test_what_may_disappoint_is_printed_only_if_the_customer_was_warned(
    floor: ShopFloor, anna: Actor, image: Image
) -> None:
    with pytest.raises(WarningsUnacknowledged) as refusal:
        floor.place(anna, line(image, "midi"))
    assert refusal.value.details == {"line": 0, "warnings": ["LOW_RESOLUTION"]}
    floor.place(anna, line(image, "midi", acknowledging=["LOW_RESOLUTION"]))


def test_a_crop_too_small_to_print_is_refused(floor: ShopFloor, anna: Actor, image: Image) -> None:
    with pytest.raises(CropInvalid):
        floor.place(anna, line(image, crop=CropRecipe(0, 0, 20_000, 20_000)))


@pytest.mark.parametrize(
    ("change", "refusal"), [({"voucher": "FREE"}, VoucherUnknown), ({"currency": "XXX"}, CurrencyUnsupported)]
)
def test_what_we_do_not_take_is_refused(
    floor: ShopFloor, anna: Actor, image: Image, change: dict[str, str], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        place(floor, anna, [line(image)], floor.quote(line(image)).quote_hash, change)


def test_a_shop_without_prices_takes_no_orders(floor: ShopFloor, anna: Actor, image: Image) -> None:
    quote_hash = floor.quote(line(image)).quote_hash
    tables = floor.unit_of_work.state.tables()
    without = {name: rows for name, rows in tables.items() if name != "price_lists"}
    floor.unit_of_work.state.publish(without, before=lambda: None)
    with pytest.raises(NoPriceList):
        place(floor, anna, [line(image)], quote_hash)
