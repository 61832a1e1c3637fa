"""`printapic serve`: the HTTP API, with its jobs and simulated webhooks where the shop is embedded."""

from __future__ import annotations

import gc
import signal
import socket
from contextlib import ExitStack

import attrs
import click
import uvicorn
from litestar import Litestar

from printapic.domain.errors import Unavailable
from printapic.entrypoints.cli.logs import log_to_stderr
from printapic.entrypoints.embedded import (
    delivering,
    expect_payable_prices,
    expect_stored_hashes,
    open_container,
    working,
)
from printapic.entrypoints.http.app import create_app
from printapic.entrypoints.http.server import server_config
from printapic.entrypoints.settings import InProcessJobs, Settings


class PortTaken(Unavailable):
    code = "port-taken"

    def __init__(self, host: str, port: int) -> None:
        super().__init__(f"{host}:{port} cannot be listened on: it is in use, or not this machine's.")


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0: any free one."
)
@click.option("--jobs/--no-jobs", default=True, help="Leave jobs to `printapic worker`.")
def serve(host: str, port: int, jobs: bool) -> None:
    """Run the HTTP API until SIGTERM or Ctrl-C; requests and jobs in hand are finished first.

    In embedded mode the database is set up, and jobs and the simulated provider's webhooks run here too.
    """
    log_to_stderr()
    with ExitStack() as stack:
        listening = stack.enter_context(_listen(host, port))
        url = f"http://{_in_url(host)}:{listening.getsockname()[1]}"
        settings = Settings.from_environment()
        if settings.public_url == Settings.embedded("").public_url:
            settings = attrs.evolve(settings, public_url=url)
        container = stack.enter_context(open_container(settings))
        expect_payable_prices(container)
        expect_stored_hashes(container)
        app = create_app(container)
        if jobs and isinstance(settings.jobs, InProcessJobs):
            stack.enter_context(working(container))
        stack.enter_context(delivering(container))
        click.echo(f"API            {url}/v1")
        click.echo(f"Documentation  {url}/schema")
        click.echo(f"Data           {settings.data}")
        _run(app, listening)


def _run(app: Litestar, listening: socket.socket) -> None:
    """Serve until told to stop, and then return: the caller has threads to end and books to close.

    uvicorn would raise the signal that stopped it once more when it is done, to die of it.
    """
    server = uvicorn.Server(server_config(app, log_level="warning"))

    def stop(*_: object) -> None:
        server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    # What was loaded to start stays to the end: the collector need not look at it again and again.
    gc.collect()
    gc.freeze()
    server.run(sockets=[listening])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError:
        listening.close()
        raise PortTaken(host, port) from None
    return listening


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
