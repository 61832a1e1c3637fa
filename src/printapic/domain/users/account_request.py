"""Requests that a mailed token has to confirm: a new password, a new address, another verification mail."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

import attrs

from printapic.domain.events import Aggregate, aware_utc
from printapic.domain.ids import AccountRequestId, SessionId, UserId
from printapic.domain.users.email import EmailAddress
from printapic.domain.users.events import AccountMailRequested
from printapic.domain.users.mailed_token import token_digest
from printapic.domain.users.user import TokenInvalid


class RequestKind(StrEnum):
    VERIFICATION_MAIL = "verification-mail"
    PASSWORD_RESET = "password-reset"  # noqa: S105
    EMAIL_CHANGE = "email-change"
    EMAIL_REVERT = "email-revert"


LIFETIMES = {
    RequestKind.VERIFICATION_MAIL: timedelta(hours=1),
    RequestKind.PASSWORD_RESET: timedelta(minutes=30),
    RequestKind.EMAIL_CHANGE: timedelta(hours=1),
    RequestKind.EMAIL_REVERT: timedelta(days=7),
}

_OF_OWN_ADDRESS = frozenset({RequestKind.PASSWORD_RESET, RequestKind.EMAIL_REVERT})


@attrs.define(kw_only=True, eq=False)
class AccountRequest(Aggregate):
    """What somebody asked for, written down without looking whether there is such an account.

    A reaction finds that out and prepares the mail; only then `token_sha256` is known. `email` is the
    address in question: that of the account, or the one it shall have. `undoes` is the change of address
    that a revert takes back, and `session_id` where a change was asked for.
    """

    id: AccountRequestId = attrs.field(on_setattr=attrs.setters.frozen)
    kind: RequestKind
    email: EmailAddress
    user_id: UserId | None = None
    session_id: SessionId | None = None
    undoes: AccountRequestId | None = None
    token_sha256: str | None = attrs.field(default=None, repr=False)
    created_at: datetime = attrs.field(validator=aware_utc)
    expires_at: datetime = attrs.field(validator=aware_utc)
    used_at: datetime | None = attrs.field(default=None, validator=aware_utc)

    @classmethod
    def ask(
        cls,
        *,
        id: AccountRequestId,  # noqa: A002
        kind: RequestKind,
        email: EmailAddress,
        user_id: UserId | None = None,
        session_id: SessionId | None = None,
        at: datetime,
    ) -> Self:
        """Somebody asks; a reaction answers by mail."""
        request = cls(
            id=id,
            kind=kind,
            email=email,
            user_id=user_id,
            session_id=session_id,
            created_at=at,
            expires_at=at + LIFETIMES[kind],
        )
        request._record(AccountMailRequested(at=at, request_id=id))
        return request

    def expect(self, token: str) -> None:
        """From now on this token, which a mail brings, redeems the request."""
        self.token_sha256 = token_digest(token)

    def way_back(self, *, id: AccountRequestId, email: EmailAddress, token: str, at: datetime) -> Self:  # noqa: A002
        """The token by which the owner of the old address takes this change back, before or after it."""
        kind = RequestKind.EMAIL_REVERT
        return type(self)(
            id=id,
            kind=kind,
            email=email,
            user_id=self.user_id,
            undoes=self.id,
            token_sha256=token_digest(token),
            created_at=at,
            expires_at=at + LIFETIMES[kind],
        )

    @property
    def of_own_address(self) -> bool:
        """Whether the account had this address when it was asked for, so that its owner has proven it.

        A change is about one that nobody has proven yet. Where it was confirmed, the address is the
        account's own, or that of the way back which came with the next change.
        """
        return self.user_id is not None and self.kind in _OF_OWN_ADDRESS

    def open(self, *, at: datetime) -> bool:
        return self.used_at is None and at < self.expires_at

    def redeem(self, kind: RequestKind, *, at: datetime) -> UserId:
        """Use up the token; whose account it is. Raises `TokenInvalid`."""
        if self.kind is not kind or not self.open(at=at) or self.user_id is None:
            raise TokenInvalid
        self.used_at = at
        return self.user_id

    def withdraw(self, *, at: datetime) -> None:
        """Its token is worthless from now on."""
        if self.used_at is None:
            self.used_at = at
