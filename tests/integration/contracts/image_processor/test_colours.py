"""Whatever colours come in, sRGB goes out."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator

import pytest
from PIL import Image, ImageCms

from printapic.application.ports.images import (
    ImageProcessor,
)
from printapic.domain.images.formats import (
    ImageFormat,
)
from printapic.domain.images.image import (
    ColourProfile,
    ColourSpace,
)
from tests import pictures
from tests.looks import (
    FORMATS,
    PREVIEW,
    file,
    near,
    picture,
    psnr,
    spec,
    whole,
)
from tests.pictures import encoded, marker, scene


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize(
    ("primaries", "gamma"),
    [(pictures.DISPLAY_P3, 2.2), (pictures.ADOBE_RGB, 2.2), (pictures.PROPHOTO, 1.8)],
    ids=["Display P3", "Adobe RGB", "ProPhoto"],
)
def test_wide_colours_become_srgb(
    processor: ImageProcessor, file_format: str, primaries: tuple[tuple[float, float], ...], gamma: float
) -> None:
    icc = pictures.rgb_profile(primaries, gamma)
    photo = encoded(marker(320, 240), file_format, icc_profile=icc)
    wanted = pictures.to_srgb(Image.open(io.BytesIO(photo)).convert("RGB"), icc)
    inspection = processor.inspect(file(photo), {"it": spec(320, 240, quality=95)})
    print_file = picture(processor.print_master(file(photo), whole(320, 240)))
    assert inspection.facts.colour_profile is ColourProfile.OTHER
    for place in ((80, 60), (240, 60), (80, 180), (240, 180)):
        expected = wanted.getpixel(place)
        assert isinstance(expected, tuple)
        assert near(print_file.getpixel(place), expected)
        assert near(picture(inspection.renditions["it"]).getpixel(place), expected)


@pytest.mark.parametrize("named", ["sRGB", "Display P3"])
def test_a_profile_is_judged_by_its_content_and_not_by_its_name(
    processor: ImageProcessor, named: str
) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    wide = pictures.rgb_profile(pictures.DISPLAY_P3, 2.2, name=named)
    for icc, judged in ((srgb, ColourProfile.SRGB), (wide, ColourProfile.OTHER)):
        facts = processor.inspect(file(encoded(marker(), icc_profile=icc)), {}).facts
        assert facts.colour_profile is judged


def test_an_srgb_profile_changes_no_pixel(processor: ImageProcessor) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    tagged, untagged = encoded(scene(), icc_profile=srgb), encoded(scene())
    assert processor.rendition(file(tagged), PREVIEW) == processor.rendition(file(untagged), PREVIEW)
    assert processor.inspect(file(untagged), {}).facts.colour_profile is ColourProfile.MISSING


@pytest.mark.parametrize(
    ("mode", "icc"),
    [
        ("RGB", b"junk"),
        ("RGB", bytes(200)),
        ("RGB", pictures.rgb_profile(pictures.DISPLAY_P3, 2.2)[:300]),
        ("RGB", pictures.grey_profile(1.8)),
        ("CMYK", pictures.rgb_profile(pictures.DISPLAY_P3, 2.2)),
        ("L", pictures.profile_file(b"CMYK", [])),
        ("RGB", pictures.profile_file(b"Lab ", [])),
        ("RGB", pictures.rgb_profile(pictures.DISPLAY_P3, 2.2) + bytes(4 << 20)),
    ],
    ids=["junk", "zeros", "cut off", "of greys", "for CMYK", "for grey", "no colours", "huge"],
)
def test_an_impossible_profile_is_treated_as_missing(
    processor: ImageProcessor, mode: str, icc: bytes
) -> None:
    image = marker(300, 200).convert(mode)
    inspection = processor.inspect(file(encoded(image, icc_profile=icc)), {"it": PREVIEW})
    assert inspection.facts.colour_profile is ColourProfile.INVALID
    assert inspection.renditions["it"] == processor.rendition(file(encoded(image)), PREVIEW)


@pytest.mark.parametrize("gamma", [1.0, 1.8, 2.6])
def test_greys_with_a_profile_become_srgb(processor: ImageProcessor, gamma: float) -> None:
    icc = pictures.grey_profile(gamma)
    grey = Image.new("L", (64, 48), 100)
    inspection = processor.inspect(file(encoded(grey, icc_profile=icc)), {"it": PREVIEW})
    expected = pictures.to_srgb(grey, icc).getpixel((9, 9))
    assert isinstance(expected, tuple)
    assert near(picture(inspection.renditions["it"]).convert("RGB").getpixel((30, 30)), expected, 2)
    assert inspection.facts.colour_space is ColourSpace.GREY
    assert inspection.facts.colour_profile is ColourProfile.OTHER


def test_greys_may_carry_a_profile_of_colours(processor: ImageProcessor) -> None:
    icc = pictures.rgb_profile(pictures.ADOBE_RGB, 1.8)
    photo = encoded(Image.new("L", (64, 48), 100), icc_profile=icc)
    expected = pictures.to_srgb(Image.new("RGB", (1, 1), (100, 100, 100)), icc).getpixel((0, 0))
    assert isinstance(expected, tuple)
    print_file = picture(processor.print_master(file(photo), whole(64, 48)))
    assert near(print_file.getpixel((30, 30)), expected, 2)


def test_ink_without_a_profile_is_told_apart_and_prints(processor: ImageProcessor) -> None:
    photo = encoded(Image.new("CMYK", (80, 60), (0, 200, 200, 20)))
    inspection = processor.inspect(file(photo), {"it": PREVIEW})
    assert inspection.facts.colour_space is ColourSpace.CMYK
    assert inspection.facts.colour_profile is ColourProfile.MISSING
    red, green, blue = picture(inspection.renditions["it"]).convert("RGB").resize((1, 1)).getpixel((0, 0))  # type: ignore[misc]
    assert red > 180
    assert max(green, blue) < 90


def modes() -> Iterator[tuple[str, Image.Image, str]]:
    colours = marker(300, 200)
    yield "1 bit", colours.convert("1"), "PNG"
    yield "grey", colours.convert("L"), "JPEG"
    yield "grey and alpha", colours.convert("LA"), "PNG"
    yield "palette", colours.convert("P", palette=Image.Palette.ADAPTIVE), "PNG"
    yield "colours", colours, "PNG"
    yield "colours and alpha", colours.convert("RGBA"), "WEBP"
    yield "ink", colours.convert("CMYK"), "JPEG"
    yield "16 bit grey", Image.new("I;16", (300, 200), 30_000), "PNG"


@pytest.mark.parametrize(
    ("image", "file_format"), [(i, f) for _, i, f in modes()], ids=[n for n, *_ in modes()]
)
def test_pictures_of_every_mode_are_rendered_as_they_look(
    processor: ImageProcessor, image: Image.Image, file_format: str
) -> None:
    photo = encoded(image, file_format)
    inspection = processor.inspect(file(photo), {"it": spec(300, 200, quality=95)})
    look = Image.new("RGB", image.size, (117, 117, 117)) if image.mode == "I;16" else image.convert("RGB")
    assert psnr(picture(inspection.renditions["it"]), look) > 28
    print_file = processor.print_master(file(photo), whole(300, 200))
    assert picture(print_file).mode == "RGB"
    assert psnr(picture(print_file), look) > 30
    assert inspection.facts.has_alpha is False


def test_sixteen_bits_are_scaled_and_not_clipped(processor: ImageProcessor) -> None:
    grey = Image.new("I;16", (60, 40), 40_000)
    inspection = processor.inspect(file(encoded(grey, "PNG")), {"it": PREVIEW})
    assert inspection.facts.bits_per_channel == 16
    assert inspection.facts.colour_space is ColourSpace.GREY
    assert picture(inspection.renditions["it"]).convert("L").getpixel((20, 20)) in range(154, 158)
    pixels = zlib.compress((b"\0" + b"\x9c\x40" * 60 * 3) * 40)
    colours = pictures.bare_png(60, 40, depth=16, pixels=pixels)
    inspection = processor.inspect(file(colours), {"it": PREVIEW})
    assert inspection.facts.bits_per_channel == 16
    assert near(picture(inspection.renditions["it"]).getpixel((20, 20)), (156, 156, 156), 2)


def transparent() -> Iterator[tuple[str, bytes]]:
    holes = Image.new("RGBA", (200, 100), (255, 0, 0, 255))
    holes.paste((0, 0, 0, 0), (100, 0, 200, 100))
    palette = Image.new("P", (200, 100), 0)
    palette.putpalette([255, 0, 0, 0, 0, 0])
    palette.paste(1, (100, 0, 200, 100))
    grey = Image.new("LA", (200, 100), (76, 255))
    grey.paste((0, 0), (100, 0, 200, 100))
    keyed = Image.new("RGB", (200, 100), (255, 0, 0))
    keyed.paste((0, 0, 0), (100, 0, 200, 100))
    yield "rgba png", encoded(holes, "PNG")
    yield "rgba webp", encoded(holes, "WEBP", lossless=True)
    yield "palette", encoded(palette, "PNG", transparency=1)
    yield "grey", encoded(grey, "PNG")
    yield "one colour", encoded(keyed, "PNG", transparency=(0, 0, 0))


@pytest.mark.parametrize(
    "photo", [photo for _, photo in transparent()], ids=[name for name, _ in transparent()]
)
def test_white_paper_shines_through_alpha(processor: ImageProcessor, photo: bytes) -> None:
    inspection = processor.inspect(file(photo), {"it": spec(100, 50, quality=95)})
    assert inspection.facts.has_alpha
    for flat in (
        picture(inspection.renditions["it"]),
        picture(processor.print_master(file(photo), whole(200, 100, (100, 50)))),
    ):
        assert near(flat.convert("RGB").getpixel((80, 25)), (255, 255, 255))
        # What lies hidden under alpha must not darken the edge either.
        darkest = flat.convert("L").crop((52, 10, 100, 40)).getextrema()[0]
        assert darkest > 225  # type: ignore[operator]


def test_alpha_survives_where_the_format_has_it(processor: ImageProcessor) -> None:
    photo = encoded(Image.new("RGBA", (200, 100), (200, 40, 40, 128)), "PNG")
    for file_format in (ImageFormat.PNG, ImageFormat.WEBP):
        made = picture(processor.rendition(file(photo), spec(100, 100, format=file_format)))
        assert made.mode == "RGBA"
        assert near(made.getpixel((50, 25)), (200, 40, 40, 128), 6)
