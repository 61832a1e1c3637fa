"""Shutting out: what ends whenever an account's security changes hands."""

from __future__ import annotations

from datetime import datetime

from printapic.application.ports.unit_of_work import UnitOfWork
from printapic.domain.ids import SessionId, UserId
from printapic.domain.users.account_request import RequestKind
from printapic.domain.users.session import SessionEnd

_ASKED_FOR = frozenset({RequestKind.EMAIL_CHANGE, RequestKind.PASSWORD_RESET})


def shut_out(
    work: UnitOfWork, user_id: UserId, reason: SessionEnd, *, at: datetime, keep: SessionId | None = None
) -> int:
    """End every session but `keep`, how many, and withdraw what was asked for by mail in any of them.

    Without the second, somebody who was shut out would come back by a link that is still open. The ways
    back to an old address stay: they are what its owner has left.
    """
    ended = work.sessions.end_all(user_id, reason, at=at, keep=keep)
    work.account_requests.withdraw_all(user_id, _ASKED_FOR, at=at)
    return ended
