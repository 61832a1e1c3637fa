"""The second factor by itself: what uses a code up, and what takes a reset back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from printapic.domain.ids import UserId
from printapic.domain.users.events import RecoveryCodeUsed, SecondFactorEnabled, SecondFactorResetRequested
from printapic.domain.users.second_factor import AlreadyEnrolled, CodeInvalid, SecondFactor

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ANNA = UserId(UUID(int=2))
MINUTE = timedelta(minutes=1)


def enrolled() -> SecondFactor:
    factor = SecondFactor.enrol(user_id=ANNA, secret_sealed="sealed", at=NOON)
    factor.confirm(100, recovery=("a", "b"), at=NOON)
    factor.take_events()
    return factor


def test_the_first_right_code_makes_it_count() -> None:
    factor = SecondFactor.enrol(user_id=ANNA, secret_sealed="sealed", at=NOON)
    states = [factor.active]
    with pytest.raises(CodeInvalid):
        factor.confirm(None, recovery=("a",), at=NOON)
    factor.confirm(100, recovery=("a",), at=NOON + MINUTE)
    assert [*states, factor.active] == [False, True]
    assert factor.take_events() == (SecondFactorEnabled(at=NOON + MINUTE, user_id=ANNA),)
    with pytest.raises(AlreadyEnrolled):
        factor.confirm(101, recovery=("a",), at=NOON)
    with pytest.raises(AlreadyEnrolled):
        factor.replace("other", at=NOON)


@pytest.mark.parametrize(("step", "good"), [(99, False), (100, False), (101, True), (None, False)])
def test_only_a_newer_step_is_good(step: int | None, good: bool) -> None:
    factor = enrolled()
    assert factor.spend(step, "unknown", at=NOON) is good
    assert factor.last_step == (101 if good else 100)


def test_a_recovery_code_is_used_up_and_told() -> None:
    factor = enrolled()
    assert factor.spend(None, "a", at=NOON)
    assert not factor.spend(None, "a", at=NOON)
    assert factor.recovery == ("b",)
    assert factor.take_events() == (RecoveryCodeUsed(at=NOON, user_id=ANNA, left=1),)


def test_a_recovery_code_does_not_call_a_reset_off_and_an_app_code_does() -> None:
    factor = enrolled()
    factor.request_reset(at=NOON)
    factor.request_reset(at=NOON + MINUTE)
    due = NOON + timedelta(hours=72)
    assert factor.take_events() == (SecondFactorResetRequested(at=NOON, user_id=ANNA, due_at=due),)
    factor.spend(None, "a", at=NOON)
    assert not factor.reset_due(at=due - MINUTE)
    assert factor.reset_due(at=due)
    factor.spend(101, "", at=NOON)
    assert not factor.reset_due(at=due)


def test_secrets_are_never_shown() -> None:
    assert "sealed" not in repr(enrolled()).replace("secret_sealed", "")
