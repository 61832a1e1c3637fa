"""Half a photo is no photo."""

from __future__ import annotations

import pytest

from printapic.application.ports.images import (
    PRESETS,
    ImageProcessor,
)
from printapic.domain.images.formats import (
    ImageCorrupt,
    ImageFormatUnsupported,
)
from tests import pictures
from tests.looks import (
    THUMBNAIL,
    file,
    whole,
)
from tests.pictures import encoded, scene


@pytest.mark.parametrize(
    "photo",
    [
        pytest.param(encoded(scene()), id="jpeg"),
        pytest.param(encoded(scene(), progressive=True), id="progressive jpeg"),
        pytest.param(encoded(scene().convert("L")), id="grey jpeg"),
        pytest.param(encoded(scene(), "PNG"), id="png"),
        pytest.param(encoded(scene(), "WEBP"), id="webp"),
        pytest.param(encoded(scene(300, 200), "WEBP", lossless=True), id="lossless webp"),
    ],
)
def test_half_a_photo_is_refused_by_every_method(processor: ImageProcessor, photo: bytes) -> None:
    for part in pictures.truncated(photo):
        for attempt in (
            lambda part=part: processor.inspect(file(part), {}),
            lambda part=part: processor.inspect(file(part), PRESETS),
            lambda part=part: processor.rendition(file(part), THUMBNAIL),
            lambda part=part: processor.print_master(file(part), whole(300, 200)),
        ):
            with pytest.raises(ImageCorrupt):
                attempt()


@pytest.mark.parametrize(
    "content", [b"", b"\xff", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP"]
)
def test_hardly_anything_of_a_photo_is_refused(processor: ImageProcessor, content: bytes) -> None:
    with pytest.raises((ImageCorrupt, ImageFormatUnsupported)):
        processor.inspect(file(content), {})
