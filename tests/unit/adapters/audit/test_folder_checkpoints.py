"""A file of checkpoints outlives power failures and full disks, and is nobody else's business."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from printapic.adapters.audit.folder_checkpoints import FolderAuditCheckpoints
from printapic.application.ports.audit import CheckpointsUnavailable
from tests import builders as b


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "audit-checkpoints.jsonl"


@pytest.fixture
def checkpoints(tmp_path: Path) -> FolderAuditCheckpoints:
    return FolderAuditCheckpoints(tmp_path)


def test_only_the_owner_may_read_it(checkpoints: FolderAuditCheckpoints, file: Path) -> None:
    checkpoints.append("one", at=b.NOON)
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_bytes() == b"one\n"


def test_a_line_that_was_cut_short_is_left_out_and_taken_away(
    checkpoints: FolderAuditCheckpoints, file: Path
) -> None:
    checkpoints.append("one", at=b.NOON)
    with file.open("ab") as torn:
        torn.write(b"tw")
    assert list(checkpoints.all()) == ["one"]
    checkpoints.append("three", at=b.NOON)
    assert file.read_bytes() == b"one\nthree\n"


def test_a_first_line_that_was_cut_short_too(checkpoints: FolderAuditCheckpoints, file: Path) -> None:
    file.write_bytes(b"on")
    checkpoints.append("one", at=b.NOON)
    assert file.read_bytes() == b"one\n"


def test_what_is_none_of_ours_is_not_taken_away(checkpoints: FolderAuditCheckpoints, file: Path) -> None:
    content = b"one\n" + b"x" * 100_000
    file.write_bytes(content)
    with pytest.raises(CheckpointsUnavailable):
        checkpoints.append("two", at=b.NOON)
    assert file.read_bytes() == content


def test_a_disk_that_is_full_leaves_whole_lines(
    checkpoints: FolderAuditCheckpoints, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system takes three bytes at a time, and then no more."""
    write, room = os.write, [3, 3, 0]

    def little(descriptor: int, content: bytes) -> int:
        if not (space := room.pop(0)):
            raise OSError(28, "No space left on device")
        return write(descriptor, content[:space])

    checkpoints.append("one", at=b.NOON)
    with monkeypatch.context() as full:
        full.setattr("os.write", little)
        with pytest.raises(CheckpointsUnavailable):
            checkpoints.append("number two", at=b.NOON)
    assert file.read_bytes() == b"one\nnumber"
    assert list(checkpoints.all()) == ["one"]
    checkpoints.append("three", at=b.NOON)
    assert list(checkpoints.all()) == ["one", "three"]


@pytest.mark.parametrize("text", ["two\nlines", "x" * 70_000])
def test_a_checkpoint_is_one_line(checkpoints: FolderAuditCheckpoints, text: str) -> None:
    with pytest.raises(ValueError, match="one line"):
        checkpoints.append(text, at=b.NOON)
