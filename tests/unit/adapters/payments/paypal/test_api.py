"""Talking to PayPal: tokens, and what is said of requests that may have arrived."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier, Event
from uuid import uuid4

import attrs
import httpx
import pytest

from printapic.adapters.payments.paypal.api import PayPalApi
from printapic.adapters.payments.paypal.tokens import CredentialsRefused
from printapic.adapters.payments.sending import FateUnknown, NeverSent
from printapic.domain.ids import OperationId
from tests.unit.adapters.payments.paypal.line import TOKEN, URL, Line, granted, refuses, says

PING, PATH = "POST /v1/ping", "/v1/ping"
REFUSED = httpx.ConnectError("refused")
LOST = httpx.ReadTimeout("lost")


@pytest.fixture
def line() -> Line:
    line = Line()
    line.tell(PING, says(200, {"pong": True}))
    return line


def tokens_used(line: Line) -> list[str]:
    return [request.headers["authorization"].removeprefix("Bearer ") for request in line.sent(PING)]


def test_a_token_is_asked_for_once_and_used_until_a_minute_before_its_end(line: Line) -> None:
    line.tell(TOKEN, granted("first", 600), granted("second", 600))
    line.api.post_raw(PATH, b"{}")
    line.clock.advance(timedelta(seconds=539))
    line.api.post_raw(PATH, b"{}")
    line.clock.advance(timedelta(seconds=1))
    line.api.post_raw(PATH, b"{}")
    assert tokens_used(line) == ["first", "first", "second"]
    (asked, _) = line.sent(TOKEN)
    assert asked.content == b"grant_type=client_credentials"
    assert base64.b64decode(asked.headers["authorization"].removeprefix("Basic ")) == (
        b"client-id:client-secret"
    )


def test_many_threads_ask_for_one_token(line: Line) -> None:
    start = Barrier(8)

    def pings(_: int) -> int:
        start.wait()
        return line.api.post_raw(PATH, b"{}").status_code

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(pings, range(8))) == [200] * 8
    assert len(line.sent(TOKEN)) == 1


def test_nobody_waits_longer_for_anothers_token_than_for_paypal(line: Line) -> None:
    asked, answer = Event(), Event()

    def slow(_: httpx.Request) -> httpx.Response:
        asked.set()
        answer.wait(10)
        return granted()

    line.answers[TOKEN] = slow
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(line.api.tokens.current, line.api.sender)
        assert asked.wait(10)
        with pytest.raises(NeverSent):
            line.api.tokens.current(attrs.evolve(line.api.sender, budget_s=0.05))
        answer.set()
        assert first.result() == "token-1"
    line.api.post_raw(PATH, b"{}")
    assert len(line.sent(TOKEN)) == 1


def test_raw_bytes_arrive_as_they_are(line: Line) -> None:
    line.api.post_raw(PATH, b'{ "a" :1.0 }')
    (sent,) = line.sent(PING)
    assert sent.content == b'{ "a" :1.0 }'
    assert sent.headers["content-type"] == "application/json"


def test_u4_a_token_that_is_not_taken_is_renewed_once(line: Line) -> None:
    line.tell(TOKEN, granted("old"), granted("new"))
    line.tell(PING, says(401), says(200))
    assert line.api.post_raw(PATH, b"{}").status_code == 200
    assert tokens_used(line) == ["old", "new"]


def test_u4_a_fresh_token_that_is_not_taken_either_ends_it(line: Line) -> None:
    line.tell(TOKEN, granted("same"))
    line.tell(PING, says(401))
    with pytest.raises(CredentialsRefused):
        line.api.post_raw(PATH, b"{}")
    assert (len(line.sent(PING)), len(line.sent(TOKEN))) == (2, 2)


def test_u4_wrong_credentials_are_said_without_asking_again(line: Line) -> None:
    line.tell(TOKEN, says(401, {"error": "invalid_client"}))
    with pytest.raises(CredentialsRefused):
        line.api.post_raw(PATH, b"{}")
    assert (len(line.sent(TOKEN)), len(line.sent(PING))) == (1, 0)


@pytest.mark.parametrize(
    "mishap",
    [
        REFUSED,
        LOST,
        says(500),
        says(429),
        says(200, b"{"),
        says(200, b"\xff"),
        says(200, {"access_token": "x"}),
        says(200, {"access_token": "split\r\nin two", "expires_in": 60}),
        says(302, {"access_token": "x", "expires_in": 60}),
    ],
)
def test_without_a_token_nothing_was_sent(line: Line, mishap: httpx.Response | Exception) -> None:
    line.tell(TOKEN, mishap)
    with pytest.raises(NeverSent):
        line.api.post_raw(PATH, b"{}")
    assert line.sent(PING) == []


def test_u1_a_refused_connection_is_tried_three_times_under_one_key(line: Line) -> None:
    line.tell(PING, REFUSED)
    key = OperationId(uuid4())
    with pytest.raises(NeverSent):
        line.api.conversation().post(PATH, b"{}", key=key)
    assert [sent.headers["paypal-request-id"] for sent in line.sent(PING)] == [str(key)] * 3


@pytest.mark.parametrize("busy", [refuses("PREVIOUS_REQUEST_IN_PROGRESS", 409), says(409), says(503)])
def test_u3_what_is_still_being_worked_on_is_asked_again(line: Line, busy: httpx.Response) -> None:
    line.tell(PING, busy, refuses("ORDER_COMPLETION_IN_PROGRESS"), says(201))
    assert line.api.conversation().post(PATH, b"{}", key=None).status == 201
    line.tell(PING, busy)
    with pytest.raises(FateUnknown):
        line.api.conversation().post(PATH, b"{}", key=None)


@pytest.mark.parametrize("after", [REFUSED, says(401)])
def test_a_doubt_outlives_the_renewal_of_the_token(line: Line, after: httpx.Response | Exception) -> None:
    """The first sending may have had its effect; that the second was sent away does not undo it."""
    line.tell(TOKEN, granted("old"), granted("new"))
    line.tell(PING, LOST, says(401), after)
    with pytest.raises(FateUnknown):
        line.api.conversation().post(PATH, b"{}", key=None)


def test_a_doubt_that_arises_after_the_renewal_counts_too(line: Line) -> None:
    line.tell(TOKEN, granted("old"), granted("new"))
    line.tell(PING, says(401), LOST, says(401))
    with pytest.raises(FateUnknown):
        line.api.conversation().post(PATH, b"{}", key=None)


def test_an_answer_tells_whether_an_earlier_sending_may_have_arrived(line: Line) -> None:
    line.tell(PING, LOST, refuses("PERMISSION_DENIED", 403))
    assert line.api.conversation().post(PATH, b"{}", key=None).may_have_arrived
    line.tell(PING, REFUSED, says(429), refuses("PERMISSION_DENIED", 403))
    assert not line.api.conversation().post(PATH, b"{}", key=None).may_have_arrived


def test_a_conversation_whose_time_is_over_sends_nothing_more(line: Line) -> None:
    hasty = PayPalApi(
        line.client, client_id="id", client_secret="secret", clock=line.clock, api_url=URL, budget_s=0.0
    )
    with pytest.raises(NeverSent):
        hasty.post_raw(PATH, b"{}")
    assert line.requests == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (
            {"name": "UNPROCESSABLE_ENTITY", "details": [{"issue": "TRANSACTION_DISPUTED"}]},
            "transaction-disputed",
        ),
        ({"name": "INTERNAL"}, "internal"),
        ({"name": "mail@customer.test", "details": [{"issue": "4111 1111"}]}, "status-400"),
        ({"name": "4111111111111111", "details": [{"issue": "4000002500003155"}]}, "status-400"),
        ({"error": "invalid"}, "status-400"),
        (b"not json", "status-400"),
        (b"[" * 100_000, "status-400"),
        ({"details": "none"}, "status-400"),
    ],
)
def test_a_refusal_has_a_code_of_known_form(line: Line, body: dict[str, object] | bytes, code: str) -> None:
    line.tell(PING, says(400, body))
    answer = line.api.conversation().post(PATH, b"{}", key=None)
    assert (answer.code, answer.trace.request_id) == (code, "debug-1")


def test_s1_nothing_secret_is_shown(line: Line) -> None:
    line.tell(PING, says(200, {"payer": "mail@customer.test"}))
    answer = line.api.conversation().post(PATH, b"{}", key=None)
    shown = repr([line.api, line.api.tokens, line.api.sender, answer, vars(line.api.tokens)])
    assert not any(secret in shown for secret in ("client-secret", "token-1", "mail@customer.test"))


def test_u2_no_money_is_moved_in_the_last_third_of_the_time(line: Line) -> None:
    """A call that is cut short would leave a doubt behind; looks may use what is left."""
    time_s = iter([0.0, *[6.1] * 20])
    line.api.sender = attrs.evolve(line.api.sender, clock_s=lambda: next(time_s))
    conversation = line.api.conversation()
    with pytest.raises(NeverSent):
        conversation.post(PATH, b"{}", key=None)
    assert line.sent(PING) == []
    assert conversation.get("/v1/nothing").status == 404
