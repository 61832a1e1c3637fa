"""`printapic api-keys`."""

from __future__ import annotations

from uuid import UUID

import click

from printapic.domain.ids import ApiKeyId
from printapic.entrypoints.cli.output import as_json, show
from printapic.entrypoints.embedded import open_shop
from printapic.entrypoints.settings import Settings


@click.group(name="api-keys")
def api_keys() -> None:
    """List what machines carry, and revoke it. Keys are issued by administrators, over HTTP."""


@api_keys.command(name="list")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 10_000))
@as_json
def list_api_keys(limit: int, as_json: bool) -> None:
    """List keys, the newest first; never the keys themselves."""
    with open_shop(Settings.from_environment(), background=False) as shop:
        found = shop.list_api_keys(limit=limit)
    show(
        [
            {
                "id": str(key.id),
                "name": key.name,
                "owner_id": str(key.owner_id),
                "scopes": " ".join(sorted(key.scopes)),
                "networks": " ".join(key.networks),
                "created_at": key.created_at.isoformat(),
                "expires_at": key.expires_at.isoformat(),
                "last_used_at": key.last_used_at.isoformat() if key.last_used_at else None,
                "revoked_at": key.revoked_at.isoformat() if key.revoked_at else None,
            }
            for key in found
        ],
        as_json=as_json,
    )


@api_keys.command()
@click.argument("key_id", type=click.UUID)
@as_json
def revoke(key_id: UUID, as_json: bool) -> None:
    """End a key, in effect within a second. Repeating it changes nothing."""
    with open_shop(Settings.from_environment(), background=False) as shop:
        owner_id = shop.revoke_api_key(key_id=ApiKeyId(key_id), actor_id=None)
    if as_json:
        show([{"id": str(key_id), "owner_id": str(owner_id)}], as_json=True)
    else:
        click.echo(f"revoked: {key_id}")
