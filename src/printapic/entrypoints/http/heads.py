"""HEAD: what GET would answer, without its body (RFC 9110, 9.3.2)."""

from __future__ import annotations

from typing import Any, cast

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send


class HeadAsGet:
    """Hands HEAD on as GET, so that policy, limits and headers are those of the same handler.

    The server drops the body as well, but it would let a large file be read to its end for that.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        over = False

        async def send_head(message: Message) -> None:
            nonlocal over
            if message["type"] == "http.response.start":
                await send(message)
            elif not over:
                over = True
                # From now on the server says that the client is gone, which ends the reading of files.
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        # A copy: the server looks at its own to know that a body may be missing.
        asked = cast(Any, {**scope, "method": "GET"})
        await self._app(asked, receive, send_head)
        scope["path_template"] = asked.get("path_template", "")
