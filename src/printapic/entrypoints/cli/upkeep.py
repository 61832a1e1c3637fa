"""`printapic migrate` and `printapic doctor`."""

from __future__ import annotations

import click

from printapic.entrypoints.cli.output import as_json, show
from printapic.entrypoints.container import Container, apply_migrations, close
from printapic.entrypoints.readiness import readiness
from printapic.entrypoints.settings import Settings


@click.command()
def migrate() -> None:
    """Bring the database up to date. Safe to repeat; one migration runs at a time."""
    settings = Settings.from_environment()
    settings.check()
    container = Container(settings=settings)
    try:
        applied = apply_migrations(container)
    finally:
        close(container)
    click.echo("migrated: " + ", ".join(applied) if applied else "nothing to migrate")


def _providers(container: Container) -> list[str]:
    """Who takes the money, whether it is real, and whether their webhooks are heard."""
    heard = container.verifiers()
    return [
        f"payments by {provider.value}, {'live' if gateway.livemode else 'test mode'}"
        + ("" if provider in heard else ", without webhooks")
        for provider, gateway in container.gateways().items()
    ]


def _overdue(container: Container) -> bool:
    now = container.clock().now()
    return any(key.overdue(at=now) for key in container.keyring().list(at=now))


@click.command()
@as_json
def doctor(as_json: bool) -> None:
    """Check the settings, then ask everything that the shop depends on. Exit code 1 if anything is wrong."""
    settings = Settings.from_environment()
    settings.check()
    container = Container(settings=settings)
    try:
        checks = dict(readiness(container))
        overdue = checks["keys"] and _overdue(container)
        checks |= dict.fromkeys(_providers(container) if checks["keys"] else (), True)
    finally:
        close(container)
    show([{"what": name, "ok": "yes" if good else "NO"} for name, good in checks.items()], as_json=as_json)
    if overdue:
        click.echo("printapic: the key that signs is 90 days old or more: printapic keys rotate", err=True)
    if not all(checks.values()):
        raise click.exceptions.Exit(1)
