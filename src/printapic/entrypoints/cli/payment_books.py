"""`printapic payments reconcile|findings|close-finding|export|balances`: the books, ours and theirs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from uuid import UUID

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from printapic.application.payments.reconciliation_run import ProviderReport
from printapic.application.payments.staff import Staff
from printapic.application.ports.bookkeeping import FindingQuery
from printapic.application.ports.payments import MovementsUnavailable
from printapic.application.shop import Shop
from printapic.domain.actors import UNKNOWN_CALLER
from printapic.domain.ids import FindingId
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.finding import Finding, FindingState
from printapic.entrypoints import journal_files
from printapic.entrypoints.cli.free_text import FREE_TEXT
from printapic.entrypoints.cli.out_files import OUT_FILE, written
from printapic.entrypoints.cli.output import as_json, show
from printapic.entrypoints.cli.periods import since, until
from printapic.entrypoints.embedded import open_container
from printapic.entrypoints.settings import Settings

_AT_ONCE = 500
_SHOWN = 1000
"""More lines than that nobody reads in a table; JSON has them all."""
_PROVIDERS = click.Choice([provider.value for provider in Provider])
provider = click.option("--provider", type=_PROVIDERS, help="Of this provider alone.")


@click.command()
@since
@until
@provider
@as_json
def reconcile(since: datetime | None, until: datetime | None, provider: str | None, as_json: bool) -> None:
    """Compare the providers' books with ours. Exit code 1 on any difference.

    Without --since it is the month before the end. What is missing here and belongs to a checkout of ours is
    taken in; what differs is kept, see `findings`.
    """
    with open_container(Settings.from_environment()) as container:
        shop = container.shop()
        with _progress() as reached:
            reports = shop.reconcile_payments(
                since=since,
                until=until,
                provider=Provider(provider) if provider else None,
                progress=reached,
            )
        if as_json:
            _print_json(shop, reports)
        else:
            _print_tables(shop, reports)
    for report in reports:
        if not report.available:
            click.echo(
                f"printapic: {report.provider.value} does not show its books, or not all of them"
                f" [{MovementsUnavailable.code}]",
                err=True,
            )
    if not all(report.clean for report in reports):
        raise click.exceptions.Exit(1)


@click.command()
@click.option("--all", "every", is_flag=True, help="Closed ones too.")
@provider
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000))
@as_json
def findings(every: bool, provider: str | None, limit: int, as_json: bool) -> None:
    """List what differs from the providers' books, the newest first."""
    query = FindingQuery(
        state=None if every else FindingState.OPEN, provider=Provider(provider) if provider else None
    )
    with open_container(Settings.from_environment()) as container:
        found = container.shop().list_findings(query=query, limit=limit)
    show([_document(finding) for finding in found], as_json=as_json)


@click.command(name="close-finding")
@click.argument("finding_id", type=click.UUID)
@click.option("--reason", required=True, type=FREE_TEXT, help="Why this is all right now.")
def close_finding(finding_id: UUID, reason: str) -> None:
    """Say that a difference is all right. It comes back if the books are compared and still differ."""
    staff = Staff(user_id=None, caller=UNKNOWN_CALLER)
    with open_container(Settings.from_environment()) as container:
        container.shop().close_finding(finding_id=FindingId(finding_id), reason=reason, staff=staff)
    click.echo(f"closed: {finding_id}")


@click.command()
@since
@until
@click.option("--format", "form", type=click.Choice(["csv", "json"]), default="csv", show_default=True)
@click.option("--out", type=OUT_FILE, help="Write to a file instead, all of it or nothing.")
def export(since: datetime | None, until: datetime | None, form: str, out: Path | None) -> None:
    """Write the journal with its postings, of payments and of none, by when it was written down."""
    lines = journal_files.as_csv if form == "csv" else journal_files.as_json
    with open_container(Settings.from_environment()) as container, written(out) as file:
        file.writelines(lines(container.shop().export_transactions(since=since, until=until)))


@click.command()
@as_json
def balances(as_json: bool) -> None:
    """Show what every account of the ledger comes to: debits less credits."""
    with open_container(Settings.from_environment()) as container:
        found = container.shop().read_balances()
    show(
        [
            {
                "account": balance.account,
                "balance": balance.amount.amount,
                "currency": balance.amount.currency.code,
            }
            for balance in found
        ],
        as_json=as_json,
    )


@contextmanager
def _progress() -> Iterator[Callable[[Provider, datetime], None]]:
    """A line on the terminal for each provider, which goes away at the end; nothing where stderr is none."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        tasks = {each: progress.add_task(each.value, total=None, visible=False) for each in Provider}

        def reached(provider: Provider, at: datetime) -> None:
            progress.update(
                tasks[provider], description=f"{provider.value} {at:%Y-%m-%d}", visible=True, advance=1
            )

        yield reached


def _print_json(shop: Shop, reports: Sequence[ProviderReport]) -> None:
    """Findings may be many: they are written as they are read."""
    click.echo('{"providers": ' + json.dumps([_summary(report) for report in reports], indent=2))
    click.echo(', "findings": [', nl=False)
    before = "\n"
    for finding in _of_runs(shop, reports):
        click.echo(before + json.dumps(_document(finding)), nl=False)
        before = ",\n"
    click.echo("]}")


def _print_tables(shop: Shop, reports: Sequence[ProviderReport]) -> None:
    shown: list[dict[str, object]] = []
    for finding in _of_runs(shop, reports):
        if len(shown) == _SHOWN:
            click.echo(f"more than {_SHOWN} differences; --json lists them all", err=True)
            break
        shown.append(_brief(finding))
    if shown:
        show(shown, as_json=False)
        click.echo()
    show([_overview(report) for report in reports], as_json=False)


def _of_runs(shop: Shop, reports: Sequence[ProviderReport]) -> Iterator[Finding]:
    for report in reports:
        query, before = FindingQuery(state=FindingState.OPEN, run_id=report.run_id), None
        while page := shop.list_findings(query=query, before=before, limit=_AT_ONCE):
            yield from page
            before = page[-1].id


def _summary(report: ProviderReport) -> dict[str, object]:
    return {
        "provider": report.provider.value,
        "livemode": report.livemode,
        "since": report.since.isoformat(),
        "until": report.until.isoformat(),
        "available": report.available,
        "clean": report.clean,
        "lines": report.lines,
        "other_lines": {kind.value: count for kind, count in report.other_lines.items()},
        "taken_in": report.taken_in,
        "found": {kind.value: count for kind, count in report.found.items()},
        "closed": report.closed,
    }


def _overview(report: ProviderReport) -> dict[str, object]:
    return {
        "provider": report.provider.value,
        "since": f"{report.since:%Y-%m-%d %H:%M}",
        "until": f"{report.until:%Y-%m-%d %H:%M}",
        "lines": report.lines,
        "others": ", ".join(f"{count} {kind.value}" for kind, count in report.other_lines.items()) or None,
        "taken_in": report.taken_in,
        "differences": sum(report.found.values()),
        "closed": report.closed,
        "books": "read" if report.available else "NOT SHOWN",
    }


def _brief(finding: Finding) -> dict[str, object]:
    return {
        "provider": finding.provider.value,
        "what": finding.kind.value.replace("_", " "),
        "movement": finding.movement,
        "ref": finding.ref,
        "theirs": finding.theirs,
        "ours": finding.ours,
        "at": f"{finding.occurred_at:%Y-%m-%d %H:%M}",
        "finding": finding.id,
    }


def _document(finding: Finding) -> dict[str, object]:
    return {
        "id": str(finding.id),
        "provider": finding.provider.value,
        "livemode": finding.livemode,
        "kind": finding.kind.value,
        "movement": finding.movement,
        "ref": finding.ref,
        "theirs": str(finding.theirs) if finding.theirs is not None else None,
        "ours": str(finding.ours) if finding.ours is not None else None,
        "payment_id": str(finding.payment_id) if finding.payment_id else None,
        "occurred_at": finding.occurred_at.isoformat(),
        "found_at": finding.found_at.isoformat(),
        "state": finding.state.value,
        "closed_at": finding.closed_at.isoformat() if finding.closed_at else None,
        "closed_by": str(finding.closed_by) if finding.closed_by else None,
        "note": finding.note,
    }
