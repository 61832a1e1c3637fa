"""What every reader of price lists promises, whatever its files look like."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib.resources import files

import attrs
import pytest

from printapic.adapters.catalogue.toml_price_list import TomlPriceListReader
from printapic.application.ports.catalogue import PriceListReader
from printapic.domain.catalogue.price_list import PriceListInvalid
from printapic.domain.catalogue.quote import QuoteRequestLine, quote
from printapic.domain.ids import Sku
from printapic.domain.money import Currency

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@attrs.frozen
class Subject:
    """A reader, and its own starter list as a document."""

    reader: PriceListReader
    starter: str


def _toml() -> Subject:
    starter = files("printapic.adapters.catalogue").joinpath("starter.toml").read_text("utf-8")
    return Subject(TomlPriceListReader(), starter)


@pytest.fixture(params=[_toml], ids=["toml"])
def subject(request: pytest.FixtureRequest) -> Subject:
    made: Subject = request.param()
    return made


def test_the_starter_list_has_about_twenty_products_in_three_currencies(subject: Subject) -> None:
    starter = subject.reader.starter(at=NOON)
    assert 18 <= len(list(starter.on_sale())) <= 25
    assert all(set(product.prices) == {"EUR", "GBP", "USD"} for product in starter.products)
    assert [method.code for method in starter.shipping_methods] == ["standard", "express"]


@pytest.mark.parametrize("currency", ["EUR", "GBP", "USD"])
@pytest.mark.parametrize("country", ["DE", "FR", "GB", "CH", "NO", "US", "CA", "JP"])
@pytest.mark.parametrize("shipping_method", ["standard", "express"])
def test_a_print_of_the_starter_list_can_be_quoted(
    subject: Subject, currency: str, country: str, shipping_method: str
) -> None:
    offer = quote(
        subject.reader.starter(at=NOON),
        [QuoteRequestLine(sku=Sku("print-10x15-glossy"), quantity=10)],
        country=country,
        shipping_method=shipping_method,
        currency=Currency.of(currency),
        expires_at=NOON,
    )
    assert offer.items_total.minor > 0
    assert offer.shipping.minor > 0


def test_a_document_says_the_same_whenever_it_is_read(subject: Subject) -> None:
    later = NOON + timedelta(days=400)
    first, second = (
        subject.reader.read(subject.starter, at=NOON),
        subject.reader.read(subject.starter, at=later),
    )
    assert (first.loaded_at, second.loaded_at) == (NOON, later)
    assert attrs.evolve(second, loaded_at=NOON) == first
    assert first == subject.reader.starter(at=NOON)


def test_the_version_is_a_digest(subject: Subject) -> None:
    version = subject.reader.starter(at=NOON).version
    assert len(version) == 64
    assert int(version, 16)


def test_nothing_is_inherited_or_retired_by_reading_alone(subject: Subject) -> None:
    assert all(product.retired_at is None for product in subject.reader.starter(at=NOON).products)


@pytest.mark.parametrize("garbage", ["", "{}", "\x00\x01", "format = 1", "[" * 100_000])
def test_what_is_no_price_list_is_refused_in_words(subject: Subject, garbage: str) -> None:
    with pytest.raises(PriceListInvalid) as refused:
        subject.reader.read(garbage, at=NOON)
    assert refused.value.message


@pytest.mark.parametrize("cut", [1, 2, 3, 4, 5, 6, 7, 8, 9])
def test_a_file_cut_short_is_never_read_as_a_whole_one(subject: Subject, cut: int) -> None:
    document = subject.starter
    whole = subject.reader.read(document, at=NOON)
    try:
        part = subject.reader.read(document[: len(document) * cut // 10], at=NOON)
    except PriceListInvalid:
        return
    assert part.version != whole.version
