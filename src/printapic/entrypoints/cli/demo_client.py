"""The demo's client: it sends a call, shows what came back, and stops at the first wrong answer."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import Any

import attrs
import httpx
from rich.console import Console

_PATIENCE_S = 60


class Failed(Exception):
    """A step did not do what it should."""

    def __init__(self, message: str, *, step: str) -> None:
        super().__init__(message)
        self.step = step


@attrs.define
class Person:
    """Somebody who registered, with the header that proves it."""

    email: str
    password: str = attrs.field(repr=False)
    headers: dict[str, str] = attrs.field(factory=dict, repr=False)


def expect(good: bool, step: str, message: str) -> None:
    """Raises `Failed` unless `good`."""
    if not good:
        raise Failed(message, step=step)


@attrs.define
class DemoClient:
    """Talks to one server as anybody. Every method raises `Failed` for an answer nobody wants."""

    url: str
    console: Console
    _client: httpx.Client = attrs.field(init=False)
    _steps: int = attrs.field(init=False, default=0)

    def __attrs_post_init__(self) -> None:
        self._client = httpx.Client(base_url=self.url, timeout=120, trust_env=False)

    def close(self) -> None:
        self._client.close()

    def call(
        self,
        title: str,
        method: str,
        path: str,
        *,
        tell: Callable[[Any], str] = lambda answer: "",
        expect: int | tuple[int, ...] = 200,
        **request: Any,
    ) -> Any:
        answer = self.send(title, method, path, expect=expect, **request)
        body = answer.json() if answer.content else None
        self.show_answer(title, method, path, answer, tell(body))
        return body

    def send(
        self,
        title: str,
        method: str,
        path: str,
        *,
        who: Person | None = None,
        expect: int | tuple[int, ...] = 200,
        headers: Mapping[str, str] | None = None,
        **request: Any,
    ) -> httpx.Response:
        try:
            answer = self._client.request(
                method, path, headers={**(who.headers if who else {}), **(headers or {})}, **request
            )
        except httpx.TransportError as error:
            raise Failed(f"{method} {path}: {type(error).__name__}", step=title) from error
        wanted = (expect,) if isinstance(expect, int) else expect
        if answer.status_code not in wanted:
            raise Failed(f"{method} {path} answered {answer.status_code}: {answer.text[:300]}", step=title)
        return answer

    def show_answer(self, title: str, method: str, path: str, answer: httpx.Response, told: str) -> None:
        milliseconds = answer.elapsed.total_seconds() * 1000
        short = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|[\w-]{32,}", "…", path)
        self.show(
            title, f"[dim]{method} {short}[/] → {answer.status_code} [dim]{milliseconds:5.0f} ms[/]  {told}"
        )

    def show(self, title: str, rest: str) -> None:
        self._steps += 1
        self.console.print(f"[green]✓[/] {self._steps:2} {title:<32} {rest}", highlight=False, soft_wrap=True)

    def wait(
        self, title: str, path: str, *, who: Person, wanted: Callable[[Any], bool], told: str, problem: str
    ) -> Any:
        """Ask again and again until the answer is the wanted one, and show that one."""
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            answer = self.send(title, "GET", path, who=who)
            body = answer.json()
            if wanted(body):
                self.show_answer(title, "GET", path, answer, told)
                return body
            expect(time.monotonic() < deadline, title, problem)
            time.sleep(0.05)
