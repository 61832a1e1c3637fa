"""HTTP to this machine only, without TLS: loading the authorities of the world takes 20 ms a client."""

from __future__ import annotations

import ssl
import time
from typing import Any

import httpx

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Knows no authority, so it would trust nobody."""


def loopback_client(url: str, **options: Any) -> httpx.Client:
    """A client of the server at `url`, with patience."""
    return httpx.Client(base_url=url, trust_env=False, verify=NO_TLS, **{"timeout": 30, **options})


def patient_client(url: str, **options: Any) -> httpx.Client:
    """A client that comes again when it is asked to, for tests of something else than how soon answers come.

    A machine that others use as well may stand still for seconds, which no shop answers in time.
    """
    limits = options.pop("limits", httpx.Limits())
    inner = httpx.HTTPTransport(verify=NO_TLS, trust_env=False, limits=limits)
    return loopback_client(url, transport=ComingAgain(inner), **options)


class ComingAgain(httpx.BaseTransport):
    """Repeats what was not answered in time, as soon as the answer says and a few times at most."""

    def __init__(self, inner: httpx.BaseTransport, times: int = 3) -> None:
        self._inner = inner
        self._times = times

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()  # to be sent again it has to be kept
        for _ in range(self._times):
            answer = self._inner.handle_request(request)
            if answer.status_code != 503:
                return answer
            answer.read()
            if not _stood_still(answer):
                return answer
            time.sleep(int(answer.headers.get("Retry-After", "1")))
        return self._inner.handle_request(request)

    def close(self) -> None:
        self._inner.close()


def _stood_still(refused: httpx.Response) -> bool:
    return refused.json().get("code") in ("deadline-exceeded", "overloaded", "storage-unavailable")
