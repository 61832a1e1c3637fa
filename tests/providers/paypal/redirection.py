"""A transport that finds the simulator where PayPal's own addresses are asked for."""

from __future__ import annotations

import ssl

import httpx

from tests.providers.paypal.desk import Hosts

OFFICIAL = frozenset(
    {"api-m.paypal.com", "api-m.sandbox.paypal.com"}
    | {httpx.URL(Hosts.of(sandbox=sandbox).api).host for sandbox in (False, True)}
)


def to_loopback() -> httpx.HTTPTransport:
    """Speaks plain HTTP: loading the authorities of the whole world takes longer than most tests here."""
    return httpx.HTTPTransport(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), trust_env=False)


class ToSimulator(httpx.BaseTransport):
    """Sends requests for PayPal's hosts to the simulator at `url`, and no other request anywhere."""

    def __init__(self, url: str, inner: httpx.BaseTransport | None = None) -> None:
        self._url, self._inner = httpx.URL(url), inner or to_loopback()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Raises `httpx.ConnectError` for anybody else's host, and what `inner` raises."""
        if request.url.scheme != "https" or request.url.host not in OFFICIAL:
            raise httpx.ConnectError("tests do not leave this machine", request=request)
        there = request.url.copy_with(scheme=self._url.scheme, host=self._url.host, port=self._url.port)
        return self._inner.handle_request(
            httpx.Request(
                request.method,
                there,
                headers=request.headers,
                content=request.read(),
                extensions=request.extensions,
            )
        )

    def close(self) -> None:
        self._inner.close()
