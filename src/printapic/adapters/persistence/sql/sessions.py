"""Sessions in SQL."""

from __future__ import annotations

from datetime import datetime
from itertools import islice

from sqlalchemy import LABEL_STYLE_TABLENAME_PLUS_COL, and_, bindparam, delete, or_, select, update

from printapic.adapters.persistence.sql.tables import sessions, users
from printapic.adapters.persistence.sql.transaction import SqlTransaction, Values
from printapic.adapters.persistence.sql.users import user_of
from printapic.application.ports.users import SessionRepository
from printapic.domain.ids import SessionId, UserId
from printapic.domain.users.session import Session, SessionEnd
from printapic.domain.users.user import User

_WITH_USER = (
    select(sessions, users)
    .join(users, users.c.id == sessions.c.user_id)
    .where(sessions.c.id == bindparam("session_id"))
    .set_label_style(LABEL_STYLE_TABLENAME_PLUS_COL)
)


class SqlSessionRepository(SessionRepository):
    """Sessions, alone or with their users."""

    def __init__(self, transaction: SqlTransaction) -> None:
        self._transaction = transaction

    def add(self, session: Session) -> None:
        """Store a login."""
        self._transaction.add(sessions, _session_values(session), session)

    def get(self, session_id: SessionId) -> Session | None:
        """The session, locked in a writing unit."""
        row = self._transaction.row_to_change(select(sessions).where(sessions.c.id == session_id))
        return _session(row) if row else None

    def with_user(self, session_id: SessionId) -> tuple[Session, User] | None:
        """One statement; it locks neither of the two."""
        row = self._transaction.row(_WITH_USER, {"session_id": session_id})
        if row is None:
            return None
        session, user = ({c.name: row[f"{t.name}_{c.name}"] for c in t.columns} for t in (sessions, users))
        return _session(session), user_of(user)

    def save(self, session: Session) -> None:
        """Raises `ConcurrentUpdate`."""
        self._transaction.change(sessions, _session_values(session), session)

    def live(self, user_id: UserId, *, at: datetime, limit: int = 100) -> tuple[Session, ...]:
        """A user's live sessions; how long each may idle is for the domain to say."""
        statement = (
            select(sessions)
            .where(sessions.c.user_id == user_id, sessions.c.revoked_at.is_(None), sessions.c.expires_at > at)
            .order_by(sessions.c.id.desc())
        )
        found = (_session(row) for row in self._transaction.rows(statement))
        return tuple(islice((session for session in found if session.live(at=at)), limit))

    def end_all(
        self, user_id: UserId, reason: SessionEnd, *, at: datetime, keep: SessionId | None = None
    ) -> int:
        """One statement."""
        condition = and_(sessions.c.user_id == user_id, sessions.c.revoked_at.is_(None))
        if keep is not None:
            condition = and_(condition, sessions.c.id != keep)
        return self._transaction.write(
            update(sessions)
            .where(condition)
            .values(revoked_at=at, ended_by=reason, version=sessions.c.version + 1)
        ).rowcount

    def of_user(self, user_id: UserId) -> tuple[Session, ...]:
        """All that are stored, the oldest login first."""
        statement = select(sessions).where(sessions.c.user_id == user_id).order_by(sessions.c.id)
        return tuple(_session(row) for row in self._transaction.rows(statement))

    def forget(self, user_id: UserId) -> None:
        """Remove them all."""
        self._transaction.write(delete(sessions).where(sessions.c.user_id == user_id))

    def purge(self, *, over_before: datetime, limit: int) -> int:
        """Remove old ones."""
        over = or_(sessions.c.revoked_at < over_before, sessions.c.expires_at < over_before)
        return self._transaction.remove_some(sessions, over, limit=limit)


def _session_values(session: Session) -> Values:
    return {
        "id": session.id,
        "user_id": session.user_id,
        "generation": session.generation,
        "created_at": session.created_at,
        "refreshed_at": session.refreshed_at,
        "used_at": session.used_at,
        "authenticated_at": session.authenticated_at,
        "expires_at": session.expires_at,
        "idle_s": session.idle_s,
        "second_factor": session.second_factor,
        "address": session.address,
        "device": session.device,
        "revoked_at": session.revoked_at,
        "ended_by": session.ended_by,
        "version": session.version,
    }


def _session(values: Values) -> Session:
    return Session(
        id=SessionId(values["id"]),
        user_id=UserId(values["user_id"]),
        generation=values["generation"],
        created_at=values["created_at"],
        refreshed_at=values["refreshed_at"],
        used_at=values["used_at"],
        authenticated_at=values["authenticated_at"],
        expires_at=values["expires_at"],
        idle_s=values["idle_s"],
        second_factor=values["second_factor"],
        address=values["address"],
        device=values["device"],
        revoked_at=values["revoked_at"],
        ended_by=SessionEnd(values["ended_by"]) if values["ended_by"] else None,
        version=values["version"],
    )
