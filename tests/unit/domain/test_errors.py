from __future__ import annotations

import pytest

from printapic.domain.errors import (
    Conflict,
    Denied,
    Invalid,
    NotFound,
    PrintAPicError,
    Throttled,
    Unauthenticated,
    Unavailable,
)

KINDS: list[type[PrintAPicError]] = [
    Invalid,
    NotFound,
    Conflict,
    Denied,
    Unauthenticated,
    Throttled,
    Unavailable,
]


@pytest.mark.parametrize("kind", [Invalid, NotFound, Conflict, Denied, Unauthenticated, Unavailable])
def test_an_error_carries_a_sentence_for_people_and_details_for_programs(kind: type[PrintAPicError]) -> None:
    error = kind("That did not work.", order="PA-1", limit=3)
    assert error.message == str(error) == "That did not work."
    assert error.details == {"order": "PA-1", "limit": 3}


def test_details_may_be_absent() -> None:
    assert NotFound("Nothing here.").details == {}


def test_the_kinds_are_told_apart_by_code_and_by_class() -> None:
    assert len({kind.code for kind in KINDS}) == len(KINDS)
    for kind in KINDS:
        assert [other for other in KINDS if issubclass(kind, other)] == [kind]
        assert issubclass(kind, PrintAPicError)


def test_who_is_slowed_down_hears_for_how_long() -> None:
    error = Throttled("Slowly, please.", retry_after_s=17, scope="login")
    assert (error.retry_after_s, error.details, error.message) == (17, {"scope": "login"}, "Slowly, please.")


def test_what_is_unavailable_says_when_to_come_back() -> None:
    assert Unavailable("Later, please.").retry_after_s == 2
    assert Unavailable("Later, please.", retry_after_s=30, part="mail").retry_after_s == 30
    assert Unavailable("Later, please.", retry_after_s=30, part="mail").details == {"part": "mail"}
