"""PayPal, running: its server, and the customer, the bank and the dashboard behind it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

from printapic.application.ports.payments import Movement
from printapic.domain.money import Money
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.snapshot import DisputeState, RefundState
from tests.providers import faults
from tests.providers.books import ProviderBooks
from tests.providers.counter import Call, ProviderSimulator, WebhookPlan, WireFault
from tests.providers.notifications import (
    Postman,
    Receiver,
    every_parcel,
    http_receiver,
    keep_plan,
    webhook_client,
)
from tests.providers.paypal import access, customer, disputes, refunds, reporting, treasury
from tests.providers.paypal.amounts import amount_body
from tests.providers.paypal.desk import Desk
from tests.providers.paypal.opening import SENDS_LEAF_ALONE, account_on, app_on, signer_on
from tests.providers.paypal.records import Capture, Dispute, Means, Order, Refund
from tests.providers.server import ProviderServer, close_door

_REFUND_WORDS = {
    RefundState.PENDING: "PENDING",
    RefundState.SUCCEEDED: "COMPLETED",
    RefundState.FAILED: "FAILED",
    RefundState.CANCELLED: "CANCELLED",
}


class PayPalSimulator(ProviderSimulator):
    """Opened on books, new or old, in this process; `served_at` names a server that runs elsewhere on them.

    `notify` is where news go: a URL, or whoever takes body and headers and answers with a status.
    """

    provider = Provider.PAYPAL
    client_id = access.CLIENT_ID
    client_secret = access.CLIENT_SECRET

    def __init__(
        self,
        path: Path,
        *,
        port: int = 0,
        notify: str | Receiver | None = None,
        served_at: str | None = None,
        sandbox: bool = False,
    ) -> None:
        self.books = ProviderBooks(path)
        self._account = account_on(self.books, sandbox=sandbox)
        self._server = None if served_at else ProviderServer(app_on(self.books), port=port)
        self.url = served_at or self._url_of_server()
        self._sign = signer_on(self.books)
        self._closing = ExitStack()
        if isinstance(notify, str):
            notify = http_receiver(self._closing.enter_context(webhook_client()), notify)
        self._postman = None if notify is None else Postman(self.books, sign=self._sign, receiver=notify)

    def _url_of_server(self) -> str:
        assert self._server is not None
        return self._server.url

    @property
    def webhook_id(self) -> str:
        """What the shop must know to verify news."""
        return self._account.webhook_id

    @property
    def root_pem(self) -> str:
        """The root that the shop must trust in tests."""
        return self._account.authority.root_pem

    @property
    def intermediate_pem(self) -> str:
        return self._account.authority.intermediate_pem

    @property
    def certificate_url(self) -> str:
        """What news name as long as the chain is sent too."""
        return self._account.signing.certificate_url

    @contextmanager
    def _desk(self) -> Iterator[Desk]:
        with self.books.entry() as entry:
            yield Desk(entry=entry, hosts=self._account.hosts)

    def pay(self, ref: str, *, amount: Money | None = None) -> None:
        with self._desk() as desk:
            customer.approve(desk, ref, Means.GOOD, paid=amount)

    def decline(self, ref: str, *, for_good: bool = False) -> None:
        """`for_good`: PayPal will have nothing to do with this payment, whatever card comes next."""
        with self._desk() as desk:
            customer.approve(desk, ref, Means.REFUSED if for_good else Means.DECLINED)

    def cancel(self, ref: str) -> None:
        with self._desk() as desk:
            customer.open_page(desk, ref)

    def challenge(self, ref: str) -> None:
        with self._desk() as desk:
            customer.approve(desk, ref, Means.CHALLENGED)

    def pay_slowly(self, ref: str) -> None:
        with self._desk() as desk:
            customer.approve(desk, ref, Means.SLOW)

    def reverse_approval(self, ref: str) -> None:
        """The customer's bank takes back what was approved and not completed yet. Raises `PageClosed`."""
        with self._desk() as desk:
            customer.reverse_approval(desk, ref)

    def bank_decides(self, ref: str, *, good: bool) -> None:
        with self._desk() as desk:
            customer.bank_decides(desk, ref, good=good)

    def spend_elsewhere(self, ref: str) -> None:
        """The customer uses up what is held: PayPal answers for it three days, and then a capture fails."""
        with self._desk() as desk:
            customer.spend_elsewhere(desk, ref)

    def expire(self, ref: str) -> None:
        with self._desk() as desk:
            customer.expire(desk, ref)

    def refund(self, capture_ref: str, amount: Money, *, state: RefundState = RefundState.SUCCEEDED) -> str:
        """Raises `Refusal` where PayPal would not let anybody."""
        with self._desk() as desk:
            body = {"amount": amount_body(amount)}
            refund = refunds.give_back(desk, capture_ref, body, pends=state is not RefundState.SUCCEEDED)
            if state in (RefundState.FAILED, RefundState.CANCELLED):
                refunds.decide(desk, refund, _REFUND_WORDS[state])
            return refund.id

    def refunds_pend(self, pend: bool = True) -> None:
        with self.books.entry() as entry:
            entry.keep(refunds.PENDING_FROM_NOW_ON, pend)

    def decide_refund(self, refund_ref: str, state: RefundState) -> None:
        with self._desk() as desk:
            refunds.decide(desk, desk.look_up(Refund, refund_ref), _REFUND_WORDS[state])

    def dispute(self, capture_ref: str, amount: Money, *, inquiry: bool = False) -> str:
        with self._desk() as desk:
            capture = desk.look_up(Capture, capture_ref)
            return disputes.open_dispute(desk, capture, amount, inquiry=inquiry).id

    def decide_dispute(self, dispute_ref: str, state: DisputeState) -> None:
        """`OPEN` makes a chargeback of an inquiry."""
        with self._desk() as desk:
            dispute = desk.look_up(Dispute, dispute_ref)
            match state:
                case DisputeState.WON:
                    disputes.win(desk, dispute)
                case DisputeState.LOST:
                    disputes.lose(desk, dispute)
                case DisputeState.OPEN:
                    disputes.escalate(desk, dispute)
                case DisputeState.INQUIRY:
                    raise ValueError("no chargeback becomes a question again")

    def warn_of_fraud(self, capture_ref: str) -> None:
        """PayPal has no such news."""

    def payout(self, amount: Money) -> str:
        with self._desk() as desk:
            return treasury.pay_out(desk, amount)

    def payout_fails(self, payout_ref: str) -> None:
        self.return_payout(payout_ref)

    def account_fee(self, amount: Money) -> str:
        with self._desk() as desk:
            return treasury.charge(desk, amount)

    def return_payout(self, payout_ref: str) -> str:
        """Our bank sends a payout back; the movement's ref."""
        with self._desk() as desk:
            return treasury.return_payout(desk, payout_ref)

    def convert(self, gives: Money, gets: Money) -> tuple[str, str]:
        """Change money of one currency into another; both movements' refs."""
        with self._desk() as desk:
            return treasury.convert(desk, gives, gets)

    def misreport(
        self, line_id: str, *, amount: Money | None = None, fee: Money | None = None, hide: bool = False
    ) -> None:
        """Let the report tell a line of the ledger wrongly, or not at all."""
        with self._desk() as desk:
            treasury.misreport(desk, line_id, amount=amount, fee=fee, hide=hide)

    def plan(self, call: Call, nth: int, fault: WireFault) -> None:
        """PayPal's report serves `FIND` and `MOVEMENTS`: a plan for one strikes whichever comes first."""
        with self.books.entry() as entry:
            faults.plan(entry, Call.MOVEMENTS if call is Call.FIND else call, nth, fault)

    def drop_replies(self, share: float, *, seed: int) -> None:
        with self.books.entry() as entry:
            faults.drop_replies(entry, share, seed=seed)

    def close_door(self, closed: bool = True) -> None:
        close_door(self.books, closed)

    def expire_tokens(self) -> None:
        """End every token now, whatever was said about its life."""
        with self.books.entry() as entry:
            access.revoke(entry)

    def tokens_last(self, life: timedelta) -> None:
        """From now on tokens are good for so long, and say so."""
        with self.books.entry() as entry:
            access.tokens_last(entry, int(life.total_seconds()))

    def report_late(self, by: timedelta) -> None:
        """From now on a transaction appears in the report only so long after it happened."""
        with self.books.entry() as entry:
            entry.keep(reporting.LATE_S, by.total_seconds())

    def webhooks(self, plan: WebhookPlan) -> None:
        with self.books.entry() as entry:
            keep_plan(entry, plan)

    def deliver(self) -> int:
        """Raises `RuntimeError` where nobody said where to."""
        if self._postman is None:
            raise RuntimeError("nobody wants to be notified")
        return self._postman.deliver()

    def raw_deliveries(self) -> Sequence[tuple[bytes, dict[str, str]]]:
        with self.books.entry() as entry:
            parcels = every_parcel(entry)
        return [(parcel.body, dict(self._sign(parcel))) for parcel in parcels]

    def ledger(self) -> Sequence[Movement]:
        with self.books.entry() as entry:
            return entry.movements()

    def checkouts(self, our_reference: str) -> Sequence[str]:
        with self._desk() as desk:
            return [order.id for order in desk.all(Order, {"custom_id": our_reference})]

    def send_leaf_alone(self, alone: bool = True) -> None:
        """From now on news name an address where the certificate stands without its chain."""
        with self.books.entry() as entry:
            entry.keep(SENDS_LEAF_ALONE, alone)

    def close(self) -> None:
        """Raises `RuntimeError` where the simulator itself broke on the way."""
        try:
            if self._server is not None:
                self._server.close()
        finally:
            self._closing.close()
            self.books.close()
