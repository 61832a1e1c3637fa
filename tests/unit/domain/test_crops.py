"""The crop recipe: which part of a photo is wanted."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from printapic.domain.crops import MILLION, CropInvalid, CropRecipe, PixelBox

SIDES = st.integers(1, 30_000)


@st.composite
def recipes(draw: st.DrawFn) -> CropRecipe:
    x, y = draw(st.integers(0, MILLION - 1)), draw(st.integers(0, MILLION - 1))
    return CropRecipe(x, y, draw(st.integers(1, MILLION - x)), draw(st.integers(1, MILLION - y)))


def test_a_crop_is_read_as_it_stands_in_an_address() -> None:
    crop = CropRecipe.parse("0.1,0.15,0.6,0.675")
    assert crop == CropRecipe(100_000, 150_000, 600_000, 675_000)
    assert crop == CropRecipe.of(Decimal("0.10"), Decimal("0.15"), Decimal("0.6"), Decimal("0.675"))
    assert crop.box(3024, 4032) == PixelBox(302, 605, 2117, 3326)
    assert (crop.box(3024, 4032).width_px, crop.box(3024, 4032).height_px) == (1815, 2721)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0,0,1",
        "0,0,1,1,1",
        "a,b,c,d",
        "0,0,,1",
        "0,0,0,1",
        "0,0,1,0",
        "-0.1,0,1,1",
        "0.5,0,0.6,1",
        "0,0.5,1,0.500001",
        "0,0,1.000001,1",
        "0.0000001,0,0.5,0.5",
        "nan,0,1,1",
        "inf,0,1,1",
        "1e999999,0,1,1",
        "0,0,1e-999999,1",
        "snan,0,1,1",
    ],
)
def test_what_is_no_crop_is_refused(text: str) -> None:
    with pytest.raises(CropInvalid):
        CropRecipe.parse(text)


@given(st.text(max_size=40))
def test_any_text_is_a_crop_or_refused(text: str) -> None:
    try:
        crop = CropRecipe.parse(text)
    except CropInvalid:
        return
    assert crop.x + crop.width <= MILLION


@given(recipes(), SIDES, SIDES)
def test_a_crop_lies_inside_the_photo(crop: CropRecipe, width: int, height: int) -> None:
    box = crop.box(width, height)
    assert 0 <= box.left <= box.right <= width
    assert 0 <= box.top <= box.bottom <= height


@given(SIDES, SIDES)
def test_the_whole_photo_is_the_whole_photo(width: int, height: int) -> None:
    assert CropRecipe.parse("0,0,1,1").box(width, height) == PixelBox(0, 0, width, height)


@given(recipes(), SIDES)
def test_neighbouring_crops_neither_overlap_nor_leave_a_gap(crop: CropRecipe, side: int) -> None:
    rest = MILLION - crop.x - crop.width
    if rest:
        right = CropRecipe(crop.x + crop.width, crop.y, rest, crop.height)
        assert right.box(side, side).left == crop.box(side, side).right
