"""The SDK's way to the network: through our sender, and quietly."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import stripe
from stripe import _util

from printapic.adapters.payments.sending import FateUnknown, NeverSent, Sender, trace_in
from printapic.adapters.payments.stripe import REQUEST_ID

LEAST_LEFT_FOR_EFFECT_S = 2.0
"""Nothing that moves money begins with less time than this: it would too often end in doubt."""


def hush() -> None:
    """Keep the SDK from telling others: no telemetry, and no request or answer in any log.

    Its logger prints parameters and bodies below WARNING, and `STRIPE_LOG` in the environment prints them
    to stderr past every logger: both are shut, whatever the levels say.
    """
    stripe.enable_telemetry = False
    logging.getLogger("stripe").addFilter(_is_a_warning)
    _util.STRIPE_LOG = None


def _is_a_warning(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING


class NoAnswer(stripe.APIConnectionError):
    """Its cause, `NeverSent` or `FateUnknown`, says which of the two. The SDK shall not try again."""

    def __init__(self) -> None:
        super().__init__("no answer", should_retry=False)  # type: ignore[no-untyped-call]


class SenderHttpClient(stripe.HTTPClient):
    """Sends what the SDK encoded by `ends_at`, which the requests of one call of the port share.

    A failure is a `NoAnswer`.
    """

    name = "httpx"

    def __init__(self, sender: Sender, *, ends_at: float) -> None:
        super().__init__()
        self._sender, self._ends_at = sender, ends_at

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: str | None = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[str, int, Mapping[str, str]]:
        if method == "post" and self._ends_at - self._sender.clock_s() < LEAST_LEFT_FOR_EFFECT_S:
            raise NoAnswer from NeverSent()
        # The SDK's own would tell of the machine that we run on.
        ours = {**(headers or {}), "User-Agent": "PrintAPic"}
        ours.pop("X-Stripe-Client-User-Agent", None)
        request = self._sender.client.build_request(method, url, headers=ours, content=post_data)
        try:
            answer = self._sender.send(request, ends_at=self._ends_at)
        except (NeverSent, FateUnknown) as failure:
            raise NoAnswer from failure
        if answer.status_code in (401, 403) and answer.extensions["may_have_arrived"]:
            # It says who we are not, and nothing about what became of the sending before.
            raise NoAnswer from FateUnknown(
                f"status-{answer.status_code}", trace_in(answer.headers, REQUEST_ID)
            )
        answer.headers.pop("stripe-notice", None)  # would become a Python warning
        return answer.content.decode(), answer.status_code, answer.headers
