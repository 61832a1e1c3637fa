"""The life of a photo."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from printapic.domain.ids import ImageId, UserId
from printapic.domain.images.events import ImageAccepted, ImageDeleted
from printapic.domain.images.formats import ImageFormat
from printapic.domain.images.image import (
    ColourProfile,
    ColourSpace,
    Image,
    ImageAnimated,
    ImageDimensionsUnsupported,
    ImageFacts,
    ImageLimits,
    ImageNotFound,
    ImageState,
    ImageTooManyPixels,
    UploadEmpty,
    UploadTooLarge,
    original_key,
    print_file_key,
    rendition_key,
)

NOON = datetime(2026, 5, 6, 12, tzinfo=UTC)
ID, OWNER = ImageId(UUID(int=7)), UserId(UUID(int=8))
FACTS = ImageFacts(
    format=ImageFormat.JPEG,
    width_px=4000,
    height_px=3000,
    orientation=1,
    colour_space=ColourSpace.RGB,
    colour_profile=ColourProfile.SRGB,
    has_alpha=False,
)


def accepted() -> Image:
    return Image.accept(
        id=ID, owner_id=OWNER, file_name="sea.jpg", sha256="ab" * 32, size_bytes=9, facts=FACTS, at=NOON
    )


def test_an_accepted_photo_is_ready_and_says_so() -> None:
    image = accepted()
    assert (image.state, image.created_at, image.facts) == (ImageState.READY, NOON, FACTS)
    assert image.take_events() == (ImageAccepted(at=NOON, image_id=ID, owner_id=OWNER),)


def test_deleting_hides_a_photo_once() -> None:
    image = accepted()
    image.take_events()
    later = NOON + timedelta(hours=1)
    image.delete(at=later)
    image.delete(at=later + timedelta(hours=1))
    assert image.state is ImageState.DELETED
    assert image.take_events() == (ImageDeleted(at=later, image_id=ID, owner_id=OWNER),)


def test_bytes_are_stored_by_owner_and_by_what_they_are() -> None:
    assert accepted().original_key == original_key(OWNER, "ab" * 32) == f"originals/{OWNER}/{'ab' * 32}"
    assert rendition_key(OWNER, ID, "web", "0a1b", "jpeg") == f"renditions/{OWNER}/{ID}/web-0a1b.jpeg"
    assert print_file_key(OWNER, "cd" * 32) == f"prints/{OWNER}/{'cd' * 32}.jpg"


@pytest.mark.parametrize(
    "taken_at", [NOON.replace(tzinfo=None), NOON.astimezone(timezone(timedelta(hours=2)))]
)
def test_the_time_of_exposure_is_in_utc(taken_at: datetime) -> None:
    with pytest.raises(ValueError, match="taken_at"):
        attrs.evolve(FACTS, taken_at=taken_at)
    assert attrs.evolve(FACTS, taken_at=NOON).taken_at == NOON


def test_a_square_photo_is_not_landscape() -> None:
    assert FACTS.landscape
    assert not attrs.evolve(FACTS, width_px=3000).landscape


@pytest.mark.parametrize(
    ("width", "height", "frames", "refusal"),
    [
        (10_000, 10_000, 1, None),
        (10_001, 10_000, 1, ImageTooManyPixels),
        (5000, 10_001, 2, ImageTooManyPixels),
        (30_000, 300, 1, None),
        (300, 30_000, 1, None),
        (30_001, 301, 1, ImageDimensionsUnsupported),
        (30_000, 299, 1, ImageDimensionsUnsupported),
        (1, 1, 1, None),
        (1, 100, 1, None),
        (1, 101, 1, ImageDimensionsUnsupported),
        (0, 10, 1, ImageDimensionsUnsupported),
        (10, 10, 2, ImageAnimated),
        (10, 10, 0, ImageAnimated),
    ],
)
def test_limits_are_kept(width: int, height: int, frames: int, refusal: type[Exception] | None) -> None:
    if refusal is None:
        ImageLimits().check(width, height, frames)
        return
    with pytest.raises(refusal):
        ImageLimits().check(width, height, frames)


@given(st.integers(0, 40_000), st.integers(0, 40_000), st.integers(0, 3))
def test_what_passes_the_limits_fits_into_memory(width: int, height: int, frames: int) -> None:
    limits = ImageLimits()
    try:
        limits.check(width, height, frames)
    except (ImageTooManyPixels, ImageDimensionsUnsupported, ImageAnimated):
        return
    assert 0 < width * height <= limits.max_pixels


def test_refusals_tell_the_figures_and_no_names() -> None:
    assert ImageTooManyPixels(100_000_000).details == {"limit_px": 100_000_000}
    assert UploadTooLarge(50).details == {"limit_bytes": 50}
    assert UploadEmpty().code == "upload-empty"
    assert ImageNotFound(ID).details == {"image_id": str(ID)}
