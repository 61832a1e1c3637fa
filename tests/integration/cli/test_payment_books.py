"""`printapic payments`: the books compared, exported and added up; payments listed, shown and refunded."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest

from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.domain.ids import AttemptId, OperationId
from printapic.domain.orders.status import OrderStatus
from printapic.domain.payments.attempt import AttemptState, Provider
from printapic.domain.payments.payment import Payment
from printapic.domain.payments.transaction import Posting, Transaction, TransactionType
from printapic.entrypoints.embedded import open_container
from printapic.entrypoints.settings import Settings
from tests import builders as b
from tests.integration.cli.terminal import Answer, Command

YESTERDAY = datetime.now(UTC) - timedelta(days=1)
PRICE = b.euros("15.80")
CLEARING = "psp_clearing:simulated"


@pytest.fixture
def units(printapic: Command, monkeypatch: pytest.MonkeyPatch) -> Iterator[UnitOfWorkFactory]:
    monkeypatch.setenv("COLUMNS", "240")
    printapic("migrate")
    with open_container(Settings.from_environment()) as container:
        yield container.unit_of_work()


@pytest.fixture
def payment(units: UnitOfWorkFactory) -> Payment:
    """Captured by the simulated provider, whose books know nothing of it."""
    return captured(units, "=sim_cap_1", reviews=("capture-amount:=sim_cap_1",))


def captured(units: UnitOfWorkFactory, ref: str, *, reviews: tuple[str, ...] = ()) -> Payment:
    order = b.another_order(status=OrderStatus.SHIPPED)
    attempt = b.an_attempt(
        id=AttemptId(b.new_id()),
        provider=Provider.SIMULATED,
        livemode=False,
        ref=f"checkout-of-{ref}",
        state=AttemptState.CAPTURED,
    )
    row = b.a_transaction(
        type=TransactionType.CAPTURE,
        attempt_id=attempt.id,
        provider=Provider.SIMULATED,
        livemode=False,
        ref=ref,
        amount=PRICE,
        capture_ref=None,
        operation_id=None,
        occurred_at=YESTERDAY,
        recorded_at=YESTERDAY,
        postings=(Posting(debit=CLEARING, credit="order_receivable", amount=PRICE),),
    )
    payment = b.a_payment(
        order_id=order.id,
        attempts=(attempt,),
        operations=(),
        transactions=(row, _plain(row)),
        disputes=(),
        review_reasons=reviews,
    )
    with units() as work:
        if work.users.all(after=None, limit=1) == ():
            work.users.add(b.a_customer())
        work.orders.add(order)
        work.payments.add(payment)
        work.commit()
    return payment


def _plain(row: Transaction) -> Transaction:
    """A row that does nothing to the ledger."""
    return b.a_transaction(
        type=TransactionType.REFUND_FAILED,
        attempt_id=row.attempt_id,
        provider=row.provider,
        livemode=row.livemode,
        ref=f"back-{row.ref}",
        amount=PRICE,
        occurred_at=YESTERDAY,
        recorded_at=YESTERDAY,
        postings=(),
    )


def rows(answer: Answer) -> Any:
    assert answer.exit_code == 0, answer.err
    return json.loads(answer.out)


def test_l1_differences_are_told_kept_and_closed_and_make_the_exit_code_1(
    payment: Payment, printapic: Command
) -> None:
    answer = printapic("payments", "reconcile", "--json")
    assert (answer.exit_code, answer.err) == (1, "")
    told = json.loads(answer.out)
    (summary,) = told["providers"]
    assert (summary["provider"], summary["clean"], summary["found"]) == (
        "simulated",
        False,
        {"missing_there": 1},
    )
    (finding,) = told["findings"]
    assert (finding["kind"], finding["ref"], finding["theirs"], finding["ours"]) == (
        "missing_there",
        "=sim_cap_1",
        None,
        "15.80 EUR",
    )
    assert finding["payment_id"] == str(payment.id)
    for_people = printapic("payments", "reconcile", "--provider", "simulated")
    assert for_people.exit_code == 1
    assert "missing there" in for_people.out
    assert rows(printapic("payments", "findings", "--json")) == [finding]
    closed = printapic("payments", "close-finding", finding["id"], "--reason", "A test of ours")
    assert closed.exit_code == 0, closed.err
    assert rows(printapic("payments", "findings", "--json")) == []
    (kept,) = rows(printapic("payments", "findings", "--all", "--json"))
    assert (kept["state"], kept["note"], kept["closed_by"]) == ("closed", "A test of ours", None)
    again = printapic("payments", "close-finding", finding["id"], "--reason", "once more")
    assert (again.exit_code, "payment-finding-closed" in again.err) == (1, True)


def test_a_period_without_differences_is_clean(payment: Payment, printapic: Command) -> None:
    answer = printapic(
        "payments", "reconcile", "--since", "2026-01-01", "--until", "2026-01-31T12:00:00+01:00"
    )
    assert (answer.exit_code, answer.err) == (0, "")
    assert "2026-01-31 11:00" in answer.out


@pytest.mark.parametrize(
    ("arguments", "exit_code", "told"),
    [
        (("--since", "yesterday"), 2, "no date"),
        (("--since", "2026-02-01", "--until", "2026-01-01"), 1, "period-invalid"),
        (("--provider", "paypal"), 1, "payment-provider-not-offered"),
    ],
)
def test_what_cannot_be_compared_is_said_in_one_line(
    units: UnitOfWorkFactory, printapic: Command, arguments: tuple[str, ...], exit_code: int, told: str
) -> None:
    answer = printapic("payments", "reconcile", *arguments)
    assert answer.exit_code == exit_code
    assert told in answer.err
    assert "Traceback" not in answer.err


@pytest.mark.parametrize("command", ["reconcile", "export"])
@pytest.mark.parametrize("end", ["--since", "--until"])
@pytest.mark.parametrize(
    ("moment", "told"),
    [
        ("0001-01-01", "is not of the years 1970 to 9998."),
        ("9999-12-31", "is not of the years 1970 to 9998."),
        ("0001-01-01T00:00:00+14:00", "is no date like 2026-03-01."),
        ("9999-12-31T23:59:59-14:00", "is no date like 2026-03-01."),
    ],
)
def test_a_moment_out_of_the_calendar_is_a_wrong_call(
    printapic: Command, command: str, end: str, moment: str, told: str
) -> None:
    answer = printapic("payments", command, end, moment)
    assert (answer.exit_code, answer.out) == (2, "")
    assert answer.err.splitlines()[-1] == f"Error: Invalid value for '{end}': '{moment}' {told}"


def test_books_that_are_not_shown_are_told_in_one_line(
    payment: Payment, printapic: Command, data: Path
) -> None:
    books = sqlite3.connect(data / "simulated-payments.sqlite")
    books.execute("DROP TABLE movement")
    books.close()
    answer = printapic("payments", "reconcile")
    assert answer.exit_code == 1
    assert answer.err == (
        "printapic: simulated does not show its books, or not all of them [payment-movements-unavailable]\n"
    )
    assert "NOT SHOWN" in answer.out


def test_the_log_is_exported_as_csv_that_no_spreadsheet_calculates(
    payment: Payment, printapic: Command, tmp_path: Path
) -> None:
    file = tmp_path / "log.csv"
    assert printapic("payments", "export", "--out", str(file)).exit_code == 0
    with file.open(encoding="utf-8", newline="") as opened:
        lines = list(csv.DictReader(opened))
    assert [(line["type"], line["ref"], line["amount"], line["debit"]) for line in lines] == [
        ("capture", "'=sim_cap_1", "15.80", CLEARING),
        ("refund_failed", "back-=sim_cap_1", "15.80", ""),
    ]
    assert lines[0]["posting_amount"] == "15.80"
    printed = printapic("payments", "export", "--until", f"{YESTERDAY:%Y-%m-%d}").out
    assert len(list(csv.reader(io.StringIO(printed)))) == 1


def test_the_log_is_exported_as_json_with_its_postings(payment: Payment, printapic: Command) -> None:
    first, second = rows(printapic("payments", "export", "--format", "json"))
    assert (first["payment_id"], first["ref"], first["position"]) == (str(payment.id), "=sim_cap_1", 0)
    assert first["postings"] == [
        {"debit": CLEARING, "credit": "order_receivable", "amount": "15.80", "currency": "EUR"}
    ]
    assert second["postings"] == []
    assert rows(printapic("payments", "export", "--format", "json", "--until", "2026-01-01")) == []


def test_balances_are_those_of_every_account(payment: Payment, printapic: Command) -> None:
    assert rows(printapic("payments", "balances", "--json")) == [
        {"account": "order_receivable", "balance": "-15.80", "currency": "EUR"},
        {"account": CLEARING, "balance": "15.80", "currency": "EUR"},
    ]


def test_what_is_of_no_payment_is_exported_and_added_up_too(
    units: UnitOfWorkFactory, payment: Payment, printapic: Command
) -> None:
    payout = b.a_treasury_entry(
        provider=Provider.SIMULATED,
        livemode=False,
        posting=Posting(debit="bank_in_transit", credit=CLEARING, amount=PRICE),
        recorded_at=datetime.now(UTC),
    )
    with units() as work:
        work.treasury.add(payout)
        work.commit()
    *_, last = rows(printapic("payments", "export", "--format", "json"))
    assert (last["payment_id"], last["ref"], last["about"]) == (None, payout.ref, payout.about)
    accounts = [row["account"] for row in rows(printapic("payments", "balances", "--json"))]
    assert accounts == ["bank_in_transit", "order_receivable"]


def test_payments_are_listed_and_shown(
    payment: Payment, units: UnitOfWorkFactory, printapic: Command
) -> None:
    other = captured(units, "sim_cap_2")
    listed = rows(printapic("payments", "list", "--json"))
    assert [row["id"] for row in listed] == [str(other.id), str(payment.id)]
    (waiting,) = rows(printapic("payments", "list", "--review", "--json"))
    assert (waiting["id"], waiting["review"]) == (str(payment.id), ["capture-amount:=sim_cap_1"])
    assert "capture-amount" in printapic("payments", "list", "--review").out
    shown = rows(printapic("payments", "show", str(payment.id), "--json"))
    assert [(row["type"], row["amount"]) for row in shown] == [
        ("capture", "15.80 EUR"),
        ("refund_failed", "15.80 EUR"),
    ]
    missing = printapic("payments", "show", str(b.new_id()))
    assert (missing.exit_code, "payment-not-found" in missing.err) == (1, True)


def test_calls_are_shown_by_the_names_that_the_providers_support_asks_for(
    payment: Payment, units: UnitOfWorkFactory, printapic: Command
) -> None:
    call = b.an_operation(
        id=OperationId(b.new_id()), attempt_id=payment.attempts[0].id, provider_request_id="req_abc"
    )
    with units() as work:
        asking = work.payments.get(payment.id)
        asking.operations = (call,)
        work.payments.save(asking)
        work.commit()
    (shown,) = rows(printapic("payments", "show", str(payment.id), "--calls", "--json"))
    assert (shown["idempotency_key"], shown["provider_request_id"]) == (str(call.id), "req_abc")
    assert (shown["kind"], shown["state"], shown["amount"]) == ("refund", "unknown", "3.30 EUR")


def test_disputes_are_shown_below_the_log_and_alone(
    payment: Payment, units: UnitOfWorkFactory, printapic: Command
) -> None:
    assert rows(printapic("payments", "show", str(payment.id), "--disputes", "--json")) == []
    assert "disputes" not in printapic("payments", "show", str(payment.id)).out
    dispute = b.a_dispute(attempt_id=payment.attempts[0].id, capture_ref="=sim_cap_1", reason="not_received")
    with units() as work:
        contested = work.payments.get(payment.id)
        contested.disputes = (dispute, attrs.evolve(dispute, ref="in-time", evidence_due_at=None))
        work.payments.save(contested)
        work.commit()
    log, _, below = printapic("payments", "show", str(payment.id)).out.partition("\ndisputes\n")
    assert "capture" in log
    assert dispute.ref in below
    first, second = rows(printapic("payments", "show", str(payment.id), "--disputes", "--json"))
    assert first == {
        "ref": dispute.ref,
        "state": "lost",
        "reason": "not_received",
        "amount": str(dispute.amount),
        "capture_ref": "=sim_cap_1",
        "opened_at": dispute.opened_at.isoformat(),
        "evidence_due_at": dispute.evidence_due_at and dispute.evidence_due_at.isoformat(),
    }
    assert (second["ref"], second["evidence_due_at"]) == ("in-time", None)
    both = printapic("payments", "show", str(payment.id), "--disputes", "--calls")
    assert both.exit_code == 2


def test_evidence_is_told_as_text_that_can_be_copied_and_as_json(
    payment: Payment, units: UnitOfWorkFactory, printapic: Command
) -> None:
    dispute = b.a_dispute(attempt_id=payment.attempts[0].id, capture_ref="=sim_cap_1", reason="not_received")
    call = b.an_operation(id=OperationId(b.new_id()), attempt_id=payment.attempts[0].id, reason="a\x1b[2Jb")
    with units() as work:
        contested = work.payments.get(payment.id)
        contested.disputes, contested.operations = (dispute,), (call,)
        work.payments.save(contested)
        order = work.orders.get(payment.order_id)
        work.commit()
    answer = printapic("payments", "evidence", str(payment.id))
    assert (answer.exit_code, answer.err) == (0, "")
    assert f"  number: {order.number}" in answer.out
    assert f"  1. ref: {dispute.ref}; state: lost; reason: not_received; amount: 3.10 EUR" in answer.out
    assert f"idempotency key: {call.id}; provider's request id: req_refund_1" in answer.out
    assert "a [2Jb" in answer.out
    assert "None" not in answer.out
    told = json.loads(printapic("payments", "evidence", payment.attempts[0].ref or "", "--json").out)
    assert (told["order"]["number"], told["payment"]["captured"]) == (order.number, "15.80 EUR")
    assert told["delivery address"]["name"] == order.ship_to.name
    unknown = printapic("payments", "evidence", "dp_unheard_of")
    assert (unknown.exit_code, "payment-not-found" in unknown.err) == (1, True)
    trail = printapic("audit", "list", "--json").out
    assert trail.count("payment.evidence-assembled") == 2


def test_a_refund_is_asked_for_once_per_key(payment: Payment, printapic: Command) -> None:
    ask = ("payments", "refund", str(payment.id), "--amount", "3.00", "--reason", "A scratch", "--json")
    (first,) = rows(printapic(*ask, "--idempotency-key", "one"))
    (again,) = rows(printapic(*ask, "--idempotency-key", "one"))
    (other,) = rows(printapic(*ask))
    assert first["id"] == again["id"] != other["id"]
    assert (first["amount"], first["state"]) == ("3.00 EUR", "pending")
    too_much = printapic("payments", "refund", str(payment.id), "--amount", "9.81", "--reason", "More")
    assert (too_much.exit_code, "refund-too-large" in too_much.err) == (1, True)
