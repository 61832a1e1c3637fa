"""What only a folder has: modes, links, footers, and leftovers."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import time
from pathlib import Path

import pytest

from printapic.adapters.images.filesystem import FilesystemImageStore
from printapic.application.ports.images import BlobCorrupt, BlobNotFound
from printapic.application.ports.unit_of_work import StorageUnavailable

CONTENT = b"some pixels"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "photos"


@pytest.fixture
def store(root: Path) -> FilesystemImageStore:
    return FilesystemImageStore(root)


def put(store: FilesystemImageStore, key: str = "a/b", content_type: str = "image/jpeg") -> None:
    store.put(
        key,
        io.BytesIO(CONTENT),
        size_bytes=len(CONTENT),
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        content_type=content_type,
    )


def test_nobody_else_may_read(store: FilesystemImageStore, root: Path) -> None:
    put(store)
    for path in (root, *root.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


def test_a_stored_file_begins_with_its_bytes(store: FilesystemImageStore, root: Path) -> None:
    put(store)
    assert (root / "a" / "b+").read_bytes().startswith(CONTENT)
    assert (root / "a" / "b+").stat().st_size == len(CONTENT) + 128


def test_a_copy_of_the_folder_is_a_copy_of_the_store(store: FilesystemImageStore, root: Path) -> None:
    put(store, content_type="image/webp")
    copied = root.with_name("copy")
    (copied / "a").mkdir(parents=True)
    (copied / "a" / "b+").write_bytes((root / "a" / "b+").read_bytes())
    assert FilesystemImageStore(copied).stat("a/b") == store.stat("a/b")


def test_nothing_is_left_of_what_was_not_stored(store: FilesystemImageStore, root: Path) -> None:
    with pytest.raises(BlobCorrupt):
        store.put("a/b", io.BytesIO(CONTENT), size_bytes=1, sha256="00" * 32, content_type="image/png")
    put(store)
    put(store)
    assert [path.name for path in root.rglob("*") if path.is_file()] == ["b+"]


def test_a_link_to_elsewhere_is_not_followed(store: FilesystemImageStore, root: Path, tmp_path: Path) -> None:
    put(store, "secret/file")
    outside = tmp_path / "outside"
    (root / "secret").rename(outside)
    (root / "secret").symlink_to(outside)
    (root / "linked+").symlink_to(outside / "file+")
    for look in (
        store.stat,
        lambda key: store.open(key).__enter__(),
        store.delete,
        lambda key: put(store, key),
    ):
        with pytest.raises(StorageUnavailable):
            look("secret/file")
    with pytest.raises(StorageUnavailable):
        store.stat("linked")
    assert list(store.list("")) == []
    with pytest.raises(StorageUnavailable):
        store.delete_prefix("secret/")
    assert (outside / "file+").exists()


def test_a_link_in_the_place_of_a_new_file_is_not_written_through(
    store: FilesystemImageStore, root: Path, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    (root / "new+").symlink_to(victim)
    with pytest.raises(StorageUnavailable):
        put(store, "new")
    assert not victim.exists()


@pytest.mark.parametrize(
    "damage", [b"", b"x", CONTENT, bytes(200)], ids=["empty", "short", "cut off", "zeros"]
)
def test_a_damaged_file_is_a_failure_and_not_a_photo(
    store: FilesystemImageStore, root: Path, damage: bytes
) -> None:
    put(store)
    (root / "a" / "b+").write_bytes(damage)
    with pytest.raises(StorageUnavailable):
        store.stat("a/b")
    with pytest.raises(StorageUnavailable), store.open("a/b"):
        pass


def test_a_file_that_loses_its_end_while_it_is_read_is_a_failure(
    store: FilesystemImageStore, root: Path
) -> None:
    put(store)
    with store.open("a/b") as file:
        os.truncate(root / "a" / "b+", 4)
        with pytest.raises(StorageUnavailable):
            file.read()


def test_what_is_no_file_is_a_failure(store: FilesystemImageStore, root: Path) -> None:
    os.mkfifo(root / "pipe+")
    with pytest.raises(StorageUnavailable):
        store.stat("pipe")
    assert list(store.list("")) == []


def test_what_others_put_into_the_folder_is_not_ours(store: FilesystemImageStore, root: Path) -> None:
    put(store)
    (root / "lost+found").mkdir()
    (root / ".DS_Store").write_bytes(b"x")
    (root / "a" / "thumbs.db").write_bytes(b"x")
    assert [blob.key for blob in store.list("")] == ["a/b"]


def test_deleting_a_folder_takes_its_empty_folders_along(store: FilesystemImageStore, root: Path) -> None:
    put(store, "a/b/c/d")
    put(store, "a/e")
    assert store.delete_prefix("a/b/") == 1
    assert not (root / "a" / "b").exists()
    assert store.delete_prefix("a/") == 1
    assert not (root / "a").exists()


def test_leftovers_of_dead_writers_go_after_a_day_and_not_before(root: Path) -> None:
    FilesystemImageStore(root)
    incoming = root / "+incoming"
    incoming.mkdir()
    for name, hours in (("old", 25), ("young", 23)):
        (incoming / name).write_bytes(b"half a photo")
        moment = time.time() - hours * 3600
        os.utime(incoming / name, (moment, moment))
    FilesystemImageStore(root)
    assert [path.name for path in incoming.iterdir()] == ["young"]


def test_a_content_type_has_an_end(store: FilesystemImageStore) -> None:
    with pytest.raises(ValueError, match="content type"):
        put(store, content_type="x" * 81)
    with pytest.raises(BlobNotFound):
        store.stat("a/b")


def test_a_root_that_cannot_be_made_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageUnavailable):
        FilesystemImageStore(tmp_path / "file" / "photos")
