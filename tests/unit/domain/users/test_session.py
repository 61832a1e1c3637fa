from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from printapic.domain.actors import Role
from printapic.domain.ids import SessionId, UserId
from printapic.domain.users.events import RefreshTokenReused
from printapic.domain.users.session import Presented, ReauthenticationRequired, Session, SessionEnd

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


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


def test_a_session_begins_with_its_first_generation() -> None:
    started = session(Role.CUSTOMER)
    assert (started.generation, started.created_at, started.refreshed_at) == (1, NOON, NOON)
    assert started.revoked_at is None


def test_the_newest_token_makes_the_next_generation_and_does_not_prolong_the_session() -> None:
    refreshed = session(Role.CUSTOMER)
    assert refreshed.present(1, at=NOON + SECOND) is Presented.NEWEST
    assert (refreshed.generation, refreshed.refreshed_at) == (2, NOON + SECOND)
    assert refreshed.expires_at == NOON + timedelta(days=30)


def rotated(times: int = 1) -> Session:
    """A session whose newest tokens were made at noon."""
    started = session(Role.CUSTOMER)
    for generation in range(1, times + 1):
        started.present(generation, at=NOON)
    return started


@pytest.mark.parametrize("used", [False, True])
@pytest.mark.parametrize("seconds", [0, 10])
def test_for_ten_seconds_the_predecessor_gets_the_same_successor(seconds: int, used: bool) -> None:
    shared = rotated()
    if used:
        shared.use(2, at=NOON)
    assert shared.present(1, at=NOON + seconds * SECOND) is Presented.PREDECESSOR
    assert shared.generation == 2
    assert shared.live(at=NOON + seconds * SECOND)


@pytest.mark.parametrize("seconds", [11, 300])
def test_a_predecessor_whose_successor_never_arrived_is_a_lost_reply(seconds: int) -> None:
    shared = rotated()
    assert shared.present(1, at=NOON + seconds * SECOND) is Presented.LOST_REPLY
    assert shared.generation == 2
    assert shared.revoked_at is None


@pytest.mark.parametrize(
    ("generation", "rotations", "used", "seconds"),
    [
        (1, 1, True, 11),
        (1, 1, False, 301),
        (1, 2, False, 0),
        (1, 2, True, 1),
        (0, 1, False, 0),
        (-5, 3, False, 0),
    ],
)
def test_any_older_token_is_a_stolen_one_and_ends_the_session(
    generation: int, rotations: int, used: bool, seconds: int
) -> None:
    stolen = rotated(rotations)
    if used:
        stolen.use(rotations + 1, at=NOON)
    now = NOON + seconds * SECOND
    assert stolen.present(generation, at=now) is Presented.REUSED
    assert (stolen.revoked_at, stolen.ended_by) == (now, SessionEnd.TOKEN_REUSED)
    assert stolen.take_events() == (RefreshTokenReused(at=now, user_id=stolen.user_id, session_id=stolen.id),)
    assert stolen.present(stolen.generation, at=now) is Presented.INVALID


def test_a_token_of_the_future_ends_nothing() -> None:
    started = rotated()
    assert started.present(3, at=NOON) is Presented.INVALID
    assert started.live(at=NOON)


@pytest.mark.parametrize(
    ("role", "idle"), [(Role.CUSTOMER, timedelta(days=14)), (Role.ADMIN, timedelta(minutes=30))]
)
def test_a_session_that_nobody_uses_idles_away(role: Role, idle: timedelta) -> None:
    left = session(role)
    assert left.live(at=NOON + idle - SECOND)
    assert not left.live(at=NOON + idle)
    assert left.present(1, at=NOON + idle) is Presented.INVALID
    left.present(1, at=NOON + idle - SECOND)
    assert left.live(at=NOON + idle)


def test_the_first_use_of_new_tokens_is_remembered_and_no_other() -> None:
    started = rotated()
    assert not started.first_use(1)
    assert started.last_used_at == NOON
    started.use(1, at=NOON + SECOND)
    assert started.used_at is None
    assert started.first_use(2)
    started.use(2, at=NOON + SECOND)
    started.use(2, at=NOON + 2 * SECOND)
    assert started.used_at == started.last_used_at == NOON + SECOND
    started.present(2, at=NOON + 3 * SECOND)
    assert (started.used_at, started.last_used_at) == (None, NOON + 3 * SECOND)


def test_a_proof_of_identity_is_good_for_five_minutes() -> None:
    started = session(Role.CUSTOMER)
    started.demand_recent_proof(at=NOON + timedelta(minutes=5))
    with pytest.raises(ReauthenticationRequired):
        started.demand_recent_proof(at=NOON + timedelta(minutes=5) + SECOND)
    started.prove(second_factor=False, at=NOON + DAY)
    started.demand_recent_proof(at=NOON + DAY)
    assert not started.second_factor
    started.prove(second_factor=True, at=NOON + DAY)
    started.prove(second_factor=False, at=NOON + DAY)
    assert started.second_factor


def test_an_ended_session_is_over_at_once_and_for_good() -> None:
    ended = session(Role.CUSTOMER)
    ended.end(SessionEnd.LOGGED_OUT, at=NOON + SECOND)
    ended.end(SessionEnd.REVOKED, at=NOON + 2 * SECOND)
    assert (ended.revoked_at, ended.ended_by) == (NOON + SECOND, SessionEnd.LOGGED_OUT)
    assert not ended.live(at=NOON + SECOND)
    assert ended.present(1, at=NOON + SECOND) is Presented.INVALID


class AnySession(RuleBasedStateMachine):
    """Whoever holds whatever tokens: one chain of generations, and no life after the end."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        self.session = session(Role.ADMIN)
        self.rotations = 0

    @rule(seconds=st.sampled_from([1, 5, 11, 200, 400, 1799]))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds * SECOND

    @rule(behind=st.integers(-1, 3))
    def somebody_presents(self, behind: int) -> None:
        live, before = self.session.live(at=self.now), self.session.generation
        presented = self.session.present(before - behind, at=self.now)
        assert (presented is Presented.NEWEST) == (live and behind == 0)
        assert (presented is Presented.INVALID) == (not live or behind < 0)
        if behind > 1 and live:
            assert presented is Presented.REUSED
        self.rotations += presented is Presented.NEWEST
        assert self.session.live(at=self.now) == (live and presented is not Presented.REUSED)

    @rule()
    def the_client_uses_its_tokens(self) -> None:
        self.session.use(self.session.generation, at=self.now)

    @rule()
    def somebody_logs_out(self) -> None:
        self.session.end(SessionEnd.LOGGED_OUT, at=self.now)
        assert not self.session.live(at=self.now)

    @invariant()
    def generations_count_the_rotations(self) -> None:
        assert self.session.generation == 1 + self.rotations
        assert self.session.refreshed_at < self.session.expires_at == NOON + timedelta(hours=12)


TestAnySession = AnySession.TestCase
TestAnySession.settings = settings(max_examples=50, stateful_step_count=25)
