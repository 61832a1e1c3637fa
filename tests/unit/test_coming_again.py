"""The client of the tests that has patience: it comes again when it is asked to, and for nothing else."""

from __future__ import annotations

import httpx
import pytest

from tests.servers.loopback import ComingAgain


def asked(*codes: str) -> tuple[int, list[bytes]]:
    """What came of a request that is refused with these codes, one after the other, and what was sent."""
    refusals, sent = list(codes), list[bytes]()

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.content)
        if not refusals:
            return httpx.Response(200)
        return httpx.Response(503, json={"code": refusals.pop(0)}, headers={"Retry-After": "0"})

    with httpx.Client(transport=ComingAgain(httpx.MockTransport(answer), times=2)) as client:
        status = client.post("http://127.0.0.1/", content=iter([b"a ", b"body"])).status_code
    return status, sent


@pytest.mark.parametrize(
    ("codes", "status", "times"),
    [
        ([], 200, 1),
        (["deadline-exceeded"], 200, 2),
        (["overloaded", "storage-unavailable"], 200, 3),
        (["overloaded", "overloaded", "overloaded"], 503, 3),
        (["payment-provider-unavailable"], 503, 1),
    ],
    ids=["answered", "late", "late twice", "never", "another reason"],
)
def test_it_sends_the_same_again(codes: list[str], status: int, times: int) -> None:
    assert asked(*codes) == (status, [b"a body"] * times)
