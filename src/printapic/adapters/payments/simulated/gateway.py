"""The simulated provider as the shop calls it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, TypeVar

from printapic.adapters.payments.simulated.accounts import Checkout
from printapic.adapters.payments.simulated.answers import decoded, encoded
from printapic.adapters.payments.simulated.books import BookEntry, BooksUnavailable, SimulatedBooks
from printapic.adapters.payments.simulated.faults import Call, Fault, FaultPlan
from printapic.adapters.payments.simulated.requests import (
    CURRENCIES,
    amount_refused,
    checkout_refused,
    digest_of,
)
from printapic.adapters.payments.simulated.rows import new_ref
from printapic.application.ports.payments import (
    ActionRequired,
    Capabilities,
    CheckoutRequest,
    Done,
    Movement,
    MovementsUnavailable,
    NotSent,
    Opened,
    Outcome,
    PaymentGateway,
    Pending,
    Rejected,
    Trace,
    Unknown,
)
from printapic.domain.ids import OperationId
from printapic.domain.money import Money, total
from printapic.domain.payments.attempt import AttemptState, Provider
from printapic.domain.payments.operation import BANK_DECIDES
from printapic.domain.payments.snapshot import RefundFact, RefundState, Snapshot

T = TypeVar("T")
KEY_LIFETIME = timedelta(hours=24)
_WITHOUT_EFFECT: Mapping[Fault | None, NotSent | Rejected | Unknown] = {
    Fault.REFUSE: NotSent(),
    Fault.THROTTLE: NotSent(),
    Fault.UNAUTHORIZED: Rejected(code="unauthorized"),
    Fault.TIME_OUT_BEFORE: Unknown(reason=Fault.TIME_OUT_BEFORE.value),
    Fault.SERVER_ERROR_BEFORE: Unknown(reason=Fault.SERVER_ERROR_BEFORE.value),
}
_GIVEN_BACK = frozenset({RefundState.PENDING, RefundState.SUCCEEDED})


class Collection(StrEnum):
    """When the money is taken: as the customer presses Pay, when the shop completes, or when it captures."""

    AT_ONCE = "at-once"
    ON_COMPLETE = "on-complete"
    ON_CAPTURE = "on-capture"


class SimulatedGateway(PaymentGateway):
    """A provider that behaves, and misbehaves on request (`faults`).

    * `public_url`: where the shop shows the hosted pages, `{public_url}/simulated-checkout/{token}`.
    * `collection`: when the money is taken of the checkouts opened here that ask for nothing else.
    * `index_lag`: how long a checkout takes until `find` knows it, as at providers that index later.
    * `refunds_pend`: refunds are accepted as pending, and decided later in the provider's dashboard.

    An answer is remembered under its key for 24 hours; the same key with another request is `Rejected`.
    """

    provider: ClassVar[Provider] = Provider.SIMULATED

    def __init__(
        self,
        books: SimulatedBooks,
        *,
        public_url: str,
        collection: Collection = Collection.AT_ONCE,
        index_lag: timedelta = timedelta(0),
        refunds_pend: bool = False,
    ) -> None:
        self.faults = FaultPlan()
        self._books = books
        self._pages = f"{public_url.rstrip('/')}/simulated-checkout/"
        self._collection = collection
        self._index_lag = index_lag
        self._refunds_pend = refunds_pend

    @property
    def livemode(self) -> bool:
        return False

    def capabilities(self) -> Capabilities:
        return Capabilities(manual_capture=True, key_lifetime=KEY_LIFETIME, currencies=CURRENCIES)

    def open(self, *, checkout: CheckoutRequest, key: OperationId) -> Outcome[Opened]:
        def effect(entry: BookEntry) -> Outcome[Opened]:
            if refusal := checkout_refused(checkout, now=entry.now):
                return Rejected(code=refusal)
            collection = Collection.ON_CAPTURE if checkout.manual_capture else self._collection
            page = Checkout(
                ref=new_ref("co"),
                token=secrets.token_urlsafe(24),
                csrf_token=secrets.token_urlsafe(24),
                our_reference=checkout.our_reference,
                order_number=checkout.order_number,
                amount=checkout.amount,
                authorized=Money.zero(checkout.amount.currency),
                return_url=checkout.return_url,
                cancel_url=checkout.cancel_url,
                locale=checkout.locale,
                collection=collection.value,
                state=AttemptState.OPEN,
                created_at=entry.now,
                expires_at=checkout.expires_at,
            )
            entry.accounts.add(page)
            return Done(
                value=Opened(ref=page.ref, redirect_url=self._pages + page.token, expires_at=page.expires_at)
            )

        return self._once("open", key, checkout, Opened, effect)

    def complete(self, *, ref: str, key: OperationId) -> Outcome[Snapshot]:
        def effect(entry: BookEntry) -> Outcome[Snapshot]:
            checkout = entry.accounts.checkout(ref)
            if checkout is None:
                return Rejected(code="not-found")
            if checkout.state is AttemptState.APPROVED:
                entry.accounts.take(checkout, checkout.authorized)
                checkout = entry.accounts.change(checkout, AttemptState.CAPTURED)
                entry.outgoing.announce("checkout.completed", ref)
            elif checkout.state is AttemptState.OPEN:
                return ActionRequired(redirect_url=self._pages + checkout.token)
            return Done(value=entry.accounts.snapshot(checkout))

        return self._once("complete", key, ref, Snapshot, effect)

    def capture(self, *, ref: str, amount: Money, final: bool, key: OperationId) -> Outcome[Snapshot]:
        def effect(entry: BookEntry) -> Outcome[Snapshot]:
            checkout = entry.accounts.checkout(ref)
            if checkout is None:
                return Rejected(code="not-found")
            if refusal := amount_refused(amount):
                return Rejected(code=refusal)
            if checkout.state is not AttemptState.AUTHORIZED:
                return Rejected(code="nothing-authorized")
            if amount.currency != checkout.amount.currency or amount > checkout.authorized:
                return Rejected(code="capture-amount-exceeded")
            entry.accounts.take(checkout, amount)
            rest = checkout.authorized - amount
            if final or not rest:
                checkout = entry.accounts.change(checkout, AttemptState.CAPTURED)
            else:
                checkout = entry.accounts.change(checkout, AttemptState.AUTHORIZED, authorized=rest)
            entry.outgoing.announce("checkout.captured", ref)
            return Done(value=entry.accounts.snapshot(checkout))

        return self._once("capture", key, (ref, amount, final), Snapshot, effect)

    def void(self, *, ref: str, key: OperationId) -> Outcome[Snapshot]:
        def effect(entry: BookEntry) -> Outcome[Snapshot]:
            checkout = entry.accounts.checkout(ref)
            if checkout is None:
                return Rejected(code="not-found")
            if checkout.state is AttemptState.PROCESSING:
                return Rejected(code=BANK_DECIDES)
            if checkout.state in (AttemptState.OPEN, AttemptState.APPROVED, AttemptState.AUTHORIZED):
                taken = entry.accounts.snapshot(checkout).captures
                checkout = entry.accounts.change(
                    checkout, AttemptState.CAPTURED if taken else AttemptState.VOIDED
                )
                entry.outgoing.announce("checkout.voided", ref)
            return Done(value=entry.accounts.snapshot(checkout))

        return self._once("void", key, ref, Snapshot, effect)

    def refund(
        self, *, capture_ref: str, amount: Money, reason: str, key: OperationId
    ) -> Outcome[RefundFact]:
        def effect(entry: BookEntry) -> Outcome[RefundFact]:
            found = refundable(entry, capture_ref)
            if found is None:
                return Rejected(code="not-found")
            checkout, rest = found
            if refusal := amount_refused(amount):
                return Rejected(code=refusal)
            if amount.currency != rest.currency or amount > rest:
                return Rejected(code="refund-amount-exceeded")
            state = RefundState.PENDING if self._refunds_pend else RefundState.SUCCEEDED
            fact = entry.accounts.give_back(capture_ref, amount, state=state, reason=reason, operation_id=key)
            entry.outgoing.announce(f"refund.{state.value}", checkout.ref)
            return Pending(ref=fact.ref) if self._refunds_pend else Done(value=fact)

        return self._once("refund", key, (capture_ref, amount, reason), RefundFact, effect)

    def fetch(self, *, ref: str) -> Outcome[Snapshot]:
        def answer() -> Outcome[Snapshot]:
            with self._books.entry() as entry:
                checkout = entry.accounts.checkout_of(ref)
                if checkout is None:
                    return Rejected(code="not-found", trace=_trace())
                return Done(value=entry.accounts.snapshot(checkout), trace=_trace())

        return self._sent("fetch", answer)

    def find(self, *, our_reference: str, since: datetime) -> Outcome[Snapshot | None]:
        def answer() -> Outcome[Snapshot | None]:
            with self._books.entry() as entry:
                indexed_until = entry.now - self._index_lag
                checkout = entry.accounts.checkout_for(our_reference, since=since, until=indexed_until)
                if checkout is not None:
                    return Done(value=entry.accounts.snapshot(checkout), trace=_trace())
                if indexed_until < since:
                    return Unknown(reason="index-incomplete", trace=_trace())
                return Done(value=None, trace=_trace())

        return self._sent("find", answer)

    def movements(self, *, since: datetime, until: datetime) -> Iterator[Movement]:
        """Lines with `since` <= time < `until`, oldest first. Raises `MovementsUnavailable`."""
        try:
            with self._books.entry() as entry:
                lines = entry.accounts.movements(since=since, until=until)
        except BooksUnavailable as failed:
            raise MovementsUnavailable from failed
        return iter(lines)

    def _once(
        self,
        call: Call,
        key: OperationId,
        request: object,
        of: type[T],
        effect: Callable[[BookEntry], Outcome[T]],
    ) -> Outcome[T]:
        """Have an effect once per key, and answer the same ever after."""
        digest = digest_of(call, request)

        def answer() -> Outcome[T]:
            with self._books.entry() as entry:
                known = entry.answer(str(key), lifetime=KEY_LIFETIME)
                if known is None:
                    body = encoded(effect(entry))
                    entry.remember(str(key), digest, body)
                elif known[0] != digest:
                    return Rejected(code="idempotency-key-reused", trace=_trace())
                else:
                    body = known[1]
            return decoded(body, of, trace=_trace())

        return self._sent(call, answer)

    def _sent(self, call: Call, answer: Callable[[], Outcome[T]]) -> Outcome[T]:
        """Let the planned fault strike; else, or after the effect, the provider's own answer."""
        fault = self.faults.strike(call)
        if fault in _WITHOUT_EFFECT:
            return _WITHOUT_EFFECT[fault]
        try:
            outcome = answer()
        except BooksUnavailable:
            return Unknown(reason="provider-down")
        return outcome if fault is None else Unknown(reason=fault.value)


def refundable(entry: BookEntry, capture_ref: str) -> tuple[Checkout, Money] | None:
    """The checkout of a capture and what of it may still be given back; None if there is no such capture."""
    found = entry.accounts.captured(capture_ref)
    if found is None:
        return None
    checkout, captured = found
    gone = [fact.amount for fact in entry.accounts.refunds(capture_ref) if fact.state in _GIVEN_BACK]
    return checkout, captured - total(gone, captured.currency)


def _trace() -> Trace:
    return Trace(request_id=new_ref("req"))
