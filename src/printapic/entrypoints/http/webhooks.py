"""Webhooks: what payment providers have to say. The exact bytes go to the verifier, unread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from litestar import Controller, Request, post
from litestar.concurrency import sync_to_thread
from litestar.params import FromPath

from printapic.application.shop import Shop
from printapic.entrypoints.http.bodies import ResponseBody
from printapic.entrypoints.http.given import Given
from printapic.entrypoints.http.loads import PROVIDER_S, Load, taking
from printapic.entrypoints.http.policies import public

MAX_BYTES = 1 << 20


class Received(ResponseBody, kw_only=True):
    """The delivery is stored. The same one again is welcome."""

    received: bool = True

    example: ClassVar[Mapping[str, object]] = {"received": True}


class WebhookController(Controller):
    path = "/v1/webhooks"
    tags = ("payments",)

    @post(
        "/{provider:str}",
        operation_id="receive_webhook",
        summary="Take in a signed delivery of a payment provider",
        status_code=200,
        opt=public(problems=(400, 404, 413, 503)) | taking(Load.CRITICAL, within_s=PROVIDER_S),
        request_max_body_size=MAX_BYTES,
    )
    async def receive(
        self, request: Request[Any, Any, Any], provider: FromPath[str], shop: Given[Shop]
    ) -> Received:
        body = await request.body()
        headers = {name.lower(): ",".join(request.headers.getall(name)) for name in request.headers}
        await sync_to_thread(shop.receive_webhook, provider=provider, body=body, headers=headers)
        return Received()
