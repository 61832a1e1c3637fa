"""The command, called as from a terminal, over a shop in a folder of the test's own."""

from __future__ import annotations

import io
import logging
import sys
from pathlib import Path

import pytest
import structlog

from printapic.entrypoints.cli.main import main
from tests.integration.cli.terminal import Answer, Command
from tests.migrated import data_folder


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a shop that was migrated before."""
    monkeypatch.setenv("PRINTAPIC_DATA", str(tmp_path / "shop"))
    monkeypatch.setenv("PRINTAPIC_BCRYPT_COST", "4")
    return data_folder(tmp_path / "shop")


@pytest.fixture
def printapic(data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    root = logging.getLogger()
    before = root.level, root.handlers[:]

    def run(*arguments: str, stdin: str = "") -> Answer:
        monkeypatch.setattr(sys, "argv", ["printapic", *arguments])
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        try:
            main()
            exit_code = 0
        except SystemExit as stop:
            exit_code = int(stop.code or 0)
        finally:
            structlog.reset_defaults()
            root.level, root.handlers[:] = before
        captured = capsys.readouterr()
        return Answer(exit_code, captured.out, captured.err)

    return run
