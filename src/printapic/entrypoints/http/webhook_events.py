"""The webhooks that came, for staff: what waits too long is found here, and looked into again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

from litestar import Controller, Request, get, post
from litestar.params import FromPath, QueryParameter

from printapic.application.ports.inbox import InboxPosition
from printapic.application.shop import Shop
from printapic.application.users.principal import Principal
from printapic.domain.actors import Caller
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.inbox import InboxEntry, InboxState
from printapic.domain.users.permissions import Permission
from printapic.entrypoints.http.bodies import ResponseBody
from printapic.entrypoints.http.cursors import CursorInvalid
from printapic.entrypoints.http.given import Given
from printapic.entrypoints.http.pages import DEFAULT_LIMIT, Cursor, Limit, Page, page, text_of
from printapic.entrypoints.http.payment_staff import staff_of
from printapic.entrypoints.http.policies import allow

State = Annotated[InboxState | None, QueryParameter(description="Webhooks in this state.")]
From = Annotated[Provider | None, QueryParameter(description="Webhooks of one provider.")]
Age = Annotated[int, QueryParameter(ge=0, le=525_600, description="Webhooks that came longer ago than this.")]


class WebhookEventBody(ResponseBody, kw_only=True):
    """`received` waits to be looked into. `ref` names what it is about at the provider.

    `altered_at` is when another body first came under this name.
    """

    provider: str
    livemode: bool
    event_id: str
    delivery_id: str | None
    type: str
    ref: str | None
    warning: str | None
    status: str
    body_sha256: str
    received_at: datetime
    altered_at: datetime | None


def _event(entry: InboxEntry) -> WebhookEventBody:
    return WebhookEventBody(
        provider=entry.provider.value,
        livemode=entry.livemode,
        event_id=entry.event_id,
        delivery_id=entry.delivery_id,
        type=entry.type,
        ref=entry.ref,
        warning=entry.warning,
        status=entry.state.value,
        body_sha256=entry.body_sha256,
        received_at=entry.received_at,
        altered_at=entry.altered_at,
    )


def _written(entry: InboxEntry) -> str:
    live = "live" if entry.livemode else "test"
    return f"{entry.received_at.isoformat()} {entry.provider} {live} {entry.event_id}"


def _position(text: str | None) -> InboxPosition | None:
    if text is None:
        return None
    try:
        at, provider, live, event_id = text.split(" ", 3)
        return InboxPosition(
            received_at=datetime.fromisoformat(at),
            provider=Provider(provider),
            event_id=event_id,
            livemode=live == "live",
        )
    except ValueError:  # a release after this one had other keys here
        raise CursorInvalid from None


class WebhookEventController(Controller):
    path = "/v1/webhook-events"
    tags = ("payments",)

    @get(
        operation_id="list_webhook_events",
        summary="List the webhooks that came, newest first",
        opt=allow(Permission.PAYMENT_READ, problems=(422,)),
        sync_to_thread=True,
    )
    def all(
        self,
        request: Request[Any, Any, Any],
        shop: Given[Shop],
        *,
        status: State = None,
        provider: From = None,
        older_than_minutes: Age = 0,
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> Page[WebhookEventBody]:
        found = shop.list_webhook_events(
            state=status,
            provider=provider,
            older_than=timedelta(minutes=older_than_minutes) if older_than_minutes else None,
            before=_position(text_of(cursor, request)),
            limit=limit + 1,
        )
        return page(found, limit, request, show=_event, key=_written)

    @post(
        "/{provider:str}/{event_id:str}/replay",
        operation_id="replay_webhook",
        summary="Look into a webhook again",
        status_code=202,
        opt=allow(Permission.PAYMENT_WRITE, problems=(404,)),
        sync_to_thread=True,
    )
    def replay(
        self,
        provider: FromPath[str],
        event_id: FromPath[str],
        shop: Given[Shop],
        principal: Given[Principal],
        caller: Given[Caller],
    ) -> WebhookEventBody:
        staff = staff_of(principal, caller)
        return _event(shop.replay_webhook(provider=provider, event_id=event_id, staff=staff))
