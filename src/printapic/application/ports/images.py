"""What photos need: a repository, a store of bytes and somebody who can read and render pictures."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from enum import StrEnum
from typing import BinaryIO, Protocol

import attrs

from printapic.domain.errors import Conflict, Invalid, NotFound, Unavailable
from printapic.domain.ids import ImageId, UserId
from printapic.domain.images.formats import ImageFormat
from printapic.domain.images.image import Image, ImageFacts
from printapic.domain.images.layout import PrintLayout


class ImageRepository(Protocol):
    """Images of one owner are found by that owner alone."""

    @abstractmethod
    def add(self, image: Image) -> None:
        """Raises `ConcurrentUpdate` where the owner has a live image with the same SHA-256."""

    @abstractmethod
    def get(self, image_id: ImageId, *, owner_id: UserId | None = None) -> Image:
        """Raises `ImageNotFound`, for a foreign or deleted image too."""

    @abstractmethod
    def many(self, image_ids: frozenset[ImageId], *, owner_id: UserId) -> dict[ImageId, Image]:
        """Those of `image_ids` that are the owner's and not deleted, in one round trip.

        A writing unit locks them as `get` does: none is deleted while it puts them into an order.
        """

    @abstractmethod
    def by_sha256(self, owner_id: UserId, sha256: str) -> Image | None:
        """The owner's live image with these bytes."""

    @abstractmethod
    def page(self, owner_id: UserId, *, before: ImageId | None, limit: int) -> tuple[Image, ...]:
        """The owner's live images, newest first, beginning behind `before`."""

    @abstractmethod
    def save(self, image: Image) -> None: ...

    @abstractmethod
    def held(self, owner_id: UserId, *, after: ImageId | None, limit: int) -> tuple[Image, ...]:
        """All of an owner that has a row, deleted ones too, the oldest first, beginning behind `after`."""

    @abstractmethod
    def forget(self, image_ids: frozenset[ImageId]) -> None:
        """Remove the rows. Whether their files are gone is for the caller to see to."""


class BlobNotFound(NotFound):
    code = "file-not-found"

    def __init__(self, key: str) -> None:
        super().__init__("This file is not stored (any more).")
        self.key = key


class BlobConflict(Conflict):
    """Something else is stored under this key; it was left as it is."""

    code = "file-conflict"

    def __init__(self, key: str) -> None:
        super().__init__("Another file is stored under this name.")
        self.key = key


class BlobCorrupt(Unavailable):
    """The bytes that were written are not the ones that were announced; nothing was stored."""

    code = "file-corrupt"

    def __init__(self, key: str) -> None:
        super().__init__("The file changed while it was being stored.")
        self.key = key


class KeyInvalid(ValueError):
    """A key that is not made of `[a-z0-9/._-]`, is over-long, or has an empty, `.` or `..` segment: a bug."""


@attrs.frozen(kw_only=True)
class Blob:
    """What is known of stored bytes without reading them."""

    key: str
    size_bytes: int
    sha256: str
    content_type: str


class ImageStore(Protocol):
    """Keeps bytes under keys, for good. Bytes are never changed, only added and deleted.

    All methods raise `KeyInvalid` for a bad key and `StorageUnavailable` when the store fails. Safe to
    use from many threads and processes. A key is never the folder of another one (`a` beside `a/b`):
    not every store can keep both.
    """

    @abstractmethod
    def put(self, key: str, file: BinaryIO, *, size_bytes: int, sha256: str, content_type: str) -> None:
        """Store a whole file, read from its beginning. Nothing is visible before this returns.

        The same bytes under the same key again are welcome and change nothing; other bytes raise
        `BlobConflict` and the first ones stay. Raises `BlobCorrupt` if the file has another size or
        SHA-256 than announced.
        """

    @abstractmethod
    def open(self, key: str) -> AbstractContextManager[BinaryIO]:
        """The bytes, as a seekable file. Raises `BlobNotFound`."""

    @abstractmethod
    def stat(self, key: str) -> Blob:
        """Raises `BlobNotFound`."""

    @abstractmethod
    def delete(self, key: str) -> None:
        """Delete, if it is there."""

    @abstractmethod
    def delete_prefix(self, prefix: str) -> int:
        """Delete everything below `prefix`, which ends in `/`; returns how many."""

    @abstractmethod
    def list(self, prefix: str, *, after: str | None = None, limit: int = 1000) -> Iterator[Blob]:
        """Up to `limit` entries whose key starts with `prefix`, beginning behind `after`.

        Within a folder they are in the order of their keys; the order of folders is the store's own, and
        always the same.
        """


class ProcessorBusy(Unavailable):
    """More pictures are waiting than can be worked on soon."""

    code = "image-service-busy"

    def __init__(self) -> None:
        super().__init__("Too many photos are being worked on right now. Please try again in a moment.")


class RenderInvalid(Invalid):
    code = "render-invalid"

    def __init__(self, message: str) -> None:
        super().__init__(message)


class Fit(StrEnum):
    """`COVER` fills the box and cuts off the rest; `CONTAIN` fits into it. Neither enlarges."""

    COVER = "cover"
    CONTAIN = "contain"


@attrs.frozen(kw_only=True)
class RenditionSpec:
    """A picture to look at: never larger than the photo, upright, sRGB, and without any metadata."""

    width_px: int
    height_px: int
    fit: Fit
    format: ImageFormat = ImageFormat.JPEG
    quality: int = 80


PRESETS: Mapping[str, RenditionSpec] = {
    "thumbnail": RenditionSpec(width_px=256, height_px=256, fit=Fit.COVER),
    "preview": RenditionSpec(width_px=800, height_px=800, fit=Fit.CONTAIN),
    "web": RenditionSpec(width_px=1600, height_px=1600, fit=Fit.CONTAIN),
}
"""The renditions of every photo, by the name in their URL."""


@attrs.frozen(kw_only=True)
class Rendered:
    """An encoded picture."""

    content: bytes
    content_type: str
    width_px: int
    height_px: int


@attrs.frozen(kw_only=True)
class Inspection:
    """What one decode of a photo gave: its facts, and the renditions that were asked for."""

    facts: ImageFacts
    renditions: Mapping[str, Rendered]


class ImageProcessor(Protocol):
    """Reads and renders pictures. Files are seekable and are left open.

    Every limit is checked before a pixel is decoded. Methods raise `ImageFormatUnsupported`,
    `ImageCorrupt`, `ImageTooComplex`, `ImageTooManyPixels`, `ImageDimensionsUnsupported`,
    `ImageAnimated` for what is wrong with the file, and `ProcessorBusy` when the queue is full.
    Nothing of the file's metadata (place, camera, comment, embedded thumbnail, trailing data) is in
    any output.
    """

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """Names the engine and its codecs: equal inputs give equal bytes under one fingerprint."""

    @abstractmethod
    def inspect(self, file: BinaryIO, presets: Mapping[str, RenditionSpec]) -> Inspection:
        """Decode the photo to its last row, once, and render all `presets` from that one decode."""

    @abstractmethod
    def rendition(self, file: BinaryIO, spec: RenditionSpec) -> Rendered:
        """Render one picture to look at. Raises `RenderInvalid` for an impossible `spec`."""

    @abstractmethod
    def print_master(self, file: BinaryIO, layout: PrintLayout) -> Rendered:
        """Render the file for the printer: JPEG, quality 95, 4:4:4, exactly the layout's canvas.

        sRGB with its ICC profile, tagged with the layout's dpi, alpha on white, bleed mirrored where
        the photo ends.
        """
