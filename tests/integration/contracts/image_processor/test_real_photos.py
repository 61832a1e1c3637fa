"""Files that real cameras and programs wrote."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path

import pytest

from printapic.application.ports.images import (
    PRESETS,
    ImageProcessor,
)
from printapic.domain.images.formats import (
    ImageCorrupt,
)
from tests.looks import (
    PLAIN_MARKERS,
    file,
    jpeg_markers,
    picture,
    whole,
)

REAL = {
    "nokia-8.3-gps-4608x1976.jpg": (4608, 1976),
    "jolla-3264x2448.jpg": (3264, 2448),
    "sharp-2725x2225.jpg": (2725, 2225),
    "alpha-2048x1536.png": (2048, 1536),
    "cmyk-500x333.jpg": (500, 333),
    "gain-map-3840x2160.jpg": (3840, 2160),
    "orientation-6-srgb.jpg": (450, 600),
    "small.webp": (1024, 772),
}


@pytest.mark.parametrize("name", REAL)
def test_real_photos_are_read_whole_and_leave_no_trace(
    processor: ImageProcessor, photos: Path, name: str
) -> None:
    width, height = REAL[name]
    with (photos / name).open("rb") as photo:
        inspection = processor.inspect(photo, PRESETS)
        print_file = processor.print_master(photo, whole(width, height, (900, 600)))
    assert (inspection.facts.width_px, inspection.facts.height_px) == (width, height)
    shrink = min(1, 1600 / max(width, height))
    web = picture(inspection.renditions["web"])
    assert web.size == (math.floor(width * shrink + 0.5), math.floor(height * shrink + 0.5))
    assert picture(print_file).size == (900, 600)
    for rendered in inspection.renditions.values():
        assert set(jpeg_markers(rendered.content)) <= PLAIN_MARKERS
        assert not picture(rendered).getexif()
    assert set(jpeg_markers(print_file.content)) <= PLAIN_MARKERS | {0xE2}


@pytest.mark.parametrize("name", REAL)
def test_half_a_real_photo_is_refused(processor: ImageProcessor, photos: Path, name: str) -> None:
    content = (photos / name).read_bytes()
    for percent in (25, 50, 90):
        part = content[: len(content) * percent // 100]
        if name.startswith("gain-map") and percent == 90:
            continue
        with pytest.raises(ImageCorrupt):
            processor.inspect(file(part), PRESETS)
        with pytest.raises(ImageCorrupt):
            processor.print_master(file(part), whole(*REAL[name]))


def test_the_place_of_a_real_photo_stays_in_the_shop(processor: ImageProcessor, photos: Path) -> None:
    content = (photos / "nokia-8.3-gps-4608x1976.jpg").read_bytes()
    model = b"HMD Global"
    assert model in content
    inspection = processor.inspect(file(content), PRESETS)
    assert inspection.facts.taken_at == datetime(2022, 8, 14, 11, 12, 31, tzinfo=UTC)
    assert all(model not in rendered.content for rendered in inspection.renditions.values())
