"""One call of the port: its requests, the time that they share, and what their failures mean."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias, TypeVar

import msgspec
import stripe

from printapic.adapters.payments.sending import FateUnknown, NeverSent, Sender, trace_in
from printapic.adapters.payments.stripe import API_VERSION, REQUEST_ID
from printapic.adapters.payments.stripe.currencies import AmountNotPayable
from printapic.adapters.payments.stripe.http_client import SenderHttpClient
from printapic.adapters.payments.stripe.objects import AnswerUnreadable, ListedT, Page, read
from printapic.application.ports.payments import Declined, NotSent, Rejected, Trace, Unknown
from printapic.domain.ids import OperationId

PAGE_LENGTH = 100
Failure: TypeAlias = Declined | Rejected | NotSent | Unknown
T = TypeVar("T")
_WORD = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
_logger = logging.getLogger(__name__)


class StripeCall:
    """The SDK for one call of the port, whose requests together keep to the sender's budget."""

    def __init__(self, sender: Sender, *, secret_key: str, api_url: str) -> None:
        self.api = stripe.StripeClient(
            secret_key,
            http_client=SenderHttpClient(sender, ends_at=sender.deadline()),
            max_network_retries=0,
            stripe_version=API_VERSION,
            base_addresses={"api": api_url.rstrip("/")},
        ).v1


def under(key: OperationId) -> stripe.RequestOptions:
    """The options of a request that may move money."""
    return {"idempotency_key": str(key)}


def every(
    list_page: Callable[[str | None], stripe.StripeObject], pages: type[Page[ListedT]]
) -> Iterator[ListedT]:
    """The whole list, the newest first, page by page: `list_page` is told behind which id to begin.

    Raises `AnswerUnreadable` for a list that does not go on where it should.
    """
    last: str | None = None
    while True:
        page = read(list_page(last), pages)
        yield from page.data
        if not page.has_more:
            return
        if not page.data or page.data[-1].id == last:
            raise AnswerUnreadable("endless-list")
        last = page.data[-1].id


class SentButNotSeen(Exception):
    """What a request led to should be looked at, and could not be. Nothing is known then."""


def seen(look: Callable[[], T]) -> T:
    """A look that follows a request which may move money. Raises `SentButNotSeen`, and nothing else.

    Whatever became of the look says nothing about the request: "not sent", or "rejected", would be wrong.
    """
    try:
        return look()
    except Exception:
        raise SentButNotSeen from None


class _Error(msgspec.Struct):
    code: str | None = None
    decline_code: str | None = None


class _ErrorBody(msgspec.Struct):
    error: _Error


def failure(error: Exception) -> Failure:
    """What it means for an effect that a request ended like this. Table 4.1 of the payments design.

    Only the provider's own, readable refusal is a `Rejected`; whatever else happens is `Unknown`.
    """
    match error:
        case stripe.APIConnectionError(__cause__=NeverSent()):
            return NotSent()
        case stripe.APIConnectionError(__cause__=FateUnknown() as doubt):
            return Unknown(reason=doubt.reason, trace=doubt.trace)
        case stripe.IdempotencyError():
            return Rejected(code="idempotency-key-reused", trace=trace_of(error))
        case stripe.CardError():
            told = _told(error)
            code = _kebab(told.decline_code or told.code, "card-declined")
            return Declined(code=code, trace=trace_of(error))
        case stripe.AuthenticationError() | stripe.PermissionError():
            _logger.error("Stripe refuses our secret key, or what we may do with it")
            return Rejected(code="unauthorized", trace=trace_of(error))
        case stripe.InvalidRequestError():
            return Rejected(code=_kebab(_told(error).code, "invalid-request"), trace=trace_of(error))
        case AmountNotPayable():
            return Rejected(code=error.code)
        case _:
            trace = trace_of(error) if isinstance(error, stripe.StripeError) else Trace()
            return Unknown(reason=_doubt(error), trace=trace)


def _doubt(error: Exception) -> str:
    """Why nothing is known. An exception may quote what was answered: a word for it has to be enough."""
    if isinstance(error, SentButNotSeen):
        return "sent-but-not-seen"
    word = error.code if isinstance(error, AnswerUnreadable) else type(error).__name__
    _logger.warning("An answer of Stripe could not be read: %s", word)
    return f"unreadable-{word}"


def trace_of(told: stripe.StripeError | stripe.StripeObject) -> Trace:
    """What Stripe's support would ask for."""
    response = told if isinstance(told, stripe.StripeError) else told.last_response
    headers: Mapping[str, str] = (response.headers if response is not None else None) or {}
    return trace_in(headers, REQUEST_ID)


def _told(error: stripe.StripeError) -> _Error:
    try:
        return msgspec.convert(error.json_body, _ErrorBody).error
    except msgspec.ValidationError:
        return _Error()


def _kebab(word: str | None, default: str) -> str:
    """Stripe's word as ours are written; a sentence is not repeated, it might quote somebody."""
    if word == "resource_missing":
        return "not-found"
    return word.replace("_", "-") if word and _WORD.fullmatch(word) else default
