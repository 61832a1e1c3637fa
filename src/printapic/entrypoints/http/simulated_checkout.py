"""The simulated provider's page: what a customer sees instead of a bank. Never there in production."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

from litestar import Controller, Request, Response, get, post
from litestar.concurrency import sync_to_thread
from litestar.params import FromPath

from printapic.adapters.payments.simulated.checkout import Choice, DeskOrder, HostedCheckout, WebhookTiming
from printapic.domain.errors import Invalid
from printapic.entrypoints.http.bodies import ContentTypeUnsupported
from printapic.entrypoints.http.given import Given
from printapic.entrypoints.http.html import STYLE, TEMPLATES, page_policy
from printapic.entrypoints.http.policies import public
from printapic.entrypoints.settings import Settings

MAX_FORM_BYTES = 4096
_FORM = "application/x-www-form-urlencoded"
_TEMPLATE = TEMPLATES.get_template("simulated_checkout.html")


class PressInvalid(Invalid):
    code = "simulated-checkout-press-invalid"

    def __init__(self) -> None:
        super().__init__("This is not a press of one of the page's buttons.")


class SimulatedCheckoutController(Controller):
    """Shows the page of one checkout, and takes the presses of its buttons."""

    path = "/simulated-checkout/{token:str}"
    include_in_schema = False

    @get(opt=public(), sync_to_thread=True)
    def show(
        self,
        token: FromPath[str],
        hosted_checkout: Given[HostedCheckout],
        settings: Given[Settings],
    ) -> Response[bytes]:
        page = hosted_checkout.show(token)
        text = _TEMPLATE.render(style=STYLE, page=page)
        policy = page_policy(STYLE, forms_to=settings.origins)
        return Response(text.encode(), media_type="text/html", headers={"Content-Security-Policy": policy})

    @post(opt=public(), request_max_body_size=MAX_FORM_BYTES)
    async def press(
        self,
        request: Request[Any, Any, Any],
        token: FromPath[str],
        hosted_checkout: Given[HostedCheckout],
    ) -> Response[None]:
        if request.headers.get("content-type", "").split(";")[0].strip().lower() != _FORM:
            raise ContentTypeUnsupported(_FORM)
        form = _form(await request.body())
        leave = await sync_to_thread(
            hosted_checkout.press,
            token,
            _choice(form.get("choice", "")),
            csrf_token=form.get("csrf_token", ""),
            desk=_desk(form),
        )
        return Response(None, status_code=303, headers={"Location": leave})


def _form(body: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(body.decode("ascii"), max_num_fields=10, errors="strict"))
    except ValueError:
        raise PressInvalid from None


def _choice(value: str) -> Choice:
    try:
        return Choice(value)
    except ValueError:
        raise PressInvalid from None


def _desk(form: Mapping[str, str]) -> DeskOrder:
    """The mishaps that were ordered along. Raises `PressInvalid`, or `DeskOrderInvalid`."""
    try:
        return DeskOrder(
            webhook=WebhookTiming(form.get("webhook") or WebhookTiming.AT_ONCE),
            late_by=timedelta(seconds=int(form.get("late_by_s") or 10)),
            amount_off=int(form.get("amount_off") or 0),
        )
    except (ValueError, OverflowError):
        raise PressInvalid from None
