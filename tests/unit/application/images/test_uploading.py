"""Taking photos in: once each, whole, or not at all."""

from __future__ import annotations

import io
import threading
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import BinaryIO

import attrs
import pytest

from printapic.adapters.images.memory import MemoryImageStore
from printapic.adapters.images.pillow import PillowImageProcessor
from printapic.application.images.uploading import Uploaded
from printapic.application.ports.images import PRESETS, BlobCorrupt, ProcessorBusy
from printapic.application.ports.unit_of_work import ConcurrentUpdate, StorageUnavailable
from printapic.domain.actors import Actor
from printapic.domain.images.formats import ImageCorrupt, ImageFormatUnsupported
from printapic.domain.images.image import Image, ImageState, UploadEmpty, UploadTooLarge
from tests.shop_floor import ShopFloor, open_floor, photo, user_of


def upload(floor: ShopFloor, owner: Actor, content: bytes, *, said: bytes | None = None) -> Uploaded:
    said = content if said is None else said
    return floor.shop.upload_image(
        owner_id=user_of(owner),
        file=io.BytesIO(content),
        size_bytes=len(said),
        sha256=sha256(said).hexdigest(),
        file_name="beach.jpg",
    )


def keys(floor: ShopFloor) -> list[str]:
    return [blob.key for blob in floor.store.list("")]


def test_a_photo_is_kept_untouched_with_all_its_renditions(floor: ShopFloor, anna: Actor) -> None:
    taken = upload(floor, anna, photo())
    assert taken.created
    image = floor.shop.read_image(image_id=taken.image.id, owner_id=user_of(anna))
    assert (image.state, image.file_name, image.size_bytes) == (ImageState.READY, "beach.jpg", len(photo()))
    assert (image.facts.width_px, image.facts.height_px) == (180, 120)
    with floor.store.open(image.original_key) as file:
        assert file.read() == photo()
    shown = [key for key in keys(floor) if key.startswith(f"renditions/{image.owner_id}/{image.id}/")]
    assert len(shown) == len(PRESETS)
    assert len(keys(floor)) == len(PRESETS) + 1


def test_the_same_photo_again_is_the_same_image(floor: ShopFloor, anna: Actor) -> None:
    first = upload(floor, anna, photo())
    before = keys(floor)
    again = upload(floor, anna, photo())
    assert (again.image.id, again.created) == (first.image.id, False)
    assert keys(floor) == before


def test_two_owners_of_the_same_photo_learn_nothing_of_each_other(floor: ShopFloor, anna: Actor) -> None:
    bert = floor.customer("bert@example.org")
    first, second = upload(floor, anna, photo()), upload(floor, bert, photo())
    assert second.created
    assert first.image.id != second.image.id
    assert first.image.original_key != second.image.original_key


def test_a_deleted_photo_can_be_uploaded_anew(floor: ShopFloor, anna: Actor) -> None:
    first = upload(floor, anna, photo())
    floor.shop.delete_image(image_id=first.image.id, owner_id=user_of(anna))
    second = upload(floor, anna, photo())
    assert second.created
    assert second.image.id != first.image.id


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", UploadEmpty),
        (b"x" * 1_000_001, UploadTooLarge),
        (b"%PDF-1.7 no picture at all", ImageFormatUnsupported),
        (photo()[:-200], ImageCorrupt),
    ],
)
def test_a_refused_file_leaves_no_trace(
    floor: ShopFloor, anna: Actor, content: bytes, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        upload(floor, anna, content)
    assert keys(floor) == []
    assert floor.shop.list_images(owner_id=user_of(anna)) == ()


def test_the_largest_photo_allowed_is_taken() -> None:
    floor = open_floor(max_bytes=len(photo()))
    assert upload(floor, floor.customer(), photo()).created


def test_a_file_that_is_not_what_was_announced_makes_no_image(floor: ShopFloor, anna: Actor) -> None:
    with pytest.raises(BlobCorrupt):
        upload(floor, anna, photo(1), said=photo(2))
    assert floor.shop.list_images(owner_id=user_of(anna)) == ()


def test_a_crash_before_the_image_was_stored_is_repaired_by_uploading_again(
    floor: ShopFloor, anna: Actor
) -> None:
    floor.store.failing = True
    with pytest.raises(StorageUnavailable):
        upload(floor, anna, photo())
    floor.store.failing = False
    floor.unit_of_work.state.fail_with = StorageUnavailable()
    with pytest.raises(StorageUnavailable):
        upload(floor, anna, photo())
    floor.unit_of_work.state.fail_with = None
    assert upload(floor, anna, photo()).created


@attrs.define
class MeetingPoint(MemoryImageStore):
    """Lets nobody go on before all `parties` have stored their original."""

    parties: threading.Barrier = attrs.field(factory=lambda: threading.Barrier(3, timeout=20))

    def put(self, key: str, file: BinaryIO, *, size_bytes: int, sha256: str, content_type: str) -> None:
        super().put(key, file, size_bytes=size_bytes, sha256=sha256, content_type=content_type)
        if key.startswith("originals/"):
            self.parties.wait()


def test_of_uploads_at_the_same_moment_one_makes_the_image_and_the_others_find_it() -> None:
    floor = open_floor(store=MeetingPoint())
    anna = floor.customer()
    with ThreadPoolExecutor(3) as pool:
        taken = list(pool.map(lambda _: upload(floor, anna, photo()), range(3)))
    assert len({each.image.id for each in taken}) == 1
    assert sorted(each.created for each in taken) == [False, False, True]
    assert len(keys(floor)) == len(PRESETS) + 1


class Eraser(MemoryImageStore):
    """Somebody else uploads the same photo and deletes it again while this one is being stored."""

    floor: ShopFloor
    owner: Actor
    rival: Image
    armed = False

    def put(self, key: str, file: BinaryIO, *, size_bytes: int, sha256: str, content_type: str) -> None:
        super().put(key, file, size_bytes=size_bytes, sha256=sha256, content_type=content_type)
        if key.startswith("originals/") and self.armed:
            self.armed = False
            self.rival = upload(self.floor, self.owner, photo()).image

    def delete_prefix(self, prefix: str) -> int:
        self.floor.shop.delete_image(image_id=self.rival.id, owner_id=user_of(self.owner))
        return super().delete_prefix(prefix)


def test_a_photo_whose_twin_came_and_went_meanwhile_has_to_be_uploaded_again() -> None:
    store = Eraser()
    floor = store.floor = open_floor(store=store)
    anna = store.owner = floor.customer()
    store.armed = True
    with pytest.raises(ConcurrentUpdate):
        upload(floor, anna, photo())
    assert upload(floor, anna, photo()).created


class Stuck(io.BytesIO):
    """A file on a slow disk: whoever reads it holds the only workplace until `go` is set."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.read_from, self.go = threading.Event(), threading.Event()

    def read(self, size: int | None = -1) -> bytes:
        if threading.current_thread() is not threading.main_thread():
            self.read_from.set()
            self.go.wait(20)
        return super().read(size)


def test_more_photos_than_can_be_worked_on_soon_are_sent_away_and_leave_no_trace() -> None:
    floor = open_floor(image_processor=PillowImageProcessor(workers=1, queue=0))
    anna, stuck = floor.customer(), Stuck(photo(1))
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(floor.shop.upload_image.processor.inspect, stuck, PRESETS)
        assert stuck.read_from.wait(20)
        with pytest.raises(ProcessorBusy):
            upload(floor, anna, photo(2))
        stuck.go.set()
        assert first.result().facts.width_px == 180
    assert keys(floor) == []
    assert upload(floor, anna, photo(2)).created
