"""Receiving files: however the bytes are cut, and whatever they are called."""

from __future__ import annotations

import asyncio
import base64
import errno
import hashlib
import io
import itertools
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from printapic.domain.images.image import UploadTooLarge
from printapic.entrypoints.http import uploads
from printapic.entrypoints.http.bodies import BodyIncomplete, ShopRequest
from printapic.entrypoints.http.uploads import (
    MAX_NAME,
    ReceivedFile,
    UploadChecksumMismatch,
    UploadFormInvalid,
    UploadSpaceMissing,
    UploadTooSlow,
    display_name,
    receive,
)

CONTENT = bytes(range(256)) * 40 + b"\r\n--b\r\n--bound\r\n" * 10
FORM = (
    b'--bound-ary\r\nContent-Disposition: form-data; name="note"\r\n\r\nhello\r\n'
    b'--bound-ary\r\nContent-Disposition: form-data; name="file"; filename="C:\\\\a\\\\b.jpg"\r\n'
    b"Content-Type: image/jpeg\r\n\r\n" + CONTENT + b"\r\n--bound-ary--\r\n"
)


def upload(
    pieces: Sequence[bytes],
    *,
    max_bytes: int = 100_000,
    broken: bool = False,
    pause_s: float = 0,
    pauses_s: list[float] | None = None,
    into: io.BytesIO | None = None,
    **headers: str,
) -> tuple[ReceivedFile, bytes]:
    """What arrives of a body that comes in these pieces."""

    pauses_s = pauses_s or []

    async def run() -> ReceivedFile:
        waiting: list[dict[str, Any]] = [
            {"type": "http.request", "body": piece, "more_body": True} for piece in pieces
        ]
        waiting.append(
            {"type": "http.disconnect"}
            if broken
            else {"type": "http.request", "body": b"", "more_body": False}
        )

        async def next_piece() -> Any:
            await asyncio.sleep(pauses_s.pop(0) if pauses_s else pause_s)
            return waiting.pop(0)

        return await receive(_request(next_piece, headers), file, max_bytes=max_bytes)

    file = into or io.BytesIO()
    received = asyncio.run(run())
    return received, file.read()


def _request(next_piece: Any, headers: dict[str, str]) -> ShopRequest:
    sent = {"content-type": "multipart/form-data; boundary=bound-ary"} | headers
    scope: Any = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "query_string": b"",
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in sent.items()],
        "state": {},
        "route_handler": _Unlimited(),
    }
    return ShopRequest(scope, next_piece)


class _Unlimited:
    """What a request asks its route: whether there is a limit of the framework's own."""

    def resolve_request_max_body_size(self) -> None:
        return None


@given(st.lists(st.integers(0, len(FORM)), max_size=30).map(sorted))
@settings(max_examples=60)
def test_the_file_is_the_same_however_its_bytes_are_cut(cuts: list[int]) -> None:
    edges = [0, *cuts, len(FORM)]
    received, content = upload([FORM[a:b] for a, b in itertools.pairwise(edges)])
    assert content == CONTENT
    assert received.size_bytes == len(CONTENT)
    assert received.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert received.name == "b.jpg"


@given(st.integers(0, len(FORM) - 3))
@settings(max_examples=60)
def test_a_form_that_stops_early_is_refused(end: int) -> None:
    with pytest.raises(UploadFormInvalid):
        upload([FORM[:end]])


@given(st.binary(max_size=400))
@settings(max_examples=100)
def test_no_body_whatever_breaks_the_parser(body: bytes) -> None:
    with pytest.raises(UploadFormInvalid):
        upload([b"--bound-ary\r\n", body])


def test_a_client_that_goes_away_is_noticed() -> None:
    with pytest.raises(BodyIncomplete):
        upload([FORM[:100]], broken=True)


class FullDisk(io.BytesIO):
    """A file on a disk without room."""

    def write(self, data: object, /) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_not_the_clients_fault() -> None:
    with pytest.raises(UploadSpaceMissing):
        upload([FORM], into=FullDisk())


def test_the_limit_is_that_of_the_file_to_the_byte() -> None:
    received, _ = upload([FORM], max_bytes=len(CONTENT))
    assert received.size_bytes == len(CONTENT)
    with pytest.raises(UploadTooLarge):
        upload([FORM], max_bytes=len(CONTENT) - 1)


def test_a_right_digest_of_the_body_or_of_the_file_is_accepted() -> None:
    def digest(content: bytes) -> str:
        return f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"

    upload([FORM], content_digest=digest(FORM))
    upload([FORM], content_digest=f"sha-512=:AAAA:, {digest(FORM)}")
    upload([FORM], content_digest="md5=:AAAA:")
    with_header = FORM.replace(
        b"image/jpeg\r\n", b"image/jpeg\r\nContent-Digest: " + digest(CONTENT).encode() + b"\r\n"
    )
    upload([with_header])
    with pytest.raises(UploadChecksumMismatch):
        upload([FORM], content_digest=digest(CONTENT))
    with pytest.raises(UploadFormInvalid):
        upload([FORM], content_digest="sha-256=:short:")


def test_a_trickle_is_cut_off_and_a_pause_within_the_window_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "WINDOW_S", 0.05)
    with pytest.raises(UploadTooSlow):
        upload([b"x"] * 100, pause_s=0.01)
    monkeypatch.setattr(uploads, "WINDOW_S", 30.0)
    assert upload([FORM[:50], FORM[50:]], pause_s=0.01)[1] == CONTENT


def test_a_long_pause_is_forgiven_who_was_fast_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "WINDOW_S", 0.1)
    assert len(FORM) - 50 > uploads.MIN_BYTES_PER_S * 0.1
    assert upload([FORM[:-50], FORM[-50:]], pauses_s=[0, 0.15])[1] == CONTENT


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        (None, None),
        ("", None),
        ("photo.jpg", "photo.jpg"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\Anna\\photo.jpg", "photo.jpg"),
        ("a\0b\r\nc.jpg", "abc.jpg"),
        ("\u202egpj.exe", "gpj.exe"),
        ("zero\u200bwidth.jpg", "zerowidth.jpg"),
        ("A\u0308nna.jpg", "Änna.jpg"),
        ("  many   blanks .jpg ", "many blanks .jpg"),
        ("...", None),
        ("\ud800.jpg", "jpg"),
        ("x" * 10_000, "x" * MAX_NAME),
    ],
)
def test_a_file_name_is_text_to_be_shown_and_nothing_else(sent: str | None, shown: str | None) -> None:
    assert display_name(sent) == shown


@given(st.text())
def test_a_shown_name_is_always_harmless(sent: str) -> None:
    name = display_name(sent)
    if name is not None:
        assert 0 < len(name) <= MAX_NAME
        assert name.isprintable()
        assert not set(name) & {"/", "\\"}
        name.encode()
