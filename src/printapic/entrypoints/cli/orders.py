"""`printapic orders`."""

from __future__ import annotations

from uuid import UUID

import click

from printapic.domain.actors import Actor, Role
from printapic.domain.ids import OrderId
from printapic.domain.orders.status import OrderStatus
from printapic.entrypoints.cli.output import as_json, show
from printapic.entrypoints.embedded import open_shop
from printapic.entrypoints.settings import Settings

_KEEPER = Actor(None, frozenset({Role.ADMIN}))
"""Whoever has a shell on the shop's machine may read every order."""


@click.group()
def orders() -> None:
    """List and show orders."""


@orders.command(name="list")
@click.option("--status", type=click.Choice([status.value for status in OrderStatus]))
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
@as_json
def list_orders(status: str | None, limit: int, as_json: bool) -> None:
    """List orders, the newest first."""
    with open_shop(Settings.from_environment(), background=False) as shop:
        found = shop.list_orders(actor=_KEEPER, status=OrderStatus(status) if status else None, limit=limit)
    show(
        [
            {
                "id": str(order.id),
                "number": order.number,
                "status": order.status.value,
                "total": f"{order.total_amount} {order.currency}",
                "lines": order.line_count,
                "created_at": order.created_at.isoformat(),
            }
            for order in found
        ],
        as_json=as_json,
    )


@orders.command(name="show")
@click.argument("order_id", type=click.UUID)
@as_json
def show_order(order_id: UUID, as_json: bool) -> None:
    """Show what happened to one order, step by step."""
    with open_shop(Settings.from_environment(), background=False) as shop:
        order = shop.read_order(order_id=OrderId(order_id), actor=_KEEPER)
    show(
        [
            {
                "at": entry.at.isoformat(),
                "from": entry.source.value if entry.source else None,
                "to": entry.target.value,
                "trigger": entry.trigger,
                "role": entry.role.value,
                "reason": entry.reason,
            }
            for entry in order.history
        ],
        as_json=as_json,
    )
