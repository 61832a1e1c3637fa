"""The customer's own photos: nobody else's, and not those that an order still needs."""

from __future__ import annotations

import pytest

from printapic.application.images.library import ImageInUse
from printapic.domain.actors import Actor
from printapic.domain.crops import CropInvalid, CropRecipe
from printapic.domain.ids import ImageId
from printapic.domain.images.image import ImageNotFound
from printapic.domain.orders.order import PAYMENT_WINDOW
from tests.shop_floor import ShopFloor, line, user_of


def test_a_photo_is_found_by_its_owner_alone(floor: ShopFloor, anna: Actor) -> None:
    image = floor.upload(anna)
    bert = floor.customer("bert@example.org")
    assert floor.shop.read_image(image_id=image.id, owner_id=user_of(anna)) == image
    with pytest.raises(ImageNotFound):
        floor.shop.read_image(image_id=image.id, owner_id=user_of(bert))
    with pytest.raises(ImageNotFound):
        floor.shop.read_image(image_id=ImageId(user_of(anna)), owner_id=user_of(anna))


def test_photos_are_listed_newest_first_in_pages(floor: ShopFloor, anna: Actor) -> None:
    bert = floor.customer("bert@example.org")
    floor.upload(bert)
    images = [floor.upload(anna, number) for number in range(1, 4)]
    page = floor.shop.list_images(owner_id=user_of(anna), limit=2)
    rest = floor.shop.list_images(owner_id=user_of(anna), before=page[-1].id, limit=2)
    assert [*page, *rest] == images[::-1]


def test_a_deleted_photo_is_gone_at_once_and_cannot_be_deleted_again(floor: ShopFloor, anna: Actor) -> None:
    image = floor.upload(anna)
    floor.shop.delete_image(image_id=image.id, owner_id=user_of(anna))
    assert floor.shop.list_images(owner_id=user_of(anna)) == ()
    with pytest.raises(ImageNotFound):
        floor.shop.read_image(image_id=image.id, owner_id=user_of(anna))
    with pytest.raises(ImageNotFound):
        floor.shop.delete_image(image_id=image.id, owner_id=user_of(anna))


def test_nobody_deletes_a_foreign_photo(floor: ShopFloor, anna: Actor) -> None:
    image = floor.upload(anna)
    bert = floor.customer("bert@example.org")
    with pytest.raises(ImageNotFound):
        floor.shop.delete_image(image_id=image.id, owner_id=user_of(bert))
    assert floor.shop.list_images(owner_id=user_of(anna)) == (image,)


def test_a_photo_stays_while_an_order_needs_it(floor: ShopFloor, anna: Actor) -> None:
    image = floor.upload(anna)
    floor.place(anna, line(image))
    with pytest.raises(ImageInUse):
        floor.shop.delete_image(image_id=image.id, owner_id=user_of(anna))
    floor.later(PAYMENT_WINDOW)
    floor.shop.delete_image(image_id=image.id, owner_id=user_of(anna))
    assert floor.shop.list_images(owner_id=user_of(anna)) == ()


def test_printability_names_what_prints_well_what_prints_at_all_and_what_does_not(
    floor: ShopFloor, anna: Actor
) -> None:
    image = floor.upload(anna)
    found = floor.shop.check_printability(image_id=image.id, owner_id=user_of(anna))
    assert {product.sku: report.verdict for product, report in found.products} == {
        "mini": "info",
        "midi": "warn",
        "maxi": "block",
    }
    assert found.largest_without_warning is not None
    assert found.largest_without_warning.sku == "mini"
    assert found.largest_printable is not None
    assert found.largest_printable.sku == "midi"


def test_a_crop_costs_resolution(floor: ShopFloor, anna: Actor) -> None:
    image = floor.upload(anna)
    middle = CropRecipe(250_000, 250_000, 500_000, 500_000)
    found = floor.shop.check_printability(image_id=image.id, owner_id=user_of(anna), crop=middle)
    assert [report.verdict for _, report in found.products] == ["warn", "block", "block"]
    assert found.largest_without_warning is None
    with pytest.raises(CropInvalid):
        floor.shop.check_printability(
            image_id=image.id, owner_id=user_of(anna), crop=CropRecipe(0, 0, 10_000, 10_000)
        )


def test_printability_of_a_foreign_photo_is_nobodys_business(floor: ShopFloor, anna: Actor) -> None:
    image = floor.upload(anna)
    with pytest.raises(ImageNotFound):
        floor.shop.check_printability(image_id=image.id, owner_id=user_of(floor.customer("b@example.org")))


def test_without_a_price_list_nothing_can_be_printed(floor: ShopFloor, anna: Actor) -> None:
    image = floor.upload(anna)
    tables = floor.unit_of_work.state.tables()
    without = {name: rows for name, rows in tables.items() if name != "price_lists"}
    floor.unit_of_work.state.publish(without, before=lambda: None)
    found = floor.shop.check_printability(image_id=image.id, owner_id=user_of(anna))
    assert found.products == ()
    assert found.largest_printable is None
