from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from printapic.domain.addresses import Address, AddressInvalid, country_code

LIMITS = {"name": 100, "line1": 120, "line2": 120, "postal_code": 16, "city": 80, "region": 80}
REQUIRED = ["name", "line1", "postal_code", "city"]
CONTROLS = ["\n", "\r", "\t", "\0", "\x1b", "\x7f", "\x85", "\u2028", "\u2029", "\ud800"]


def address(**fields: str | None) -> Address:
    usual: dict[str, str | None] = {
        "name": "Anna Arendt",
        "line1": "Hauptstraße 1",
        "postal_code": "12345",
        "city": "Berlin",
        "country": "DE",
    }
    return Address(**(usual | fields))  # type: ignore[arg-type]


def test_an_address_is_what_stands_on_the_label() -> None:
    label = address(line2="Hinterhaus", region="Berlin")
    assert (label.name, label.line1, label.line2) == ("Anna Arendt", "Hauptstraße 1", "Hinterhaus")
    assert (label.postal_code, label.city, label.region, label.country) == ("12345", "Berlin", "Berlin", "DE")


def test_second_line_and_region_may_be_absent() -> None:
    assert (address().line2, address().region) == (None, None)


@pytest.mark.parametrize("field", LIMITS)
@pytest.mark.parametrize("empty", ["", " ", "   ", "\n"])
def test_an_empty_field_is_refused_by_its_name(field: str, empty: str) -> None:
    with pytest.raises(AddressInvalid, match="must not be empty") as refusal:
        address(**{field: empty})
    assert refusal.value.details == {"field": field}


@pytest.mark.parametrize("field", REQUIRED)
def test_a_required_field_cannot_be_absent(field: str) -> None:
    with pytest.raises(AddressInvalid, match="must not be empty"):
        address(**{field: None})


@pytest.mark.parametrize(("field", "limit"), LIMITS.items())
def test_a_field_has_room_for_so_many_characters_and_no_more(field: str, limit: int) -> None:
    assert getattr(address(**{field: "ä" * limit}), field) == "ä" * limit
    with pytest.raises(AddressInvalid, match=f"at most {limit} characters") as refusal:
        address(**{field: "ä" * (limit + 1)})
    assert refusal.value.details == {"field": field}


@pytest.mark.parametrize("field", LIMITS)
@pytest.mark.parametrize("control", CONTROLS, ids=ascii)
def test_nobody_writes_a_second_line_onto_the_label(field: str, control: str) -> None:
    with pytest.raises(AddressInvalid, match="control characters") as refusal:
        address(**{field: f"12{control}34"})
    assert refusal.value.details == {"field": field}


def test_stray_spaces_are_tidied_up() -> None:
    assert address(name="  Anna   Arendt ").name == "Anna Arendt"


def test_two_ways_to_write_an_umlaut_are_one_address() -> None:
    assert address(city="Mu\u0308nchen") == address(city="München")


@pytest.mark.parametrize("code", ["DE", "GB", "US", "ZZ"])
def test_a_country_is_two_capitals(code: str) -> None:
    assert country_code(code) == address(country=code).country == code


@pytest.mark.parametrize("code", ["", "D", "de", "DEU", "D1", "ÄÖ", "DE\n", " DE", "\uff24\uff25"])
def test_any_other_country_is_refused(code: str) -> None:
    for use in (country_code, lambda code: address(country=code)):
        with pytest.raises(AddressInvalid, match="ISO 3166") as refusal:
            use(code)
        assert refusal.value.details == {"field": "country"}


@given(st.text(max_size=110))
def test_a_name_is_taken_clean_or_not_at_all(name: str) -> None:
    try:
        taken = address(name=name).name
    except AddressInvalid:
        return
    assert 0 < len(taken) <= 100
    assert taken == taken.strip()
    assert "  " not in taken
    assert unicodedata.is_normalized("NFC", taken)
    assert not any(unicodedata.category(each) in {"Cc", "Cs", "Zl", "Zp"} for each in taken)
    assert taken.encode()
    assert address(name=taken).name == taken
