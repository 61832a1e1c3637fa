"""PayPal's report of transactions: in windows of at most 31 days, by pages, and up to three hours late."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from math import ceil

from tests.providers.books import Json
from tests.providers.paypal.amounts import amount_body
from tests.providers.paypal.desk import Desk
from tests.providers.paypal.records import Line
from tests.providers.paypal.refusals import bad_request
from tests.providers.paypal.representations import PAYER_EMAIL, PAYER_ID, SELLER_ID, link, time_text

LONGEST_WINDOW = timedelta(days=31)
LATE_S = "report_late_s"
_MOST, _USUAL = 500, 100


def report(desk: Desk, query: Mapping[str, str]) -> Json:
    """The lines of a window, oldest first. Raises `Refusal`: 400."""
    since, until = (_time(query, name) for name in ("start_date", "end_date"))
    if until - since > LONGEST_WINDOW or until < since:
        raise bad_request("INVALID_PARAMETER_VALUE", "end_date")
    size = number(query, "page_size", _USUAL, most=_MOST)
    page = number(query, "page", 1, most=2**31 - 1)
    fresh_until = desk.now - timedelta(seconds=desk.entry.setting(LATE_S) or 0)
    lines = [
        line
        for line in desk.all(Line)
        if since <= line.at <= until and line.at <= fresh_until and _wanted(line, query)
    ]
    lines.sort(key=lambda line: line.at)
    shown = lines[(page - 1) * size : page * size]
    body: Json = {
        "account_number": SELLER_ID,
        "start_date": time_text(since),
        "end_date": time_text(until),
        "last_refreshed_datetime": time_text(fresh_until),
        "page": page,
        "total_items": len(lines),
        "total_pages": ceil(len(lines) / size),
        "links": [link(f"{desk.hosts.api}/v1/reporting/transactions", "self")],
    }
    if shown:
        # The contract knows no empty list here.
        body["transaction_details"] = [_detail(line, query) for line in shown]
    return body


def _wanted(line: Line, query: Mapping[str, str]) -> bool:
    only_moving = query.get("balance_affecting_records_only", "Y") == "Y"
    return (
        not line.hidden
        and (line.affects_balance or not only_moving)
        and query.get("transaction_id", line.id) == line.id
        and query.get("transaction_type", line.code) == line.code
        and query.get("transaction_status", line.status) == line.status
        and query.get("transaction_currency", line.amount.currency.code) == line.amount.currency.code
    )


def _detail(line: Line, query: Mapping[str, str]) -> Json:
    fields = query.get("fields", "transaction_info")
    detail: Json = {"transaction_info": _info(line)}
    if "all" in fields or "payer_info" in fields:
        detail["payer_info"] = {"account_id": PAYER_ID, "email_address": PAYER_EMAIL}
    return detail


def _info(line: Line) -> Json:
    info: Json = {
        "paypal_account_id": PAYER_ID,
        "transaction_id": line.id,
        "transaction_event_code": line.code,
        "transaction_initiation_date": _with_offset(line.at),
        "transaction_updated_date": _with_offset(line.at),
        "transaction_amount": amount_body(line.amount),
        "transaction_status": line.status,
        "protection_eligibility": "01",
    }
    if line.about is not None:
        info |= {"paypal_reference_id": line.about, "paypal_reference_id_type": "TXN"}
    if line.fee is not None:
        info["fee_amount"] = amount_body(line.fee)
    if line.custom_id is not None:
        info["custom_field"] = line.custom_id
    if line.invoice_id is not None:
        info["invoice_id"] = line.invoice_id
    return info


def _with_offset(at: datetime) -> str:
    """The report tells times with an offset and without a colon's worth of doubt: never with a Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")


def _time(query: Mapping[str, str], name: str) -> datetime:
    text = query.get(name)
    if text is None:
        raise bad_request("MISSING_REQUIRED_PARAMETER", name)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise bad_request("INVALID_PARAMETER_SYNTAX", name) from None
    if at.tzinfo is None:
        raise bad_request("INVALID_PARAMETER_SYNTAX", name)
    return at


def number(query: Mapping[str, str], name: str, usual: int, *, least: int = 1, most: int) -> int:
    """A whole number from a query. Raises `Refusal`: 400."""
    text = query.get(name, str(usual))
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise bad_request("INVALID_PARAMETER_VALUE", name)
    return int(text)
