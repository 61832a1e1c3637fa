"""The one loop that sends: what it repeats, for how long, and what it says when nothing came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from printapic.adapters.payments.sending import (
    BUDGET_S,
    MOST_BYTES,
    MOST_SENDS,
    FateUnknown,
    NeverSent,
    Sender,
    provider_client,
)
from printapic.application.ports.payments import Trace

Step = httpx.Response | Exception | httpx.SyncByteStream
UNREACHED = [httpx.ConnectError("no"), httpx.ConnectTimeout("no"), httpx.PoolTimeout("no")]
BROKEN = [
    httpx.ReadTimeout("no"),
    httpx.WriteTimeout("no"),
    httpx.ReadError("no"),
    httpx.WriteError("no"),
    httpx.RemoteProtocolError("no"),
    httpx.DecodingError("no"),
    ValueError("no"),
]


class Line:
    """A provider that does as told, one step for each sending, and a clock that only moves when told."""

    def __init__(self, *steps: Step, each_takes_s: float = 0.0) -> None:
        self.steps = list(steps)
        self.each_takes_s = each_takes_s
        self.now_s = 1000.0
        self.requests: list[httpx.Request] = []
        self.timeouts: list[dict[str, float]] = []
        self.pauses: list[float] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self.timeouts.append(dict(request.extensions["timeout"]))
        self.now_s += self.each_takes_s
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        if isinstance(step, Exception):
            raise step
        return httpx.Response(200, stream=step) if isinstance(step, httpx.SyncByteStream) else step

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now_s += seconds

    def sender(self, budget_s: float = BUDGET_S) -> Sender:
        return Sender(
            client=provider_client(httpx.MockTransport(self.answer)),
            busy=lambda answer: answer.status_code == 409,
            request_id_header="request-id",
            budget_s=budget_s,
            pause=self.pause,
            clock_s=lambda: self.now_s,
        )

    def send(self, budget_s: float = BUDGET_S) -> httpx.Response:
        return self.sender(budget_s).send(a_refund())


def a_refund() -> httpx.Request:
    return httpx.Request(
        "POST", "https://provider.test/refunds", headers={"Idempotency-Key": "k-1"}, content=b"amount=200"
    )


def answers(status: int, **headers: str) -> httpx.Response:
    return httpx.Response(status, headers={name.replace("_", "-"): text for name, text in headers.items()})


def named(error: Exception) -> str:
    return type(error).__name__


def test_an_answer_is_read_whole_and_handed_over() -> None:
    line = Line(httpx.Response(200, json={"id": "re_1"}, headers={"Request-Id": "req_1"}))
    answer = line.send()
    assert (answer.status_code, answer.json(), answer.headers["request-id"]) == (200, {"id": "re_1"}, "req_1")
    assert answer.extensions["may_have_arrived"] is False
    assert line.pauses == []


def test_answers_are_asked_for_as_they_are() -> None:
    line = Line(answers(200))
    with line.sender().client as client:
        line.sender().send(client.build_request("POST", "https://provider.test/refunds"))
    assert line.requests[0].headers["accept-encoding"] == "identity"


class Unpacked(httpx.SyncByteStream):
    """A body of which nobody may read a byte."""

    def __iter__(self) -> Iterator[bytes]:
        raise AssertionError("it was unpacked")


@pytest.mark.parametrize("encoding", ["gzip", "gzip, gzip", "deflate", "br", "zstd", "unheard-of", ""])
@pytest.mark.parametrize("status", [200, 400, 429, 500])
def test_an_answer_that_would_unpack_itself_is_not_looked_at(status: int, encoding: str) -> None:
    """Half a kilobyte in two wrappings takes more memory than a small machine has."""
    packed = httpx.Response(status, stream=Unpacked(), headers={"Content-Encoding": encoding})
    line = Line(packed)
    with pytest.raises(FateUnknown) as doubt:
        line.send()
    assert doubt.value.reason == "_AnswerEncoded"


def test_an_answer_may_say_that_it_is_as_it_is() -> None:
    line = Line(httpx.Response(200, json={"id": "re_1"}, headers={"Content-Encoding": "Identity"}))
    assert line.send().json() == {"id": "re_1"}


@pytest.mark.parametrize("status", [200, 201, 302, 400, 401, 402, 403, 404, 422])
def test_what_repeating_cannot_change_is_not_repeated(status: int) -> None:
    line = Line(answers(status))
    assert line.send().status_code == status
    assert len(line.requests) == 1


@pytest.mark.parametrize("error", UNREACHED, ids=named)
def test_u1_what_never_reached_the_provider_was_never_sent(error: Exception) -> None:
    line = Line(error)
    with pytest.raises(NeverSent):
        line.send()
    assert len(line.requests) == MOST_SENDS
    assert all(0.2 <= pause <= 2.0 for pause in line.pauses)


@pytest.mark.parametrize("error", BROKEN, ids=named)
def test_u2_what_broke_under_way_has_an_unknown_fate(error: Exception) -> None:
    line = Line(error)
    with pytest.raises(FateUnknown) as doubt:
        line.send()
    assert doubt.value.reason == named(error)
    assert len(line.requests) == MOST_SENDS


@pytest.mark.parametrize("status", [500, 502, 503, 409])
def test_u3_errors_of_the_provider_are_repeated_and_then_doubtful(status: int) -> None:
    line = Line(answers(status))
    with pytest.raises(FateUnknown) as doubt:
        line.send()
    assert doubt.value.reason == f"status-{status}"
    assert len(line.requests) == MOST_SENDS


@pytest.mark.parametrize("last", [*BROKEN, *UNREACHED, answers(503)], ids=str)
def test_of_what_stays_in_doubt_the_last_name_that_the_provider_gave_is_told(last: Step) -> None:
    with pytest.raises(FateUnknown) as doubt:
        Line(answers(500, request_id="req_1"), answers(502, request_id="req_2" + "x" * 300), last).send()
    assert doubt.value.trace == Trace(request_id="req_2" + "x" * 250)


@pytest.mark.parametrize("first", [*UNREACHED, *BROKEN, answers(503), answers(409), answers(429)], ids=str)
def test_a_later_sending_may_succeed_with_the_same_key_and_body(first: Step) -> None:
    line = Line(first, answers(200))
    assert line.send().status_code == 200
    assert [request.headers["idempotency-key"] for request in line.requests] == ["k-1", "k-1"]
    assert [request.content for request in line.requests] == [b"amount=200", b"amount=200"]


@pytest.mark.parametrize("last", [*UNREACHED, answers(429), answers(429, retry_after="60")], ids=str)
@pytest.mark.parametrize("first", [*BROKEN, answers(500), answers(409)], ids=str)
def test_once_possibly_sent_it_can_never_be_called_unsent(first: Step, last: Step) -> None:
    with pytest.raises(FateUnknown):
        Line(first, last).send()


STEPS = st.sampled_from([*UNREACHED, *BROKEN, answers(429), answers(409), answers(500), answers(503)])


@given(st.lists(STEPS, min_size=1, max_size=4), st.floats(0, 4), st.floats(0.1, 20))
def test_any_course_of_mishaps_ends_and_tells_the_truth(
    steps: list[Step], each_takes_s: float, budget_s: float
) -> None:
    line = Line(*steps, each_takes_s=each_takes_s)
    with pytest.raises((NeverSent, FateUnknown)) as ended:
        line.send(budget_s)
    struck = [steps[min(index, len(steps) - 1)] for index in range(len(line.requests))]
    harmless = all(
        (isinstance(step, httpx.Response) and step.status_code == 429) or step in UNREACHED for step in struck
    )
    assert isinstance(ended.value, NeverSent) is harmless
    assert len(line.requests) <= MOST_SENDS


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_at_the_door_says_whether_an_earlier_sending_may_have_got_in(status: int) -> None:
    assert Line(answers(status)).send().extensions["may_have_arrived"] is False
    assert Line(UNREACHED[0], answers(status)).send().extensions["may_have_arrived"] is False
    assert Line(BROKEN[0], answers(status)).send().extensions["may_have_arrived"] is True


def test_u3_a_failure_that_the_provider_remembers_is_not_asked_for_again() -> None:
    line = Line(answers(500, idempotent_replayed="true"))
    with pytest.raises(FateUnknown) as doubt:
        line.send()
    assert doubt.value.reason == "replayed-500"
    assert len(line.requests) == 1


def test_u3_a_wish_to_be_left_alone_is_kept_where_it_fits() -> None:
    line = Line(answers(429, retry_after="3"), answers(200))
    assert line.send().status_code == 200
    assert line.pauses == [3.0]


def test_u3_a_wish_of_no_time_is_no_licence_to_hammer() -> None:
    line = Line(answers(503, retry_after="0"), answers(200))
    line.send()
    assert line.pauses == [0.2]


def test_u3_a_wish_that_does_not_fit_ends_the_call() -> None:
    line = Line(answers(429, retry_after="60"))
    with pytest.raises(NeverSent):
        line.send()
    assert (len(line.requests), line.pauses) == (1, [])


@pytest.mark.parametrize("wish", ["", "soon", "Wed, 21 Oct 2026 07:28:00 GMT", "-1", "1.5", "9999999", "٣"])
def test_a_wish_that_is_no_number_of_seconds_is_none(wish: str) -> None:
    line = Line(httpx.Response(429, headers=[(b"retry-after", wish.encode())]))
    with pytest.raises(NeverSent):
        line.send()
    assert len(line.requests) == MOST_SENDS


def test_the_budget_ends_the_loop_and_cuts_the_patience_of_the_last_sending() -> None:
    line = Line(httpx.ReadTimeout("no"), each_takes_s=7.0)
    with pytest.raises(FateUnknown):
        line.send()
    assert len(line.requests) <= 2
    assert line.timeouts[0] == {"connect": 2.0, "write": 5.0, "read": 8.0, "pool": 1.0}
    assert all(timeout["read"] <= 1.8 for timeout in line.timeouts[1:])
    assert line.now_s <= 1000 + BUDGET_S + 7.0


def test_requests_of_one_call_share_a_budget_and_the_last_may_not_be_sent_at_all() -> None:
    line = Line(answers(200), each_takes_s=4.4)
    sender = line.sender()
    end = sender.deadline()
    sender.send(a_refund(), ends_at=end)
    sender.send(a_refund(), ends_at=end)
    with pytest.raises(NeverSent):
        sender.send(a_refund(), ends_at=end)
    assert len(line.requests) == 2


class Body(httpx.SyncByteStream):
    """A body that comes in pieces, and may break off."""

    def __init__(self, pieces: Callable[[], Iterator[bytes]]) -> None:
        self.pieces = pieces
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        return self.pieces()

    def close(self) -> None:
        self.closed = True


def test_u2_an_answer_that_breaks_off_half_way_leaves_the_fate_unknown() -> None:
    def pieces() -> Iterator[bytes]:
        yield b'{"id": "re_'
        raise httpx.ReadError("connection lost")

    body = Body(pieces)
    with pytest.raises(FateUnknown) as doubt:
        Line(body).send()
    assert doubt.value.reason == "ReadError"
    assert body.closed


def test_an_answer_that_drips_does_not_outlast_the_budget() -> None:
    line = Line()

    def pieces() -> Iterator[bytes]:
        while True:
            line.now_s += 1.0
            yield b"."

    body = Body(pieces)
    line.steps = [body]
    with pytest.raises(FateUnknown) as doubt:
        line.send()
    assert "TooSlow" in doubt.value.reason
    assert line.now_s <= 1000 + BUDGET_S + 1
    assert body.closed


def test_an_answer_that_came_whole_is_not_thrown_away_for_its_time() -> None:
    line = Line(answers(200), each_takes_s=BUDGET_S + 1)
    assert line.send().status_code == 200


def test_an_endless_answer_is_not_read_to_its_end() -> None:
    read = 0

    def pieces() -> Iterator[bytes]:
        nonlocal read
        while True:
            read += 1
            yield b"." * 1024 * 1024

    with pytest.raises(FateUnknown) as doubt:
        Line(Body(pieces)).send()
    assert "TooLong" in doubt.value.reason
    assert read <= MOST_SENDS * (MOST_BYTES // 1024 // 1024 + 1)


def test_a_client_asks_nobody_on_the_way_and_follows_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    moved = httpx.MockTransport(lambda _: httpx.Response(307, headers={"Location": "https://evil.test/"}))
    with provider_client(moved) as client:
        assert client.get("https://provider.test/").status_code == 307
        assert not client.trust_env
    with provider_client() as client:
        assert client.timeout == httpx.Timeout(8.0, connect=2.0, write=5.0, pool=1.0)
