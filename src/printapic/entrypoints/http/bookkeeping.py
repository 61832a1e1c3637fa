"""The books, for staff: every payment, and the journal with what it does to the ledger."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, cast
from uuid import UUID

from litestar import Controller, Request, Response, get
from litestar.params import QueryParameter
from litestar.response import Stream

from printapic.application.payments.bookkeeping import recorded_place
from printapic.application.payments.periods import PeriodInvalid
from printapic.application.ports.bookkeeping import JournalEntry, LogEntry, LogPosition
from printapic.application.shop import Shop
from printapic.domain.ids import PaymentId
from printapic.domain.payments.payment import Payment
from printapic.domain.users.permissions import Permission
from printapic.entrypoints import journal_files
from printapic.entrypoints.http.amounts import Amount, amount
from printapic.entrypoints.http.bodies import Fault, RequestInvalid, ResponseBody
from printapic.entrypoints.http.cursors import CursorInvalid
from printapic.entrypoints.http.downloads import attachment, pieces
from printapic.entrypoints.http.given import Given
from printapic.entrypoints.http.loads import Load, taking
from printapic.entrypoints.http.pages import DEFAULT_LIMIT, Cursor, Limit, Page, id_of, page, text_of
from printapic.entrypoints.http.payments import PaymentBody, staff_payment_body
from printapic.entrypoints.http.policies import allow

CSV = "text/csv"
_BLOCK = 64 * 1024


class FileFormat(StrEnum):
    """How the log comes: as pages of JSON, or all of it as CSV."""

    CSV = "csv"
    JSON = "json"


Form = Annotated[
    FileFormat | None,
    QueryParameter(description="Pages of JSON, or all as CSV; else what `Accept` names, else JSON."),
]
Since = Annotated[
    str | None,
    QueryParameter(
        max_length=40,
        format="date-time",
        description="What was written down from this time on. A date alone is its midnight in UTC.",
    ),
]
Until = Annotated[
    str | None,
    QueryParameter(
        max_length=40,
        format="date-time",
        description="What was written down before this time.",
    ),
]
Review = Annotated[bool, QueryParameter(description="Only payments that a person has to look at.")]


class PostingBody(ResponseBody, kw_only=True):
    """An amount that left the account `credit` for the account `debit`."""

    debit: str
    credit: str
    amount: Amount


class LogEntryBody(ResponseBody, kw_only=True):
    """A row of the append-only journal. `position` counts within the payment.

    Payouts, conversions and the like are of no payment: `ref` is the provider's line, and `about` what
    that is about.
    """

    payment_id: UUID | None
    position: int
    type: str
    provider: str | None
    livemode: bool
    ref: str
    about: str | None
    amount: Amount
    source: str
    capture_ref: str | None
    operation_id: UUID | None
    occurred_at: datetime
    recorded_at: datetime
    postings: list[PostingBody]


def _entry(entry: JournalEntry) -> LogEntryBody:
    row = entry.transaction if isinstance(entry, LogEntry) else entry
    of_payment = entry if isinstance(entry, LogEntry) else None
    return LogEntryBody(
        payment_id=of_payment.payment_id if of_payment else None,
        position=of_payment.position if of_payment else 0,
        type=row.type.value,
        provider=row.provider and row.provider.value,
        livemode=row.livemode,
        ref=row.ref,
        about=None if isinstance(entry, LogEntry) else entry.about,
        amount=amount(row.amount),
        source=journal_files.source_of(entry).value,
        capture_ref=of_payment.transaction.capture_ref if of_payment else None,
        operation_id=of_payment.transaction.operation_id if of_payment else None,
        occurred_at=row.occurred_at,
        recorded_at=row.recorded_at,
        postings=[
            PostingBody(debit=posting.debit, credit=posting.credit, amount=amount(posting.amount))
            for posting in journal_files.postings_of(entry)
        ],
    )


def _written(entry: JournalEntry) -> str:
    place = recorded_place(entry)
    return f"{place.at.isoformat()} {place.owner} {place.position}"


def _position(text: str | None) -> LogPosition | None:
    if text is None:
        return None
    try:
        at, owner, position = text.split(" ")
        return LogPosition(at=datetime.fromisoformat(at), owner=UUID(owner), position=int(position))
    except ValueError:  # another release had other keys here
        raise CursorInvalid from None


def _moment(name: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text.upper())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise PeriodInvalid from None
    except ValueError:
        fault = Fault(f"query/{name}", "parameter-invalid", "This is no date or time (RFC 3339).")
        raise RequestInvalid(fault) from None


def _wants_csv(asked: FileFormat | None, request: Request[Any, Any, Any]) -> bool:
    """The parameter decides; without it, whether CSV is asked for by its name."""
    if asked is not None:
        return asked is FileFormat.CSV
    named = (part.partition(";")[0].strip().lower() for part in request.headers.get("accept", "").split(","))
    return CSV in named


def _blocks(lines: Iterable[str]) -> Generator[bytes, None, None]:
    """A handover between threads for every line would cost more than the line."""
    block = bytearray()
    for line in lines:
        block += line.encode()
        if len(block) >= _BLOCK:
            yield bytes(block)
            block.clear()
    if block:
        yield bytes(block)


class BookkeepingController(Controller):
    path = "/v1"
    tags = ("payments",)

    @get(
        "/payments",
        operation_id="list_payments",
        summary="List everybody's payments, newest first",
        opt=allow(Permission.PAYMENT_READ, problems=(422,)),
        sync_to_thread=True,
    )
    def payments(
        self,
        request: Request[Any, Any, Any],
        shop: Given[Shop],
        *,
        review: Review = False,
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> Page[PaymentBody]:
        before = id_of(cursor, request)
        found = shop.list_payments(
            review=review, before=PaymentId(before) if before else None, limit=limit + 1
        )
        return page(found, limit, request, show=staff_payment_body, key=_id)

    @get(
        "/transactions",
        operation_id="export_transactions",
        summary="Read the log of all money that moved, by when it was written down: pages of JSON, or CSV",
        opt=allow(Permission.PAYMENT_READ, problems=(422,)) | taking(Load.HEAVY),
        sync_to_thread=True,
    )
    def transactions(
        self,
        request: Request[Any, Any, Any],
        shop: Given[Shop],
        *,
        since: Since = None,
        until: Until = None,
        format: Form = None,  # noqa: A002 - so it is called on the wire
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> Response[Page[LogEntryBody]]:
        begin, end = _moment("since", since), _moment("until", until)
        if _wants_csv(format, request):
            lines = journal_files.as_csv(shop.export_transactions(since=begin, until=end))
            headers = {"Content-Disposition": attachment("transactions.csv"), "Vary": "Accept"}
            # The document says of both what they are; the annotation can say it of one.
            return cast(
                "Response[Page[LogEntryBody]]",
                Stream(pieces(_blocks(lines)), media_type=CSV, headers=headers),
            )
        after = _position(text_of(cursor, request))
        found = shop.read_transactions(since=begin, until=end, after=after, limit=limit + 1)
        return Response(page(found, limit, request, show=_entry, key=_written), headers={"Vary": "Accept"})


def _id(payment: Payment) -> UUID:
    return payment.id
