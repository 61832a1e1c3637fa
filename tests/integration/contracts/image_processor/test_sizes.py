"""Pictures to look at have exactly the size that was asked for."""

from __future__ import annotations

import pytest
from PIL import Image

from printapic.application.ports.images import (
    PRESETS,
    Fit,
    ImageProcessor,
    RenderInvalid,
    RenditionSpec,
)
from printapic.domain.images.formats import (
    ImageFormat,
)
from tests.looks import (
    FORMATS,
    file,
    picture,
    psnr,
    spec,
)
from tests.pictures import encoded, marker, scene


@pytest.mark.parametrize(
    ("photo", "wanted", "made"),
    [
        ((900, 600), spec(256, 256, Fit.COVER), (256, 256)),
        ((900, 600), spec(300, 300), (300, 200)),
        ((600, 900), spec(300, 300), (200, 300)),
        ((900, 600), spec(1600, 1600), (900, 600)),
        ((900, 600), spec(900, 600), (900, 600)),
        ((200, 600), spec(256, 256, Fit.COVER), (200, 256)),
        ((100, 100), spec(256, 256, Fit.COVER), (100, 100)),
        ((1, 1), spec(256, 256, Fit.COVER), (1, 1)),
        ((1, 1), spec(800, 800), (1, 1)),
        ((1, 100), spec(50, 50), (1, 50)),
        ((1001, 333), spec(77, 4096), (77, 26)),
        ((997, 991), spec(331, 13, Fit.COVER), (331, 13)),
        ((17, 13), spec(1, 1), (1, 1)),
        ((17, 13), spec(1, 1, Fit.COVER), (1, 1)),
    ],
)
@pytest.mark.parametrize("file_format", FORMATS)
def test_renditions_have_exact_sizes_and_are_never_enlarged(
    processor: ImageProcessor,
    photo: tuple[int, int],
    wanted: RenditionSpec,
    made: tuple[int, int],
    file_format: str,
) -> None:
    rendered = processor.rendition(file(encoded(scene(*photo), file_format)), wanted)
    assert picture(rendered).size == made
    assert rendered.content_type == "image/jpeg"


@pytest.mark.parametrize("file_format", ImageFormat)
def test_renditions_are_of_the_format_that_was_asked_for(
    processor: ImageProcessor, file_format: ImageFormat
) -> None:
    rendered = processor.rendition(file(encoded(scene())), spec(300, 300, format=file_format, quality=90))
    made = picture(rendered)
    assert made.format == file_format.value.upper()
    assert rendered.content_type == file_format.content_type
    assert psnr(made, scene().resize((300, 200), Image.Resampling.LANCZOS)) > 30


@pytest.mark.parametrize(
    "impossible",
    [
        spec(0, 10),
        spec(10, 0),
        spec(-1, 10),
        spec(4097, 10),
        spec(10, 10, quality=0),
        spec(10, 10, quality=96),
    ],
)
def test_an_impossible_picture_is_refused(processor: ImageProcessor, impossible: RenditionSpec) -> None:
    with pytest.raises(RenderInvalid):
        processor.rendition(file(encoded(marker())), impossible)
    with pytest.raises(RenderInvalid):
        processor.inspect(file(encoded(marker())), {"it": impossible})


def test_the_renditions_of_one_decode_look_like_those_made_alone(processor: ImageProcessor) -> None:
    photo = encoded(scene(2400, 1600))
    together = processor.inspect(file(photo), PRESETS).renditions
    assert list(together) == list(PRESETS)
    for name, wanted in PRESETS.items():
        assert psnr(picture(together[name]), picture(processor.rendition(file(photo), wanted))) > 30


@pytest.mark.parametrize("side", [255, 1000])
def test_shrinking_by_the_decoder_is_not_seen(processor: ImageProcessor, side: int) -> None:
    image = scene(2725, 2225)
    reference = image.resize((side, round(side * 2225 / 2725)), Image.Resampling.LANCZOS)
    made = picture(processor.rendition(file(encoded(image)), spec(side, side, quality=95)))
    assert psnr(made, reference) > 30
