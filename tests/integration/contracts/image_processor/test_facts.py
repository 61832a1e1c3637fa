"""What is found out about a photo."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from printapic.application.ports.images import (
    ImageProcessor,
)
from printapic.domain.images.formats import (
    ImageFormat,
)
from printapic.domain.images.image import (
    ColourSpace,
)
from tests import pictures
from tests.looks import (
    FORMATS,
    PREVIEW,
    THUMBNAIL,
    corners,
    file,
    picture,
)
from tests.pictures import encoded, marker, scene


@pytest.mark.parametrize(
    ("moment", "offset", "taken_at"),
    [
        ("2024:05:06 07:08:09", None, datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)),
        ("2024:05:06 07:08:09", "+02:00", datetime(2024, 5, 6, 5, 8, 9, tzinfo=UTC)),
        ("2024:01:01 00:30:00", "-09:30", datetime(2024, 1, 1, 10, 0, tzinfo=UTC)),
        ("2024:05:06 07:08:09", "nonsense", datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)),
        ("2024:05:06 07:08:09", "+99:99", datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)),
        ("0000:00:00 00:00:00", None, None),
        ("2024:13:06 07:08:09", None, None),
        ("0001:01:01 00:00:00", "+10:00", None),
        ("    :  :     :  :  ", None, None),
        ("yesterday", None, None),
        ("", None, None),
        (None, "+02:00", None),
    ],
)
def test_the_time_of_exposure_is_read_in_utc(
    processor: ImageProcessor, moment: str | None, offset: str | None, taken_at: datetime | None
) -> None:
    assert processor.inspect(file(pictures.taken(moment, offset)), {}).facts.taken_at == taken_at


@pytest.mark.parametrize("file_format", FORMATS)
def test_the_facts_name_the_format(processor: ImageProcessor, file_format: str) -> None:
    facts = processor.inspect(file(encoded(scene(), file_format)), {}).facts
    assert facts.format.value == file_format.lower()
    assert facts.colour_space is ColourSpace.RGB
    assert facts.bits_per_channel == 8
    assert facts.taken_at is None


def test_of_a_file_of_several_pictures_the_first_is_the_photo(processor: ImageProcessor) -> None:
    photo = pictures.multi_picture(marker(), scene(800, 800))
    inspection = processor.inspect(file(photo), {"it": PREVIEW})
    assert inspection.facts.format is ImageFormat.JPEG
    assert (inspection.facts.width_px, inspection.facts.height_px) == (600, 400)
    assert corners(picture(inspection.renditions["it"])) == ["red", "green", "blue", "yellow"]


def test_a_file_is_left_open_and_may_be_read_again(processor: ImageProcessor) -> None:
    photo = file(encoded(scene()))
    once = processor.rendition(photo, THUMBNAIL)
    photo.seek(17)
    assert processor.rendition(photo, THUMBNAIL) == once
    assert not photo.closed
