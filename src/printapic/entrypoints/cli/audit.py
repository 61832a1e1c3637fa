"""`printapic audit`."""

from __future__ import annotations

import json

import click

from printapic.application.ports.audit import AuditQuery
from printapic.domain.audit.entry import AuditRecord
from printapic.domain.audit.event import AuditAction, AuditStream
from printapic.domain.audit.tampering import AuditFinding
from printapic.domain.ids import UserId
from printapic.entrypoints.cli.output import as_json, show
from printapic.entrypoints.embedded import open_container
from printapic.entrypoints.settings import Settings


@click.group()
def audit() -> None:
    """Read the audit log, verify it, and keep where it ends."""


@audit.command(name="list")
@click.option("--stream", type=click.Choice([stream.value for stream in AuditStream]))
@click.option("--action", type=click.Choice([action.value for action in AuditAction]), metavar="ACTION")
@click.option("--subject-id", type=click.UUID, help="Whom it concerns.")
@click.option("--actor-id", type=click.UUID, help="Who did it.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000))
@as_json
def list_entries(
    stream: str | None,
    action: str | None,
    subject_id: UserId | None,
    actor_id: UserId | None,
    limit: int,
    as_json: bool,
) -> None:
    """List entries, the newest first."""
    query = AuditQuery(
        stream=AuditStream(stream) if stream else None,
        action=action,
        subject_id=subject_id,
        actor_id=actor_id,
    )
    with open_container(Settings.from_environment()) as container:
        found = container.shop().read_audit_log(query=query, limit=limit)
    show([_whole(record) if as_json else _short(record) for record in found], as_json=as_json)


@audit.command()
@as_json
def verify(as_json: bool) -> None:
    """Read the whole log and hold it against its checkpoints. Exit code 1 if anything is wrong.

    Names the first wrong row of each stream. Everything up to the newest checkpoint is proven.
    """
    with open_container(Settings.from_environment()) as container:
        report = container.shop().verify_audit_log()
    findings = [_finding(each) for each in report.findings]
    if as_json:
        counts = {"intact": report.intact, "entries": report.entries, "checkpoints": report.checkpoints}
        click.echo(json.dumps({**counts, "findings": findings}, indent=2))
    elif report.intact:
        click.echo(f"intact: {report.entries} entries, {report.checkpoints} checkpoints")
    else:
        show(findings, as_json=False)
    if not report.intact:
        raise click.exceptions.Exit(1)


@audit.command()
@as_json
def checkpoint(as_json: bool) -> None:
    """Keep outside the database where each stream ends now."""
    with open_container(Settings.from_environment()) as container:
        made = container.shop().seal_audit_log()
    show(
        [{"stream": head.stream, "sequence": head.sequence, "mac": head.mac} for head in made.heads],
        as_json=as_json,
    )


def _short(record: AuditRecord) -> dict[str, object]:
    """What fits a line."""
    entry = record.entry
    return {
        "at": f"{entry.at:%Y-%m-%d %H:%M:%S}",
        "entry": f"{entry.stream} {entry.sequence}",
        "action": entry.action,
        "subject_id": entry.subject_id,
        "address": "erased" if record.erased else record.caller.address,
    }


def _whole(record: AuditRecord) -> dict[str, object]:
    entry = record.entry
    return {
        "at": entry.at.isoformat(),
        "stream": entry.stream,
        "sequence": entry.sequence,
        "action": entry.action,
        "actor_id": entry.actor_id,
        "subject_id": entry.subject_id,
        "session_id": entry.session_id,
        "api_key_id": entry.api_key_id,
        "request_id": entry.request_id,
        "address": record.caller.address,
        "device": record.caller.device,
        "erased": record.erased,
        "details": dict(entry.details),
    }


def _finding(finding: AuditFinding) -> dict[str, object]:
    return {
        "stream": finding.stream,
        "sequence": finding.sequence,
        "what": finding.what.value,
        "trusted_until": finding.trusted_until,
    }
