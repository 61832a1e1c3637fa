"""`printapic catalogue`."""

from __future__ import annotations

from pathlib import Path

import click

from printapic.domain.errors import Invalid
from printapic.entrypoints.cli.output import as_json, show
from printapic.entrypoints.embedded import open_shop
from printapic.entrypoints.settings import Settings


class FileUnreadable(Invalid):
    code = "file-unreadable"

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} cannot be read as text.")


@click.group()
def catalogue() -> None:
    """Load and list products and prices."""


@catalogue.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
def load(file: Path | None) -> None:
    """Make FILE, a TOML price list, the current one; without FILE, the starter list.

    Loading the same list again changes nothing. Products that it no longer names are retired.
    """
    try:
        document = file.read_text("utf-8") if file else None
    except (OSError, UnicodeDecodeError):
        raise FileUnreadable(file or Path()) from None
    with open_shop(Settings.from_environment(), background=False) as shop:
        price_list, new = shop.load_price_list(document=document)
    click.echo(f"{'loaded' if new else 'unchanged'}: {price_list.version[:12]}")


@catalogue.command(name="list")
@as_json
def list_products(as_json: bool) -> None:
    """List the products on sale with the price of one copy."""
    with open_shop(Settings.from_environment(), background=False) as shop:
        price_list = shop.read_price_list()
    show(
        [
            {
                "sku": product.sku,
                "name": product.name,
                "size": str(product.specification.trim),
                "prices": ", ".join(str(ladder[0].unit_price) for ladder in product.prices.values()),
            }
            for product in price_list.on_sale()
        ],
        as_json=as_json,
    )
