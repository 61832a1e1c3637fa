"""`printapic demo`: the whole journey of a photo, against a real server over HTTP."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import click
from rich.console import Console

from printapic.domain.errors import Conflict, PrintAPicError
from printapic.entrypoints.cli.demo_album import write_album
from printapic.entrypoints.cli.demo_client import Failed
from printapic.entrypoints.cli.demo_journey import Journey
from printapic.entrypoints.cli.demo_server import running_server
from printapic.entrypoints.cli.sample_photo import make_sample_photo

_MARK = ".printapic-demo"


class FolderNotEmpty(Conflict):
    code = "folder-not-empty"

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} holds other files; name an empty folder with --out.")


class DemoFailed(PrintAPicError):
    code = "demo-failed"


@click.command()
@click.argument("photos", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--out",
    default=Path("printapic-demo"),
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the photos, mails and index.html; an earlier demo in it is replaced.",
)
def demo(photos: tuple[Path, ...], out: Path) -> None:
    """Let PHOTOs become a paid, printed and delivered order, and watch every step.

    Starts a server of its own with embedded defaults and talks to it over HTTP as the customer, the
    payment page and the operator. Without a photo it makes one itself. Exit code 1 at the first step
    that does not do what it should.
    """
    try:
        _make_room(out)
    except OSError as error:
        why = error.strerror or "it is no folder of its own"
        raise click.BadParameter(f"'{out}' cannot be used: {why}", param_hint="'--out'") from error
    console = Console()
    with tempfile.TemporaryDirectory() as scratch:
        if not photos:
            with console.status("making a photo"):
                made = Path(scratch) / "sample.jpg"
                make_sample_photo(made)
            photos = (made,)
        try:
            with running_server(out / "shop") as server:
                console.print(f"[bold]PrintAPic[/] serves at {server.url}, its data is in {server.data}\n")
                journey = Journey(server, console)
                results = journey.run(photos)
        except Failed as failed:
            raise DemoFailed(f"step '{failed.step}': {failed}") from failed
    index = write_album(out, results)
    console.print(f"\n[bold green]Done.[/] Everything that came of it: {index}")


def _make_room(out: Path) -> None:
    """Replace an earlier demo, and nothing else."""
    if out.exists() and any(out.iterdir()):
        if not (out / _MARK).exists():
            raise FolderNotEmpty(out)
        shutil.rmtree(out)
    out.mkdir(parents=True, exist_ok=True)
    (out / _MARK).touch()
