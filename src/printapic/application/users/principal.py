"""Who makes a request, with the rights they have now."""

from __future__ import annotations

import attrs

from printapic.domain.actors import Actor
from printapic.domain.ids import ApiKeyId, SessionId, UserId
from printapic.domain.users.permissions import Permission, PermissionDenied
from printapic.domain.users.second_factor import SecondFactorRequired
from printapic.domain.users.session import SessionInvalid


@attrs.frozen(kw_only=True)
class Principal:
    """A person in a session, or a machine with an API key, which acts for `user_id`.

    `withheld` are permissions that this person has, but not before a login with a second factor.
    """

    user_id: UserId
    actor: Actor
    permissions: frozenset[Permission]
    withheld: frozenset[Permission] = frozenset()
    session: SessionId | None = None
    api_key: ApiKeyId | None = None

    @property
    def session_id(self) -> SessionId:
        """Raises `SessionInvalid` for a machine: accounts are people's."""
        if self.session is None:
            raise SessionInvalid
        return self.session

    def demand(self, permissions: frozenset[Permission]) -> None:
        """One of these is enough. Raises `PermissionDenied` or `SecondFactorRequired`."""
        if permissions & self.permissions:
            return
        if permissions & self.withheld:
            raise SecondFactorRequired
        raise PermissionDenied
