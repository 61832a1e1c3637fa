"""`printapic payments`."""

from __future__ import annotations

from collections.abc import Iterator

import click

from printapic.application.payments.replaying import DEAD_AFTER, WebhookEventNotFound
from printapic.application.payments.staff import Staff
from printapic.application.ports.inbox import InboxPosition
from printapic.application.shop import Shop
from printapic.domain.actors import UNKNOWN_CALLER
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.inbox import InboxEntry, InboxState
from printapic.entrypoints.cli.output import as_json, show
from printapic.entrypoints.cli.payment_books import balances, close_finding, export, findings, reconcile
from printapic.entrypoints.cli.payment_desk import list_payments, refund, show_payment
from printapic.entrypoints.cli.payment_evidence import evidence
from printapic.entrypoints.embedded import open_container, open_shop
from printapic.entrypoints.settings import Settings

_AT_ONCE = 100
_PROVIDERS = click.Choice([provider.value for provider in Provider])


@click.group()
def payments() -> None:
    """Look after the money: payments, the books, and what providers told and nobody could look into."""


for command in (
    list_payments,
    show_payment,
    evidence,
    refund,
    reconcile,
    findings,
    close_finding,
    export,
    balances,
):
    payments.add_command(command)


@payments.command()
@click.option("--dead", is_flag=True, help="What every try to look into has failed at.")
@click.option("--state", type=click.Choice([state.value for state in InboxState]))
@click.option("--provider", type=_PROVIDERS)
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000))
@as_json
def events(dead: bool, state: str | None, provider: str | None, limit: int, as_json: bool) -> None:
    """List webhooks, the newest first."""
    if dead and state is not None:
        raise click.UsageError("--dead is a state of its own: give it without --state.")
    with open_container(Settings.from_environment()) as container:
        found = container.shop().list_webhook_events(
            state=InboxState.RECEIVED if dead else InboxState(state) if state else None,
            provider=Provider(provider) if provider else None,
            older_than=DEAD_AFTER if dead else None,
            limit=limit,
        )
    show([_row(entry) for entry in found], as_json=as_json)


@payments.command()
@click.argument("event_ids", metavar="EVENT_ID...", nargs=-1)
@click.option("--dead", is_flag=True, help="Whatever every try to look into has failed at.")
@click.option("--provider", type=_PROVIDERS, help="Whose webhooks; of any provider unless given.")
def replay(event_ids: tuple[str, ...], dead: bool, provider: str | None) -> None:
    """Look into webhooks again."""
    if dead is bool(event_ids):
        raise click.UsageError("Name webhooks, or give --dead.")
    with open_shop(Settings.from_environment(), background=False) as shop:
        wanted = [(provider, event_id) for event_id in event_ids]
        if dead:
            wanted = [(entry.provider.value, entry.event_id) for entry in _dead(shop, provider)]
        for sender, event_id in wanted:
            try:
                shop.replay_webhook(provider=sender, event_id=event_id, staff=_here())
            except WebhookEventNotFound:
                if not dead:
                    raise
                click.echo(f"left, from another environment: {event_id}", err=True)
            else:
                click.echo(f"due: {event_id}")


@payments.command()
@as_json
def check(as_json: bool) -> None:
    """Tell what waits too long or does not add up. Exit code 1 if anything does."""
    with open_container(Settings.from_environment()) as container:
        concerns = container.shop().check_payments()
    show(
        [
            {
                "kind": each.kind.value,
                "ref": each.ref,
                "what": each.what,
                "since": each.since.isoformat(),
            }
            for each in concerns
        ],
        as_json=as_json,
    )
    if concerns:
        raise click.exceptions.Exit(1)


def _dead(shop: Shop, provider: str | None) -> Iterator[InboxEntry]:
    before = None
    while found := shop.list_webhook_events(
        state=InboxState.RECEIVED,
        provider=Provider(provider) if provider else None,
        older_than=DEAD_AFTER,
        before=before,
        limit=_AT_ONCE,
    ):
        yield from found
        last = found[-1]
        before = InboxPosition(
            received_at=last.received_at,
            provider=last.provider,
            event_id=last.event_id,
            livemode=last.livemode,
        )


def _here() -> Staff:
    """Whoever sits at the shop's own machine."""
    return Staff(user_id=None, caller=UNKNOWN_CALLER)


def _row(entry: InboxEntry) -> dict[str, object]:
    return {
        "received_at": entry.received_at.isoformat(),
        "provider": entry.provider.value,
        "event_id": entry.event_id,
        "type": entry.type,
        "ref": entry.ref,
        "state": entry.state.value,
        "altered_at": entry.altered_at.isoformat() if entry.altered_at else None,
    }
