"""Redeeming: finding out whose account a mailed token is about, before anything is locked."""

from __future__ import annotations

from printapic.application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from printapic.domain.ids import UserId


def owner_of(unit_of_work: UnitOfWorkFactory, token_sha256: str) -> UserId | None:
    """Whom to lock before the request with this token, as whoever changes an account does.

    Two who took turns the other way round would wait for each other: shutting somebody out changes their
    requests. A token is made when its request has an owner, who is the same ever after.
    """
    with unit_of_work.reading() as work:
        request = work.account_requests.by_token(token_sha256)
    return request.user_id if request else None


def lock_owner(work: UnitOfWork, owner_id: UserId | None) -> None:
    """To be done first in a writing unit; there is nobody to lock for a token that nobody knows."""
    if owner_id is not None:
        work.users.get(owner_id)
