"""`printapic`: one command with a group for each thing that a shop's keeper does.

Command modules are imported when they are called: `printapic --help` loads no framework.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from printapic import __version__
from printapic.domain.errors import PrintAPicError

_COMMANDS = {
    "demo": ("demo:demo", "Let one photo become a paid, printed and delivered order, and watch."),
    "serve": ("serve:serve", "Run the HTTP API."),
    "worker": ("worker:worker", "Run the jobs that orders, payments and mails leave behind."),
    "migrate": ("upkeep:migrate", "Bring the database up to date."),
    "doctor": ("upkeep:doctor", "Check settings and everything that the shop depends on."),
    "catalogue": ("catalogue:catalogue", "Load and list products and prices."),
    "users": (
        "users:users",
        "Create administrators, give and take roles, close, erase and list accounts.",
    ),
    "sessions": ("sessions:sessions", "List where somebody is logged in, and log them out."),
    "api-keys": ("api_keys:api_keys", "List what machines carry, and revoke it."),
    "keys": ("keys:keys", "Make, list, rotate and revoke the keys behind all tokens."),
    "invoices": ("invoices:invoices", "Open invoices of customers who were erased."),
    "images": ("images:images", "Look at photos without uploading them."),
    "orders": ("orders:orders", "List and show orders."),
    "payments": (
        "payments:payments",
        "List, refund and check payments, compare the books with the providers', and export them.",
    ),
    "audit": ("audit:audit", "Read the audit log, and prove that nobody touched it."),
    "jobs": ("jobs:jobs", "List jobs, and run dead ones again."),
    "openapi": ("openapi:openapi", "Write the OpenAPI document."),
}


class LazyGroup(click.Group):
    """A group that knows its commands' names and summaries, and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name][0].partition(":")
        command: Any = getattr(import_module(f"printapic.entrypoints.cli.{module}"), name)
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in _COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, package_name="printapic")
def cli() -> None:
    """The backend of a photo-print shop.

    Settings are read from PRINTAPIC_* variables; without any, the shop keeps everything in the folder
    ./printapic-data (PRINTAPIC_DATA) and simulates payments.
    """
    # What a command has to say, it says itself, in one line; commands that keep running say more.
    from printapic.entrypoints.cli.logs import log_to_stderr

    log_to_stderr(logging.CRITICAL)


def main() -> None:
    """Exit code 0, or 2 for a wrong call, or 1 with one line on stderr for a refusal or a failure."""
    try:
        _check_words(sys.argv[1:])
        sys.exit(cli(standalone_mode=False))
    except click.ClickException as wrong:
        wrong.show()
        sys.exit(wrong.exit_code)
    except click.Abort:
        sys.exit(130)
    except PrintAPicError as refusal:
        sys.exit(_one_line(refusal))
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)


def _check_words(words: Sequence[str]) -> None:
    """Bytes that are no text reach us as lone surrogates, which no database takes; files have such names."""
    for position, word in enumerate(words, start=1):
        try:
            word.encode()
        except UnicodeEncodeError:
            if not os.path.lexists(word):
                raise click.UsageError(f"Argument {position} is no text in UTF-8.") from None


def _one_line(refusal: PrintAPicError) -> int:
    click.echo(f"printapic: {' '.join(refusal.message.split())} [{refusal.code}]", err=True)
    return 1


if __name__ == "__main__":
    main()
