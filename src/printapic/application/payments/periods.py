"""Periods of the books: from a moment on, up to another that is not included."""

from __future__ import annotations

from datetime import UTC, datetime

from printapic.domain.errors import Invalid

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(9999, 1, 1, tzinfo=UTC)
"""The calendar ends soon after: days are added to the end of a period, and clocks of zones differ."""


class PeriodInvalid(Invalid):
    """It ends before it begins, or is out of this calendar."""

    code = "period-invalid"

    def __init__(self) -> None:
        super().__init__(
            "The end of a period is later than its beginning,"
            f" and both are of the years {EARLIEST.year} to {LATEST.year - 1}."
        )


def check_period(begin: datetime, end: datetime) -> None:
    """Raises `PeriodInvalid`."""
    if not EARLIEST <= begin < end <= LATEST:
        raise PeriodInvalid
