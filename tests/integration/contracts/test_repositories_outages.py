"""A store that fails says so in the same words from every method of every repository."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from enum import EnumType
from typing import Any, get_args, get_origin, get_type_hints
from uuid import UUID

import pytest

from printapic.application.ports.audit import AuditPosition, AuditQuery
from printapic.application.ports.bookkeeping import FindingQuery, LogPosition
from printapic.application.ports.inbox import InboxPosition, InboxQuery
from printapic.application.ports.jobs import Job
from printapic.application.ports.unit_of_work import StorageUnavailable, UnitOfWork
from printapic.domain import ids
from printapic.domain.payments.attempt import Provider
from tests import builders as b
from tests.integration.stores import Store

ARGUMENTS: dict[str, Callable[[], Any]] = {
    "User": b.another_customer,
    "Registration": b.a_registration,
    "Session": b.a_session,
    "AccountRequest": b.an_account_request,
    "SecondFactor": b.a_second_factor,
    "ApiKey": b.an_api_key,
    "Image": b.an_image,
    "PriceList": b.a_price_list,
    "Order": b.another_order,
    "Batch": b.a_batch,
    "Payment": b.a_payment,
    "InboxEntry": b.an_inbox_entry,
    "Notification": b.a_notification,
    "RetainedInvoice": b.a_retained_invoice,
    "AuditEvent": b.an_audit_event,
    "AuditQuery": AuditQuery,
    "AuditPosition": lambda: AuditPosition(at=b.NOON, stream="auth", sequence=1),
    "Finding": b.a_finding,
    "FindingQuery": FindingQuery,
    "TreasuryEntry": b.a_treasury_entry,
    "LogPosition": lambda: LogPosition(at=b.NOON, owner=b.new_id(), position=1),
    "InboxQuery": InboxQuery,
    "InboxPosition": lambda: InboxPosition(
        received_at=b.NOON, provider=Provider.STRIPE, event_id="evt_1", livemode=True
    ),
    "datetime": lambda: b.NOON,
    "timedelta": timedelta,
    "Job": lambda: Job(name="lost", payload={}, run_at=b.NOON),
    "str": lambda: str(b.new_id()),
    "int": lambda: 5,
    "bool": lambda: True,
}
REPOSITORIES = get_type_hints(UnitOfWork)


def methods(repository: str) -> list[str]:
    return sorted(REPOSITORIES[repository].__abstractmethods__)


def argument(hint: Any) -> Any:
    """Something of the type that a method asks for; a type that nobody thought of is an error."""
    if get_origin(hint) is frozenset:
        return frozenset({argument(get_args(hint)[0])})
    name = getattr(hint, "__name__", "")
    if hint is UUID:
        return b.new_id()
    if hasattr(ids, name) and name != "Sku":
        return b.new_id()
    if isinstance(hint, EnumType):
        return next(iter(hint.__members__.values()))
    options = [option for option in get_args(hint) if option is not type(None)]
    return argument(options[0]) if options else ARGUMENTS[name]()


def call(work: UnitOfWork, repository: str, method: str) -> None:
    hints = get_type_hints(getattr(REPOSITORIES[repository], method))
    hints.pop("return", None)
    getattr(getattr(work, repository), method)(**{name: argument(hint) for name, hint in hints.items()})


def test_there_is_something_to_ask_for() -> None:
    assert set(REPOSITORIES) >= {"users", "orders", "payments", "inbox", "jobs"}
    assert methods("orders") == [
        "add",
        "by_key",
        "get",
        "open_of",
        "page",
        "production_queue",
        "save",
        "uses_image",
    ]


@pytest.mark.parametrize("repository", REPOSITORIES)
def test_every_method_says_that_the_store_is_unavailable(repository: str, store: Store) -> None:
    for method in methods(repository):
        with store.units() as work, store.outage(), pytest.raises(StorageUnavailable):
            call(work, repository, method)
    with store.units.reading() as work:
        assert work.users.all(after=None, limit=5) == ()
