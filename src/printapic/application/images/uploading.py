"""Taking photos in."""

from __future__ import annotations

from typing import BinaryIO

import attrs

from printapic.application.images.renditions import pipeline, put_bytes
from printapic.application.ports.clock import Clock
from printapic.application.ports.identifiers import Identifiers
from printapic.application.ports.images import PRESETS, ImageProcessor, ImageStore, Rendered
from printapic.application.ports.unit_of_work import ConcurrentUpdate, UnitOfWorkFactory
from printapic.domain.ids import ImageId, UserId
from printapic.domain.images.image import (
    Image,
    UploadEmpty,
    UploadTooLarge,
    original_key,
    rendition_key,
    renditions_folder,
)


@attrs.frozen(kw_only=True)
class Uploaded:
    """`created` is False where the owner had this very photo already."""

    image: Image
    created: bool


@attrs.frozen(kw_only=True)
class UploadImage:
    """Take in one photo: check it to its last row, store the untouched bytes, render what is shown of it.

    The photo is decoded before anything is stored, so a refused one leaves no trace. Bytes are stored
    before the image is, under names made of their content: a crash in between is repaired by uploading
    again.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    identifiers: Identifiers
    store: ImageStore
    processor: ImageProcessor
    max_bytes: int

    def __call__(
        self, *, owner_id: UserId, file: BinaryIO, size_bytes: int, sha256: str, file_name: str | None = None
    ) -> Uploaded:
        """`sha256` and `size_bytes` are those of the whole seekable `file`.

        Raises `UploadEmpty`, `UploadTooLarge`, `ProcessorBusy`, and the image errors of `ImageProcessor`.
        """
        if size_bytes == 0:
            raise UploadEmpty
        if size_bytes > self.max_bytes:
            raise UploadTooLarge(self.max_bytes)
        with self.unit_of_work.reading() as work:
            known = work.images.by_sha256(owner_id, sha256)
        if known is not None:
            return Uploaded(image=known, created=False)
        inspection = self.processor.inspect(file, PRESETS)
        image = Image.accept(
            id=ImageId(self.identifiers.uuid()),
            owner_id=owner_id,
            file_name=file_name,
            sha256=sha256,
            size_bytes=size_bytes,
            facts=inspection.facts,
            at=self.clock.now(),
        )
        self.store.put(
            original_key(owner_id, sha256),
            file,
            size_bytes=size_bytes,
            sha256=sha256,
            content_type=inspection.facts.format.content_type,
        )
        for preset, rendered in inspection.renditions.items():
            self._keep(image, preset, rendered)
        return self._add(image)

    def _keep(self, image: Image, preset: str, rendered: Rendered) -> None:
        made_by = pipeline(PRESETS[preset], self.processor.fingerprint)
        name = rendition_key(image.owner_id, image.id, preset, made_by, "jpg")
        put_bytes(self.store, name, rendered)

    def _add(self, image: Image) -> Uploaded:
        try:
            with self.unit_of_work() as work:
                work.images.add(image)
                work.commit()
        except ConcurrentUpdate:
            self.store.delete_prefix(renditions_folder(image.owner_id, image.id))
            with self.unit_of_work.reading() as work:
                first = work.images.by_sha256(image.owner_id, image.sha256)
            if first is None:
                raise
            return Uploaded(image=first, created=False)
        return Uploaded(image=image, created=True)
