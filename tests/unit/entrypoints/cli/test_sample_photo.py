"""The painted photo is as a phone's would be."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from PIL import ExifTags, Image

from printapic.adapters.images.pillow import PillowImageProcessor
from printapic.entrypoints.cli.sample_photo import make_sample_photo


def test_the_sample_is_a_phone_photo_in_all_that_matters(tmp_path: Path) -> None:
    path = tmp_path / "sample.jpg"
    make_sample_photo(path)
    assert 3_000_000 < path.stat().st_size < 5_500_000
    with path.open("rb") as photo:
        facts = PillowImageProcessor().inspect(photo, {}).facts
    assert (facts.width_px, facts.height_px, facts.orientation) == (3024, 4032, 6)
    assert facts.taken_at == datetime(2024, 9, 21, 16, 42, 7, tzinfo=UTC)
    with Image.open(path) as image:
        assert image.size == (4032, 3024)
        assert ExifTags.GPS.GPSLatitude in image.getexif().get_ifd(ExifTags.IFD.GPSInfo)
