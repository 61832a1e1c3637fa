"""One entry in PayPal's books, as the departments of PayPal see it."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import attrs
import msgspec

from printapic.application.ports.payments import Movement, MovementKind
from printapic.domain.money import Money
from tests.providers.books import Entry, Json
from tests.providers.notifications import announce
from tests.providers.paypal.records import Authorization, Capture, Dispute, Line, Order, Refund
from tests.providers.paypal.refusals import not_found

R = TypeVar("R", Order, Authorization, Capture, Refund, Dispute, Line)
PAGE_LASTS: Final = timedelta(hours=3)
KINDS: Final[dict[type, str]] = {
    Order: "order",
    Authorization: "authorization",
    Capture: "capture",
    Refund: "refund",
    Dispute: "dispute",
    Line: "line",
}
_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


@attrs.frozen(kw_only=True)
class Hosts:
    """Where PayPal says that it lives. Nobody has to follow its links."""

    api: str
    pages: str

    @classmethod
    def of(cls, *, sandbox: bool) -> Hosts:
        if sandbox:
            return cls(api="https://api.sandbox.paypal.com", pages="https://www.sandbox.paypal.com")
        return cls(api="https://api.paypal.com", pages="https://www.paypal.com")


@attrs.frozen(kw_only=True)
class Desk:
    """Looks things up, files them, and lets the shop know. Times are whole seconds, as PayPal tells them."""

    entry: Entry
    hosts: Hosts

    @property
    def now(self) -> datetime:
        return self.entry.now.replace(microsecond=0)

    def look_up(self, kind: type[R], id_: str) -> R:
        """Raises `Refusal`: 404. Nobody hears of orders whose time is over."""
        found = self.entry.get(KINDS[kind], id_)
        if found is None or (KINDS[kind] == "order" and self.forgot(id_)):
            raise not_found()
        return msgspec.convert(found, kind)

    def forgot(self, order_id: str) -> bool:
        """Whether there was an order of this name, whose time is over."""
        found = self.entry.get(KINDS[Order], order_id)
        if found is None:
            return False
        order = msgspec.convert(found, Order)
        waits = order.status != "COMPLETED"
        return order.gone or (waits and self.now >= order.updated_at + PAGE_LASTS)

    def all(self, kind: type[R], where: dict[str, str | int] | None = None) -> list[R]:
        """Every record whose members equal `where`, oldest first."""
        return [msgspec.convert(found, kind) for found in self.entry.find(KINDS[kind], where)]

    def file(self, record: R) -> None:
        self.entry.put(KINDS[type(record)], _plain(record))

    def post(self, line: Line, kind: MovementKind) -> None:
        """Write a line that moves our money into the report, and into the simulator's own ledger."""
        self.file(line)
        self.entry.move(
            Movement(
                id=line.id,
                ref=line.ref,
                kind=kind,
                amount=line.amount,
                fee=None if line.fee is None else -line.fee,
                occurred_at=line.at,
            )
        )

    def announce(self, event_type: str, kind: str, summary: str, resource: Json) -> None:
        """Tell the shop. `kind` is the resource's, in PayPal's words."""
        event_id = f"WH-{new_id()}-{new_id()}"
        at = f"{self.hosts.api}/v1/notifications/webhooks-events/{event_id}"
        announce(
            self.entry,
            {
                "id": event_id,
                "event_version": "1.0",
                "create_time": self.now.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
                "resource_type": kind,
                **({} if kind == "dispute" else {"resource_version": "2.0"}),
                "event_type": event_type,
                "summary": summary,
                "resource": resource,
                "links": [
                    {"href": at, "rel": "self", "method": "GET"},
                    {"href": f"{at}/resend", "rel": "resend", "method": "POST"},
                ],
            },
        )


def new_id() -> str:
    """Seventeen digits and letters, at least one of which is a letter: never a card's number."""
    return secrets.choice(_LETTERS[8:]) + "".join(secrets.choice(_LETTERS) for _ in range(16))


def zero(amount: Money) -> Money:
    return Money.zero(amount.currency)


def _plain(record: object) -> Json:
    plain: Any = msgspec.to_builtins(record)
    assert isinstance(plain, dict)
    return plain
