"""`printapic users`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from uuid import UUID

import click

from printapic.domain.actors import Role
from printapic.domain.errors import Invalid
from printapic.domain.ids import UserId
from printapic.domain.users.user import User
from printapic.entrypoints.cli.output import as_json, show
from printapic.entrypoints.embedded import open_shop
from printapic.entrypoints.settings import Settings

_GRANTABLE = [role.value for role in Role if role is not Role.SYSTEM]
_email = click.option("--email", required=True)
_role = click.option("--role", required=True, type=click.Choice(_GRANTABLE))


class PasswordMissing(Invalid):
    code = "password-missing"

    def __init__(self) -> None:
        super().__init__("No password came on standard input.")


@click.group()
def users() -> None:
    """Create administrators, give and take roles, close, erase and list accounts."""


@users.command(name="create-admin")
@_email
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
@_email
@_role
@as_json
def grant(email: str, role: str, as_json: bool) -> None:
    """Give a user a role, in effect within a second. Their sessions end."""
    with open_shop(Settings.from_environment(), background=False) as shop:
        found = shop.find_user(email=email)
        roles = found.roles | {Role(role)}
        user = shop.set_roles(
            user_id=found.id, roles=roles, actor_id=None, versions=frozenset({found.version})
        )
    _tell(user, as_json=as_json)


@users.command()
@_email
@_role
@as_json
def revoke(email: str, role: str, as_json: bool) -> None:
    """Take a role away from a user, in effect within a second. Their sessions end."""
    with open_shop(Settings.from_environment(), background=False) as shop:
        found = shop.find_user(email=email)
        roles = found.roles - {Role(role)}
        user = shop.set_roles(
            user_id=found.id, roles=roles, actor_id=None, versions=frozenset({found.version})
        )
    _tell(user, as_json=as_json)


@users.command()
@_email
@as_json
def disable(email: str, as_json: bool) -> None:
    """Close an account: its sessions and API keys stop working within a second."""
    with open_shop(Settings.from_environment(), background=False) as shop:
        user = shop.disable_user(user_id=shop.find_user(email=email).id, actor_id=None)
    _tell(user, as_json=as_json)


@users.command()
@_email
@as_json
def enable(email: str, as_json: bool) -> None:
    """Open a closed account again; its owner logs in anew."""
    with open_shop(Settings.from_environment(), background=False) as shop:
        user = shop.enable_user(user_id=shop.find_user(email=email).id, actor_id=None)
    _tell(user, as_json=as_json)


@users.command(name="reset-mfa")
@_email
@click.option("--now", is_flag=True, help="Do not give the owner three days to object.")
@as_json
def reset_mfa(email: str, now: bool, as_json: bool) -> None:
    """Remove the second factor of somebody who lost app and recovery codes."""
    with open_shop(Settings.from_environment(), background=False) as shop:
        user = shop.find_user(email=email)
        factor = shop.reset_second_factor(user_id=user.id, actor_id=None, at_once=now)
    due = None if now or factor.reset_due_at is None else factor.reset_due_at.isoformat()
    if as_json:
        show([{"id": str(user.id), "email": user.email.address, "due_at": due}], as_json=True)
    else:
        click.echo("removed" if due is None else f"due: {due}")


@users.command()
@click.option("--email", help="Whose account; or give its --id.")
@click.option(
    "--id", "user_id", type=click.UUID, help="As the audit log names it, after a backup was restored."
)
@click.confirmation_option(prompt="There is no way back. Erase this account?")
def erase(email: str | None, user_id: UUID | None) -> None:
    """Close an account for good; its data goes as soon as no order is open. A worker does the rest."""
    if (email is None) == (user_id is None):
        raise click.UsageError("give either --email or --id")
    with open_shop(Settings.from_environment(), background=False) as shop:
        leaving = UserId(user_id) if user_id else shop.find_user(email=email or "").id
        open_orders = shop.request_erasure(user_id=leaving, actor_id=None)
    click.echo(f"closed; waits for {open_orders} open orders" if open_orders else "closed")


@users.command(name="list")
@click.option("--containing", help="Only those whose address or name contains this.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 10_000))
@as_json
def list_users(containing: str | None, limit: int, as_json: bool) -> None:
    """List users, the oldest first."""
    with open_shop(Settings.from_environment(), background=False) as shop:
        found = shop.list_users(limit=limit, containing=containing)
    show([_row(user) for user in found], as_json=as_json)


def _tell(user: User, *, as_json: bool) -> None:
    """What a user is after a change: in one line, or as `list` shows it."""
    if as_json:
        show([_row(user)], as_json=True)
    else:
        roles = ", ".join(sorted(user.roles)) or "no roles"
        click.echo(f"{roles} (disabled)" if user.disabled_at else roles)


def _row(user: User) -> Mapping[str, object]:
    return {
        "id": str(user.id),
        "email": user.email.address,
        "roles": ", ".join(sorted(user.roles)),
        "created_at": user.created_at.isoformat(),
        "disabled_at": user.disabled_at.isoformat() if user.disabled_at else None,
    }
