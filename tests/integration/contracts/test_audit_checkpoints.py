"""What every place of checkpoints promises: each line for good, in order, whoever writes at the same time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import pytest

from printapic.adapters.audit.folder_checkpoints import FolderAuditCheckpoints
from printapic.adapters.audit.memory_checkpoints import MemoryAuditCheckpoints
from printapic.adapters.audit.s3_checkpoints import S3AuditCheckpoints
from printapic.adapters.images.s3 import s3_client
from printapic.application.ports.audit import AuditCheckpoints, CheckpointsUnavailable
from tests import builders as b
from tests.servers.processes import free_ports

if TYPE_CHECKING:
    from tests.servers.s3 import S3Bucket


@attrs.frozen
class Place:
    """Checkpoints, the same place as another process finds it, and a way to make it fail."""

    checkpoints: AuditCheckpoints
    again: Callable[[], AuditCheckpoints]
    break_it: Callable[[], AuditCheckpoints]


def in_memory(request: pytest.FixtureRequest) -> Place:
    checkpoints = MemoryAuditCheckpoints()

    def broken() -> AuditCheckpoints:
        checkpoints.broken = True
        return checkpoints

    return Place(checkpoints, lambda: checkpoints, broken)


def in_a_folder(request: pytest.FixtureRequest) -> Place:
    folder: Path = request.getfixturevalue("tmp_path") / "shop"

    def broken() -> AuditCheckpoints:
        """Something else lies where the file should be."""
        file = folder / "audit-checkpoints.jsonl"
        file.unlink(missing_ok=True)
        file.mkdir(parents=True)
        return FolderAuditCheckpoints(folder)

    return Place(FolderAuditCheckpoints(folder), lambda: FolderAuditCheckpoints(folder), broken)


def in_a_bucket(request: pytest.FixtureRequest) -> Place:
    bucket: S3Bucket = request.getfixturevalue("s3_bucket")

    def at(endpoint: str) -> AuditCheckpoints:
        client = s3_client(
            region=bucket.region,
            endpoint=endpoint,
            access_key=bucket.access_key,
            secret_key=bucket.secret_key,
        )
        return S3AuditCheckpoints(client, bucket.bucket, bucket.prefix, page_size=7)

    return Place(
        at(bucket.endpoint),
        lambda: at(bucket.endpoint),
        lambda: at(f"http://127.0.0.1:{free_ports(1)[0]}"),
    )


@pytest.fixture(
    params=[in_memory, in_a_folder, pytest.param(in_a_bucket, marks=pytest.mark.s3)],
    ids=["memory", "folder", "s3"],
)
def place(request: pytest.FixtureRequest) -> Place:
    make: Callable[[pytest.FixtureRequest], Place] = request.param
    return make(request)


def test_a_place_without_checkpoints_is_empty(place: Place) -> None:
    assert list(place.checkpoints.all()) == []


def test_lines_come_back_as_they_were_the_oldest_first(place: Place) -> None:
    lines = [f'{{"n":{number},"ü":"\\u2028"}}' for number in range(20)]
    for number, line in enumerate(lines):
        place.checkpoints.append(line, at=b.minutes(number))
    assert list(place.checkpoints.all()) == lines


def test_another_process_finds_what_was_kept(place: Place) -> None:
    place.checkpoints.append("first", at=b.NOON)
    other = place.again()
    assert list(other.all()) == ["first"]
    other.append("second", at=b.minutes(5))
    assert list(place.checkpoints.all()) == ["first", "second"]


def test_many_may_write_at_the_same_moment(place: Place) -> None:
    lines = [f"line {number} " + "x" * 2000 for number in range(24)]
    writers = [place.again() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: writers[number % 4].append(lines[number], at=b.NOON), range(24)))
    assert sorted(place.checkpoints.all()) == sorted(lines)


def test_two_of_one_moment_are_both_kept(place: Place) -> None:
    place.checkpoints.append("one", at=b.NOON)
    place.checkpoints.append("other", at=b.NOON)
    assert sorted(place.checkpoints.all()) == ["one", "other"]


def test_a_place_that_fails_says_so(place: Place) -> None:
    place.checkpoints.append("kept", at=b.NOON)
    broken = place.break_it()
    with pytest.raises(CheckpointsUnavailable):
        broken.append("lost", at=b.NOON + timedelta(minutes=5))
    with pytest.raises(CheckpointsUnavailable):
        list(broken.all())
