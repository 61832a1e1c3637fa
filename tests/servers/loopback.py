"""HTTP to this machine only, without TLS: loading the authorities of the world takes 20 ms a client."""

from __future__ import annotations

import ssl
from typing import Any

import httpx

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Knows no authority, so it would trust nobody."""


def loopback_client(url: str, **options: Any) -> httpx.Client:
    """A client of the server at `url`, with patience."""
    return httpx.Client(base_url=url, trust_env=False, verify=NO_TLS, **{"timeout": 30, **options})
