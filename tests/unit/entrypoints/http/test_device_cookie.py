"""The device cookie: bound to this host where there is https, and never read beyond its size."""

from __future__ import annotations

from pathlib import Path

import pytest
from litestar import Request

from printapic.entrypoints.http.device_cookie import device_cookie, device_token
from printapic.entrypoints.settings import Settings

HTTPS, HTTP = "https://shop.example", "http://127.0.0.1:8000"


def settings(url: str) -> Settings:
    return Settings.embedded(Path("shop"), public_url=url)


def sending(cookie: str) -> Request:
    headers = [(b"cookie", cookie.encode())]
    return Request({"type": "http", "headers": headers, "state": {}})  # type: ignore[arg-type]


def test_over_https_it_belongs_to_this_host_alone() -> None:
    header = device_cookie("id.mac", settings(HTTPS)).to_header(header="")
    assert header.startswith("__Host-printapic-device=id.mac;")
    for attribute in ("Secure", "HttpOnly", "Path=/", "SameSite=strict", "Max-Age=31536000"):
        assert attribute in header
    assert "Domain" not in header


@pytest.mark.parametrize(
    ("url", "cookie", "token"),
    [
        (HTTPS, "__Host-printapic-device=id.mac", "id.mac"),
        (HTTPS, "printapic-device=id.mac", None),
        (HTTP, "printapic-device=id.mac", "id.mac"),
        (HTTP, "another=1; printapic-device=id.mac", "id.mac"),
        (HTTP, "printapic-device=", None),
        (HTTP, "printapic-device=" + "x" * 200, "x" * 200),
        (HTTP, "printapic-device=" + "x" * 201, None),
        (HTTP, "another=1", None),
    ],
)
def test_what_a_device_sends_back_is_read_under_its_name(url: str, cookie: str, token: str | None) -> None:
    assert device_token(sending(cookie), settings(url)) == token
