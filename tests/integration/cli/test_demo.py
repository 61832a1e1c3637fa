"""The demo, from the command to the folder that it leaves behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.pictures import encoded, scene

ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("PRINTAPIC_")}


def demo(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "printapic.entrypoints.cli.main", "demo", *arguments],
        cwd=cwd,
        env={**ENVIRONMENT, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )


def test_without_a_photo_it_makes_one_and_leaves_an_album(tmp_path: Path) -> None:
    done = demo(cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    out = tmp_path / "printapic-demo"
    names = {path.name for path in out.iterdir()}
    assert {"original.jpg", "thumbnail.jpg", "preview.jpg", "print.jpg", "mail", "index.html"} <= names
    assert b"Exif" in (out / "original.jpg").read_bytes()
    for name in ("thumbnail.jpg", "preview.jpg", "print.jpg"):
        assert b"Exif" not in (out / name).read_bytes()
    with Image.open(out / "print.jpg") as print_file:
        assert (print_file.size, print_file.info["dpi"]) == ((1252, 1843), (300, 300))
    with Image.open(out / "original.jpg") as original, Image.open(out / "preview.jpg") as preview:
        assert original.width > original.height
        assert preview.width < preview.height
    assert len(list((out / "mail").glob("*.eml"))) == 6
    page = (out / "index.html").read_text("utf-8")
    assert all(f'src="{name}"' in page for name in ("original.jpg", "print.jpg"))
    assert "Traceback" not in (out / "shop" / "server.log").read_text("utf-8")
    for step in ("registers", "logs in", "uploads", "quote", "places the order", "presses Pay", "webhook"):
        assert step in done.stdout


def test_own_photos_each_become_a_line(tmp_path: Path) -> None:
    (tmp_path / "one.jpg").write_bytes(encoded(scene(1500, 1000)))
    (tmp_path / "two.png").write_bytes(encoded(scene(1000, 1500), "PNG"))
    done = demo("one.jpg", "two.png", "--out", "album", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    names = {path.name for path in (tmp_path / "album").iterdir()}
    assert {"original.jpg", "print.jpg", "original-2.png", "print-2.jpg"} <= names


def test_a_file_that_is_no_photo_stops_it_with_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a photo")
    done = demo("notes.txt", "--out", "album", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "uploads notes.txt" in done.stderr
    assert "image-format-unsupported" in done.stderr


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "album").mkdir()
    (tmp_path / "album" / "precious.txt").write_text("mine")
    done = demo("--out", "album", cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "folder-not-empty" in done.stderr
    assert (tmp_path / "album" / "precious.txt").read_text() == "mine"


@pytest.mark.chaos
def test_a_phone_photo_with_gps_goes_through(tmp_path: Path, photos: Path) -> None:
    done = demo(str(photos / "nokia-8.3-gps-4608x1976.jpg"), "--out", "album", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert b"Exif" not in (tmp_path / "album" / "print.jpg").read_bytes()


@pytest.mark.parametrize("arguments", [("absent.jpg",), ("--out",)])
def test_a_wrong_call_is_exit_code_2(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert demo(*arguments, cwd=tmp_path).returncode == 2


def test_what_is_no_folder_is_left_alone_and_a_wrong_call(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "earlier").mkdir()
    (tmp_path / "earlier" / ".printapic-demo").touch()
    (tmp_path / "link").symlink_to("earlier")
    before = sorted(tmp_path.rglob("*"))
    for out in ("pipe", "file/deeper", "link"):
        done = demo("--out", out, cwd=tmp_path)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
        assert f"'{out}' cannot be used: " in done.stderr
    assert sorted(tmp_path.rglob("*")) == before
