"""Prices: one list counts at a time, and a quote is a promise for two days."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from printapic.adapters.payments.simulated.gateway import SimulatedGateway
from printapic.application.catalogue.prices import CurrencyNotPayable
from printapic.application.ports.catalogue import NoPriceList, VoucherUnknown
from printapic.application.ports.payments import Capabilities, CurrencyRule
from printapic.domain.addresses import AddressInvalid
from printapic.domain.catalogue.price_list import PriceListInvalid, ShippingUnavailable
from printapic.domain.catalogue.product import ProductNotFound
from printapic.domain.catalogue.quote import QUOTE_LIFETIME, ProductRetired, QuoteInvalid, QuoteRequestLine
from printapic.domain.ids import Sku
from printapic.domain.money import CurrencyUnsupported
from tests.shop_floor import DAY, PRICES, ShopFloor, open_floor

MINI = QuoteRequestLine(sku=Sku("mini"), quantity=2)
DEAR = PRICES.replace('"0.50"', '"0.60"')
WITHOUT_MINI = PRICES.replace('sku = "mini"', 'sku = "nano"')


def quote(floor: ShopFloor, line: QuoteRequestLine = MINI, changes: dict[str, str] | None = None) -> str:
    request = {"country": "DE", "shipping_method": "standard", "currency": "EUR"} | (changes or {})
    return str(floor.shop.quote_order(lines=[line], **request).total)


def test_the_starter_list_is_loaded_where_no_other_is_given(floor: ShopFloor) -> None:
    loaded, new = floor.shop.load_price_list()
    assert new
    assert floor.shop.read_price_list() == loaded
    assert len(list(loaded.on_sale())) > 15


def test_loading_the_current_list_again_changes_nothing(floor: ShopFloor) -> None:
    before = floor.shop.read_price_list()
    floor.clock.advance(DAY)
    assert floor.shop.load_price_list(document=PRICES) == (before, False)
    assert floor.shop.read_price_list().loaded_at == before.loaded_at


def test_a_new_list_counts_at_once(floor: ShopFloor) -> None:
    assert quote(floor) == "3.00 EUR"
    assert floor.shop.load_price_list(document=DEAR)[1]
    assert quote(floor) == "3.20 EUR"


def test_what_a_new_list_leaves_out_is_known_and_no_longer_sold(floor: ShopFloor) -> None:
    floor.shop.load_price_list(document=WITHOUT_MINI)
    with pytest.raises(ProductRetired):
        quote(floor)


def test_a_list_that_contradicts_itself_is_refused_and_the_old_one_stays(floor: ShopFloor) -> None:
    before = floor.shop.read_price_list()
    with pytest.raises(PriceListInvalid):
        floor.shop.load_price_list(document=PRICES.replace('sku = "midi"', 'sku = "mini"'))
    assert floor.shop.read_price_list() == before


class Choosy(SimulatedGateway):
    """A provider that stops taking some currencies."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.takes = super().capabilities().currencies

    def capabilities(self) -> Capabilities:
        return attrs.evolve(super().capabilities(), currencies=self.takes)


@pytest.fixture
def choosy() -> ShopFloor:
    """A shop with prices in euros, whose provider takes dollars, and counts pounds in whole ones."""
    floor = open_floor(gateway=Choosy)
    assert isinstance(floor.gateway, Choosy)
    floor.gateway.takes = {"USD": CurrencyRule(exponent=2), "GBP": CurrencyRule(exponent=0)}
    return floor


@pytest.mark.parametrize("currency", ["EUR", "GBP"])
def test_h6_prices_that_nobody_could_pay_are_refused_and_the_old_ones_stay(
    choosy: ShopFloor, currency: str
) -> None:
    before = choosy.shop.read_price_list()
    with pytest.raises(CurrencyNotPayable, match=f"prices in {currency}, which simulated does not take"):
        choosy.shop.load_price_list(document=DEAR.replace("EUR", currency))
    assert choosy.shop.read_price_list() == before


def test_h6_prices_that_cannot_be_paid_any_more_are_found(choosy: ShopFloor) -> None:
    with pytest.raises(CurrencyNotPayable):
        choosy.shop.check_currencies()
    choosy.shop.load_price_list(document=DEAR.replace("EUR", "USD"))
    choosy.shop.check_currencies()
    choosy.unit_of_work.state.publish({}, before=lambda: None)
    choosy.shop.check_currencies()


def test_h6_what_is_no_longer_sold_needs_no_provider(floor: ShopFloor) -> None:
    """A new list inherits the products that it leaves out, with the prices that they had."""
    floor.shop.load_price_list(document=PRICES.replace("EUR", "USD").replace('sku = "m', 'sku = "n'))
    floor.shop.check_currencies()
    assert floor.shop.read_price_list().currencies == {"USD"}


def test_without_a_price_list_nothing_is_shown_or_quoted(floor: ShopFloor) -> None:
    floor.unit_of_work.state.publish({}, before=lambda: None)
    with pytest.raises(NoPriceList):
        floor.shop.read_price_list()
    with pytest.raises(NoPriceList):
        quote(floor)


def test_a_quote_adds_up_and_holds_for_two_days(floor: ShopFloor) -> None:
    given = floor.shop.quote_order(lines=[MINI], country="DE", shipping_method="standard", currency="EUR")
    assert (str(given.items_total), str(given.shipping), str(given.total)) == (
        "1.00 EUR",
        "2.00 EUR",
        "3.00 EUR",
    )
    assert str(given.tax) == "0.48 EUR"
    assert given.expires_at == floor.clock.now() + QUOTE_LIFETIME


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"country": "Germany"}, AddressInvalid),
        ({"country": "de"}, AddressInvalid),
        ({"shipping_method": "balloon"}, ShippingUnavailable),
        ({"currency": "XXX"}, CurrencyUnsupported),
        ({"currency": "USD"}, CurrencyUnsupported),
        ({"voucher": "FREE"}, VoucherUnknown),
    ],
)
def test_what_cannot_be_quoted_is_refused(
    floor: ShopFloor, changes: dict[str, str], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        quote(floor, changes=changes)


@pytest.mark.parametrize(
    ("sku", "quantity", "refusal"),
    [("nano", 1, ProductNotFound), ("mini", 0, QuoteInvalid), ("mini", 100, QuoteInvalid)],
)
def test_a_quote_is_about_products_and_numbers_that_we_sell(
    floor: ShopFloor, sku: str, quantity: int, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        quote(floor, QuoteRequestLine(sku=Sku(sku), quantity=quantity))
