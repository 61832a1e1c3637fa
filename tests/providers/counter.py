"""What every simulated provider offers the tests: the customer, the bank and the dashboard behind the wire.

All of it works on the provider's own books, a SQLite file that several processes may open: a test does
what a customer does while the provider's HTTP server, and the shop, run elsewhere or were just killed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Protocol

import attrs

from printapic.application.ports.payments import Movement
from printapic.domain.money import Money
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.snapshot import DisputeState, RefundState


class PageClosed(Exception):
    """The hosted page does not let the customer do this (any more)."""


class WireFault(StrEnum):
    """What happens to a request. `..._BEFORE` strikes before the provider did anything, `..._AFTER` after.

    DROP ends the connection without an answer; DELAY answers after 200 ms; MALFORMED is a 2xx whose body
    is cut off; UNKNOWN_WORD a whole answer with a status that no contract knows; MISSING_FIELD one
    without its most important member; EXPIRED_CREDENTIALS a 401. BUSY is the provider's 409 for a request
    that is still being worked on, UNAVAILABLE a 503 of the gates in front of it (no effect, and nothing
    remembered under the key), and FORGOTTEN_KEYS makes it forget every idempotency key, as after days.
    """

    DROP_BEFORE = "drop-before"
    DROP_AFTER = "drop-after"
    DELAY = "delay"
    BUSY = "busy"
    TOO_MANY = "too-many"
    UNAVAILABLE = "unavailable"
    SERVER_ERROR_BEFORE = "server-error-before"
    SERVER_ERROR_AFTER = "server-error-after"
    MALFORMED = "malformed"
    UNKNOWN_WORD = "unknown-word"
    MISSING_FIELD = "missing-field"
    EXPIRED_CREDENTIALS = "expired-credentials"
    FORGOTTEN_KEYS = "forgotten-keys"


class Call(StrEnum):
    """The requests that a fault may be planned for, named as the port names them."""

    OPEN = "open"
    COMPLETE = "complete"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"
    FETCH = "fetch"
    FIND = "find"
    MOVEMENTS = "movements"
    TOKEN = "token"
    VERIFY = "verify"


@attrs.frozen(kw_only=True)
class WebhookPlan:
    """What becomes of notifications from now on: how often, how late, in which order each is delivered.

    `shuffled` holds them back until `deliver` and sends them in an order drawn with `seed`.
    """

    copies: int = 1
    lost: bool = False
    late_by: timedelta = timedelta(0)
    shuffled: bool = False
    seed: int = 0


class ProviderSimulator(Protocol):
    """A running provider. `ref` is a checkout's: Stripe's session, PayPal's order."""

    provider: Provider
    url: str
    """Where its API answers: `http://127.0.0.1:<port>`."""

    # The customer on the hosted page. All raise `PageClosed`.

    def pay(self, ref: str, *, amount: Money | None = None) -> None:
        """Pay, or approve where the shop completes. Another `amount` than asked is the provider's mistake."""

    def decline(self, ref: str) -> None:
        """Try a card that the bank refuses. PayPal's customer approves first: the capture is refused then."""

    def cancel(self, ref: str) -> None:
        """Leave by the cancel link. Both providers leave the page open until it expires or is voided."""

    def challenge(self, ref: str) -> None:
        """Be asked for more (3-D Secure; PayPal's payer action) and not have answered yet; `pay` answers."""

    def pay_slowly(self, ref: str) -> None:
        """Pay by a bank transfer that takes days."""

    # The bank, time, and the dashboard

    def bank_decides(self, ref: str, *, good: bool) -> None:
        """What becomes of `pay_slowly`."""

    def expire(self, ref: str) -> None:
        """The page's, or the authorization's, time is over."""

    def refund(self, capture_ref: str, amount: Money, *, state: RefundState = RefundState.SUCCEEDED) -> str:
        """Give money back in the dashboard; the refund's ref."""

    def refunds_pend(self, pend: bool = True) -> None:
        """From now on refunds that the shop asks for are accepted and decided later."""

    def decide_refund(self, refund_ref: str, state: RefundState) -> None:
        """A pending refund succeeds, fails or is cancelled; a succeeded one may still fail."""

    def dispute(self, capture_ref: str, amount: Money, *, inquiry: bool = False) -> str:
        """The customer's bank contests a capture, and takes the money unless it only asks; the ref."""

    def decide_dispute(self, dispute_ref: str, state: DisputeState) -> None:
        """Won: the money comes back. Lost: it does not."""

    def warn_of_fraud(self, capture_ref: str) -> None:
        """The bank's early warning. Only Stripe has it: others do nothing."""

    def payout(self, amount: Money) -> str:
        """Send what we earned to our bank; the movement's ref."""

    def payout_fails(self, payout_ref: str) -> None:
        """Our bank sends a payout back."""

    def account_fee(self, amount: Money) -> str:
        """Charge us for the account, not for a payment; the movement's ref."""

    # What goes wrong

    def misreport(
        self, line_id: str, *, amount: Money | None = None, fee: Money | None = None, hide: bool = False
    ) -> None:
        """Let the report tell a line of the ledger wrongly, or not at all until it is not to be hidden.

        A line is named like the capture or refund that it is about. The books themselves stay right.
        """

    def plan(self, call: Call, nth: int, fault: WireFault) -> None:
        """Let the `nth` request of this kind from now on (1 is the next) go wrong, once."""

    def drop_replies(self, share: float, *, seed: int) -> None:
        """From now on lose this share of all replies, half of them before the effect; 0 ends it."""

    def close_door(self, closed: bool = True) -> None:
        """Refuse connections, until told otherwise."""

    # News

    def webhooks(self, plan: WebhookPlan) -> None:
        """From now on notify like this."""

    def deliver(self) -> int:
        """Send everything that is due now; how many the shop took."""

    def raw_deliveries(self) -> Sequence[tuple[bytes, dict[str, str]]]:
        """Every notification so far as it would be sent: body and headers, freshly signed."""

    # Books

    def ledger(self) -> Sequence[Movement]:
        """Its own books, all of them, oldest first: what the shop's must agree with."""

    def checkouts(self, our_reference: str) -> Sequence[str]:
        """The refs of all checkouts ever opened with this reference."""

    def close(self) -> None: ...
