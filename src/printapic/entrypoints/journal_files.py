"""The journal as files: CSV for spreadsheets, JSON for programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping

from printapic.application.ports.bookkeeping import JournalEntry, LogEntry
from printapic.domain.money import Money
from printapic.domain.payments.transaction import Posting, Source
from printapic.domain.payments.treasury import TreasuryEntry

COLUMNS = (
    "recorded_at",
    "occurred_at",
    "payment_id",
    "position",
    "type",
    "provider",
    "livemode",
    "ref",
    "about",
    "capture_ref",
    "operation_id",
    "amount",
    "currency",
    "source",
    "debit",
    "credit",
    "posting_amount",
    "posting_currency",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_OURS = frozenset({"amount", "posting_amount"})
"""Numbers of ours, which may begin with a minus."""


def as_csv(entries: Iterable[JournalEntry]) -> Iterator[str]:
    """RFC 4180, with a heading; a line for each posting, or one without where nothing was posted.

    No cell that came from outside is taken for a formula by a spreadsheet.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    for entry in entries:
        for line in _lines(entry):
            writer.writerow({name: _safe(name, value) for name, value in line.items()})
        yield _taken(text)
    yield _taken(text)


def as_json(entries: Iterable[JournalEntry]) -> Iterator[str]:
    """One JSON list, an entry a line."""
    before = "[\n"
    for entry in entries:
        yield before + json.dumps(document(entry), ensure_ascii=False)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def document(entry: JournalEntry) -> dict[str, object]:
    """An entry with its postings."""
    return {
        **_row(entry),
        "postings": [
            {"debit": posting.debit, "credit": posting.credit, **_amount(posting.amount)}
            for posting in postings_of(entry)
        ],
    }


def postings_of(entry: JournalEntry) -> tuple[Posting, ...]:
    """What an entry does to the ledger."""
    return entry.transaction.postings if isinstance(entry, LogEntry) else (entry.posting,)


def _row(entry: JournalEntry) -> dict[str, object]:
    row = entry.transaction if isinstance(entry, LogEntry) else entry
    return {
        "recorded_at": row.recorded_at.isoformat(),
        "occurred_at": row.occurred_at.isoformat(),
        "payment_id": str(entry.payment_id) if isinstance(entry, LogEntry) else None,
        "position": entry.position if isinstance(entry, LogEntry) else 0,
        "type": row.type.value,
        "provider": None if row.provider is None else row.provider.value,
        "livemode": row.livemode,
        "ref": row.ref,
        **_links(entry),
        **_amount(row.amount),
        "source": source_of(entry).value,
    }


def source_of(entry: JournalEntry) -> Source:
    """What made us look: of what no payment has, only the comparison with the provider's books knows."""
    return entry.transaction.source if isinstance(entry, LogEntry) else Source.RECONCILER


def _links(entry: JournalEntry) -> dict[str, object]:
    if isinstance(entry, TreasuryEntry):
        return {"about": entry.about, "capture_ref": None, "operation_id": None}
    row = entry.transaction
    operation_id = None if row.operation_id is None else str(row.operation_id)
    return {"about": None, "capture_ref": row.capture_ref, "operation_id": operation_id}


def _lines(entry: JournalEntry) -> Iterator[Mapping[str, object]]:
    row, postings = _row(entry), postings_of(entry)
    if not postings:
        yield row
    for posting in postings:
        yield {
            **row,
            "debit": posting.debit,
            "credit": posting.credit,
            "posting_amount": posting.amount.amount,
            "posting_currency": posting.amount.currency.code,
        }


def _amount(money: Money) -> dict[str, object]:
    return {"amount": money.amount, "currency": money.currency.code}


def _safe(column: str, value: object) -> object:
    """Spreadsheets calculate what begins like a formula: an apostrophe before it makes it a text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if column not in _OURS and isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value


def _taken(text: io.StringIO) -> str:
    written = text.getvalue()
    text.seek(0)
    text.truncate()
    return written
