"""Files that commands write: whole or not at all, and never in the place of anything but a file."""

from __future__ import annotations

import os
import secrets
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import Any, TextIO

import click


class OutFile(click.ParamType[Path | None]):
    """Where a command writes: a file that is there or can be made, or `-` (None here), standard output."""

    name = "FILE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path | None:
        if value == "-":
            return None
        path = Path(value)
        try:
            refusal = _refusal(path)
        except (OSError, RuntimeError, ValueError) as error:  # a loop of links is the second
            refusal = _said(error)
        if refusal is not None:
            self.fail(f"'{click.format_filename(path)}' {refusal}", param, ctx)
        return path


@contextmanager
def written(out: Path | None) -> Iterator[TextIO]:
    """Standard output, or what becomes the file's content at the end, if nothing is raised until then.

    A file that is there keeps its mode, and a link what it points to. Raises `click.ClickException` where
    the file cannot be written.
    """
    if out is None:
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")
        yield sys.stdout
        return
    try:
        with _replacing(out) as file:
            yield file
    except OSError as error:
        raise click.ClickException(
            f"'{click.format_filename(out)}' cannot be written: {_said(error)}"
        ) from error


@contextmanager
def _replacing(out: Path) -> Iterator[TextIO]:
    target = out.resolve()
    beside = target.with_name(f".printapic-{secrets.token_hex(8)}")
    # Unlike tempfile's, this file has the mode that the user's umask gives to new files.
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            yield file
            file.flush()
            if target.exists():
                os.fchmod(descriptor, stat.S_IMODE(target.stat().st_mode))
            os.fsync(descriptor)
        beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _refusal(path: Path) -> str | None:
    """Why nothing may be written there; None where it may."""
    if path.exists():
        if not path.is_file():
            return "is no regular file."
        return None if os.access(path, os.W_OK) else "is not writable."
    folder = path.resolve().parent
    if not folder.is_dir():
        return "is in no folder that exists."
    return None if os.access(folder, os.W_OK | os.X_OK) else "is in a folder that is not writable."


def _said(error: Exception) -> str:
    """What the system says, without the names of files, of which ours are nobody's concern."""
    return (error.strerror if isinstance(error, OSError) else None) or "is no name of a file"


OUT_FILE = OutFile()
