"""How long failed jobs rest, and what is said about why."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from printapic.adapters.jobs.retries import described, full_jitter, origin, pause_after
from printapic.domain.errors import Conflict


class CardDeclined(Conflict):
    code = "card-declined"


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(1, 5), (2, 10), (3, 20), (8, 640), (10, 2560), (11, 3600), (10**6, 3600)]
)
def test_the_longest_pause_doubles_up_to_an_hour(attempts: int, seconds: float) -> None:
    assert pause_after(attempts, lambda longest: longest).total_seconds() == seconds


@given(st.integers(min_value=1, max_value=50))
def test_a_jittered_pause_is_never_longer_than_that(attempts: int) -> None:
    longest = pause_after(attempts, lambda longest: longest)
    assert pause_after(attempts, lambda longest: 0).total_seconds() == 0
    assert 0 <= pause_after(attempts, full_jitter).total_seconds() <= longest.total_seconds()


def test_jitter_spreads_over_the_whole_pause() -> None:
    chosen = [full_jitter(100) for _ in range(2000)]
    assert min(chosen) < 10
    assert max(chosen) > 90


def test_an_error_of_ours_is_described_by_class_and_code_any_other_by_its_class() -> None:
    assert described(CardDeclined("Card 4111 was declined.")) == "CardDeclined card-declined"
    assert described(KeyError("secret")) == "KeyError"
    assert described(SystemExit("secret")) == "SystemExit"


def test_the_origin_of_an_error_is_where_it_was_raised() -> None:
    def deeper() -> None:
        raise KeyError("secret")

    with pytest.raises(KeyError) as caught:
        deeper()
    assert origin(caught.value) == f"test_retries.py:{deeper.__code__.co_firstlineno + 1}"
    assert origin(KeyError("never raised")) is None
