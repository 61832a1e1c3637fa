"""Routes whose handlers stay until a test lets them go: how a shop gets full without a storm."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
from litestar import Request, get, post
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath

from printapic.application.ports.unit_of_work import StorageUnavailable
from printapic.domain.users.permissions import Permission
from printapic.entrypoints.http.loads import Load, taking
from printapic.entrypoints.http.policies import allow, public
from tests.integration.http.live_shop import LiveShop, Person, wait_until

PATIENCE_S = 20


class Gate:
    """Holds handlers until it opens. `inside` counts them."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self._lock = threading.Lock()
        self.inside = 0

    def close(self) -> None:
        self._open.clear()

    def open(self) -> None:
        self._open.set()

    def pass_through(self) -> str:
        """What a handler does. Never forgotten: a test that fails opens the gate, too."""
        with self._lock:
            self.inside += 1
        self._open.wait(PATIENCE_S)
        with self._lock:
            self.inside -= 1
        return "through"


GATE = Gate()


def _route(path: str, **opt: Any) -> BaseRouteHandler:
    @get(path, opt=opt, sync_to_thread=True, include_in_schema=False)
    def stay() -> str:
        return GATE.pass_through()

    return stay


@get("/gate/broken/{kind:str}", opt=public() | taking(Load.STANDARD, within_s=0.2), sync_to_thread=True)
def fail_late(kind: FromPath[str]) -> str:
    """Fails when nobody waits any longer: interrupted, or by a bug."""
    GATE.pass_through()
    raise StorageUnavailable if kind == "interrupted" else ZeroDivisionError


@post("/gate/echo", opt=public(), include_in_schema=False, status_code=200)
async def echo(request: Request[Any, Any, Any]) -> str:
    """How long the body was."""
    return str(len(await request.body()))


ROUTES = (
    *(_route(f"/gate/{load.value}", **public() | taking(load)) for load in Load),
    _route("/gate/mine", **allow(Permission.ACCOUNT_SELF)),
    _route("/gate/short", **public() | taking(Load.STANDARD, within_s=0.2)),
    fail_late,
    echo,
)


@contextmanager
def held(shop: LiveShop, *paths: str, who: Person | None = None) -> Iterator[list[Future[httpx.Response]]]:
    """Requests that are in their handlers; they are answered when the block ends."""
    GATE.close()
    with ThreadPoolExecutor(len(paths)) as clients:
        try:
            before = GATE.inside
            answers = [clients.submit(shop.call, "GET", path, who) for path in paths]
            wait_until(lambda: GATE.inside == before + len(paths))
            yield answers
        finally:
            GATE.open()
