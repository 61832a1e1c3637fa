"""The file for the printer."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageCms

from printapic.application.ports.images import (
    ImageProcessor,
    RenderInvalid,
)
from printapic.domain.crops import PixelBox
from printapic.domain.images.formats import ImageFormat
from printapic.domain.images.layout import PrintLayout
from tests import pictures
from tests.integration.contracts.image_processor.conftest import MakeProcessor
from tests.looks import (
    file,
    near,
    picture,
    psnr,
    spec,
    whole,
)
from tests.pictures import RED, encoded, scene


def test_a_print_file_is_what_the_printer_expects(processor: ImageProcessor) -> None:
    rendered = processor.print_master(file(encoded(scene())), whole(900, 600, (1252, 843), dpi=287))
    made = picture(rendered)
    assert (made.size, made.mode, made.format) == ((1252, 843), "RGB", "JPEG")
    assert rendered.content_type == "image/jpeg"
    assert made.info["dpi"] == (287, 287)
    assert made.info["jfif_unit"] == 1
    assert made.info["jfif_density"] == (287, 287)
    assert set(made.layer) == {(1, 1, 1, 0), (2, 1, 1, 1), (3, 1, 1, 1)}  # type: ignore[attr-defined]
    profile = ImageCms.ImageCmsProfile(io.BytesIO(made.info["icc_profile"]))
    unchanged = ImageCms.profileToProfile(scene(), profile, ImageCms.createProfile("sRGB"))
    assert unchanged is not None
    assert psnr(unchanged, scene()) > 50


def test_a_print_file_is_the_same_bytes_each_time(make_processor: MakeProcessor) -> None:
    photo = encoded(scene(), icc_profile=pictures.rgb_profile(pictures.DISPLAY_P3, 2.2))
    one, another = make_processor(), make_processor()
    layout = whole(900, 600, (700, 500))
    assert one.print_master(file(photo), layout) == another.print_master(file(photo), layout)
    assert one.fingerprint == another.fingerprint


def test_the_photo_is_mirrored_where_it_ends(processor: ImageProcessor) -> None:
    layout = PrintLayout(
        canvas_width_px=360,
        canvas_height_px=250,
        source=PixelBox(0, 0, 300, 200),
        target=PixelBox(40, 30, 340, 230),
        dpi=300,
    )
    made = picture(processor.print_master(file(encoded(scene(300, 200))), layout))
    inside = made.crop((40, 30, 340, 230))
    assert psnr(inside, scene(300, 200)) > 35
    turned = Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.FLIP_TOP_BOTTOM
    assert psnr(made.crop((0, 30, 40, 230)), made.crop((40, 30, 80, 230)).transpose(turned[0])) > 33
    assert psnr(made.crop((340, 30, 360, 230)), made.crop((320, 30, 340, 230)).transpose(turned[0])) > 33
    assert psnr(made.crop((0, 0, 360, 30)), made.crop((0, 30, 360, 60)).transpose(turned[1])) > 33
    assert psnr(made.crop((0, 230, 360, 250)), made.crop((0, 210, 360, 230)).transpose(turned[1])) > 33


def test_a_mirror_wider_than_the_photo_reflects_again(processor: ImageProcessor) -> None:
    layout = PrintLayout(
        canvas_width_px=64,
        canvas_height_px=40,
        source=PixelBox(0, 0, 2, 2),
        target=PixelBox(30, 20, 34, 24),
        dpi=300,
    )
    made = picture(processor.print_master(file(encoded(Image.new("RGB", (2, 2), RED))), layout))
    assert near(made.getpixel((0, 0)), RED)
    assert near(made.getpixel((63, 39)), RED)


@pytest.mark.parametrize(
    ("canvas", "source", "target"),
    [
        ((100, 100), PixelBox(0, 0, 901, 600), PixelBox(0, 0, 100, 100)),
        ((100, 100), PixelBox(-1, 0, 900, 600), PixelBox(0, 0, 100, 100)),
        ((100, 100), PixelBox(5, 0, 5, 600), PixelBox(0, 0, 100, 100)),
        ((100, 100), PixelBox(0, 0, 900, 600), PixelBox(0, 0, 101, 100)),
        ((100, 100), PixelBox(0, 0, 900, 600), PixelBox(9, 9, 9, 100)),
        ((12_000, 12_000), PixelBox(0, 0, 900, 600), PixelBox(0, 0, 12_000, 12_000)),
    ],
    ids=["past the photo", "before the photo", "empty", "past the canvas", "nowhere", "gigantic"],
)
def test_a_layout_of_something_else_is_refused(
    processor: ImageProcessor, canvas: tuple[int, int], source: PixelBox, target: PixelBox
) -> None:
    layout = PrintLayout(
        canvas_width_px=canvas[0], canvas_height_px=canvas[1], source=source, target=target, dpi=300
    )
    with pytest.raises(RenderInvalid):
        processor.print_master(file(encoded(scene())), layout)


@pytest.mark.parametrize("shrink", [1, 2, 4])
@pytest.mark.parametrize("wide", [False, True], ids=["sRGB", "Display P3"])
def test_what_was_seen_is_what_is_printed(processor: ImageProcessor, shrink: int, wide: bool) -> None:
    profile = pictures.rgb_profile(pictures.DISPLAY_P3, 2.2) if wide else None
    photo = encoded(scene(1600, 1200), icc_profile=profile)
    seen = picture(processor.rendition(file(photo), spec(400, 400, format=ImageFormat.PNG)))
    canvas = 1600 * 5 // (4 * shrink), 1200 * 5 // (4 * shrink)
    print_file = picture(processor.print_master(file(photo), whole(1600, 1200, canvas)))
    assert psnr(print_file.resize(seen.size, Image.Resampling.LANCZOS), seen) >= 35
