"""Reading price lists: exact about what is there, clear about what is wrong, never surprised."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from importlib.resources import files

import pytest

from printapic.adapters.catalogue.toml_price_list import MAX_CHARACTERS, TomlPriceListReader
from printapic.domain.catalogue.price_list import PriceList, PriceListInvalid
from printapic.domain.money import Currency, Money
from printapic.domain.print_sizes import ResolutionBands
from tests.unit.adapters.catalogue.documents import SMALL

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
STARTER = files("printapic.adapters.catalogue").joinpath("starter.toml").read_text("utf-8")


def read(document: str) -> PriceList:
    return TomlPriceListReader().read(document, at=NOON)


def refusal(document: str) -> PriceListInvalid:
    with pytest.raises(PriceListInvalid) as refused:
        read(document)
    return refused.value


def changed(old: str, new: str) -> str:
    assert old in SMALL
    return SMALL.replace(old, new, 1)


def test_a_product_is_read_to_the_last_decimal() -> None:
    product = read(SMALL).product("print-10x15")
    assert (product.specification.trim.width_mm, product.specification.trim.height_mm) == (
        Decimal("101.6"),
        Decimal("152.4"),
    )
    assert [(step.from_quantity, step.unit_price) for step in product.prices["EUR"]] == [
        (1, Money.of("0.29", "EUR")),
        (50, Money.of("0.23", "EUR")),
    ]
    assert product.unit_price(1, Currency.of("JPY")) == Money.of("45", "JPY")
    assert product.specification.colour_profile == "srgb"


def test_bands_follow_from_the_viewing_distance_or_are_given() -> None:
    print_, canvas = read(SMALL).products
    assert print_.specification.bands == ResolutionBands(inform_dpi=300, warn_dpi=200, block_dpi=100)
    assert canvas.specification.bands == ResolutionBands(inform_dpi=160, warn_dpi=90, block_dpi=60)
    assert canvas.specification.colour_profile == "adobe-rgb"


def test_a_zone_covers_its_countries_and_groups_and_a_star_the_rest() -> None:
    standard = read(SMALL).shipping_methods[0]
    assert [(rate.countries, rate.max_weight_g) for rate in standard.rates] == [
        (("BE", "DE", "LU", "NL"), 500),
        (("BE", "DE", "LU", "NL"), 2000),
        (("*",), 500),
    ]
    assert standard.rates[1].prices == {"EUR": Money.of("4.95", "EUR"), "JPY": Money.of("800", "JPY")}


def test_taxes_are_exact_fractions() -> None:
    assert read(SMALL).tax_rate("FI", "standard") == Fraction(255, 1000)


def test_a_mark_that_some_editors_put_first_is_no_mistake() -> None:
    assert read("\ufeff" + SMALL) == read(SMALL)
    assert read(SMALL.replace("\n", "\r\n")) == read(SMALL)


def test_the_time_of_loading_is_not_part_of_the_version() -> None:
    later = TomlPriceListReader().read(SMALL, at=NOON + timedelta(days=1))
    assert later.version == read(SMALL).version
    assert later.loaded_at == NOON + timedelta(days=1)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("format = 1", "# A comment.\n\n\nformat    =   1"),
        ('{ 50 = "0.23", 1 = "0.29" }', '{ 1 = "0.29", 50 = "0.23" }'),
        ("bleed_mm = 3\n", "bleed_mm = 3.0\n"),
        ("viewing_cm = 29", "bands = { block_dpi = 100, inform_dpi = 300, warn_dpi = 200 }"),
        ('countries = ["DE", "benelux"]', 'countries = ["NL", "LU", "DE", "BE"]'),
        ('DE = "19"\nFI = "25.5"', 'FI = "25.5"\nDE = "19.0"'),
        ('orientation = "either"', "orientation = 'either'\ncolour_profile = 'srgb'"),
    ],
)
def test_how_a_list_is_written_does_not_change_its_version(old: str, new: str) -> None:
    assert read(changed(old, new)).version == read(SMALL).version


def test_the_name_of_a_country_group_does_not_change_the_version() -> None:
    assert read(SMALL.replace("benelux", "low-lands")).version == read(SMALL).version


CHANGES = [
    ("print-10x15", "print-11x15"),
    ('name = "Print"', 'name = "Prints"'),
    ('"print"', '"poster"'),
    ('"Photo paper"', '"Paper"'),
    ('"matt"', '"glossy"'),
    ("101.6", "101.601"),
    ("height_mm = 152.4", "height_mm = 152"),
    ("bleed_mm = 3", "bleed_mm = 2"),
    ("safe_mm = 4", "safe_mm = 5"),
    ("dpi = 300", "dpi = 301"),
    ('"either"', '"fixed"'),
    ("viewing_cm = 29", "viewing_cm = 40"),
    ("max_copies = 999", "max_copies = 998"),
    ("weight_g = 4", "weight_g = 5"),
    ('"0.23"', '"0.22"'),
    ("{ 50 =", "{ 51 ="),
    ('{ 1 = "45" }', '{ 1 = "46" }'),
    ("adobe-rgb", "srgb"),
    ("warn_dpi = 90", "warn_dpi = 91"),
    ('"19"', '"19.1"'),
    ('FI = "25.5"', 'SE = "25.5"'),
    ('code = "standard"', 'code = "express"'),
    ('name = "Standard"', 'name = "Slow"'),
    ("min_days = 2", "min_days = 1"),
    ("max_days = 4", "max_days = 5"),
    ('["BE", "LU", "NL"]', '["BE", "NL"]'),
    ("max_weight_g = 2000", "max_weight_g = 2001"),
    ('JPY = "800"', 'JPY = "801"'),
]


def test_whatever_a_list_says_is_in_its_version() -> None:
    versions = [read(changed(old, new)).version for old, new in CHANGES]
    assert len({*versions, read(SMALL).version}) == len(CHANGES) + 1


PRODUCT = "products[0]"
CANVAS = "products[1]"
ZONE = "shipping_methods[0].zones[0]"
MISTAKES = [
    ("format = 1", "", "format"),
    ("format = 1", "format = 2", "format"),
    ("format = 1", "format = true", "format"),
    ("format = 1", "format = 1\nsurprise = 1", "surprise"),
    ("format = 1", 'format = 1\n"a b" = 1', "'a b'"),
    ('["BE", "LU", "NL"]', "[]", "country_groups.benelux"),
    ('["BE", "LU", "NL"]', '["BE", "BE"]', "country_groups.benelux[1]"),
    ('["BE", "LU", "NL"]', '["BE", 3]', "country_groups.benelux[1]"),
    ('["BE", "LU", "NL"]', '["Belgium"]', "country_groups.benelux"),
    ("benelux =", "BX =", "country_groups.BX"),
    ('benelux = ["BE", "LU", "NL"]', "", "country_groups"),
    ('DE = "19"', "DE = 19", "taxes.standard.DE"),
    ('DE = "19"', 'DE = "-1"', "taxes.standard.DE"),
    ('DE = "19"', 'DE = "100"', "taxes.standard.DE"),
    ('DE = "19"', 'de = "19"', "taxes.standard.de"),
    ('DE = "19"\nFI = "25.5"', "", "taxes.standard"),
    ("[taxes.standard]", "[taxes.Standard]", "taxes.Standard"),
    ("[taxes.standard]", "[taxes.books]", "taxes"),
    ('tax_class = "standard"', 'tax_class = "books"', f"{PRODUCT}.tax_class"),
    ('sku = "print-10x15"', "", f"{PRODUCT}.sku"),
    ('sku = "print-10x15"', 'sku = "Print 10"', f"{PRODUCT}.sku"),
    ('sku = "print-10x15"', f'sku = "{"a" * 65}"', f"{PRODUCT}.sku"),
    ('sku = "print-10x15"', 'sku = "canvas"', f"{CANVAS}.sku"),
    ('name = "Print"', 'name = " "', f"{PRODUCT}.name"),
    ('name = "Print"', 'name = "a\\nb"', f"{PRODUCT}.name"),
    ('name = "Print"', "name = 1979-05-27", f"{PRODUCT}.name"),
    ('kind = "print"', 'kind = "mug"', f"{PRODUCT}.kind"),
    ("width_mm = 101.6", "width_mm = nan", f"{PRODUCT}.width_mm"),
    ("width_mm = 101.6", "width_mm = inf", f"{PRODUCT}.width_mm"),
    ("width_mm = 101.6", "width_mm = 1e400", f"{PRODUCT}.width_mm"),
    ("width_mm = 101.6", "width_mm = 101.6001", f"{PRODUCT}.width_mm"),
    ("width_mm = 101.6", "width_mm = true", f"{PRODUCT}.width_mm"),
    ("width_mm = 101.6", 'width_mm = "101.6"', f"{PRODUCT}.width_mm"),
    ("width_mm = 101.6", "width_mm = 9", f"{PRODUCT}.width_mm"),
    ("bleed_mm = 3", "bleed_mm = -1", f"{PRODUCT}.bleed_mm"),
    ("safe_mm = 4", "safe_mm = 60", f"{PRODUCT}.safe_mm"),
    ("dpi = 300", "dpi = 300.0", f"{PRODUCT}.dpi"),
    ('orientation = "either"', 'orientation = "up"', f"{PRODUCT}.orientation"),
    ("viewing_cm = 29", "", PRODUCT),
    ("viewing_cm = 29", "viewing_cm = 0", f"{PRODUCT}.viewing_cm"),
    ("bands =", "viewing_cm = 75\nbands =", CANVAS),
    ("warn_dpi = 90", "warn_dpi = 50", f"{CANVAS}.bands"),
    ("warn_dpi = 90,", "", f"{CANVAS}.bands.warn_dpi"),
    ("warn_dpi = 90", "warn_dpi = 90, why = 1", f"{CANVAS}.bands.why"),
    ("max_copies = 999", "max_copies = 0", f"{PRODUCT}.max_copies"),
    ("weight_g = 4", "weight_g = 4\ncolor_profile = 'srgb'", f"{PRODUCT}.color_profile"),
    ('prices.JPY = { 1 = "45" }', "prices.JPY = {}", f"{PRODUCT}.prices.JPY"),
    ('prices.JPY = { 1 = "45" }', 'prices.JPY = "45"', f"{PRODUCT}.prices.JPY"),
    ('prices.JPY = { 1 = "45" }', 'prices.JPY = { 1 = "45.00" }', f"{PRODUCT}.prices.JPY.1"),
    ('prices.JPY = { 1 = "45" }', 'prices.BTC = { 1 = "45" }', f"{PRODUCT}.prices.BTC.1"),
    ('prices.EUR = { 1 = "29.90" }', "", f"{CANVAS}.prices"),
    ('prices.EUR = { 1 = "29.90" }', 'prices.EUR = { 2 = "29.90" }', f"{CANVAS}.prices.EUR"),
    ('prices.EUR = { 1 = "29.90" }', 'prices.EUR = { 01 = "29.90" }', f"{CANVAS}.prices.EUR.01"),
    ('prices.EUR = { 1 = "29.90" }', 'prices.EUR = { 1 = "29.9" }', f"{CANVAS}.prices.EUR.1"),
    ('prices.EUR = { 1 = "29.90" }', "prices.EUR = { 1 = 29.90 }", f"{CANVAS}.prices.EUR.1"),
    ('prices.EUR = { 1 = "29.90" }', 'prices.EUR = { 1 = "0.00" }', f"{CANVAS}.prices.EUR.1"),
    ('prices.EUR = { 1 = "29.90" }', 'prices.EUR = { 1 = "-1.00" }', f"{CANVAS}.prices.EUR.1"),
    ('prices.EUR = { 1 = "29.90" }', 'prices.EUR = { 1 = "1000000.00" }', f"{CANVAS}.prices.EUR.1"),
    ('code = "standard"', 'code = ""', "shipping_methods[0].code"),
    ("max_days = 4", "max_days = 1", "shipping_methods[0]"),
    ("max_days = 4", "max_days = 4\nrates = []", "shipping_methods[0].rates"),
    ('["DE", "benelux"]', '["DE", "mars"]', f"{ZONE}.countries"),
    ('["DE", "benelux"]', '["BE", "benelux"]', f"{ZONE}.countries"),
    ('countries = ["*"]', 'countries = ["FR", "DE"]', "shipping_methods[0].zones[1].countries"),
    ("max_weight_g = 2000", "max_weight_g = 500", f"{ZONE}.bands[1].max_weight_g"),
    ('{ EUR = "2.95" }', "{}", f"{ZONE}.bands[0].prices"),
    ('{ EUR = "2.95" }', '{ EUR = "2,95" }', f"{ZONE}.bands[0].prices.EUR"),
    ('{ EUR = "2.95" } }', '{ EUR = "2.95" }, days = 3 }', f"{ZONE}.bands[0].days"),
    ('bands = [{ max_weight_g = 500, prices = { EUR = "0.00" } }]', "bands = [3]",
     "shipping_methods[0].zones[1].bands[0]"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "place"), MISTAKES)
def test_a_mistake_is_refused_and_its_place_is_named(old: str, new: str, place: str) -> None:
    refused = refusal(changed(old, new))
    assert refused.details["place"] == place
    assert refused.message.startswith(f"{place}: ")


def test_a_second_method_of_the_same_name_is_refused_at_its_place() -> None:
    methods = SMALL[SMALL.index("[[shipping_methods]]") :]
    assert refusal(SMALL + methods).details["place"] == "shipping_methods[1].code"


@pytest.mark.parametrize("table", ["products", "shipping_methods"])
def test_a_list_without_products_or_shipping_is_refused(table: str) -> None:
    kept = re.sub(rf"\[\[{table}(.|\n)*?(?=\[\[(?!{table})|\Z)", "", SMALL)
    assert refusal(kept).details["place"] == table


@pytest.mark.parametrize(
    "document",
    ["", "format = ", "format = 1\nformat = 1", "<xml/>", "\x00", "a = " + "[" * 499, "a = " + "9" * 490,
     "a = 1e99999999999999999999", "a = '\ud800'", "[[a]]\n[a]", "a=[" + "\n[" * 9000],
)  # fmt: skip
def test_what_is_no_toml_document_is_refused_in_words(document: str) -> None:
    assert refusal(document).message


def test_what_cannot_be_a_price_list_is_not_even_parsed() -> None:
    assert "at most" in refusal("#\n" * (MAX_CHARACTERS // 2 + 1)).message
    assert "Line 2 is longer" in refusal(f"a = 1\n{'a.' * 300}b = 1").message


def test_the_starter_list_is_read_like_any_other() -> None:
    assert read(STARTER) == TomlPriceListReader().starter(at=NOON)
