"""The place where contracts are kept: between an adapter's HTTP client and the wire."""

from __future__ import annotations

from collections import Counter
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Self

import httpx

from tests.provider_contracts.violation import ContractViolation

if TYPE_CHECKING:
    from tests.provider_contracts.contract import Contract

DELIBERATE = "X-Deliberate-Fault"
"""A simulator puts this header on answers that it spoilt on purpose: those may break the contract."""


class ContractTransport(httpx.BaseTransport):
    """Checks every request, lets `inner` send it, and checks every answer.

    A request that breaks the contract is not sent. `violations` keeps what was found, for whoever swallowed
    the exception: end with `check`. `seen` counts the operations that were asked for, by "POST /v1/refunds",
    and `answered` the statuses that came back. Thread-safe.
    """

    def __init__(self, inner: httpx.BaseTransport, contract: Contract) -> None:
        self._inner, self._contract, self._lock = inner, contract, Lock()
        self.seen: Counter[str] = Counter()
        self.answered: Counter[tuple[str, int]] = Counter()
        self.violations: list[ContractViolation] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Raises `ContractViolation`, and whatever `inner` raises."""
        request.read()
        operation = self._contract.operation(request)
        if operation is None:
            raise self._violation(request, ["the contract has no such method and path"])
        with self._lock:
            self.seen[str(operation)] += 1
        if breaches := self._contract.request_breaches(operation, request):
            raise self._violation(request, breaches)
        response = _read(self._inner.handle_request(request))
        with self._lock:
            self.answered[str(operation), response.status_code] += 1
        if DELIBERATE in response.headers:
            return response
        if breaches := self._contract.response_breaches(operation, response):
            raise self._violation(request, breaches)
        return response

    def check(self) -> None:
        """Raises the first `ContractViolation` that anybody ever ran into."""
        if self.violations:
            raise self.violations[0]

    def _violation(self, request: httpx.Request, breaches: list[str]) -> ContractViolation:
        path = request.url.raw_path.decode("ascii").partition("?")[0]
        violation = ContractViolation(
            f"{self._contract.name}, {request.method} {path}: {'; '.join(breaches)}"
        )
        self.violations.append(violation)
        return violation

    def close(self) -> None:
        self._inner.close()

    def __enter__(self) -> Self:
        self._inner.__enter__()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self._inner.__exit__(exc_type, exc_value, traceback)


def _read(response: httpx.Response) -> httpx.Response:
    """The same answer with its body in memory, the connection given back; encodings stay as they came."""
    assert isinstance(response.stream, httpx.SyncByteStream)
    try:
        raw = b"".join(response.stream)
    finally:
        response.close()
    return httpx.Response(
        response.status_code, headers=response.headers, content=raw, extensions=response.extensions
    )
