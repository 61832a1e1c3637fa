"""PayPal's own books: the report of transactions, in windows and pages, up to three hours late."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec

from printapic.adapters.payments.paypal.answers import NotOurs, Refused, Unreadable, moment, read
from printapic.adapters.payments.paypal.api import PayPalApi
from printapic.adapters.payments.paypal.report_lines import KnownDisputes, Line, movement_of
from printapic.adapters.payments.paypal.tokens import CredentialsRefused
from printapic.adapters.payments.sending import FateUnknown, NeverSent
from printapic.application.ports.payments import Movement, MovementsUnavailable

LONGEST_WINDOW = timedelta(days=31)
LATE = timedelta(hours=3)
_PAGE = 500
_MOST_PAGES = 100
_SHORTEST_WINDOW = timedelta(seconds=2)
_SECOND = timedelta(seconds=1)


class _Detail(msgspec.Struct, frozen=True):
    transaction_info: Line


class _Page(msgspec.Struct, frozen=True):
    transaction_details: tuple[_Detail, ...] = ()
    total_pages: int = 0
    last_refreshed_datetime: str | None = None


class Reports:
    """One reading of the report. `now` is our time: nothing younger can be in it."""

    def __init__(self, api: PayPalApi, *, now: datetime) -> None:
        self._api = api
        self._now = now
        self._reaches_to = now - LATE

    def movements(self, *, since: datetime, until: datetime) -> Iterator[Movement]:
        """Oldest first, a window at a time. Raises `MovementsUnavailable`, also half-way."""
        known = KnownDisputes(self._api)
        for begins, ends in self._windows(since, until):
            try:
                lines = [line for line in self._lines(begins, ends, every="Y") if line.moved]
                self._check_reach(ends)
                found = [movement_of(line, known) for line in lines]
            except (NeverSent, FateUnknown, CredentialsRefused, Refused, NotOurs, Unreadable) as failed:
                raise MovementsUnavailable from failed
            found.sort(key=lambda movement: (movement.occurred_at, movement.id))
            yield from (movement for movement in found if begins <= movement.occurred_at < ends)

    def transaction_of(self, our_reference: str, *, since: datetime) -> str | None:
        """A capture or authorization that bears our reference."""
        for begins, ends in self._windows(since, max(self._now, since + _SECOND)):
            for line in self._lines(begins, ends, every="N"):
                payment = line.transaction_event_code[:3] in ("T00", "T13")
                if payment and line.custom_field == our_reference:
                    return line.transaction_id
        return None

    def complete_for(self, since: datetime) -> bool:
        """Whether what began at `since` would be in the report by now."""
        return since <= self._now - LATE and since <= self._reaches_to

    def _windows(self, since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
        """PayPal is not asked for a time that has not begun."""
        begins = since
        while begins < until and begins <= self._now:
            ends = min(begins + LONGEST_WINDOW, until)
            yield begins, ends
            begins = ends

    def _check_reach(self, ends: datetime) -> None:
        """The report counts whole seconds; nothing is in it yet of a time that has not come."""
        if min(ends, self._now) - _SECOND >= self._reaches_to:
            raise Unreadable("report-unfinished")

    def _lines(self, begins: datetime, ends: datetime, *, every: str) -> list[Line]:
        """All lines of a window. PayPal refuses windows of too many: such a one is halved."""
        try:
            return list(self._pages(begins, ends, every=every))
        except Refused as refused:
            if refused.code != "resultset-too-large" or ends - begins < _SHORTEST_WINDOW:
                raise
        middle = begins + (ends - begins) / 2
        middle = middle.replace(microsecond=0)
        first = [
            line
            for line in self._lines(begins, middle, every=every)
            if moment(line.transaction_initiation_date) < middle
        ]
        return first + self._lines(middle, ends, every=every)

    def _pages(self, begins: datetime, ends: datetime, *, every: str) -> Iterator[Line]:
        number, last = 1, 1
        while number <= last:
            params = {
                "start_date": _stamp(begins),
                "end_date": _stamp(min(ends, self._now)),
                "fields": "transaction_info",
                "balance_affecting_records_only": every,
                "page_size": str(_PAGE),
                "page": str(number),
            }
            answer = self._api.conversation().get("/v1/reporting/transactions", params)
            page = read(answer, _Page, "report")
            if page.last_refreshed_datetime is not None:
                self._reaches_to = moment(page.last_refreshed_datetime)
            yield from (detail.transaction_info for detail in page.transaction_details)
            last = page.total_pages
            number += 1
            if number > _MOST_PAGES:
                raise Unreadable("report")


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
