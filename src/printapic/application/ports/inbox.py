"""The inbox: where verified webhooks lie until they were looked into."""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime
from typing import Protocol

import attrs

from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.inbox import InboxEntry, InboxState


@attrs.frozen(kw_only=True)
class InboxQuery:
    """Which entries to list: in this state, of this provider, received before this time; None is any."""

    state: InboxState | None = None
    provider: Provider | None = None
    received_before: datetime | None = None


@attrs.frozen(kw_only=True)
class InboxPosition:
    """Where a page of the inbox ends: the next one begins with what is older than this entry."""

    received_at: datetime
    provider: Provider
    event_id: str
    livemode: bool


class PaymentInbox(Protocol):
    """Every verified webhook once, by its event's id and by its delivery's, where the provider has one."""

    @abstractmethod
    def receive(self, entry: InboxEntry) -> bool:
        """Store a notification; False, and nothing else, where it is stored already. One statement."""

    @abstractmethod
    def get(self, provider: Provider, livemode: bool, event_id: str) -> InboxEntry | None:
        """The notification of this environment."""

    @abstractmethod
    def distrust(self, entry: InboxEntry) -> None:
        """Write down that this delivery was refused though what is stored in its place has another body.

        The time of the first such delivery stays, however many follow; nothing happens where the bodies
        are equal.
        """

    @abstractmethod
    def page(self, query: InboxQuery, *, before: InboxPosition | None, limit: int) -> tuple[InboxEntry, ...]:
        """Newest first."""

    @abstractmethod
    def close(self, entry: InboxEntry, state: InboxState) -> None:
        """Write down what became of a notification, or with `RECEIVED` that it is to be looked into again."""

    @abstractmethod
    def purge(self, *, received_before: datetime, limit: int) -> int:
        """Remove up to `limit` older ones that nobody waits for; how many. What is `RECEIVED` stays."""
