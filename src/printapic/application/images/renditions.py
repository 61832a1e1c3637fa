"""Showing photos: renditions from the store, made anew where they are missing, and the original."""

from __future__ import annotations

import hashlib
import io
from contextlib import AbstractContextManager
from typing import BinaryIO

import attrs

from printapic.application.ports.images import (
    PRESETS,
    BlobNotFound,
    ImageProcessor,
    ImageStore,
    Rendered,
    RenditionSpec,
)
from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.domain.errors import NotFound
from printapic.domain.ids import ImageId, UserId
from printapic.domain.images.image import Image, rendition_key


class PresetNotFound(NotFound):
    code = "preset-not-found"

    def __init__(self) -> None:
        super().__init__("There is no such rendition.", presets=sorted(PRESETS))


def pipeline(spec: RenditionSpec, fingerprint: str) -> str:
    """Twelve hex digits that change with anything that changes the bytes of a rendition."""
    parts = (spec.width_px, spec.height_px, spec.fit.value, spec.format.value, spec.quality, fingerprint)
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:12]


def put_bytes(store: ImageStore, key: str, rendered: Rendered) -> str:
    """Store an encoded picture and return its SHA-256."""
    sha256 = hashlib.sha256(rendered.content).hexdigest()
    store.put(
        key,
        io.BytesIO(rendered.content),
        size_bytes=len(rendered.content),
        sha256=sha256,
        content_type=rendered.content_type,
    )
    return sha256


@attrs.frozen(kw_only=True)
class Picture:
    """Encoded bytes to be shown."""

    content: bytes = attrs.field(repr=False)
    content_type: str
    sha256: str


@attrs.frozen(kw_only=True)
class ReadRendition:
    """One preset of a photo. What is not stored (any more) is rendered from the original and kept."""

    unit_of_work: UnitOfWorkFactory
    store: ImageStore
    processor: ImageProcessor

    def __call__(self, *, image_id: ImageId, owner_id: UserId, preset: str) -> Picture:
        """Raises `ImageNotFound`, `PresetNotFound` or `ProcessorBusy`."""
        spec = PRESETS.get(preset)
        if spec is None:
            raise PresetNotFound
        with self.unit_of_work.reading() as work:
            image = work.images.get(image_id, owner_id=owner_id)
        made_by = pipeline(spec, self.processor.fingerprint)
        key = rendition_key(image.owner_id, image.id, preset, made_by, "jpg")
        try:
            with self.store.open(key) as file:
                content = file.read()
        except BlobNotFound:
            with self.store.open(image.original_key) as file:
                rendered = self.processor.rendition(file, spec)
            put_bytes(self.store, key, rendered)
            content = rendered.content
        return Picture(
            content=content,
            content_type=spec.format.content_type,
            sha256=hashlib.sha256(content).hexdigest(),
        )


@attrs.frozen(kw_only=True)
class Original:
    """A photo as it was uploaded. `open()` reads it from the store."""

    image: Image
    store: ImageStore = attrs.field(repr=False)

    def open(self) -> AbstractContextManager[BinaryIO]:
        return self.store.open(self.image.original_key)


@attrs.frozen(kw_only=True)
class ReadOriginal:
    """The untouched bytes, for their owner alone."""

    unit_of_work: UnitOfWorkFactory
    store: ImageStore

    def __call__(self, *, image_id: ImageId, owner_id: UserId) -> Original:
        """Raises `ImageNotFound`."""
        with self.unit_of_work.reading() as work:
            image = work.images.get(image_id, owner_id=owner_id)
        return Original(image=image, store=self.store)
