"""`printapic images`."""

from __future__ import annotations

from pathlib import Path

import click

from printapic.entrypoints.cli.output import as_json, show
from printapic.entrypoints.container import Container
from printapic.entrypoints.settings import Settings


@click.group()
def images() -> None:
    """Look at photos without uploading them."""


@images.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@as_json
def inspect(file: Path, as_json: bool) -> None:
    """Say what an upload of FILE would find out about it."""
    container = Container(settings=Settings.from_environment())
    with file.open("rb") as photo:
        facts = container.processor().inspect(photo, {}).facts
    show(
        [
            {
                "format": facts.format.value,
                "width_px": facts.width_px,
                "height_px": facts.height_px,
                "orientation": facts.orientation,
                "colour_space": facts.colour_space.value,
                "colour_profile": facts.colour_profile.value,
                "has_alpha": facts.has_alpha,
                "taken_at": facts.taken_at.isoformat() if facts.taken_at else None,
            }
        ],
        as_json=as_json,
    )
