"""`printapic worker`: jobs in a process of their own."""

from __future__ import annotations

import signal
import threading

import click

from printapic.entrypoints.cli.logs import log_to_stderr
from printapic.entrypoints.embedded import keeping_time, open_container
from printapic.entrypoints.settings import Settings


@click.command()
@click.option("--until-idle", is_flag=True, help="Do what is due now, then stop.")
def worker(until_idle: bool) -> None:
    """Run jobs until SIGTERM or Ctrl-C; the jobs in hand are finished first.

    Any number of workers may run at a time. `serve` runs one of its own in embedded mode.
    """
    log_to_stderr()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with open_container(Settings.from_environment()) as container:
        runner, shop = container.worker(), container.shop()
        if until_idle:
            click.echo(f"{runner.run_due(shop.perform)} jobs run")
        else:
            with keeping_time(container):
                runner.run(shop.perform, stop)
