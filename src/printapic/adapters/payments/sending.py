"""Sending a request to a provider, more than once if need be, and remembering what may have happened.

Libraries' own repetitions remember the last cause only: a time-out followed by a refused connection looks
as if nothing had ever been sent. So theirs are off, and this is the only loop.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import attrs
import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_random

from printapic.adapters.payments.deadline import PunctualTransport, done_within
from printapic.application.ports.payments import Trace

MOST_SENDS = 3
BUDGET_S = 9.0
MOST_BYTES = 16 * 1024 * 1024
"""The longest answer that is read: some hundred times a page of a provider's list."""
LIMITS = httpx.Limits(max_connections=10, max_keepalive_connections=10, keepalive_expiry=30)
_CONNECT_S, _WRITE_S, _READ_S, _POOL_S = 2.0, 5.0, 8.0, 1.0
_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 2.0
_LEAST_LEFT_S = 0.5
"""With less time than this nothing is sent: it could only end in doubt."""
_UNREACHED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_OF_THE_BODY_AS_SENT = frozenset({b"content-encoding", b"content-length", b"transfer-encoding"})
_PLAIN = "identity"
_LONGEST_REQUEST_ID = 255
_NO_TRACE = Trace()


def provider_client(transport: httpx.BaseTransport | None = None) -> httpx.Client:
    """A client for one provider: few connections, short patience, no proxies, no redirects.

    It asks for answers as they are: what unpacks itself could be of any size.
    """
    return httpx.Client(
        transport=transport or PunctualTransport(limits=LIMITS),
        headers={"Accept-Encoding": _PLAIN},
        trust_env=False,
        follow_redirects=False,
        timeout=httpx.Timeout(_READ_S, connect=_CONNECT_S, write=_WRITE_S, pool=_POOL_S),
    )


class NeverSent(Exception):
    """Certainly without effect: no sending reached the provider, or it sent us away unread."""

    def __init__(self) -> None:
        super().__init__("the request was not sent")


class FateUnknown(Exception):
    """The provider may have done it. `reason` says what happened last, `trace` is of their last answer."""

    def __init__(self, reason: str, trace: Trace = _NO_TRACE) -> None:
        super().__init__(reason)
        self.reason, self.trace = reason, trace


class _Again(Exception):
    """This sending brought no answer; `pause_s` is how long the provider wants to be left alone."""

    def __init__(self, reason: str, pause_s: float | None = None) -> None:
        super().__init__(reason)
        self.reason, self.pause_s = reason, pause_s


class _AnswerTooLong(Exception):
    """More than `MOST_BYTES`."""


class _AnswerEncoded(Exception):
    """Compressed, though nobody asked for that: what is in it is not looked at."""


class _AnswerTooSlow(Exception):
    """It drips: every byte came in time, and all of them together did not."""


@attrs.define
class _Course:
    """What became of one request so far."""

    may_have_arrived: bool = False
    trace: Trace = _NO_TRACE


def trace_in(headers: Mapping[str, str], name: str) -> Trace:
    """What the provider's support would ask for, from the header that has it."""
    return Trace(request_id=headers.get(name, "")[:_LONGEST_REQUEST_ID] or None)


@attrs.frozen(kw_only=True)
class Sender:
    """Sends one request at most three times within `budget_s`, under the idempotency key that it carries.

    `busy` tells answers that mean "your first sending is still being worked on", and `request_id_header` is
    where the provider names a call. Between two sendings passes a random time of 0.2 to 2 s, or what the
    provider asks for in `Retry-After` where that fits. Thread-safe.
    """

    client: httpx.Client
    busy: Callable[[httpx.Response], bool]
    request_id_header: str
    budget_s: float = BUDGET_S
    pause: Callable[[float], None] = time.sleep
    clock_s: Callable[[], float] = time.monotonic

    def deadline(self) -> float:
        """The end of a budget that begins now, for several requests that share it."""
        return self.clock_s() + self.budget_s

    def send(self, request: httpx.Request, *, ends_at: float | None = None) -> httpx.Response:
        """Whatever the provider answered, read to its end: 2xx, or a refusal that repeating cannot change.

        The answer's extension `may_have_arrived` tells whether an earlier sending may have had the effect:
        a refusal at the door (401, 403) says nothing about that one. `ends_at` is an earlier `deadline()`;
        without it a budget of its own begins.

        Raises `NeverSent` or `FateUnknown`, and nothing else that the network could raise.
        """
        course, end = _Course(), self.deadline() if ends_at is None else ends_at

        def out_of_time(state: RetryCallState) -> bool:
            return self.clock_s() + state.upcoming_sleep + _LEAST_LEFT_S > end

        sending = Retrying(
            stop=lambda state: stop_after_attempt(MOST_SENDS)(state) or out_of_time(state),
            wait=_wait,
            retry=retry_if_exception_type(_Again),
            sleep=self.pause,
            reraise=True,
        )
        try:
            answer = sending(self._once, request, course, end)
        except _Again as last:
            if course.may_have_arrived:
                raise FateUnknown(last.reason, course.trace) from last
            raise NeverSent from last
        answer.extensions["may_have_arrived"] = course.may_have_arrived
        return answer

    def _once(self, request: httpx.Request, course: _Course, end: float) -> httpx.Response:
        left = end - self.clock_s()
        if left < _LEAST_LEFT_S:
            raise _Again("out-of-time")
        request.extensions["timeout"] = {
            "connect": min(_CONNECT_S, left),
            "write": min(_WRITE_S, left),
            "read": min(_READ_S, left),
            "pool": min(_POOL_S, left),
        }
        try:
            with done_within(left):
                answer = self._read(self.client.send(request, stream=True), end)
        except _UNREACHED as unreached:
            raise _Again("unreachable") from unreached
        except Exception as broken:
            # Whatever broke, also in reading the answer: the request was under way.
            course.may_have_arrived = True
            raise _Again(type(broken).__name__) from broken
        if self.request_id_header in answer.headers:
            course.trace = trace_in(answer.headers, self.request_id_header)
        if answer.status_code == 429:
            raise _Again("too-many-requests", _retry_after_s(answer))
        if answer.status_code >= 500 or self.busy(answer):
            course.may_have_arrived = True
            if answer.headers.get("idempotent-replayed") == "true":
                # The provider remembers this failure under our key: it would say the same for a day.
                raise FateUnknown(f"replayed-{answer.status_code}", course.trace)
            raise _Again(f"status-{answer.status_code}", _retry_after_s(answer))
        return answer

    def _read(self, answer: httpx.Response, end: float) -> httpx.Response:
        """The answer with its whole body, within bounds that a time-out of each read does not set."""
        parts: list[bytes] = []
        length = 0
        try:
            if answer.headers.get("content-encoding", _PLAIN).strip().lower() != _PLAIN:
                raise _AnswerEncoded
            for part in answer.iter_bytes():
                if parts and self.clock_s() > end:
                    raise _AnswerTooSlow
                parts.append(part)
                length += len(part)
                if length > MOST_BYTES:
                    raise _AnswerTooLong
        finally:
            answer.close()
        kept = [item for item in answer.headers.raw if item[0].lower() not in _OF_THE_BODY_AS_SENT]
        return httpx.Response(
            answer.status_code, headers=kept, content=b"".join(parts), request=answer.request
        )


def _wait(state: RetryCallState) -> float:
    failed = state.outcome.exception() if state.outcome else None
    asked = failed.pause_s if isinstance(failed, _Again) else None
    if asked is None:
        return wait_random(_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S)(state)
    return max(asked, _SHORTEST_PAUSE_S)


def _retry_after_s(answer: httpx.Response) -> float | None:
    """Seconds, as providers say it; anything else, dates included, is no wish that we know."""
    text = answer.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdigit() and len(text) <= 6 else None
