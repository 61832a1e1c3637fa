"""`printapic openapi`."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import click

from printapic.entrypoints.container import Container
from printapic.entrypoints.http.app import create_app, openapi_document
from printapic.entrypoints.settings import Settings


@click.command()
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write to a file instead.")
def openapi(out: Path | None) -> None:
    """Write the OpenAPI document of this version: the same bytes wherever it runs."""
    with TemporaryDirectory() as folder:
        document = openapi_document(create_app(Container(settings=Settings.memory(folder))))
    if out is None:
        click.echo(document.decode(), nl=False)
    else:
        out.write_bytes(document)
