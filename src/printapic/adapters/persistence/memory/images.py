"""Images in memory."""

from __future__ import annotations

from operator import attrgetter

from printapic.adapters.persistence.memory.state import MemoryTransaction, copy_of
from printapic.application.ports.images import ImageRepository
from printapic.application.ports.unit_of_work import ConcurrentUpdate
from printapic.domain.ids import ImageId, UserId
from printapic.domain.images.image import Image, ImageNotFound, ImageState


class MemoryImageRepository(ImageRepository):
    """Live images; a deleted one is kept and found by nobody."""

    def __init__(self, transaction: MemoryTransaction) -> None:
        self._transaction = transaction

    def add(self, image: Image) -> None:
        """Raises `ConcurrentUpdate` where the owner has a live image with these bytes."""
        self._transaction.add("images", image, image.id, self._conflict(image))

    def get(self, image_id: ImageId, *, owner_id: UserId | None = None) -> Image:
        """Raises `ImageNotFound`."""
        image: Image | None = self._transaction.find("images", image_id)
        if image is None or image.state is ImageState.DELETED or owner_id not in (None, image.owner_id):
            raise ImageNotFound(image_id)
        return image

    def many(self, image_ids: frozenset[ImageId], *, owner_id: UserId) -> dict[ImageId, Image]:
        """Those that exist, by id."""
        return {image.id: copy_of(image) for image in self._of(owner_id) if image.id in image_ids}

    def by_sha256(self, owner_id: UserId, sha256: str) -> Image | None:
        """The owner's live image with these bytes."""
        return next((copy_of(image) for image in self._of(owner_id) if image.sha256 == sha256), None)

    def page(self, owner_id: UserId, *, before: ImageId | None, limit: int) -> tuple[Image, ...]:
        """Newest first: ids of version 7 sort by time."""
        images = sorted(self._of(owner_id), key=attrgetter("id"), reverse=True)
        return tuple(copy_of(image) for image in images if before is None or image.id < before)[:limit]

    def save(self, image: Image) -> None:
        """Raises `ConcurrentUpdate`."""
        self._transaction.save("images", image, image.id, self._conflict(image))

    def held(self, owner_id: UserId, *, after: ImageId | None, limit: int) -> tuple[Image, ...]:
        """Whatever their state."""
        images: list[Image] = list(self._transaction.table("images").values())
        mine = sorted((image for image in images if image.owner_id == owner_id), key=attrgetter("id"))
        return tuple(copy_of(image) for image in mine if after is None or image.id > after)[:limit]

    def forget(self, image_ids: frozenset[ImageId]) -> None:
        """Remove them."""
        self._transaction.drop("images", lambda image: image.id in image_ids)

    def _of(self, owner_id: UserId) -> list[Image]:
        images: list[Image] = list(self._transaction.table("images").values())
        return [i for i in images if i.owner_id == owner_id and i.state is not ImageState.DELETED]

    def _conflict(self, image: Image) -> ConcurrentUpdate | None:
        same = [i for i in self._of(image.owner_id) if i.sha256 == image.sha256 and i.id != image.id]
        return ConcurrentUpdate() if same and image.state is not ImageState.DELETED else None
