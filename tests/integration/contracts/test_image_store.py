"""What every store of bytes promises, kept by all of them."""

from __future__ import annotations

import hashlib
import io
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import attrs
import pytest

from printapic.adapters.images.filesystem import FilesystemImageStore
from printapic.adapters.images.memory import MemoryImageStore
from printapic.adapters.images.s3 import S3ImageStore, s3_client
from printapic.application.ports.images import (
    Blob,
    BlobConflict,
    BlobCorrupt,
    BlobNotFound,
    ImageStore,
    KeyInvalid,
)
from printapic.application.ports.unit_of_work import StorageUnavailable
from tests.servers.processes import free_ports

if TYPE_CHECKING:
    from tests.servers.s3 import S3Bucket, S3Server

KEY = "originals/0192f0c1-2b3c-7000-8000-000000000001/0a1b"


@attrs.frozen
class Place:
    """A store, and a way to make what lies behind it fail."""

    store: ImageStore
    break_it: Callable[[], ImageStore]


def in_memory(request: pytest.FixtureRequest) -> Place:
    store = MemoryImageStore()

    def failing() -> ImageStore:
        store.failing = True
        return store

    return Place(store, failing)


def in_a_folder(request: pytest.FixtureRequest) -> Place:
    root: Path = request.getfixturevalue("tmp_path") / "photos"
    store = FilesystemImageStore(root)

    def unmounted() -> ImageStore:
        root.rename(root.with_name("elsewhere"))
        return store

    return Place(store, unmounted)


def in_a_bucket(request: pytest.FixtureRequest) -> Place:
    bucket: S3Bucket = request.getfixturevalue("s3_bucket")
    store = s3_store(bucket.server, bucket.endpoint, bucket.prefix)

    def unreachable() -> ImageStore:
        return s3_store(bucket.server, f"http://127.0.0.1:{free_ports(1)[0]}", bucket.prefix)

    return Place(store, unreachable)


def s3_store(server: S3Server, endpoint: str, prefix: str) -> S3ImageStore:
    client = s3_client(
        region=server.region, endpoint=endpoint, access_key=server.access_key, secret_key=server.secret_key
    )
    return S3ImageStore(client, server.bucket, prefix, page_size=7)


@pytest.fixture(
    params=[in_memory, in_a_folder, pytest.param(in_a_bucket, marks=pytest.mark.s3)],
    ids=["memory", "filesystem", "s3"],
)
def place(request: pytest.FixtureRequest) -> Place:
    make: Callable[[pytest.FixtureRequest], Place] = request.param
    return make(request)


@pytest.fixture
def store(place: Place) -> ImageStore:
    return place.store


def put(store: ImageStore, key: str, content: bytes, content_type: str = "image/jpeg") -> None:
    store.put(
        key,
        io.BytesIO(content),
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        content_type=content_type,
    )


def content(store: ImageStore, key: str) -> bytes:
    with store.open(key) as file:
        return file.read()


def keys(store: ImageStore, prefix: str = "", *, after: str | None = None, limit: int = 1000) -> list[str]:
    return [blob.key for blob in store.list(prefix, after=after, limit=limit)]


@pytest.mark.parametrize("size_bytes", [0, 1, 127, 128, 129, 70_000])
def test_what_was_put_is_what_is_read(store: ImageStore, size_bytes: int) -> None:
    written = bytes(index * 7 % 251 for index in range(size_bytes))
    put(store, KEY, written)
    assert content(store, KEY) == written


def test_what_is_known_of_the_bytes_is_kept(store: ImageStore) -> None:
    put(store, KEY, b"some pixels", "image/webp")
    known = Blob(
        key=KEY,
        size_bytes=11,
        sha256=hashlib.sha256(b"some pixels").hexdigest(),
        content_type="image/webp",
    )
    assert store.stat(KEY) == known
    assert list(store.list("")) == [known]


def test_an_opened_file_can_be_sought_and_is_closed_at_the_end(store: ImageStore) -> None:
    put(store, KEY, b"0123456789")
    with store.open(KEY) as file:
        assert file.seekable()
        assert file.read(3) == b"012"
        assert file.tell() == 3
        file.seek(-2, io.SEEK_END)
        assert file.read() == b"89"
        file.seek(4)
        file.seek(1, io.SEEK_CUR)
        assert file.read(2) == b"56"
        file.seek(100)
        assert file.read() == b""
        with pytest.raises((ValueError, OSError)):
            file.seek(-1)
    assert file.closed


def test_a_file_is_put_from_its_beginning_and_left_open(store: ImageStore) -> None:
    file = io.BytesIO(b"whole")
    file.read(3)
    store.put(KEY, file, size_bytes=5, sha256=hashlib.sha256(b"whole").hexdigest(), content_type="image/png")
    assert content(store, KEY) == b"whole"
    assert not file.closed


def test_the_same_bytes_again_change_nothing(store: ImageStore) -> None:
    put(store, KEY, b"same")
    put(store, KEY, b"same", "image/png")
    assert content(store, KEY) == b"same"
    assert store.stat(KEY).content_type == "image/jpeg"


def test_other_bytes_are_refused_and_the_first_stay(store: ImageStore) -> None:
    put(store, KEY, b"first")
    with pytest.raises(BlobConflict) as refusal:
        put(store, KEY, b"other")
    assert refusal.value.key == KEY
    assert content(store, KEY) == b"first"
    assert keys(store) == [KEY]


def test_of_writers_with_different_bytes_one_wins_and_the_others_learn_it(store: ImageStore) -> None:
    outcomes = race(8, lambda index: put(store, KEY, bytes([index]) * 3000))
    assert [type(outcome) for outcome in outcomes if outcome is not None] == [BlobConflict] * 7
    winner = outcomes.index(None)
    assert content(store, KEY) == bytes([winner]) * 3000


def test_writers_with_the_same_bytes_all_succeed(store: ImageStore) -> None:
    assert race(8, lambda _: put(store, KEY, b"same" * 1000)) == [None] * 8
    assert content(store, KEY) == b"same" * 1000


def test_deleting_everything_does_not_disturb_a_writer(store: ImageStore) -> None:
    def work(index: int) -> None:
        for turn in range(12):
            if index % 2:
                store.delete_prefix("originals/")
            else:
                put(store, f"originals/{index}/{turn}", b"content")

    assert race(4, work) == [None] * 4
    assert all(content(store, key) == b"content" for key in keys(store))


def race(count: int, work: Callable[[int], None]) -> list[Exception | None]:
    """Run `work` in as many threads at once; what each raised."""
    barrier = threading.Barrier(count)
    outcomes: list[Exception | None] = [None] * count

    def run(index: int) -> None:
        barrier.wait()
        try:
            work(index)
        except Exception as error:
            outcomes[index] = error

    threads = [threading.Thread(target=run, args=(index,)) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


@pytest.mark.parametrize(
    ("size_bytes", "sha256"),
    [
        (6, hashlib.sha256(b"pixels").hexdigest()[::-1]),
        (5, hashlib.sha256(b"pixels").hexdigest()),
        (7, hashlib.sha256(b"pixels").hexdigest()),
        (5, hashlib.sha256(b"pixel").hexdigest()),
    ],
    ids=["another checksum", "shorter", "longer", "its beginning"],
)
def test_a_file_that_is_not_what_was_announced_is_not_stored(
    store: ImageStore, size_bytes: int, sha256: str
) -> None:
    with pytest.raises(BlobCorrupt):
        store.put(KEY, io.BytesIO(b"pixels"), size_bytes=size_bytes, sha256=sha256, content_type="image/jpeg")
    with pytest.raises(BlobNotFound):
        store.stat(KEY)
    assert keys(store) == []


class Cut(io.BytesIO):
    """A source that fails in its middle."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() > 0:
            raise ConnectionResetError
        return super().read(10)


def test_a_source_that_fails_leaves_nothing(store: ImageStore) -> None:
    whole = b"x" * 100
    with pytest.raises(ConnectionResetError):
        store.put(
            KEY,
            Cut(whole),
            size_bytes=100,
            sha256=hashlib.sha256(whole).hexdigest(),
            content_type="image/jpeg",
        )
    assert keys(store) == []
    put(store, KEY, whole)
    assert content(store, KEY) == whole


def test_nothing_is_visible_before_it_is_whole(store: ImageStore) -> None:
    seen: list[list[str]] = []

    class Watched(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            seen.append(keys(store))
            return super().read(1000)

    written = bytes(3000)
    store.put(
        KEY,
        Watched(written),
        size_bytes=3000,
        sha256=hashlib.sha256(written).hexdigest(),
        content_type="image/jpeg",
    )
    assert len(seen) >= 4
    assert all(listing == [] for listing in seen[:4])
    assert keys(store) == [KEY]


def test_a_missing_key_is_said_to_be_missing(store: ImageStore) -> None:
    for look in (lambda: store.stat(KEY), lambda: content(store, KEY)):
        with pytest.raises(BlobNotFound) as refusal:
            look()
        assert refusal.value.key == KEY


def test_deleting_twice_is_deleting_once(store: ImageStore) -> None:
    put(store, KEY, b"x")
    store.delete(KEY)
    store.delete(KEY)
    with pytest.raises(BlobNotFound):
        content(store, KEY)
    put(store, KEY, b"another life")
    assert content(store, KEY) == b"another life"


def test_a_reader_keeps_its_bytes_when_they_are_deleted_meanwhile(store: ImageStore) -> None:
    written = bytes(range(256)) * 1000
    put(store, KEY, written)
    with store.open(KEY) as file:
        beginning = file.read(1)
        store.delete(KEY)
        assert beginning + file.read() == written


def test_deleting_a_folder_spares_its_neighbours(store: ImageStore) -> None:
    for key in ("abc/1", "abc/x/2", "abc/x/y/3", "abc2/1", "ab/c", "abc-1", "abc.1"):
        put(store, key, key.encode())
    assert store.delete_prefix("abc/") == 3
    assert keys(store) == ["ab/c", "abc-1", "abc.1", "abc2/1"]
    assert store.delete_prefix("abc/") == 0
    assert store.delete_prefix("never/was/") == 0
    put(store, "abc/1", b"again")
    assert content(store, "abc/1") == b"again"


def test_deleting_a_folder_goes_over_all_its_pages(store: ImageStore) -> None:
    for index in range(20):
        put(store, f"renditions/{index}", b"x")
    assert store.delete_prefix("renditions/") == 20
    assert keys(store) == []


def test_a_listing_has_what_begins_so_and_orders_the_keys_of_a_folder(store: ImageStore) -> None:
    stored = ["a-b/1", "a/1", "a/2/3", "a.b", "a0", "b/1", "a/2-3", "z", "a/20"]
    for key in stored:
        put(store, key, b"x")
    assert sorted(keys(store)) == sorted(stored)
    assert sorted(keys(store, "a/")) == ["a/1", "a/2-3", "a/2/3", "a/20"]
    assert sorted(keys(store, "a/2")) == ["a/2-3", "a/2/3", "a/20"]
    assert [key for key in keys(store, "a/") if key.count("/") == 1] == ["a/1", "a/2-3", "a/20"]
    assert keys(store, "a/2/") == ["a/2/3"]
    assert keys(store, "nothing/here/") == []


def test_a_listing_goes_on_behind_a_key(store: ImageStore) -> None:
    stored = [f"{folder}/{index:02}" for folder in ("a", "b", "b-c", "c") for index in range(9)]
    for key in stored:
        put(store, key, b"x")
    found: list[str] = []
    while page := keys(store, after=found[-1] if found else None, limit=5):
        assert len(page) <= 5
        found += page
    assert sorted(found) == sorted(stored)
    assert found == keys(store)
    assert keys(store, "b/", after="b/06") == ["b/07", "b/08"]
    assert keys(store, "b/", after="b/065") == ["b/07", "b/08"]
    assert keys(store, "b/", after="a/00", limit=1) == ["b/00"]
    assert keys(store, after="z") == []
    assert keys(store, limit=0) == []


HOSTILE = [
    "",
    "/",
    "/etc/passwd",
    "a//b",
    "a/",
    "../a",
    "a/../b",
    "a/./b",
    ".",
    "..",
    "a/..",
    "A",
    "ä",
    "a b",
    "a\0b",
    "a\n",
    "a\\b",
    "a+",
    "+incoming/a",
    "%2e%2e/a",
    "a" * 201,
]


@pytest.mark.parametrize("key", HOSTILE)
def test_a_hostile_key_is_refused_by_every_method(store: ImageStore, key: str) -> None:
    for call in (
        lambda: put(store, key, b"x"),
        lambda: content(store, key),
        lambda: store.stat(key),
        lambda: store.delete(key),
        lambda: store.delete_prefix(key.rstrip("/")),
        lambda: store.delete_prefix(f"../{key}"),
        lambda: store.list("a/", after=key),
        lambda: store.list(f"../{key}"),
    ):
        with pytest.raises(KeyInvalid):
            call()


def test_the_whole_store_cannot_be_deleted_by_accident(store: ImageStore) -> None:
    put(store, "a", b"x")
    for prefix in ("", "/", "//"):
        with pytest.raises(KeyInvalid):
            store.delete_prefix(prefix)
    assert keys(store) == ["a"]


def test_the_longest_key_is_stored(store: ImageStore) -> None:
    key = "/".join(["0123456789abcdefghi"] * 10)
    assert len(key) == 199
    put(store, key, b"x")
    assert keys(store, key) == [key]


def test_a_failure_is_told_by_every_method(place: Place) -> None:
    put(place.store, KEY, b"x")
    broken = place.break_it()

    def listing(store: ImageStore) -> list[Blob]:
        return list(store.list(""))

    for call in (
        lambda: put(broken, KEY, b"x"),
        lambda: put(broken, "another/key", b"x"),
        lambda: content(broken, KEY),
        lambda: content(broken, "missing"),
        lambda: broken.stat(KEY),
        lambda: broken.delete(KEY),
        lambda: broken.delete("missing"),
        lambda: broken.delete_prefix("originals/"),
        lambda: listing(broken),
    ):
        with pytest.raises(StorageUnavailable):
            call()


BIG_BYTES = 48_000_000


class Endless(io.RawIOBase, BinaryIO):
    """48 MB that are nowhere in memory."""

    def __init__(self) -> None:
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: BIG_BYTES}[whence] + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        count = min(len(buffer), BIG_BYTES - self._at)
        buffer[:count] = bytes(count)
        self._at += count
        return count


@pytest.fixture
def traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


@pytest.fixture(
    params=[in_a_folder, pytest.param(in_a_bucket, marks=pytest.mark.s3)], ids=["filesystem", "s3"]
)
def lasting_store(request: pytest.FixtureRequest) -> ImageStore:
    make: Callable[[pytest.FixtureRequest], Place] = request.param
    return make(request).store


@pytest.mark.usefixtures("traced")
def test_a_big_file_needs_little_memory(lasting_store: ImageStore) -> None:
    digest = hashlib.sha256(bytes(BIG_BYTES)).hexdigest()
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    lasting_store.put(KEY, Endless(), size_bytes=BIG_BYTES, sha256=digest, content_type="image/png")
    read = hashlib.sha256()
    with lasting_store.open(KEY) as file:
        while block := file.read(1 << 20):
            read.update(block)
    grown = tracemalloc.get_traced_memory()[1] - before
    assert read.hexdigest() == digest
    assert grown < 20_000_000
