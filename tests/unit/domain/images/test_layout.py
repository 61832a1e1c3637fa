"""Where every pixel goes on the paper."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import attrs
from hypothesis import assume, given
from hypothesis import strategies as st

from printapic.domain.crops import CropRecipe, PixelBox
from printapic.domain.images.layout import (
    PrintLayout,
    aspect_error,
    central_crop,
    crop_box,
    effective_dpi,
    largest_size,
)
from printapic.domain.print_sizes import (
    Orientation,
    PrintSize,
    PrintSpecification,
    default_bands,
    pixels,
)

SIDES = st.integers(16, 12_000)


def paper(
    width_mm: int,
    height_mm: int,
    *,
    bleed_mm: str = "3",
    dpi: int = 300,
    orientation: Orientation = Orientation.EITHER,
) -> PrintSpecification:
    return PrintSpecification(
        trim=PrintSize(Decimal(width_mm), Decimal(height_mm)),
        bleed_mm=Decimal(bleed_mm),
        safe_mm=Decimal(4),
        dpi=dpi,
        orientation=orientation,
        bands=default_bands(29),
    )


@st.composite
def specifications(draw: st.DrawFn) -> PrintSpecification:
    return paper(
        draw(st.integers(50, 1200)),
        draw(st.integers(50, 1200)),
        bleed_mm=draw(st.sampled_from(["0", "2", "3", "4.5"])),
        dpi=draw(st.sampled_from([72, 150, 300])),
        orientation=draw(st.sampled_from(Orientation)),
    )


@st.composite
def cropped(draw: st.DrawFn) -> tuple[PixelBox, int, int, PrintSpecification]:
    """A crop that fits its product, as checkout demands, somewhere in a photo."""
    width, height, product = draw(SIDES), draw(SIDES), draw(specifications())
    most = central_crop(width, height, product)
    share = draw(st.integers(20, 100))
    across = max(most.width_px * share // 100, 1)
    down = max(most.height_px * share // 100, 1)
    left, top = draw(st.integers(0, width - across)), draw(st.integers(0, height - down))
    return PixelBox(left, top, left + across, top + down), width, height, product


def lay(crop: PixelBox, width: int, height: int, product: PrintSpecification) -> PrintLayout:
    return PrintLayout.of(crop=crop, width_px=width, height_px=height, specification=product)


def test_bleed_is_taken_from_the_photo_around_the_crop() -> None:
    crop = CropRecipe.parse("0.1,0.15,0.6,0.675").box(3024, 4032)
    assert lay(crop, 3024, 4032, paper(200, 300)) == PrintLayout(
        canvas_width_px=2433,
        canvas_height_px=3614,
        source=PixelBox(275, 578, 2144, 3353),
        target=PixelBox(0, 0, 2433, 3614),
        dpi=300,
    )
    assert lay(crop, 3024, 4032, paper(200, 300)).mirrored_px == (0, 0, 0, 0)


def test_bleed_is_mirrored_where_the_photo_ends() -> None:
    crop = CropRecipe.parse("0,0,0.888889,1").box(3024, 4032)
    layout = lay(crop, 3024, 4032, paper(100, 150))
    assert (layout.canvas_width_px, layout.canvas_height_px) == (1252, 1843)
    assert layout.source == PixelBox(0, 0, 2769, 4032)
    assert layout.target == PixelBox(35, 35, 1252, 1808)
    assert layout.mirrored_px == (35, 35, 0, 35)


@given(cropped())
def test_the_source_lies_in_the_photo_and_target_and_margins_make_the_canvas(
    chosen: tuple[PixelBox, int, int, PrintSpecification],
) -> None:
    _, width, height, product = chosen
    layout = lay(*chosen)
    source, target = layout.source, layout.target
    assert 0 <= source.left < source.right <= width
    assert 0 <= source.top < source.bottom <= height
    left, top, right, bottom = layout.mirrored_px
    assert min(layout.mirrored_px) >= 0
    assert left + target.width_px + right == layout.canvas_width_px
    assert top + target.height_px + bottom == layout.canvas_height_px
    trim = product.trim_for(landscape=chosen[0].width_px > chosen[0].height_px)
    assert layout.canvas_width_px == pixels(trim.width_mm + 2 * product.bleed_mm, product.dpi)
    assert layout.canvas_height_px == pixels(trim.height_mm + 2 * product.bleed_mm, product.dpi)


@given(cropped())
def test_without_bleed_nothing_is_mirrored(chosen: tuple[PixelBox, int, int, PrintSpecification]) -> None:
    crop, width, height, product = chosen
    layout = lay(crop, width, height, attrs.evolve(product, bleed_mm=Decimal(0)))
    assert layout.mirrored_px == (0, 0, 0, 0)


@given(cropped())
def test_both_directions_are_scaled_alike(chosen: tuple[PixelBox, int, int, PrintSpecification]) -> None:
    layout = lay(*chosen)
    source, target = layout.source, layout.target
    assume(min(source.width_px, source.height_px) >= 16)
    scale = Fraction(target.width_px, source.width_px)
    # All four edges are whole pixels, of the photo and of the paper.
    assert abs(source.height_px * scale - target.height_px) <= (scale + 1) * (
        1 + Fraction(source.height_px, source.width_px)
    )


@given(cropped(), st.sampled_from(["1", "2", "3", "5"]))
def test_another_bleed_moves_no_content(
    chosen: tuple[PixelBox, int, int, PrintSpecification], bleed: str
) -> None:
    crop, width, height, product = chosen
    one, other = lay(*chosen), lay(crop, width, height, attrs.evolve(product, bleed_mm=Decimal(bleed)))
    middle = (crop.left + crop.right) // 2
    moved = _on_paper(one, product.bleed_mm, middle) - _on_paper(other, Decimal(bleed), middle)
    # One pixel: of the paper or, where the photo has fewer of them, of the photo.
    coarser = max(Fraction(1), Fraction(one.target.width_px, one.source.width_px))
    assert abs(moved) <= coarser


def _on_paper(layout: PrintLayout, bleed_mm: Decimal, x: int) -> Fraction:
    """How far right of the trim's edge a column of the photo is printed, in pixels of the paper."""
    scale = Fraction(layout.target.width_px, layout.source.width_px)
    return layout.target.left + (x - layout.source.left) * scale - Fraction(bleed_mm) * layout.dpi * 10 / 254


@given(SIDES, SIDES, specifications())
def test_the_central_crop_fills_the_product_and_wastes_nothing(
    width: int, height: int, product: PrintSpecification
) -> None:
    box = crop_box(None, width, height, product)
    assert box == central_crop(width, height, product)
    assert 0 <= box.left < box.right <= width
    assert 0 <= box.top < box.bottom <= height
    assert box.width_px == width or box.height_px == height
    assert abs(box.left - (width - box.right)) <= 1
    assert abs(box.top - (height - box.bottom)) <= 1


def test_a_chosen_crop_is_taken_as_it_is() -> None:
    crop = CropRecipe.parse("0,0,0.5,0.25")
    assert crop_box(crop, 1000, 1000, paper(100, 150)) == PixelBox(0, 0, 500, 250)


def test_a_crop_of_slightly_another_ratio_is_cut_in_its_middle() -> None:
    layout = lay(PixelBox(0, 0, 1010, 1500), 1010, 1500, paper(100, 150, bleed_mm="0"))
    assert layout.source == PixelBox(5, 0, 1005, 1500)
    layout = lay(PixelBox(0, 0, 1000, 1510), 1000, 1510, paper(100, 150, bleed_mm="0"))
    assert layout.source == PixelBox(0, 5, 1000, 1505)


def test_a_crop_of_one_pixel_is_printed() -> None:
    layout = lay(PixelBox(9, 9, 10, 10), 10, 10, paper(1000, 1000))
    assert layout.source.width_px >= 1
    assert layout.target.width_px >= 1


@given(SIDES, SIDES, st.integers(20, 2000), st.integers(20, 2000), st.integers(1, 500))
def test_more_paper_means_fewer_dots(width: int, height: int, across: int, down: int, more: int) -> None:
    box = PixelBox(0, 0, width, height)
    smaller, larger = (
        PrintSize(Decimal(across), Decimal(down)),
        PrintSize(Decimal(across + more), Decimal(down + more)),
    )
    assert effective_dpi(box, larger) < effective_dpi(box, smaller)


@given(SIDES, SIDES, st.integers(72, 300))
def test_the_largest_paper_has_the_resolution_and_a_millimetre_more_has_not(
    width: int, height: int, dpi: int
) -> None:
    box = PixelBox(0, 0, width, height)
    largest = largest_size(box, dpi)
    assert largest.width_mm >= 1
    assert largest.height_mm >= 1
    if min(largest.width_mm, largest.height_mm) > 1:
        assert effective_dpi(box, largest) >= dpi
        beyond = PrintSize(largest.width_mm + 1, largest.height_mm + 1)
        assert effective_dpi(box, beyond) < dpi


def test_a_perfect_fit_has_no_error() -> None:
    assert aspect_error(PixelBox(0, 0, 200, 300), PrintSize(Decimal(100), Decimal(150))) == 0
    assert aspect_error(PixelBox(0, 0, 202, 300), PrintSize(Decimal(100), Decimal(150))) == Fraction(1, 100)
    assert aspect_error(PixelBox(0, 0, 198, 300), PrintSize(Decimal(100), Decimal(150))) == Fraction(1, 100)
