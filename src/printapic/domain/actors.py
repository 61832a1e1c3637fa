"""Who does something: the word that orders, payments and users all use for it."""

from __future__ import annotations

from enum import StrEnum

import attrs

from printapic.domain.ids import UserId


class Role(StrEnum):
    """`SYSTEM` stands for workers and timers; nobody can log in as it."""

    CUSTOMER = "customer"
    OPERATOR = "operator"
    SUPPORT = "support"
    ADMIN = "admin"
    SYSTEM = "system"


@attrs.frozen
class Actor:
    """A person with their roles, or the system itself (`user_id` None)."""

    user_id: UserId | None
    roles: frozenset[Role]


SYSTEM = Actor(None, frozenset({Role.SYSTEM}))
