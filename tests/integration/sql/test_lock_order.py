"""On PostgreSQL whoever changes an account locks its user first, so that no two wait for each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypedDict

import pytest
from sqlalchemy import Connection, Engine, select, text

from printapic.adapters.persistence.sql.engine import sql_engine
from printapic.adapters.persistence.sql.tables import account_requests, second_factors, sessions, users
from printapic.adapters.persistence.sql.unit_of_work import SqlUnitOfWorkFactory
from printapic.adapters.system.clock import FixedClock
from printapic.adapters.throttle.memory import MemoryThrottle
from printapic.adapters.users.common_passwords import BundledCommonPasswords
from printapic.adapters.users.live_keyring import MemoryKeyRing
from printapic.adapters.users.one_time_passwords import TotpOneTimePasswords
from printapic.adapters.users.sealing import AesGcmSealer
from printapic.adapters.users.tokens import JwtTokenIssuer
from printapic.application.users.administration import DisableUser, EnableUser, SetRoles
from printapic.application.users.email_change import ConfirmEmailChange, RevertEmailChange
from printapic.application.users.erasure import RequestErasure
from printapic.application.users.limits import PasswordGate
from printapic.application.users.passwords import NewPassword, ResetPassword
from printapic.application.users.second_factor import (
    FinishSecondFactorReset,
    RenewRecoveryCodes,
    ResetSecondFactor,
)
from printapic.application.users.second_factor_codes import SecondFactorCodes
from printapic.domain.actors import Role
from printapic.domain.ids import SessionId, UserId
from printapic.domain.users.account_request import RequestKind
from printapic.domain.users.mailed_token import token_digest
from printapic.domain.users.session import Session
from tests import builders as b
from tests.integration.stores import sql_units
from tests.shop_floor import WEB, hasher, keyring

CLOCK = FixedClock(b.NOON)
TOKENS = JwtTokenIssuer(keyring=MemoryKeyRing(keyring()), clock=CLOCK, issuer=WEB, audience="tests")
CODES = SecondFactorCodes(
    clock=CLOCK,
    throttle=MemoryThrottle(),
    sealer=AesGcmSealer(keyring=keyring()),
    one_time_passwords=TotpOneTimePasswords(issuer="PrintAPic"),
)
_WAITING = text(
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0"
)


class Colleague(TypedDict):
    actor_id: UserId
    session_id: SessionId


def a_session(user_id: UserId) -> Session:
    """In which its user has just proven who they are."""
    return b.a_session(
        user_id=user_id,
        authenticated_at=b.NOON,
        refreshed_at=b.NOON,
        expires_at=b.minutes(60),
        revoked_at=None,
        ended_by=None,
    )


def request_erasure(units: SqlUnitOfWorkFactory, user_id: UserId, own: SessionId) -> None:
    RequestErasure(unit_of_work=units, clock=CLOCK)(user_id=user_id, actor_id=user_id, session_id=own)


def renew_recovery_codes(units: SqlUnitOfWorkFactory, user_id: UserId, own: SessionId) -> None:
    RenewRecoveryCodes(unit_of_work=units, clock=CLOCK, codes=CODES)(user_id=user_id, session_id=own)


def finish_reset(units: SqlUnitOfWorkFactory, user_id: UserId, own: SessionId) -> None:
    FinishSecondFactorReset(unit_of_work=units, clock=CLOCK)(user_id=user_id)


def reset_password(units: SqlUnitOfWorkFactory, user_id: UserId, own: SessionId) -> None:
    reset = ResetPassword(
        unit_of_work=units,
        clock=CLOCK,
        tokens=TOKENS,
        gate=PasswordGate(unit_of_work=units, clock=CLOCK, throttle=MemoryThrottle(), tokens=TOKENS),
        new_password=NewPassword(
            hasher=hasher(), common_passwords=BundledCommonPasswords(), shop_name="PrintAPic"
        ),
    )
    reset(token=RequestKind.PASSWORD_RESET, new_password="seven quiet tangerines")


def confirm_email(units: SqlUnitOfWorkFactory, user_id: UserId, own: SessionId) -> None:
    ConfirmEmailChange(unit_of_work=units, clock=CLOCK)(token=RequestKind.EMAIL_CHANGE)


def revert_email(units: SqlUnitOfWorkFactory, user_id: UserId, own: SessionId) -> None:
    RevertEmailChange(unit_of_work=units, clock=CLOCK)(token=RequestKind.EMAIL_REVERT)


def colleague(units: SqlUnitOfWorkFactory) -> Colleague:
    """An administrator who has just logged in."""
    root = b.another_customer(roles=frozenset({Role.ADMIN}), disabled_at=None, erased_at=None)
    own = a_session(root.id)
    with units() as work:
        work.users.add(root)
        work.sessions.add(own)
        work.commit()
    return {"actor_id": root.id, "session_id": own.id}


def set_roles(units: SqlUnitOfWorkFactory, user_id: UserId, own: SessionId) -> None:
    change = SetRoles(unit_of_work=units, clock=CLOCK)
    change(user_id=user_id, roles=frozenset({Role.SUPPORT}), **colleague(units))


def disable(units: SqlUnitOfWorkFactory, user_id: UserId, own: SessionId) -> None:
    DisableUser(unit_of_work=units, clock=CLOCK)(user_id=user_id, **colleague(units))


def enable(units: SqlUnitOfWorkFactory, user_id: UserId, own: SessionId) -> None:
    EnableUser(unit_of_work=units, clock=CLOCK)(user_id=user_id, **colleague(units))


def ask_for_reset(units: SqlUnitOfWorkFactory, user_id: UserId, own: SessionId) -> None:
    ResetSecondFactor(unit_of_work=units, clock=CLOCK)(user_id=user_id, **colleague(units))


CHANGES = [
    set_roles,
    disable,
    enable,
    ask_for_reset,
    request_erasure,
    renew_recovery_codes,
    finish_reset,
    reset_password,
    confirm_email,
    revert_email,
]


@pytest.fixture
def patient(postgres: Engine) -> Iterator[Engine]:
    """Waits for locks as long as a slow machine may take."""
    engine = sql_engine(postgres.url.update_query_dict({"options": "-c lock_timeout=60s"}))
    yield engine
    engine.dispose()


@pytest.mark.parametrize("change", CHANGES)
def test_who_waits_for_a_user_holds_nothing_that_others_take_after_the_user(
    postgres: Engine, patient: Engine, change: Callable[[SqlUnitOfWorkFactory, UserId, SessionId], None]
) -> None:
    anna = b.a_customer(password_changed_at=None, disabled_at=None, erasure_requested_at=None, erased_at=None)
    own = a_session(anna.id)
    with sql_units(postgres)() as work:
        work.users.add(anna)
        work.sessions.add(own)
        work.second_factors.add(b.a_second_factor(id=anna.id, reset_due_at=b.NOON))
        for kind in RequestKind:
            work.account_requests.add(
                b.an_account_request(
                    kind=kind,
                    email=anna.email,
                    user_id=anna.id,
                    session_id=own.id,
                    token_sha256=token_digest(kind),
                    created_at=b.NOON,
                    expires_at=b.minutes(60),
                    used_at=None,
                )
            )
        work.commit()
    with ThreadPoolExecutor(1) as threads:
        with postgres.begin() as other:
            other.execute(select(users.c.id).where(users.c.id == anna.id).with_for_update())
            changing = threads.submit(change, sql_units(patient), anna.id, own.id)
            while not _somebody_waits(postgres):
                assert not wait([changing], timeout=0.01).done, "it asks for no user at all"
            _take_at_once(other)
        changing.result(60)


def _somebody_waits(engine: Engine) -> bool:
    with engine.connect() as connection:
        return bool(connection.execute(_WAITING).scalar_one())


def _take_at_once(connection: Connection) -> None:
    for table in (second_factors, sessions, account_requests):
        connection.execute(select(table.c.id).with_for_update(nowait=True)).all()
