"""Showing photos: stored renditions, made anew where they are missing."""

from __future__ import annotations

import io
from hashlib import sha256

import pytest
from PIL import Image as Picture

from printapic.application.images.renditions import PresetNotFound, pipeline
from printapic.application.ports.images import PRESETS, BlobNotFound, Fit, RenditionSpec
from printapic.application.ports.unit_of_work import StorageUnavailable
from printapic.domain.actors import Actor
from printapic.domain.images.formats import ImageFormat
from printapic.domain.images.image import ImageNotFound
from tests.shop_floor import ShopFloor, photo, user_of

SPEC = RenditionSpec(width_px=100, height_px=100, fit=Fit.COVER)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_is_shown_as_it_was_stored(floor: ShopFloor, anna: Actor, preset: str) -> None:
    image = floor.upload(anna)
    before = [blob.key for blob in floor.store.list("")]
    picture = floor.shop.read_rendition(image_id=image.id, owner_id=user_of(anna), preset=preset)
    assert picture.content_type == "image/jpeg"
    assert picture.sha256 == sha256(picture.content).hexdigest()
    with Picture.open(io.BytesIO(picture.content)) as shown:
        assert shown.format == "JPEG"
    assert [blob.key for blob in floor.store.list("")] == before


def test_a_missing_rendition_is_made_anew_and_kept(floor: ShopFloor, anna: Actor) -> None:
    image = floor.upload(anna)
    before = floor.shop.read_rendition(image_id=image.id, owner_id=user_of(anna), preset="preview")
    assert floor.store.delete_prefix(f"renditions/{image.owner_id}/{image.id}/") == len(PRESETS)
    again = floor.shop.read_rendition(image_id=image.id, owner_id=user_of(anna), preset="preview")
    assert again == before
    kept = list(floor.store.list(f"renditions/{image.owner_id}/{image.id}/"))
    assert [blob.sha256 for blob in kept] == [again.sha256]


def test_a_rendition_of_a_photo_whose_bytes_are_lost_is_not_found(floor: ShopFloor, anna: Actor) -> None:
    image = floor.upload(anna)
    floor.store.delete_prefix(f"renditions/{image.owner_id}/{image.id}/")
    floor.store.delete(image.original_key)
    with pytest.raises(BlobNotFound):
        floor.shop.read_rendition(image_id=image.id, owner_id=user_of(anna), preset="preview")


def test_a_store_that_is_down_is_no_reason_to_render(floor: ShopFloor, anna: Actor) -> None:
    image = floor.upload(anna)
    floor.store.failing = True
    with pytest.raises(StorageUnavailable):
        floor.shop.read_rendition(image_id=image.id, owner_id=user_of(anna), preset="preview")


def test_only_presets_of_ones_own_photos_are_shown(floor: ShopFloor, anna: Actor) -> None:
    image = floor.upload(anna)
    bert = floor.customer("bert@example.org")
    with pytest.raises(PresetNotFound):
        floor.shop.read_rendition(image_id=image.id, owner_id=user_of(anna), preset="poster")
    with pytest.raises(ImageNotFound):
        floor.shop.read_rendition(image_id=image.id, owner_id=user_of(bert), preset="preview")


def test_the_original_is_read_by_its_owner_as_it_came(floor: ShopFloor, anna: Actor) -> None:
    image = floor.upload(anna)
    original = floor.shop.read_original(image_id=image.id, owner_id=user_of(anna))
    assert original.image == image
    with original.open() as file:
        assert file.read() == photo()
    with pytest.raises(ImageNotFound):
        floor.shop.read_original(image_id=image.id, owner_id=user_of(floor.customer("b@example.org")))


@pytest.mark.parametrize(
    "other",
    [
        pipeline(RenditionSpec(width_px=101, height_px=100, fit=Fit.COVER), "engine"),
        pipeline(RenditionSpec(width_px=100, height_px=101, fit=Fit.COVER), "engine"),
        pipeline(RenditionSpec(width_px=100, height_px=100, fit=Fit.CONTAIN), "engine"),
        pipeline(RenditionSpec(width_px=100, height_px=100, fit=Fit.COVER, format=ImageFormat.PNG), "engine"),
        pipeline(RenditionSpec(width_px=100, height_px=100, fit=Fit.COVER, quality=81), "engine"),
        pipeline(SPEC, "another engine"),
    ],
)
def test_whatever_changes_the_bytes_of_a_rendition_changes_its_name(other: str) -> None:
    assert other != pipeline(SPEC, "engine")
    assert len(other) == 12
