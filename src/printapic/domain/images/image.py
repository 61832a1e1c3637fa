"""The image: a customer's photo and the facts that decide how it prints."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Self

import attrs

from printapic.domain.errors import Invalid, NotFound
from printapic.domain.events import Aggregate, aware_utc
from printapic.domain.ids import ImageId, UserId
from printapic.domain.images.events import ImageAccepted, ImageDeleted
from printapic.domain.images.formats import ImageFormat


class ImageNotFound(NotFound):
    code = "image-not-found"

    def __init__(self, image_id: ImageId) -> None:
        super().__init__("There is no such image.", image_id=str(image_id))


class UploadEmpty(Invalid):
    code = "upload-empty"

    def __init__(self) -> None:
        super().__init__("The uploaded file is empty.")


class UploadTooLarge(Invalid):
    code = "upload-too-large"

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"A photo may have at most {limit_bytes} bytes.", limit_bytes=limit_bytes)


class ImageTooManyPixels(Invalid):
    code = "image-too-many-pixels"

    def __init__(self, limit: int) -> None:
        super().__init__(f"A photo may have at most {limit // 1_000_000} megapixels.", limit_px=limit)


class ImageDimensionsUnsupported(Invalid):
    code = "image-dimensions-unsupported"

    def __init__(self) -> None:
        super().__init__("This photo is too long on one side to be printed.")


class ImageAnimated(Invalid):
    code = "image-animated"

    def __init__(self) -> None:
        super().__init__("An animation cannot be printed. Please upload a single picture.")


class ImageState(StrEnum):
    """`PROCESSING` -> `READY` or `REJECTED`; anything may become `DELETED`."""

    PROCESSING = "processing"
    READY = "ready"
    REJECTED = "rejected"
    DELETED = "deleted"


class ColourSpace(StrEnum):
    RGB = "rgb"
    GREY = "grey"
    CMYK = "cmyk"


class ColourProfile(StrEnum):
    """What the embedded ICC profile is, judged by its content.

    Without one, a file may still claim to be sRGB (EXIF ColorSpace 1, the sRGB chunk of a PNG).
    """

    SRGB = "srgb"
    OTHER = "other"
    MISSING = "missing"
    INVALID = "invalid"


@attrs.frozen(kw_only=True)
class ImageFacts:
    """What a full decode found out. Width and height are those of the *upright* picture, in pixels.

    `orientation` is the EXIF value 1-8 by which the stored pixels have to be turned. `taken_at` is the
    camera's time; a camera that names no zone is taken to run on UTC.
    """

    format: ImageFormat
    width_px: int
    height_px: int
    orientation: int
    colour_space: ColourSpace
    colour_profile: ColourProfile
    has_alpha: bool
    bits_per_channel: int = 8
    taken_at: datetime | None = attrs.field(default=None, validator=aware_utc)

    @property
    def landscape(self) -> bool:
        return self.width_px > self.height_px


@attrs.frozen(kw_only=True)
class ImageLimits:
    """What is refused before a pixel is decoded, so that a small file cannot fill the memory."""

    max_pixels: int = 100_000_000
    max_side_px: int = 30_000
    max_aspect: int = 100

    def check(self, width_px: int, height_px: int, frames: int) -> None:
        """Raises `ImageTooManyPixels`, `ImageDimensionsUnsupported` or `ImageAnimated`."""
        if width_px * height_px * frames > self.max_pixels:
            raise ImageTooManyPixels(self.max_pixels)
        short, long = sorted((width_px, height_px))
        if short < 1 or long > self.max_side_px or long > short * self.max_aspect:
            raise ImageDimensionsUnsupported
        if frames != 1:
            raise ImageAnimated


@attrs.define(kw_only=True, eq=False)
class Image(Aggregate):
    """One photo of one owner. The uploaded bytes are named by their SHA-256 and never change.

    Two owners of equal bytes have two images: nobody learns what others hold.
    """

    id: ImageId = attrs.field(on_setattr=attrs.setters.frozen)
    owner_id: UserId
    file_name: str | None
    sha256: str
    size_bytes: int
    state: ImageState
    facts: ImageFacts
    created_at: datetime = attrs.field(validator=aware_utc)

    @classmethod
    def accept(
        cls,
        *,
        id: ImageId,  # noqa: A002
        owner_id: UserId,
        file_name: str | None,
        sha256: str,
        size_bytes: int,
        facts: ImageFacts,
        at: datetime,
    ) -> Self:
        """A photo whose bytes are stored and were decoded to the last row."""
        image = cls(
            id=id,
            owner_id=owner_id,
            file_name=file_name,
            sha256=sha256,
            size_bytes=size_bytes,
            state=ImageState.READY,
            facts=facts,
            created_at=at,
        )
        image._record(ImageAccepted(at=at, image_id=id, owner_id=owner_id))
        return image

    @property
    def original_key(self) -> str:
        """Where the untouched bytes are stored."""
        return original_key(self.owner_id, self.sha256)

    def delete(self, *, at: datetime) -> None:
        """Hide the photo at once. Whether an order still needs its bytes is asked by the use case."""
        if self.state is not ImageState.DELETED:
            self.state = ImageState.DELETED
            self._record(ImageDeleted(at=at, image_id=self.id, owner_id=self.owner_id))


def original_key(owner_id: UserId, sha256: str) -> str:
    return f"originals/{owner_id}/{sha256}"


def renditions_folder(owner_id: UserId, image_id: ImageId) -> str:
    """Where everything is that was made of one photo to be looked at."""
    return f"renditions/{owner_id}/{image_id}/"


def rendition_key(owner_id: UserId, image_id: ImageId, preset: str, pipeline: str, suffix: str) -> str:
    return f"{renditions_folder(owner_id, image_id)}{preset}-{pipeline}.{suffix}"


def print_file_key(owner_id: UserId, render_key: str) -> str:
    return f"prints/{owner_id}/{render_key}.jpg"


def folders_of(owner_id: UserId) -> tuple[str, ...]:
    """Where everything is that belongs to one owner, and nothing else, whatever became of its row."""
    return f"originals/{owner_id}/", f"renditions/{owner_id}/", f"prints/{owner_id}/"
