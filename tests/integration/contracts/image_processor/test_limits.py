"""What is refused before it can do harm, and what is not even tried."""

from __future__ import annotations

import pytest

from printapic.application.ports.images import (
    PRESETS,
    ImageProcessor,
)
from printapic.domain.images.formats import (
    ImageFormatUnsupported,
    ImageTooComplex,
)
from printapic.domain.images.image import (
    ImageAnimated,
    ImageDimensionsUnsupported,
    ImageLimits,
    ImageTooManyPixels,
)
from tests import pictures
from tests.integration.contracts.image_processor.conftest import MakeProcessor
from tests.looks import (
    THUMBNAIL,
    file,
    whole,
)
from tests.pictures import encoded, marker


@pytest.mark.parametrize(
    ("photo", "refusal"),
    [
        (pictures.bare_png(20_000, 20_000, depth=1, colours=0), ImageTooManyPixels),
        (pictures.bare_png(2**31 - 1, 2**31 - 1, pixels=b"x"), ImageTooManyPixels),
        (pictures.bare_png(10_001, 10_000, pixels=b"x"), ImageTooManyPixels),
        (pictures.bare_png(30_001, 400, pixels=b"x"), ImageDimensionsUnsupported),
        (pictures.bare_png(1010, 10, pixels=b"x"), ImageDimensionsUnsupported),
        (pictures.declaring(encoded(marker()), 65_000, 65_000), ImageTooManyPixels),
        (pictures.scan_bomb(100), ImageTooComplex),
        (pictures.animated("WEBP"), ImageAnimated),
        (pictures.animated("PNG"), ImageAnimated),
    ],
    ids=[
        "1-bit bomb",
        "largest possible",
        "just above",
        "too long",
        "too narrow",
        "lying jpeg",
        "scan bomb",
        "moving webp",
        "moving png",
    ],
)
def test_what_breaks_a_limit_is_refused(
    processor: ImageProcessor, photo: bytes, refusal: type[Exception]
) -> None:
    for attempt in (
        lambda: processor.inspect(file(photo), PRESETS),
        lambda: processor.rendition(file(photo), THUMBNAIL),
        lambda: processor.print_master(file(photo), whole(10, 10)),
    ):
        with pytest.raises(refusal):
            attempt()


@pytest.mark.parametrize(
    "content",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7\n",
        b"%!PS-Adobe-3.0 EPSF-3.0",
        b"push graphic-context\nviewbox 0 0 640 480",
        b"II*\0\x08\0\0\0",
        b"8BPS\0\1",
        b"GIF89a\1\0\1\0",
        b"BM" + bytes(60),
        b"\0\0\0\x18ftypheic",
        b"\0\0\0\x0cjP  \r\n\x87\n",
        b"RIFF\x10\0\0\0WAVE",
    ],
)
def test_other_formats_are_not_even_tried(processor: ImageProcessor, content: bytes) -> None:
    with pytest.raises(ImageFormatUnsupported):
        processor.inspect(file(content + bytes(1000)), {})


@pytest.mark.parametrize("limit", [{"max_pixels": 59}, {"max_side_px": 9}, {"max_aspect": 1}])
def test_the_shop_sets_the_limits(make_processor: MakeProcessor, limit: dict[str, int]) -> None:
    with pytest.raises((ImageTooManyPixels, ImageDimensionsUnsupported)):
        make_processor(ImageLimits(**limit)).inspect(file(encoded(marker(10, 6))), {})
