"""`printapic invoices`."""

from __future__ import annotations

import json

import click

from printapic.entrypoints.cli.free_text import FREE_TEXT
from printapic.entrypoints.embedded import open_shop
from printapic.entrypoints.settings import Settings


@click.group()
def invoices() -> None:
    """Open invoices that are kept although their customers were erased."""


@invoices.command(name="open")
@click.option("--order", "number", required=True, help="The order's number.")
@click.option("--reason", required=True, type=FREE_TEXT, help="Why; it is kept in the audit log.")
def open_invoice(number: str, reason: str) -> None:
    """Print one invoice as JSON. Who it was for is known to nobody else any more."""
    with open_shop(Settings.from_environment(), background=False) as shop:
        document = shop.open_invoice(number=number, reason=reason)
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))
