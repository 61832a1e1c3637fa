from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from printapic.domain.actors import Role
from printapic.domain.ids import SessionId, UserId
from printapic.domain.users.session import Session, SessionInvalid

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def session(*roles: Role) -> Session:
    return Session.start(
        id=SessionId(UUID(int=1)), user_id=UserId(UUID(int=2)), roles=frozenset(roles), at=NOON
    )


@pytest.mark.parametrize(
    ("roles", "lifetime"),
    [
        ((Role.CUSTOMER,), timedelta(days=30)),
        ((), timedelta(days=30)),
        ((Role.OPERATOR,), timedelta(hours=12)),
        ((Role.SUPPORT,), timedelta(hours=12)),
        ((Role.ADMIN,), timedelta(hours=12)),
        ((Role.CUSTOMER, Role.ADMIN), timedelta(hours=12)),
    ],
)
def test_staff_log_in_for_a_shift_and_customers_for_a_month(
    roles: tuple[Role, ...], lifetime: timedelta
) -> None:
    started = session(*roles)
    assert started.expires_at == NOON + lifetime
    assert started.live(at=NOON)
    assert started.live(at=NOON + lifetime - SECOND)
    assert not started.live(at=NOON + lifetime)


def test_a_session_begins_with_its_first_generation() -> None:
    started = session(Role.CUSTOMER)
    assert (started.generation, started.created_at, started.refreshed_at) == (1, NOON, NOON)
    assert started.revoked_at is None


def test_refreshing_makes_the_next_generation_and_does_not_prolong_the_session() -> None:
    refreshed = session(Role.CUSTOMER)
    refreshed.refresh(1, at=NOON + SECOND)
    assert (refreshed.generation, refreshed.refreshed_at) == (2, NOON + SECOND)
    assert refreshed.expires_at == NOON + timedelta(days=30)


@pytest.mark.parametrize("generation", [0, 1, 3, -1])
def test_only_the_newest_generation_can_be_refreshed(generation: int) -> None:
    refreshed = session(Role.CUSTOMER)
    refreshed.refresh(1, at=NOON)
    with pytest.raises(SessionInvalid):
        refreshed.refresh(generation, at=NOON + SECOND)
    assert (refreshed.generation, refreshed.refreshed_at) == (2, NOON)


def test_an_expired_session_cannot_be_refreshed() -> None:
    expired = session(Role.ADMIN)
    with pytest.raises(SessionInvalid):
        expired.refresh(1, at=NOON + timedelta(hours=12))
    assert expired.generation == 1


def test_a_revoked_session_is_over_at_once_and_for_good() -> None:
    revoked = session(Role.CUSTOMER)
    revoked.revoke(at=NOON + SECOND)
    revoked.revoke(at=NOON + 2 * SECOND)
    assert revoked.revoked_at == NOON + SECOND
    assert not revoked.live(at=NOON + SECOND)
    with pytest.raises(SessionInvalid):
        revoked.refresh(1, at=NOON + SECOND)


class AnySession(RuleBasedStateMachine):
    """Whoever holds whatever tokens: one chain of generations, and no life after the end."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        self.session = session(Role.ADMIN)
        self.refreshed = 0

    @rule(hours=st.integers(0, 5))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule(behind=st.integers(-2, 3))
    def somebody_refreshes(self, behind: int) -> None:
        allowed = behind == 0 and self.session.live(at=self.now)
        try:
            self.session.refresh(self.session.generation - behind, at=self.now)
        except SessionInvalid:
            assert not allowed
        else:
            assert allowed
            self.refreshed += 1

    @rule()
    def somebody_logs_out(self) -> None:
        self.session.revoke(at=self.now)
        assert not self.session.live(at=self.now)

    @invariant()
    def generations_count_the_refreshes(self) -> None:
        assert self.session.generation == 1 + self.refreshed
        assert self.session.refreshed_at < self.session.expires_at == NOON + timedelta(hours=12)


TestAnySession = AnySession.TestCase
TestAnySession.settings = settings(max_examples=30, stateful_step_count=25)
