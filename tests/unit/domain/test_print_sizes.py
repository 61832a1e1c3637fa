"""Paper, pixels, and the distance from which a print is looked at."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from printapic.domain.print_sizes import (
    Orientation,
    PrintSize,
    PrintSpecification,
    ResolutionBands,
    default_bands,
    pixels,
)

PORTRAIT, SQUARE = PrintSize(Decimal(100), Decimal(150)), PrintSize(Decimal(200), Decimal(200))


def specification(trim: PrintSize, orientation: Orientation) -> PrintSpecification:
    return PrintSpecification(
        trim=trim,
        bleed_mm=Decimal(3),
        safe_mm=Decimal(4),
        dpi=300,
        orientation=orientation,
        bands=default_bands(29),
    )


def test_lengths_are_rounded_once_and_whole() -> None:
    assert (pixels(Decimal(100), 300), pixels(Decimal(150), 300)) == (1181, 1772)
    assert (pixels(Decimal(106), 300), pixels(Decimal(156), 300)) == (1252, 1843)
    assert 2 * pixels(Decimal(3), 300) + pixels(Decimal(100), 300) == 1251
    assert pixels(Decimal("12.7"), 1) == 1
    assert pixels(Decimal("12.69"), 1) == 0


@given(st.decimals(0, 5000, places=2), st.integers(1, 1200))
def test_pixels_are_within_half_a_pixel_of_the_length(length: Decimal, dpi: int) -> None:
    assert abs(pixels(length, dpi) - length * dpi / Decimal("25.4")) <= Decimal("0.5000001")


@pytest.mark.parametrize(
    ("viewing_cm", "inform", "warn", "block"),
    [(29, 300, 200, 100), (40, 220, 150, 80), (50, 180, 120, 72), (75, 150, 100, 72), (10, 300, 200, 100)],
    ids=["in the hand", "framed", "poster", "wall art", "very near"],
)
def test_what_may_be_seen_depends_on_the_distance(
    viewing_cm: int, inform: int, warn: int, block: int
) -> None:
    assert default_bands(viewing_cm) == ResolutionBands(inform_dpi=inform, warn_dpi=warn, block_dpi=block)


@given(st.integers(1, 500), st.integers(1, 500))
def test_from_further_away_less_resolution_will_do(one: int, other: int) -> None:
    near, far = default_bands(min(one, other)), default_bands(max(one, other))
    assert far.inform_dpi <= near.inform_dpi
    assert far.warn_dpi <= near.warn_dpi
    assert far.block_dpi <= near.block_dpi


@pytest.mark.parametrize(("inform", "warn", "block"), [(100, 200, 50), (300, 100, 200), (300, 200, 0)])
def test_bands_that_contradict_each_other_are_refused(inform: int, warn: int, block: int) -> None:
    with pytest.raises(ValueError, match="bands"):
        ResolutionBands(inform_dpi=inform, warn_dpi=warn, block_dpi=block)


@pytest.mark.parametrize(("width", "height"), [(0, 100), (100, 0), (-1, 100)])
def test_paper_has_two_sides(width: int, height: int) -> None:
    with pytest.raises(ValueError, match="width and a height"):
        PrintSize(Decimal(width), Decimal(height))


def test_paper_is_named_by_its_millimetres() -> None:
    assert str(PORTRAIT) == "100x150 mm"
    assert str(PrintSize(Decimal("88.90"), Decimal("127.0"))) == "88.9x127 mm"


def test_paper_turns_with_the_photo_where_it_may() -> None:
    either, fixed = specification(PORTRAIT, Orientation.EITHER), specification(PORTRAIT, Orientation.FIXED)
    assert either.trim_for(landscape=True) == PORTRAIT.turned() == PrintSize(Decimal(150), Decimal(100))
    assert either.trim_for(landscape=False) == PORTRAIT
    assert fixed.trim_for(landscape=True) == PORTRAIT
    assert specification(SQUARE, Orientation.EITHER).trim_for(landscape=True) == SQUARE
    assert specification(PORTRAIT.turned(), Orientation.EITHER).trim_for(landscape=False) == PORTRAIT
