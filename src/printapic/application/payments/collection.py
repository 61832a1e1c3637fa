"""Collecting money: one hosted checkout after another, until the order is paid."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import datetime

import attrs

from printapic.application.payments.dispatch import DispatchOperation
from printapic.application.payments.undecided import resolving
from printapic.application.ports.clock import Clock
from printapic.application.ports.identifiers import Identifiers
from printapic.application.ports.payments import PaymentGateway
from printapic.application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from printapic.domain.errors import Conflict, Invalid, Unavailable
from printapic.domain.ids import AttemptId, OperationId, OrderId, PaymentId, UserId
from printapic.domain.orders.order import Order
from printapic.domain.payments.attempt import Attempt, Provider
from printapic.domain.payments.operation import OperationKind
from printapic.domain.payments.payment import Payment

MAX_URL = 2000
_HTTP_URL = re.compile(
    r"(https?://(?:\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::\d{1,5})?)(?:[/?#][!-\[\]-~]*)?", re.ASCII
)
"""No credentials, capitals in the origin, backslash or blank: nothing that others might read differently."""


class ProviderNotOffered(Invalid):
    code = "payment-provider-not-offered"

    def __init__(self, offered: list[str]) -> None:
        super().__init__("This shop does not offer that way to pay.", offered=offered)


class ReturnUrlNotAllowed(Invalid):
    code = "return-url-not-allowed"

    def __init__(self) -> None:
        super().__init__("The customer may only be sent back to one of the shop's own pages.")


class OrderNotPayable(Conflict):
    code = "order-not-payable"

    def __init__(self, status: str) -> None:
        super().__init__("This order is not waiting for a payment.", status=status)


class CheckoutRefused(Unavailable):
    code = "checkout-refused"

    def __init__(self) -> None:
        super().__init__("The payment provider did not open a checkout. Please try again.")


@attrs.frozen(kw_only=True)
class Started:
    """A checkout that waits for the customer at `attempt.redirect_url`.

    `replayed` is True where this key opened the checkout earlier.
    """

    payment: Payment
    attempt: Attempt
    replayed: bool = False


@attrs.frozen(kw_only=True)
class StartPayment:
    """Open a hosted checkout for an order.

    The attempt and the call that opens it are stored before the call is made, under the client's key:
    the same request again, even after a crash, finds the same checkout. With `manual_capture` banks hold
    the money until production starts, at providers that can do that.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    identifiers: Identifiers
    gateways: Mapping[Provider, PaymentGateway]
    dispatch: DispatchOperation
    return_origins: frozenset[str]
    manual_capture: bool

    def __call__(
        self,
        *,
        order_id: OrderId,
        owner_id: UserId,
        provider: str,
        return_url: str,
        cancel_url: str,
        idempotency_key: str,
    ) -> Started:
        """Open it, or find the one that this key opened.

        Raises `OrderNotFound`, `OrderNotPayable`, `ProviderNotOffered`, `ReturnUrlNotAllowed`,
        `IdempotencyKeyReused`, `TooManyCheckouts`, `CheckoutRefused` where the provider will not open this
        checkout, or `ProviderUnreachable` where it does not answer: the same key may try again.
        """
        gateway = next((g for p, g in self.gateways.items() if p.value == provider), None)
        if gateway is None:
            raise ProviderNotOffered(sorted(p.value for p in self.gateways))
        if not {_origin(return_url), _origin(cancel_url)} <= self.return_origins:
            raise ReturnUrlNotAllowed
        digest = hashlib.sha256(
            json.dumps([str(order_id), provider, return_url, cancel_url]).encode("utf-8", "surrogatepass")
        ).hexdigest()
        with self.unit_of_work.reading() as work:
            # Not below: a unit that writes would hold the customer's row as long as the order's.
            order = work.orders.get(order_id, owner_id=owner_id)
            locale = work.users.get(order.user_id).locale.value
        with self.unit_of_work() as work:
            order = work.orders.get(order_id, owner_id=owner_id)
            payment = work.payments.of_order(order_id)
            attempt = payment.attempt_for(idempotency_key, digest) if payment else None
            replayed = attempt is not None
            if payment is None or attempt is None:
                now = self.clock.now()
                if not order.wants_payment or now >= order.expires_at:
                    raise OrderNotPayable(order.status.value)
                payment = payment or self._account(work, order, now)
                attempt = Attempt(
                    id=AttemptId(self.identifiers.uuid()),
                    provider=gateway.provider,
                    livemode=gateway.livemode,
                    expected=order.total,
                    manual_capture=self.manual_capture and gateway.capabilities().manual_capture,
                    client_key=idempotency_key,
                    request_digest=digest,
                    return_url=return_url,
                    cancel_url=cancel_url,
                    locale=locale,
                    expires_at=order.expires_at,
                    created_at=now,
                )
                opening = OperationId(self.identifiers.uuid())
                payment.start(attempt, operation_id=opening, at=now)
                work.jobs.enqueue(resolving(payment.id, opening, tries=1, now=now))
                work.payments.save(payment)
                work.commit()
        return attrs.evolve(self._opened(payment, attempt.id), replayed=replayed)

    def _account(self, work: UnitOfWork, order: Order, now: datetime) -> Payment:
        payment = Payment.open(
            id=PaymentId(self.identifiers.uuid()),
            order_id=order.id,
            user_id=order.user_id,
            due=order.total,
            at=now,
        )
        work.payments.add(payment)
        return payment

    def _opened(self, payment: Payment, attempt_id: AttemptId) -> Started:
        """The attempt with its page, which is asked for now unless the provider has answered before."""
        opening = next(
            op for op in payment.operations if op.attempt_id == attempt_id and op.kind is OperationKind.OPEN
        )
        if opening.undecided:
            self.dispatch(payment_id=payment.id, operation_id=opening.id)
            with self.unit_of_work.reading() as work:
                order = work.orders.get(payment.order_id)
                payment = work.payments.get(payment.id)
            if not order.wants_payment:
                raise OrderNotPayable(order.status.value)
        attempt = payment.attempt(attempt_id)
        if attempt.redirect_url is None:
            raise CheckoutRefused
        return Started(payment=payment, attempt=attempt)


def _origin(url: str) -> str:
    """Scheme, host and port of a URL, as browsers compare them; empty for anything that is not http(s)."""
    match = _HTTP_URL.fullmatch(url)
    return match[1] if match and len(url) <= MAX_URL else ""


@attrs.frozen(kw_only=True)
class ReadPayment:
    """One payment with its attempts and transactions."""

    unit_of_work: UnitOfWorkFactory

    def __call__(self, *, payment_id: PaymentId, owner_id: UserId | None) -> Payment:
        """`owner_id` None is staff. Raises `PaymentNotFound`, for a foreign payment too."""
        with self.unit_of_work.reading() as work:
            return work.payments.get(payment_id, owner_id=owner_id)


@attrs.frozen(kw_only=True)
class ReadOrderPayment:
    """The payment of one order, None before its first checkout."""

    unit_of_work: UnitOfWorkFactory

    def __call__(self, *, order_id: OrderId, owner_id: UserId | None) -> Payment | None:
        """Raises `OrderNotFound`, for a foreign order too."""
        with self.unit_of_work.reading() as work:
            work.orders.get(order_id, owner_id=owner_id)
            return work.payments.of_order(order_id)
