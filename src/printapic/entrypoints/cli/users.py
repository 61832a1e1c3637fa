"""`printapic users`."""

from __future__ import annotations

import sys

import click

from printapic.domain.actors import Role
from printapic.domain.errors import Invalid
from printapic.entrypoints.cli.output import as_json, show
from printapic.entrypoints.embedded import open_shop
from printapic.entrypoints.settings import Settings

_GRANTABLE = [role.value for role in Role if role is not Role.SYSTEM]


class PasswordMissing(Invalid):
    code = "password-missing"

    def __init__(self) -> None:
        super().__init__("No password came on standard input.")


@click.group()
def users() -> None:
    """Create administrators, give roles, list users."""


@users.command(name="create-admin")
@click.option("--email", required=True)
@click.option("--password-stdin", is_flag=True, required=True, help="Read the password from standard input.")
def create_admin(email: str, password_stdin: bool) -> None:
    """Create an administrator, or make one of an existing user, who keeps their password."""
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise PasswordMissing
    with open_shop(Settings.from_environment(), background=False) as shop:
        user_id = shop.create_admin(email=email, password=password)
    click.echo(str(user_id))


@users.command()
@click.option("--email", required=True)
@click.option("--role", required=True, type=click.Choice(_GRANTABLE))
def grant(email: str, role: str) -> None:
    """Give a user a role, in effect within a second."""
    with open_shop(Settings.from_environment(), background=False) as shop:
        found = shop.find_user(email=email)
        user = shop.set_roles(user_id=found.id, roles=found.roles | {Role(role)}, actor_id=None)
    click.echo(", ".join(sorted(user.roles)))


@users.command(name="list")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 10_000))
@as_json
def list_users(limit: int, as_json: bool) -> None:
    """List users, the oldest first."""
    with open_shop(Settings.from_environment(), background=False) as shop:
        found = shop.list_users(limit=limit)
    show(
        [
            {
                "id": str(user.id),
                "email": user.email.address,
                "roles": ", ".join(sorted(user.roles)),
                "created_at": user.created_at.isoformat(),
                "disabled_at": user.disabled_at.isoformat() if user.disabled_at else None,
            }
            for user in found
        ],
        as_json=as_json,
    )
