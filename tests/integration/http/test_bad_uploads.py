"""Uploads that are refused: each with its own code, and without a trace."""

from __future__ import annotations

import base64
import hashlib
import socket
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from tests.integration.http.live_shop import LiveShop, Person, picture, resident_bytes, spooled, wait_until
from tests.integration.http.problems import problem
from tests.pictures import animated, bare_png, encoded, marker, scan_bomb, truncated

BOUNDARY = "a-boundary"
MULTIPART = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
MEGABYTE = 1_000_000


@pytest.fixture(autouse=True)
def no_trace(shop: LiveShop, anna: Person) -> Iterator[None]:
    before = shop.traces()
    yield
    wait_until(lambda: spooled() == before["spooled"])
    assert shop.traces() == before
    assert shop.call("GET", "/v1/images", anna).json()["items"] == []


def upload(shop: LiveShop, who: Person, content: bytes, name: str = "photo.jpg") -> httpx.Response:
    return shop.call("POST", "/v1/images", who, files={"file": (name, content)})


def send(shop: LiveShop, who: Person, body: bytes, **headers: str) -> httpx.Response:
    return shop.call("POST", "/v1/images", who, content=body, headers=MULTIPART | headers)


def part(
    content: bytes, disposition: str = 'form-data; name="file"; filename="a.jpg"', more: str = ""
) -> bytes:
    head = f"--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n{more}\r\n"
    return head.encode() + content + b"\r\n"


END = f"--{BOUNDARY}--\r\n".encode()


@pytest.mark.parametrize(
    ("make", "status", "code"),
    [
        (lambda: b"", 422, "upload-empty"),
        (lambda: b"not a picture at all", 415, "image-format-unsupported"),
        (lambda: b"GIF89a" + bytes(50), 415, "image-format-unsupported"),
        (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415, "image-format-unsupported"),
        (lambda: b"%PDF-1.7\n" + bytes(100), 415, "image-format-unsupported"),
        (lambda: next(iter(truncated(picture()))), 422, "image-corrupt"),
        (lambda: picture()[:-2], 422, "image-corrupt"),
        (lambda: encoded(marker(), "PNG")[:-12], 422, "image-corrupt"),
        (lambda: bare_png(20_000, 20_000, depth=1, colours=0), 422, "image-too-many-pixels"),
        (lambda: bare_png(30_001, 400), 422, "image-dimensions-unsupported"),
        (lambda: scan_bomb(1000), 422, "image-too-complex"),
        (lambda: animated("WEBP"), 422, "image-animated"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_printed_is_refused(
    shop: LiveShop, anna: Person, make: Callable[[], bytes], status: int, code: str
) -> None:
    problem(upload(shop, anna, make()), status, code)


def test_a_file_of_sixty_megabytes_is_refused_before_it_is_read(shop: LiveShop, anna: Person) -> None:
    before = resident_bytes()
    answer = upload(shop, anna, bytes(60 * MEGABYTE))
    body = problem(answer, 413, "upload-too-large")
    assert body["details"] == {"limit_bytes": 50 * MEGABYTE}
    assert answer.headers["connection"] == "close"
    assert resident_bytes() - before < 200 * MEGABYTE


def test_a_file_of_sixty_megabytes_without_a_length_is_refused_on_the_way(
    shop: LiveShop, anna: Person
) -> None:
    sent = 0

    def pieces() -> Iterator[bytes]:
        nonlocal sent
        yield part(b"")[:-2]
        for _ in range(60):
            sent += MEGABYTE
            yield bytes(MEGABYTE)
        yield b"\r\n" + END

    problem(
        shop.call("POST", "/v1/images", anna, content=pieces(), headers=MULTIPART), 413, "upload-too-large"
    )
    assert sent <= 60 * MEGABYTE


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no multipart",
        END,
        part(b"x"),
        part(b"x", 'form-data; name="other"') + END,
        part(b"x", "form-data") + END,
        part(b"x", "attachment; filename=a") + END,
        part(b"x") + part(b"y") + END,
        part(b"x", 'form-data; name="note"') * 21 + END,
        part(b"x" * 5000, 'form-data; name="note"') + part(b"y") + END,
        part(b"x", more=f"X-Long: {'x' * 5000}\r\n") + END,
        part(b"x", more="X-Many: x\r\n" * 9) + END,
        part(b"x").replace(b"\r\n", b"\n") + END,
        part(b"x", 'form-data; name="\xff"').replace(b"\xc3\xbf", b"\xff") + END,
        part(b"x", more="Content-Length: 5\r\n") + END,
        part(b"x", more="Content-Digest: sha-256=nonsense\r\n") + END,
    ],
)
def test_a_form_that_is_not_as_it_should_be_is_refused(shop: LiveShop, anna: Person, body: bytes) -> None:
    problem(send(shop, anna, body), 422, "upload-form-invalid")


@pytest.mark.parametrize(
    ("content_type", "status", "code"),
    [
        ("image/jpeg", 415, "content-type-unsupported"),
        ("application/json", 415, "content-type-unsupported"),
        ("multipart/mixed; boundary=x", 415, "content-type-unsupported"),
        ("multipart/form-data", 422, "upload-form-invalid"),
        ("multipart/form-data; boundary=", 422, "upload-form-invalid"),
        (f"multipart/form-data; boundary={'x' * 71}", 422, "upload-form-invalid"),
        ("multipart/form-data; boundary=\xff", 422, "upload-form-invalid"),
    ],
)
def test_a_body_of_another_type_is_refused(
    shop: LiveShop, anna: Person, content_type: str, status: int, code: str
) -> None:
    headers = {"Content-Type": content_type.encode("latin-1")}
    problem(
        shop.call("POST", "/v1/images", anna, content=part(picture()) + END, headers=headers), status, code
    )


def test_a_compressed_body_is_refused(shop: LiveShop, anna: Person) -> None:
    answer = send(shop, anna, part(picture()) + END, **{"Content-Encoding": "gzip"})
    problem(answer, 415, "content-type-unsupported")


@pytest.mark.parametrize("where", ["body", "part"])
def test_bytes_that_changed_on_the_way_are_refused(shop: LiveShop, anna: Person, where: str) -> None:
    digest = base64.b64encode(hashlib.sha256(b"something else").digest()).decode()
    header = f"sha-512=:AAAA:, sha-256=:{digest}:"
    more = f"Content-Digest: {header}\r\n" if where == "part" else ""
    headers = {"Content-Digest": header} if where == "body" else {}
    answer = send(shop, anna, part(picture(), more=more) + END, **headers)
    problem(answer, 422, "upload-checksum-mismatch")


def test_an_upload_needs_somebody(shop: LiveShop) -> None:
    problem(shop.client.post("/v1/images", files={"file": picture()}), 401, "unauthenticated")


def test_an_upload_that_breaks_off_leaves_nothing(shop: LiveShop, anna: Person) -> None:
    address = urlsplit(shop.url)
    head = (
        f"POST /v1/images HTTP/1.1\r\nHost: x\r\nAuthorization: {anna.headers['Authorization']}\r\n"
        f"Content-Type: {MULTIPART['Content-Type']}\r\nContent-Length: 1000000\r\n\r\n"
    )
    with socket.create_connection((str(address.hostname), address.port or 0), timeout=5) as connection:
        connection.sendall(head.encode() + part(bytes(100_000))[:-2])
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65_536):
            pass
