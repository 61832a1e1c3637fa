"""What people recognise a device by."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from printapic.entrypoints.http.callers import device_label

MOZILLA = "Mozilla/5.0"
WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "label"),
    [
        (
            f"{MOZILLA} (Windows NT 10.0; rv:143.0) Gecko/20100101 Firefox/143.0",
            "Firefox on Windows",
        ),
        (
            f"{MOZILLA} (Macintosh; Intel) {WEBKIT} Chrome/141.0 Safari/537.36",
            "Chrome on macOS",
        ),
        (f"{MOZILLA} (X11; Linux x86_64) {WEBKIT} Chrome/141.0 Safari/537.36 Edg/141.0", "Edge on Linux"),
        (f"{MOZILLA} (X11; CrOS x86_64) {WEBKIT} Chrome/141.0 Safari/537.36 OPR/120", "Opera on ChromeOS"),
        (
            f"{MOZILLA} (Linux; Android 15) {WEBKIT} SamsungBrowser/28.0 Chrome/130.0 Safari/537",
            "Samsung Internet on Android",
        ),
        (
            f"{MOZILLA} (iPhone OS 19_0) Version/19.0 Safari/604.1",
            "Safari on iPhone",
        ),
        (
            f"{MOZILLA} (iPhone OS 19_0) CriOS/141.0 Safari/604.1",
            "Chrome on iPhone",
        ),
        (f"{MOZILLA} (iPad; CPU OS 19_0 like Mac OS X) FxiOS/143.0 Safari/604.1", "Firefox on iPad"),
        (f"{MOZILLA} (compatible; SomeBot/1.0; +https://bot.example)", "Browser"),
        ("curl/8.15.0", "curl"),
        ("python-httpx/0.28.1", "python-httpx"),
        ("PrintAPic-App/3.2 (Android 15)", "PrintAPic-App"),
        ("<script>alert(1)</script>", None),
        ("\x1b[31mred", None),
        ("", None),
    ],
)
def test_a_device_is_named_as_its_owner_would(user_agent: str, label: str | None) -> None:
    assert device_label(user_agent) == label


@given(st.text(st.characters(max_codepoint=255), max_size=3000))
def test_a_label_is_short_and_plain_whatever_is_sent(user_agent: str) -> None:
    label = device_label(user_agent)
    assert label is None or (0 < len(label) <= 60 and label.isascii() and label.isprintable())
    assert label is None or not set(label) & set("<>&\"'")
