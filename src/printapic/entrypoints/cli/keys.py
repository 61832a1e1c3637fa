"""`printapic keys`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from printapic.application.ports.keys import KeyRecord
from printapic.domain.errors import Conflict
from printapic.entrypoints.cli.output import as_json, show
from printapic.entrypoints.container import create_keys
from printapic.entrypoints.embedded import open_shop
from printapic.entrypoints.settings import Settings


class KeyFileExists(Conflict):
    code = "key-file-exists"

    def __init__(self) -> None:
        super().__init__("There is such a file already. Keys are rotated, never overwritten.")


@click.group()
def keys() -> None:
    """Make, list, rotate and revoke the keys behind all tokens."""


@keys.command()
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
def create(path: Path) -> None:
    """Make a key file for production, readable by its owner alone. Keep a copy of it in a safe place."""
    if not create_keys(path):
        raise KeyFileExists
    click.echo(f"made: {path}")


@keys.command(name="list")
@as_json
def list_keys(as_json: bool) -> None:
    """List the keys, the oldest first; never what is secret about them."""
    with open_shop(Settings.from_environment(), background=False) as shop:
        found = shop.list_keys()
    show([_row(key) for key in found], as_json=as_json)


@keys.command()
@click.option("--at-once", is_flag=True, help="Even where the next key was published a moment ago.")
@as_json
def rotate(at_once: bool, as_json: bool) -> None:
    """Let the next key sign. Running processes take part within a second; nobody is logged out."""
    with open_shop(Settings.from_environment(), background=False) as shop:
        active = shop.rotate_keys(at_once=at_once)
    show([_row(active)], as_json=as_json)


@keys.command()
@click.argument("kid")
@as_json
def revoke(kid: str, as_json: bool) -> None:
    """Refuse everything made under a key that has leaked. Sessions under it must log in again."""
    with open_shop(Settings.from_environment(), background=False) as shop:
        revoked = shop.revoke_key(kid=kid)
    show([_row(revoked)], as_json=as_json)


def _row(key: KeyRecord) -> Mapping[str, object]:
    times = {"created_at": key.created_at, "signs_since": key.signs_since, "retire_at": key.retire_at}
    shown = {name: time.isoformat(timespec="seconds") if time else None for name, time in times.items()}
    return {"kid": key.kid, "state": key.state.value, **shown}
