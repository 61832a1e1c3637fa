"""PayPal's own hosts, as far as a test reaches them."""

from __future__ import annotations

import httpx


class RealAddress(httpx.BaseTransport):
    """Where PayPal's addresses lead to in a test: to the simulator at `url`. `asked` are those asked for."""

    def __init__(self, url: str) -> None:
        self._url = httpx.URL(url)
        self._wire = httpx.HTTPTransport()
        self.asked: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url))
        request.url = self._url.join(request.url.raw_path.decode())
        return self._wire.handle_request(request)

    def close(self) -> None:
        self._wire.close()
