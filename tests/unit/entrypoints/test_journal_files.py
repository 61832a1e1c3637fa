"""The transaction log as files."""

from __future__ import annotations

import csv
import io
import json

import pytest

from printapic.application.ports.bookkeeping import LogEntry
from printapic.domain.ids import PaymentId
from printapic.entrypoints.journal_files import COLUMNS, as_csv, as_json
from tests import builders as b


def entry(ref: str) -> LogEntry:
    return LogEntry(payment_id=PaymentId(b.new_id()), position=3, transaction=b.a_transaction(ref=ref))


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("begins", list("=+-@\t\r\n"))
def test_what_a_spreadsheet_would_calculate_is_made_a_text(begins: str) -> None:
    cells = read("".join(as_csv([entry(f'{begins}cmd|"a",b')])))
    assert {cell["ref"] for cell in cells} == {f'\'{begins}cmd|"a",b'}


def test_amounts_stay_numbers_and_other_texts_as_they_are() -> None:
    one = entry("pi_1-=@x")
    cells = read("".join(as_csv([one])))
    assert len(cells) == len(one.transaction.postings)
    assert cells[0]["ref"] == "pi_1-=@x"
    assert cells[0]["amount"] == one.transaction.amount.amount
    assert cells[0]["livemode"] == "true"
    assert set(cells[0]) == set(COLUMNS)


def test_an_empty_log_has_a_heading_or_is_an_empty_list() -> None:
    assert "".join(as_csv([])).split("\r\n") == [",".join(COLUMNS), ""]
    assert json.loads("".join(as_json([]))) == []


def test_json_has_every_entry_in_order_also_with_letters_of_the_whole_world() -> None:
    entries = [entry("ü"), entry("b")]
    text = "".join(as_json(entries))
    assert [row["ref"] for row in json.loads(text)] == ["ü", "b"]
    assert "ü" in text


def test_what_is_of_no_payment_stands_there_with_what_it_is_about() -> None:
    payout = b.a_treasury_entry(ref="txn_1", about="po_1")
    (cells,) = read("".join(as_csv([payout])))
    assert (cells["payment_id"], cells["position"], cells["type"]) == ("", "0", "payout")
    assert (cells["ref"], cells["about"], cells["amount"], cells["source"]) == (
        "txn_1",
        "po_1",
        "-250.00",
        "reconciler",
    )
    assert (cells["debit"], cells["credit"], cells["posting_amount"]) == (
        "bank_in_transit",
        "psp_clearing:paypal",
        "250.00",
    )
    (document,) = json.loads("".join(as_json([payout])))
    assert document["payment_id"] is None
    assert [posting["amount"] for posting in document["postings"]] == ["250.00"]
