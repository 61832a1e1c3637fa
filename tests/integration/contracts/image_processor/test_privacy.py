"""Nothing that a file carries beside its pixels gets out."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import pytest

from printapic.application.ports.images import (
    Fit,
    ImageProcessor,
)
from printapic.domain.images.formats import (
    ImageFormat,
)
from tests import pictures
from tests.looks import (
    PLAIN_MARKERS,
    file,
    jpeg_markers,
    picture,
    spec,
    whole,
)
from tests.pictures import CANARY


def readable(content: bytes) -> Iterator[bytes]:
    """Everything that can be read in a file: its bytes, and whatever can be inflated in them."""
    yield content
    for place in range(len(content)):
        if (
            content[place] & 0x0F == 8
            and len(content) > place + 1
            and content[place] * 256 % 31 == -content[place + 1] % 31
        ):
            try:
                yield zlib.decompressobj().decompress(content[place:], 1 << 20)
            except zlib.error:
                continue


@pytest.mark.parametrize("sent", pictures.WITH_CANARIES)
@pytest.mark.parametrize("file_format", ImageFormat)
@pytest.mark.parametrize("size", [(300, 200), (120, 120)], ids=["as it is", "smaller"])
def test_nothing_that_a_file_carries_gets_out(
    processor: ImageProcessor, sent: str, file_format: ImageFormat, size: tuple[int, int]
) -> None:
    photo = pictures.WITH_CANARIES[sent]()
    assert CANARY.encode() in photo
    inspection = processor.inspect(file(photo), {"it": spec(*size, format=file_format)})
    print_file = processor.print_master(file(photo), whole(300, 200, size))
    again = processor.rendition(file(photo), spec(*size, Fit.COVER, format=file_format))
    assert CANARY not in repr(inspection.facts)
    for rendered in (inspection.renditions["it"], again, print_file):
        for text in readable(rendered.content):
            assert CANARY.encode() not in text
            assert b"<?php" not in text
            assert b"Exif" not in text
    assert not {"icc_profile", "exif", "xmp", "comment"} & set(picture(again).info)
    if file_format is ImageFormat.JPEG:
        assert set(jpeg_markers(again.content)) <= PLAIN_MARKERS
    assert set(jpeg_markers(print_file.content)) <= PLAIN_MARKERS | {0xE2}
