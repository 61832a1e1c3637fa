"""Stripe for tests: its server, and the customer, the bank and the dashboard behind it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import httpx

from printapic.application.ports.payments import Movement, MovementKind
from printapic.domain.money import Money
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.snapshot import DisputeState, RefundState
from tests.providers import faults, notifications
from tests.providers.books import Json, ProviderBooks
from tests.providers.counter import Call, ProviderSimulator, WebhookPlan, WireFault
from tests.providers.notifications import Postman, Receiver, http_receiver, webhook_client
from tests.providers.process import ProviderProcess
from tests.providers.server import ProviderServer, close_door
from tests.providers.stripe import balance, charging, disputes, opening, page, refunds
from tests.providers.stripe.account import Account

_REFUND = {
    RefundState.PENDING: "pending",
    RefundState.SUCCEEDED: "succeeded",
    RefundState.FAILED: "failed",
    RefundState.CANCELLED: "canceled",
}


class StripeSimulator(ProviderSimulator):
    """Runs on the books at `path`, which may be old ones: it goes on where the last one was.

    `own_process` serves from another process, which `kill` ends the hard way and `start` begins again at
    the same URL. Notifications go to `webhook_url`, or to whom `notify` says, on `deliver`; a process of
    its own that `pushes` sends them to `webhook_url` by itself, again until they are taken. `served_at`
    names a server that somebody else began on these books.
    """

    provider = Provider.STRIPE

    def __init__(
        self,
        path: Path,
        *,
        own_process: bool = False,
        pushes: bool = False,
        webhook_url: str | None = None,
        served_at: str | None = None,
        api_keys: Sequence[str] = (opening.DEFAULT_KEY,),
        webhook_secrets: Sequence[str] = (opening.DEFAULT_SECRET,),
    ) -> None:
        self.books = ProviderBooks(path)
        opening.prepare(self.books, api_keys=api_keys, webhook_secrets=webhook_secrets)
        self._own_process = own_process
        self._push_to = webhook_url if pushes else None
        self._port = 0
        self._client: httpx.Client | None = None
        self._postman: Postman | None = None
        if webhook_url:
            self.notify(webhook_url)
        self._server: ProviderServer | ProviderProcess | None = None
        if served_at is None:
            self.start()
        else:
            self.url = served_at

    def start(self) -> None:
        """Serve, again after `kill` at the same URL."""
        if self._own_process:
            self._server = ProviderProcess(
                "stripe", books=self.books.path, port=self._port, webhook_url=self._push_to
            )
        else:
            self._server = ProviderServer(opening.app_on(self.books), port=self._port)
        self.url, self._port = self._server.url, self._server.port

    def kill(self) -> None:
        """`kill -9` the process that serves; in a thread there is none, so it is closed."""
        if isinstance(self._server, ProviderProcess):
            self._server.kill()
        elif self._server:
            self._server.close()
        self._server = None

    def close(self) -> None:
        if self._server:
            self._server.close()
        if self._client:
            self._client.close()
        self.books.close()

    @contextmanager
    def _account(self) -> Iterator[Account]:
        with self.books.entry() as entry:
            account = Account(entry=entry)
            charging.sweep(account)
            yield account

    def pay(self, ref: str, *, amount: Money | None = None) -> None:
        with self._account() as account:
            page.pay(account, ref, amount)

    def decline(self, ref: str) -> None:
        with self._account() as account:
            page.decline(account, ref)

    def cancel(self, ref: str) -> None:
        with self._account() as account:
            page.opened(account, ref)

    def challenge(self, ref: str) -> None:
        with self._account() as account:
            page.challenge(account, ref)

    def pay_slowly(self, ref: str) -> None:
        with self._account() as account:
            page.pay_slowly(account, ref)

    def bank_decides(self, ref: str, *, good: bool) -> None:
        with self._account() as account:
            page.bank_decides(account, ref, good=good)

    def expire(self, ref: str) -> None:
        with self._account() as account:
            page.expire(account, ref)

    def refund(self, capture_ref: str, amount: Money, *, state: RefundState = RefundState.SUCCEEDED) -> str:
        with self._account() as account:
            charge = _charge(account, capture_ref)
            minor, currency = balance.minor(amount)
            if currency != charge["currency"] or minor > charge["amount"] - charge["amount_refunded"]:
                raise ValueError("the dashboard gives back no more than came")
            first = "succeeded" if state is RefundState.SUCCEEDED else "pending"
            refund = refunds.make(account, charge, minor, status=first, reason=None, tags={})
            if first != _REFUND[state]:
                refunds.decide(account, refund, _REFUND[state])
            return str(refund["id"])

    def refunds_pend(self, pend: bool = True) -> None:
        with self.books.entry() as entry:
            entry.keep(refunds.PEND, pend)

    def decide_refund(self, refund_ref: str, state: RefundState) -> None:
        with self._account() as account:
            refunds.decide(account, account.load("refund", refund_ref), _REFUND[state])

    def dispute(self, capture_ref: str, amount: Money, *, inquiry: bool = False) -> str:
        with self._account() as account:
            charge = _charge(account, capture_ref)
            minor, currency = balance.minor(amount)
            if currency != charge["currency"]:
                raise ValueError("a dispute is about the charge's own currency")
            return str(disputes.begin(account, charge, minor, inquiry=inquiry)["id"])

    def decide_dispute(self, dispute_ref: str, state: DisputeState) -> None:
        """`OPEN` takes the money after an inquiry, and means under review where it is taken already."""
        with self._account() as account:
            dispute = account.load("dispute", dispute_ref)
            asks = dispute["status"].startswith("warning_")
            status = {
                DisputeState.INQUIRY: "warning_under_review",
                DisputeState.OPEN: "needs_response" if asks else "under_review",
                DisputeState.WON: "warning_closed" if asks else "won",
                DisputeState.LOST: "lost",
            }[state]
            disputes.decide(account, dispute, status)

    def warn_of_fraud(self, capture_ref: str) -> None:
        with self._account() as account:
            disputes.warn(account, _charge(account, capture_ref))

    def payout(self, amount: Money) -> str:
        with self._account() as account:
            return str(disputes.pay_out(account, *balance.minor(amount))["id"])

    def payout_fails(self, payout_ref: str) -> None:
        """Our bank sends a payout back."""
        with self._account() as account:
            disputes.payout_fails(account, account.load("payout", payout_ref))

    def account_fee(self, amount: Money) -> str:
        with self._account() as account:
            minor, currency = balance.minor(amount)
            return str(balance.move(account, MovementKind.FEE, -minor, currency, of=None)["id"])

    def settle_in(self, currency: str, *, rate: str) -> None:
        """From now on our account is in this currency: an amount of any other is `rate` times as much."""
        with self.books.entry() as entry:
            entry.keep(balance.SETTLEMENT, {"currency": currency, "rate": rate})

    def misreport(
        self, line_id: str, *, amount: Money | None = None, fee: Money | None = None, hide: bool = False
    ) -> None:
        with self._account() as account:
            (line, *_) = account.find("balance_transaction", source=line_id)
            balance.misreport(account, line, amount=amount, fee=fee, hide=hide)

    def plan(self, call: Call, nth: int, fault: WireFault) -> None:
        """Nothing is completed at Stripe: planned for COMPLETE, a fault strikes the look that it is."""
        if call in {Call.TOKEN, Call.VERIFY}:
            raise ValueError(f"Stripe has no {call} call")
        with self.books.entry() as entry:
            faults.plan(entry, Call.FETCH if call is Call.COMPLETE else call, nth, fault)

    def drop_replies(self, share: float, *, seed: int) -> None:
        with self.books.entry() as entry:
            faults.drop_replies(entry, share, seed=seed)

    def close_door(self, closed: bool = True) -> None:
        close_door(self.books, closed)

    def forget_keys(self) -> None:
        """Forget every idempotency key, as after a day."""
        with self.books.entry() as entry:
            entry.forget_answers()

    def pass_time(self, by: timedelta) -> None:
        self.books.pass_time(by)

    def notify(self, to: str | Receiver) -> None:
        """Send notifications to this URL, or hand them to this function."""
        if isinstance(to, str):
            self._client = self._client or webhook_client()
            to = http_receiver(self._client, to)
        self._postman = Postman(self.books, sign=opening.signer_on(self.books), receiver=to)

    def webhooks(self, plan: WebhookPlan) -> None:
        with self.books.entry() as entry:
            notifications.keep_plan(entry, plan)

    def webhook_secrets(self, secrets: Sequence[str]) -> None:
        """Sign with these from now on: two while they are changed."""
        with self.books.entry() as entry:
            entry.keep(opening.WEBHOOK_SECRETS, list(secrets))

    def deliver(self) -> int:
        """Raises `RuntimeError` where nobody was told to `notify`."""
        if self._postman is None:
            raise RuntimeError("nobody to notify")
        return self._postman.deliver()

    def raw_deliveries(self) -> Sequence[tuple[bytes, dict[str, str]]]:
        sign = opening.signer_on(self.books)
        with self.books.entry() as entry:
            parcels = notifications.every_parcel(entry)
        return [(parcel.body, sign(parcel)) for parcel in parcels]

    def ledger(self) -> Sequence[Movement]:
        with self.books.entry() as entry:
            return entry.movements()

    def checkouts(self, our_reference: str) -> Sequence[str]:
        with self.books.entry() as entry:
            found = entry.find("checkout.session", {"client_reference_id": our_reference})
            return [session["id"] for session in found]


def _charge(account: Account, ref: str) -> Json:
    """A charge by its own name, or by its intent's."""
    if ref.startswith("pi_"):
        ref = account.load("payment_intent", ref)["latest_charge"]
    return account.load("charge", ref)
