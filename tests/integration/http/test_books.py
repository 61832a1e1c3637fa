"""The books over HTTP: everybody's payments and the transaction log, for staff."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import Any

import pytest

from printapic.domain.actors import Role
from tests import builders as b
from tests.integration.http.live_shop import LiveShop, Person
from tests.integration.http.problems import problem
from tests.integration.http.test_payment_pages import payment_of

LOG = "/v1/transactions"
KINDS = ["due", "capture", "fee"]


@pytest.fixture
def clara(shop: LiveShop) -> Person:
    return shop.person(Role.SUPPORT)


def log(shop: LiveShop, who: Person, **query: Any) -> dict[str, Any]:
    answer = shop.call("GET", LOG, who, params=query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_staff_list_everybodys_payments_page_by_page(shop: LiveShop, anna: Person, clara: Person) -> None:
    made = [payment_of(shop, anna, shop.paid(anna))["id"] for _ in range(3)]
    seen: list[str] = []
    cursor: str | None = None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        found = shop.call("GET", "/v1/payments", clara, params=query).json()
        seen += [payment["id"] for payment in found["items"]]
        cursor = found["next_cursor"]
        if cursor is None:
            break
    assert [id_ for id_ in seen if id_ in made] == made[::-1]
    assert len(set(seen)) == len(seen)
    waiting = shop.call("GET", "/v1/payments", clara, params={"review": "true"}).json()["items"]
    assert not {payment["id"] for payment in waiting} & set(made)
    assert all(payment["review_reasons"] for payment in waiting)


def test_the_log_is_read_in_pages_of_json_with_its_postings(
    shop: LiveShop, anna: Person, clara: Person
) -> None:
    payment = payment_of(shop, anna, shop.paid(anna))
    since = payment["created_at"]
    first = log(shop, clara, since=since, limit=1)
    rest = log(shop, clara, since=since, limit=100, cursor=first["next_cursor"])
    mine = [row for row in (*first["items"], *rest["items"]) if row["payment_id"] == payment["id"]]
    assert [row["type"] for row in mine] == KINDS
    assert [row["position"] for row in mine] == [0, 1, 2]
    assert mine[1]["postings"] == [
        {"debit": "psp_clearing:simulated", "credit": "order_receivable", "amount": payment["due"]}
    ]
    assert log(shop, clara, since=since, until="9999-01-01", limit=100)["items"][0] == first["items"][0]


def test_what_is_of_no_payment_stands_in_the_log_too(shop: LiveShop, anna: Person, clara: Person) -> None:
    since = payment_of(shop, anna, shop.paid(anna))["created_at"]
    now = datetime.now(UTC)
    payouts = [b.a_treasury_entry(recorded_at=now, about="po_1") for _ in range(2)]
    with shop.container.unit_of_work()() as work:
        for payout in payouts:
            work.treasury.add(payout)
        work.commit()
    seen: list[dict[str, Any]] = []
    cursor: dict[str, str] | None = {}
    while cursor is not None:
        found = log(shop, clara, since=since, limit=1, **cursor)
        seen += found["items"]
        cursor = {"cursor": found["next_cursor"]} if found["next_cursor"] else None
    of_none = [row for row in seen if row["payment_id"] is None and row["ref"] in {p.ref for p in payouts}]
    assert [row["ref"] for row in of_none] == [payout.ref for payout in payouts]
    first = of_none[0]
    assert (first["type"], first["about"], first["position"], first["source"]) == (
        "payout",
        "po_1",
        0,
        "reconciler",
    )
    assert first["amount"] == {"amount": "-250.00", "currency": "EUR"}
    assert first["postings"] == [
        {
            "debit": "bank_in_transit",
            "credit": "psp_clearing:paypal",
            "amount": {"amount": "250.00", "currency": "EUR"},
        }
    ]
    csv_file = shop.call("GET", LOG, clara, params={"since": since, "format": "csv"}).text
    assert [row["ref"] for row in table(csv_file) if row["about"] == "po_1"] == [each.ref for each in payouts]


@pytest.mark.parametrize(
    ("query", "headers"),
    [({"format": "csv"}, {}), ({}, {"Accept": "text/csv"}), ({}, {"Accept": "text/html, Text/CSV;q=0.9"})],
)
def test_the_whole_log_comes_as_csv(
    shop: LiveShop, anna: Person, clara: Person, query: dict[str, str], headers: dict[str, str]
) -> None:
    payment = payment_of(shop, anna, shop.paid(anna))
    answer = shop.call("GET", LOG, clara, params=query, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'filename="transactions.csv"' in answer.headers["content-disposition"]
    mine = [row for row in table(answer.text) if row["payment_id"] == payment["id"]]
    assert [row["type"] for row in mine] == KINDS
    assert mine[1]["debit"] == "psp_clearing:simulated"


def test_json_is_what_comes_unless_csv_is_asked_for(shop: LiveShop, clara: Person) -> None:
    for query, accept in (({}, "*/*"), ({"format": "json"}, "text/csv"), ({}, "text/*")):
        answer = shop.call("GET", LOG, clara, params=query, headers={"Accept": accept})
        assert answer.headers["content-type"].partition(";")[0] == "application/json"
        assert answer.headers["vary"] == "Accept"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"since": "yesterday"}, "request-invalid"),
        ({"until": "2026-13-01"}, "request-invalid"),
        ({"since": "0001-01-01T00:00:00+14:00"}, "period-invalid"),
        ({"until": "9999-12-31T23:59:59-14:00"}, "period-invalid"),
        ({"since": "0001-01-01"}, "period-invalid"),
        ({"until": "9999-12-31", "format": "csv"}, "period-invalid"),
        ({"since": "2026-03-02", "until": "2026-03-01"}, "period-invalid"),
        ({"since": "2026-03-02", "until": "2026-03-01", "format": "csv"}, "period-invalid"),
        ({"format": "xml"}, "request-invalid"),
        ({"format": "null"}, "request-invalid"),
        ({"cursor": "bm9uc2Vuc2U"}, "cursor-invalid"),
    ],
)
def test_what_is_no_period_no_format_or_no_page_is_refused(
    shop: LiveShop, clara: Person, query: dict[str, str], code: str
) -> None:
    problem(shop.call("GET", LOG, clara, params=query), 422, code)
