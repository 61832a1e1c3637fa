"""Images in SQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, bindparam, delete, select

from printapic.adapters.persistence.sql.tables import images
from printapic.adapters.persistence.sql.transaction import SqlTransaction, Values
from printapic.application.ports.images import ImageRepository
from printapic.domain.ids import ImageId, UserId
from printapic.domain.images.formats import ImageFormat
from printapic.domain.images.image import (
    ColourProfile,
    ColourSpace,
    Image,
    ImageFacts,
    ImageNotFound,
    ImageState,
)


class SqlImageRepository(ImageRepository):
    """Live images; a deleted one keeps its row and is found by nobody."""

    def __init__(self, transaction: SqlTransaction) -> None:
        self._transaction = transaction

    def add(self, image: Image) -> None:
        """Raises `ConcurrentUpdate` where the owner has a live image with these bytes."""
        self._transaction.add(images, _values(image), image)

    def get(self, image_id: ImageId, *, owner_id: UserId | None = None) -> Image:
        """Raises `ImageNotFound`."""
        statement = _live().where(images.c.id == image_id)
        if owner_id is not None:
            statement = statement.where(images.c.owner_id == owner_id)
        row = self._transaction.row_to_change(statement)
        if row is None:
            raise ImageNotFound(image_id)
        return _image(row)

    def many(self, image_ids: frozenset[ImageId], *, owner_id: UserId) -> dict[ImageId, Image]:
        """Those that exist, by id; locked in the order of their ids, so that two of these cannot deadlock."""
        if not image_ids:
            return {}
        values = {"owner_id": owner_id, "image_ids": list(image_ids)}
        found = (_image(row) for row in self._transaction.rows_to_change(_MANY, values))
        return {image.id: image for image in found}

    def by_sha256(self, owner_id: UserId, sha256: str) -> Image | None:
        """The owner's live image with these bytes."""
        statement = _live().where(images.c.owner_id == owner_id, images.c.sha256 == sha256)
        row = self._transaction.row(statement)
        return _image(row) if row else None

    def page(self, owner_id: UserId, *, before: ImageId | None, limit: int) -> tuple[Image, ...]:
        """Newest first: ids of version 7 sort by time."""
        statement = _live().where(images.c.owner_id == owner_id).order_by(images.c.id.desc()).limit(limit)
        if before is not None:
            statement = statement.where(images.c.id < before)
        return tuple(_image(row) for row in self._transaction.rows(statement))

    def save(self, image: Image) -> None:
        """Raises `ConcurrentUpdate`."""
        self._transaction.change(images, _values(image), image)

    def held(self, owner_id: UserId, *, after: ImageId | None, limit: int) -> tuple[Image, ...]:
        """Whatever their state."""
        statement = select(images).where(images.c.owner_id == owner_id).order_by(images.c.id).limit(limit)
        if after is not None:
            statement = statement.where(images.c.id > after)
        return tuple(_image(row) for row in self._transaction.rows(statement))

    def forget(self, image_ids: frozenset[ImageId]) -> None:
        """Remove the rows."""
        self._transaction.write(delete(images).where(images.c.id.in_(image_ids)))


def _live() -> Select[Any]:
    return select(images).where(images.c.state != ImageState.DELETED)


_MANY = (
    _live()
    .where(
        images.c.owner_id == bindparam("owner_id"),
        images.c.id.in_(bindparam("image_ids", expanding=True)),
    )
    .order_by(images.c.id)
)


def _values(image: Image) -> Values:
    facts = image.facts
    return {
        "id": image.id,
        "owner_id": image.owner_id,
        "file_name": image.file_name,
        "sha256": image.sha256,
        "size_bytes": image.size_bytes,
        "state": image.state,
        "format": facts.format,
        "width_px": facts.width_px,
        "height_px": facts.height_px,
        "orientation": facts.orientation,
        "colour_space": facts.colour_space,
        "colour_profile": facts.colour_profile,
        "has_alpha": facts.has_alpha,
        "bits_per_channel": facts.bits_per_channel,
        "taken_at": facts.taken_at,
        "created_at": image.created_at,
        "version": image.version,
    }


def _image(values: Values) -> Image:
    return Image(
        id=ImageId(values["id"]),
        owner_id=UserId(values["owner_id"]),
        file_name=values["file_name"],
        sha256=values["sha256"],
        size_bytes=values["size_bytes"],
        state=ImageState(values["state"]),
        facts=ImageFacts(
            format=ImageFormat(values["format"]),
            width_px=values["width_px"],
            height_px=values["height_px"],
            orientation=values["orientation"],
            colour_space=ColourSpace(values["colour_space"]),
            colour_profile=ColourProfile(values["colour_profile"]),
            has_alpha=values["has_alpha"],
            bits_per_channel=values["bits_per_channel"],
            taken_at=values["taken_at"],
        ),
        created_at=values["created_at"],
        version=values["version"],
    )
