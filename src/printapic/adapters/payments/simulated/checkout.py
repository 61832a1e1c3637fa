"""The simulated provider's hosted page: what it shows, and what a press of its buttons does."""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta
from enum import StrEnum

import attrs

from printapic.adapters.payments.simulated.accounts import Checkout
from printapic.adapters.payments.simulated.books import BookEntry, SimulatedBooks
from printapic.adapters.payments.simulated.gateway import Collection
from printapic.domain.errors import Conflict, Denied, Invalid, NotFound
from printapic.domain.money import Money
from printapic.domain.payments.attempt import AttemptState

LONGEST_DELAY = timedelta(days=3)


class Choice(StrEnum):
    """The buttons. `PENDING` is a bank transfer: days later the bank decides, by Pay or Decline."""

    PAY = "pay"
    DECLINE = "decline"
    CANCEL = "cancel"
    PENDING = "pending"


class WebhookTiming(StrEnum):
    """When the shop hears of a press. `TWICE` delivers the same event two times."""

    AT_ONCE = "at-once"
    LATE = "late"
    TWICE = "twice"
    NEVER = "never"


_CHOICES = {
    AttemptState.OPEN: (Choice.PAY, Choice.DECLINE, Choice.CANCEL, Choice.PENDING),
    AttemptState.PROCESSING: (Choice.PAY, Choice.DECLINE),
}
_EVENTS = {
    Choice.PAY: "checkout.completed",
    Choice.DECLINE: "checkout.failed",
    Choice.CANCEL: "checkout.voided",
    Choice.PENDING: "checkout.processing",
}


class CheckoutNotFound(NotFound):
    code = "simulated-checkout-not-found"

    def __init__(self) -> None:
        super().__init__("There is no such checkout.")


class CheckoutFinished(Conflict):
    """It was paid, declined, cancelled or ran out of time before; or it has no such button now."""

    code = "simulated-checkout-finished"

    def __init__(self, state: AttemptState) -> None:
        super().__init__("This checkout cannot do that any more.", state=state.value)


class PressNotGenuine(Denied):
    """The page's own token did not come along: the press was made by another site."""

    code = "simulated-checkout-press-not-genuine"

    def __init__(self) -> None:
        super().__init__("Please press the buttons of the page itself.")


class DeskOrderInvalid(Invalid):
    code = "simulated-checkout-desk-order-invalid"

    def __init__(self, problem: str) -> None:
        super().__init__(f"The test desk cannot do this: {problem}.")


@attrs.frozen(kw_only=True)
class DeskOrder:
    """What a tester orders along with a press: mishaps that a real provider has on its own.

    `late_by` counts with `WebhookTiming.LATE` only. `amount_off` is -1, 0 or 1 minor unit by which the
    provider takes too little or too much. Raises `DeskOrderInvalid`.
    """

    webhook: WebhookTiming = WebhookTiming.AT_ONCE
    late_by: timedelta = timedelta(seconds=10)
    amount_off: int = 0

    def __attrs_post_init__(self) -> None:
        if self.amount_off not in (-1, 0, 1):
            raise DeskOrderInvalid("the amount may be off by one minor unit")
        if not timedelta(0) <= self.late_by <= LONGEST_DELAY:
            raise DeskOrderInvalid("a webhook may be late by up to three days")

    @property
    def delays(self) -> tuple[timedelta, ...]:
        """One for each delivery."""
        match self.webhook:
            case WebhookTiming.AT_ONCE:
                return (timedelta(0),)
            case WebhookTiming.LATE:
                return (self.late_by,)
            case WebhookTiming.TWICE:
                return (timedelta(0), timedelta(0))
            case WebhookTiming.NEVER:
                return ()


@attrs.frozen(kw_only=True)
class CheckoutPage:
    """What the page shows. `choices` are its buttons now; `leave_url` is the way back to the shop."""

    token: str
    csrf_token: str = attrs.field(repr=False)
    order_number: str
    amount: Money
    locale: str
    state: AttemptState
    choices: tuple[Choice, ...]
    expires_at: datetime
    leave_url: str


class HostedCheckout:
    """Shows the pages that `SimulatedGateway.open` made, and lets the customer press their buttons.

    There is no field for a card, and no real money.
    """

    def __init__(self, books: SimulatedBooks) -> None:
        self._books = books

    def show(self, token: str) -> CheckoutPage:
        """Raises `CheckoutNotFound`. A finished page is shown too, without buttons."""
        with self._books.entry() as entry:
            checkout = _found(entry, token)
        cancelled = checkout.state is AttemptState.VOIDED
        return CheckoutPage(
            token=checkout.token,
            csrf_token=checkout.csrf_token,
            order_number=checkout.order_number,
            amount=checkout.amount,
            locale=checkout.locale,
            state=checkout.state,
            choices=_CHOICES.get(checkout.state, ()),
            expires_at=checkout.expires_at,
            leave_url=checkout.cancel_url if cancelled else checkout.return_url,
        )

    def press(self, token: str, choice: Choice, *, csrf_token: str, desk: DeskOrder | None = None) -> str:
        """Press a button; the URL to which the customer goes from there.

        Pay and Pending end at the return URL, and so does Decline: the checkout has failed, and the shop
        offers a new one. Cancel closes it and ends at the cancel URL. Raises `CheckoutNotFound`,
        `PressNotGenuine`, `CheckoutFinished`, and `DeskOrderInvalid` where nothing would be left to pay.
        """
        order = desk or DeskOrder()
        with self._books.entry() as entry:
            checkout = _found(entry, token)
            if not hmac.compare_digest(checkout.csrf_token.encode(), csrf_token.encode(errors="replace")):
                raise PressNotGenuine
            if choice not in _CHOICES.get(checkout.state, ()):
                raise CheckoutFinished(checkout.state)
            _apply(entry, checkout, choice, order)
            entry.outgoing.announce(_EVENTS[choice], checkout.ref, after=order.delays)
        return checkout.cancel_url if choice is Choice.CANCEL else checkout.return_url


def _found(entry: BookEntry, token: str) -> Checkout:
    checkout = entry.accounts.checkout_at(token)
    if checkout is None:
        raise CheckoutNotFound
    return checkout


def _apply(entry: BookEntry, checkout: Checkout, choice: Choice, order: DeskOrder) -> None:
    match choice:
        case Choice.PAY:
            _pay(entry, checkout, checkout.amount + Money(order.amount_off, checkout.amount.currency))
        case Choice.DECLINE:
            entry.accounts.change(checkout, AttemptState.FAILED)
        case Choice.CANCEL:
            entry.accounts.change(checkout, AttemptState.VOIDED)
        case Choice.PENDING:
            entry.accounts.change(checkout, AttemptState.PROCESSING)


def _pay(entry: BookEntry, checkout: Checkout, amount: Money) -> None:
    if amount.minor < 1:
        raise DeskOrderInvalid("nothing would be left to pay")
    match Collection(checkout.collection):
        case Collection.AT_ONCE:
            entry.accounts.take(checkout, amount)
            entry.accounts.change(checkout, AttemptState.CAPTURED)
        case Collection.ON_COMPLETE:
            entry.accounts.change(checkout, AttemptState.APPROVED, authorized=amount)
        case Collection.ON_CAPTURE:
            entry.accounts.change(checkout, AttemptState.AUTHORIZED, authorized=amount)
