"""Proof: whoever changes the account itself has shown a moment ago, in this session, who they are."""

from __future__ import annotations

from datetime import datetime

from printapic.application.ports.unit_of_work import UnitOfWork
from printapic.domain.ids import SessionId, UserId
from printapic.domain.users.session import Session, SessionInvalid


def own_session(work: UnitOfWork, user_id: UserId, session_id: SessionId, *, at: datetime) -> Session:
    """Raises `SessionInvalid`, also for one that ended since the request was let in."""
    session = work.sessions.get(session_id)
    if session is None or session.user_id != user_id or not session.live(at=at):
        raise SessionInvalid
    return session


def demand_recent_proof(work: UnitOfWork, user_id: UserId, session_id: SessionId, *, at: datetime) -> None:
    """Raises `ReauthenticationRequired`, or `SessionInvalid` as `own_session` does."""
    own_session(work, user_id, session_id, at=at).demand_recent_proof(at=at)


def demand_actors_proof(
    work: UnitOfWork, actor_id: UserId | None, session_id: SessionId | None, *, at: datetime
) -> None:
    """What `demand_recent_proof` raises, of somebody who acts on an account in a session.

    Without a session it is no person who acts, but a program of the shop's own machine; in the session of
    somebody else, or of nobody, nothing is proven. Users are locked before this, as they are before their
    sessions everywhere: else two administrators who shut each other out would wait for each other.
    """
    if session_id is not None:
        if actor_id is None:
            raise SessionInvalid
        demand_recent_proof(work, actor_id, session_id, at=at)
