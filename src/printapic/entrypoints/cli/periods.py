"""Periods on the command line: days, or moments with a zone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from printapic.application.payments.periods import EARLIEST, LATEST


class Moment(click.ParamType[datetime]):
    """`2026-03-01`, which is midnight in UTC, or `2026-03-01T12:00:00+01:00`; without a zone it is UTC."""

    name = "DATE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value)
            moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is no date like 2026-03-01.", param, ctx)
        if not EARLIEST <= moment < LATEST:
            self.fail(f"{value!r} is not of the years {EARLIEST.year} to {LATEST.year - 1}.", param, ctx)
        return moment


since = click.option("--since", type=Moment(), help="From this time on (UTC).")
until = click.option("--until", type=Moment(), help="Up to this time, which is not included (UTC).")
