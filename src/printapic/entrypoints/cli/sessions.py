"""`printapic sessions`."""

from __future__ import annotations

from uuid import UUID

import click

from printapic.domain.ids import SessionId
from printapic.entrypoints.cli.output import as_json, show
from printapic.entrypoints.embedded import open_shop
from printapic.entrypoints.settings import Settings

_email = click.option("--email", required=True)


@click.group()
def sessions() -> None:
    """List where somebody is logged in, and log them out."""


@sessions.command(name="list")
@_email
@as_json
def list_sessions(email: str, as_json: bool) -> None:
    """List where a user is logged in, the newest login first."""
    with open_shop(Settings.from_environment(), background=False) as shop:
        found = shop.list_sessions(user_id=shop.find_user(email=email).id)
    show(
        [
            {
                "id": str(session.id),
                "device": session.device,
                "address": session.address,
                "second_factor": session.second_factor,
                "created_at": session.created_at.isoformat(),
                "last_used_at": session.last_used_at.isoformat(),
                "expires_at": session.expires_at.isoformat(),
            }
            for session in found
        ],
        as_json=as_json,
    )


@sessions.command()
@_email
@click.option("--session", "session_id", type=click.UUID, help="Only this one.")
@as_json
def revoke(email: str, session_id: UUID | None, as_json: bool) -> None:
    """Log a user out, in effect within a second: everywhere, or on one device."""
    with open_shop(Settings.from_environment(), background=False) as shop:
        user_id = shop.find_user(email=email).id
        if session_id is None:
            ended = shop.end_sessions(user_id=user_id, actor_id=None)
        else:
            shop.end_session(user_id=user_id, session_id=SessionId(session_id), actor_id=None)
            ended = 1
    if as_json:
        show([{"user_id": str(user_id), "ended": ended}], as_json=True)
    else:
        click.echo(f"ended: {ended}")
