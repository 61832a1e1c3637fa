"""`printapic jobs`."""

from __future__ import annotations

import click

from printapic.application.ports.jobs import JobState
from printapic.entrypoints.cli.output import as_json, show
from printapic.entrypoints.embedded import open_container, open_shop
from printapic.entrypoints.settings import Settings


@click.group()
def jobs() -> None:
    """List jobs, and run dead ones again."""


@jobs.command(name="list")
@click.option("--state", type=click.Choice([state.value for state in JobState]))
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000))
@as_json
def list_jobs(state: str | None, limit: int, as_json: bool) -> None:
    """List jobs, the newest first."""
    with open_container(Settings.from_environment()) as container:
        found = container.worker().list(JobState(state) if state else None, limit=limit)
    show(
        [
            {
                "id": job.id,
                "name": job.name,
                "state": job.state.value,
                "attempts": job.attempts,
                "run_at": job.run_at.isoformat(),
                "error": job.error,
            }
            for job in found
        ],
        as_json=as_json,
    )


@jobs.command()
@click.argument("job_id")
def replay(job_id: str) -> None:
    """Make a dead job due now, with a fresh count of attempts."""
    with open_shop(Settings.from_environment(), background=False) as shop:
        shop.replay_job(job_id=job_id)
    click.echo(f"due: {job_id}")
