"""Failures in the log: their classes and places, and nothing that they quote."""

from __future__ import annotations

import pytest

from printapic.entrypoints.http.failures import anatomy

SECRET = "canary@example.com"


def fail(how: str) -> None:
    try:
        int(SECRET)
    except ValueError as error:
        if how == "from it":
            raise LookupError(SECRET) from error
        if how == "beside it":
            raise KeyError(SECRET)  # noqa: B904 - what careless code does
        if how == "from nothing":
            raise LookupError(SECRET) from None
        raise


@pytest.mark.parametrize(
    ("how", "chain"),
    [
        ("as it is", "ValueError"),
        ("from it", "LookupError from ValueError"),
        ("beside it", "KeyError from ValueError"),
        ("from nothing", "LookupError"),
    ],
)
def test_a_failure_is_told_by_its_classes_and_places(how: str, chain: str) -> None:
    with pytest.raises(Exception, match=SECRET) as raised:
        fail(how)
    told = anatomy(raised.value)
    assert told["error"] == chain
    assert SECRET not in str(told)
    stack = told["stack"]
    assert isinstance(stack, list)
    assert {each.partition(":")[0] for each in stack} == {__name__}
    assert [each.rpartition(" ")[2] for each in stack if each.endswith(" fail")]


def test_causes_that_go_round_in_a_circle_end() -> None:
    first, second = ValueError(), LookupError()
    first.__cause__, second.__cause__ = second, first
    assert anatomy(first) == {"error": "ValueError from LookupError", "stack": []}
