"""Whichever way the camera was held, the picture stands upright."""

from __future__ import annotations

import pytest

from printapic.application.ports.images import (
    ImageProcessor,
)
from printapic.domain.crops import PixelBox
from printapic.domain.images.layout import PrintLayout
from tests import pictures
from tests.looks import (
    FORMATS,
    PREVIEW,
    THUMBNAIL,
    corners,
    file,
    near,
    picture,
    spec,
)
from tests.pictures import BLUE, GREEN, RED, YELLOW, encoded, marker

UPRIGHT = ["red", "green", "blue", "yellow"]


TURNS = pytest.mark.parametrize("orientation", range(1, 9))
WRITTEN = pytest.mark.parametrize("file_format", FORMATS)


@TURNS
@WRITTEN
def test_renditions_stand_upright(processor: ImageProcessor, orientation: int, file_format: str) -> None:
    photo = file(pictures.oriented(marker(600, 400), orientation, file_format))
    inspection = processor.inspect(photo, {"cover": THUMBNAIL, "contain": spec(150, 150)})
    facts, made = inspection.facts, inspection.renditions
    assert (facts.width_px, facts.height_px, facts.orientation) == (600, 400, orientation)
    assert corners(picture(made["cover"])) == UPRIGHT
    assert corners(picture(made["contain"])) == UPRIGHT
    assert (made["cover"].width_px, made["cover"].height_px) == (256, 256)
    assert (made["contain"].width_px, made["contain"].height_px) == (150, 100)


@TURNS
@WRITTEN
def test_print_files_show_the_part_that_was_chosen(
    processor: ImageProcessor, orientation: int, file_format: str
) -> None:
    photo = file(pictures.oriented(marker(600, 400), orientation, file_format))
    layout = PrintLayout(
        canvas_width_px=330,
        canvas_height_px=210,
        source=PixelBox(250, 150, 550, 350),
        target=PixelBox(0, 0, 330, 210),
        dpi=300,
    )
    print_file = picture(processor.print_master(photo, layout))
    # The photo's middle (300, 200) lies at 50 of 300 and 50 of 200 in the chosen part.
    for place, colour in (
        ((40, 40), RED),
        ((70, 40), GREEN),
        ((40, 65), BLUE),
        ((70, 65), YELLOW),
        ((320, 200), YELLOW),
    ):
        assert near(print_file.getpixel(place), colour, 12)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_is_none(processor: ImageProcessor, orientation: int) -> None:
    inspection = processor.inspect(file(pictures.oriented(marker(), orientation)), {"it": PREVIEW})
    assert inspection.facts.orientation == 1
    assert corners(picture(inspection.renditions["it"])) == UPRIGHT


def test_an_orientation_in_xmp_alone_turns_nothing(processor: ImageProcessor) -> None:
    xmp = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF>'
        b'<rdf:Description tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>'
    )
    photo = pictures.with_segments(
        encoded(marker()), pictures.segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp)
    )
    inspection = processor.inspect(file(photo), {"it": PREVIEW})
    assert inspection.facts.orientation == 1
    assert corners(picture(inspection.renditions["it"])) == UPRIGHT
