"""Where commands write: nothing but files is ever replaced, and those whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.cli.terminal import Command

COMMANDS = [("payments", "export"), ("openapi",)]


def a_folder(place: Path) -> Path:
    place.mkdir()
    return place


def a_pipe(place: Path) -> Path:
    """Stands for devices, too: writing to the one and replacing the other is the same mistake."""
    os.mkfifo(place)
    return place


def a_link_to_a_pipe(place: Path) -> Path:
    link = place.with_name("link")
    link.symlink_to(a_pipe(place))
    return link


def a_link_to_itself(place: Path) -> Path:
    place.symlink_to(place)
    return place


def in_no_folder(place: Path) -> Path:
    return place / "deeper"


def under_a_file(place: Path) -> Path:
    place.write_text("mine")
    return place / "deeper"


def too_long(place: Path) -> Path:
    return place.with_name("n" * 300)


@pytest.fixture
def shop(printapic: Command) -> Command:
    assert printapic("migrate").exit_code == 0
    return printapic


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    "place", [a_folder, a_pipe, a_link_to_a_pipe, a_link_to_itself, in_no_folder, under_a_file, too_long]
)
def test_what_is_no_file_is_refused_and_stays_what_it_is(
    printapic: Command, tmp_path: Path, command: tuple[str, ...], place: Callable[[Path], Path]
) -> None:
    out = place(tmp_path / "place")
    before = everything(tmp_path)
    answer = printapic(*command, "--out", str(out))
    assert answer.exit_code == 2
    assert answer.out == ""
    assert answer.err.splitlines()[-1].startswith("Error: Invalid value for '--out': ")
    assert "Traceback" not in answer.err
    assert everything(tmp_path) == before


def test_a_file_is_made_with_the_users_own_mask_or_replaced_under_its_mode(
    shop: Command, tmp_path: Path
) -> None:
    command = ("payments", "export")
    printed = shop(*command).out
    assert printed
    assert shop(*command, "--out", "-").out == printed
    new, old, link = tmp_path / "new", tmp_path / "old", tmp_path / "link"
    old.write_text("x" * 1_000_000)
    old.chmod(0o640)
    link.symlink_to(old)
    mask = os.umask(0o027)
    try:
        assert shop(*command, "--out", str(new)).exit_code == 0
        assert shop(*command, "--out", str(link)).exit_code == 0
    finally:
        os.umask(mask)
    assert link.is_symlink()
    for file in (new, old):
        assert file.read_text("utf-8").splitlines() == printed.splitlines()
        assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert {each.name for each in tmp_path.iterdir()} == {"shop", "new", "old", "link"}


def test_an_export_that_fails_half_way_leaves_the_file_as_it_was(
    shop: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "log.csv"
    file.write_text("the last one")
    sync = os.fsync

    def full(descriptor: int) -> None:
        sync(descriptor)
        if os.fstat(descriptor).st_ino in {file.stat().st_ino for file in tmp_path.glob(".printapic-*")}:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    answer = shop("payments", "export", "--out", str(file))
    assert (answer.exit_code, answer.out) == (1, "")
    assert answer.err == f"Error: '{file}' cannot be written: No space left on device\n"
    assert file.read_text() == "the last one"
    assert {each.name for each in tmp_path.iterdir()} == {"shop", "log.csv"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("payments", "replay", "\udcff"),
        ("payments", "close-finding", "0190d6c4-7a00-7000-8000-000000000001", "--reason", "\udcff"),
        ("invoices", "open", "--order", "\udcff", "--reason", "x"),
    ],
    ids=" ".join,
)
def test_bytes_that_are_no_text_are_refused_in_one_line(
    printapic: Command, arguments: tuple[str, ...]
) -> None:
    answer = printapic(*arguments)
    assert answer.exit_code == 2
    position = next(number for number, word in enumerate(arguments, 1) if "\udcff" in word)
    assert answer.err == f"Error: Argument {position} is no text in UTF-8.\n"


def test_files_may_have_names_that_are_no_text(printapic: Command, tmp_path: Path) -> None:
    photo = tmp_path / "\udcff.txt"
    photo.write_text("no photo")
    answer = printapic("images", "inspect", str(photo))
    assert answer.exit_code == 1
    assert answer.err.endswith("[image-format-unsupported]\n")


def everything(folder: Path) -> set[tuple[str, int]]:
    return {
        (str(path), stat.S_IFMT(path.lstat().st_mode))
        for path in folder.rglob("*")
        if "shop" not in path.relative_to(folder).parts
    }
