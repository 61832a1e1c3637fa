"""`printapic openapi`."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import click

from printapic.entrypoints.cli.out_files import OUT_FILE, written
from printapic.entrypoints.container import Container
from printapic.entrypoints.http.app import create_app, openapi_document
from printapic.entrypoints.settings import Settings


@click.command()
@click.option("--out", type=OUT_FILE, help="Write to a file instead.")
def openapi(out: Path | None) -> None:
    """Write the OpenAPI document of this version: the same bytes wherever it runs."""
    with TemporaryDirectory() as folder:
        document = openapi_document(create_app(Container(settings=Settings.memory(folder))))
    with written(out) as file:
        file.write(document.decode())
