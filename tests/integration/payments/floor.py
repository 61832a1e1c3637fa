"""A whole shop that takes money through providers on a real wire, under one clock, and its closing."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from hashlib import sha256

import attrs
from sqlalchemy import Engine

from printapic.adapters.jobs.in_process import InProcessWorker
from printapic.adapters.notifications.memory import MemoryMailer
from printapic.adapters.system.clock import FixedClock
from printapic.application.payments.collection import Started
from printapic.application.payments.staff import Refunded, Staff
from printapic.application.ports.idempotency import IdempotencyKeys
from printapic.application.ports.identifiers import Identifiers
from printapic.application.ports.images import ImageStore
from printapic.application.ports.jobs import Job, JobLedger, JobState
from printapic.application.ports.payments import VerificationUnavailable, WebhookRejected
from printapic.application.ports.unit_of_work import StorageUnavailable, UnitOfWorkFactory
from printapic.application.shop import Shop
from printapic.domain.actors import UNKNOWN_CALLER, Actor, Role
from printapic.domain.catalogue.quote import QuoteRequestLine
from printapic.domain.images.image import Image
from printapic.domain.money import Money
from printapic.domain.orders.order import Order
from printapic.domain.orders.status import OrderStatus
from printapic.domain.payments.attempt import Attempt, Provider
from printapic.domain.payments.payment import Payment
from printapic.domain.payments.status import PaymentStatus
from printapic.domain.payments.transaction import Source, Transaction
from tests.integration.contracts.gateway_drivers import NOON
from tests.integration.payments.sides import Side
from tests.providers.counter import ProviderSimulator
from tests.providers.notifications import Postman, Receiver
from tests.shop_floor import HOME, PASSWORD, PRICES, WEB, furnished, line, photo, user_of

PAID = (OrderStatus.CONFIRMED, PaymentStatus.PAID)
UNPAID = (OrderStatus.AWAITING_PAYMENT, PaymentStatus.NONE)
PRICE = Money.of("3.00", "EUR")
"""What every order here costs."""


@attrs.frozen
class Backend:
    """Where a shop keeps everything, with its `engine` if that is a database."""

    ledger: JobLedger
    keys: IdempotencyKeys
    units: UnitOfWorkFactory
    worker: InProcessWorker
    clock: FixedClock
    engine: Engine | None = None


class Floor:
    """The shop, the first of `sides` unless told otherwise, and what people do at either."""

    def __init__(
        self,
        backend: Backend,
        sides: Sequence[Side],
        *,
        manual_capture: bool = False,
        identifiers: Identifiers | None = None,
        images: ImageStore | None = None,
        prices: str | None = PRICES,
    ) -> None:
        self.backend = backend
        self.clock, self.units, self.worker = backend.clock, backend.units, backend.worker
        self.sides = {side.provider: side for side in sides}
        self.side = sides[0]
        self.mailer = MemoryMailer()
        self.answers: list[int] = []
        self.orders: list[Order] = []
        self.shop: Shop = furnished(
            units=self.units,
            clock=self.clock,
            worker=self.worker,
            keys=backend.keys,
            gateways=[side.gateway for side in sides],
            verifiers=[side.verifier for side in sides],
            mailer=self.mailer,
            manual_capture=manual_capture,
            identifiers=identifiers,
            store=images,
            prices=prices,
        )
        self._postmen: list[Postman] = [side.postman(self._receiver(side.provider)) for side in sides]

    @property
    def provider(self) -> ProviderSimulator:
        """The first side's simulator: what its customers, banks and staff can do."""
        return self.side.simulator

    # Time, news and what happens by itself

    def work(self) -> None:
        """Run every job that is due now."""
        self.worker.run_due(self.shop.perform)

    def later(self, by: timedelta) -> None:
        """Let time pass on both sides of the counter, and run what became due."""
        for side in self.sides.values():
            side.pass_time(by)
        self.clock.advance(by)
        self.work()

    def tell(self, provider: Provider, body: bytes, headers: Mapping[str, str]) -> int:
        """Hand a delivery in at the shop's door; the status that HTTP would answer with."""
        try:
            self.shop.receive_webhook(
                provider=provider.value,
                body=body,
                headers={name.lower(): value for name, value in headers.items()},
            )
        except WebhookRejected:
            return 400
        except (VerificationUnavailable, StorageUnavailable):
            return 503
        return 200

    def hear(self) -> int:
        """Let all news come in, and the shop work them off, until there are no more; how many it took."""
        taken = 0
        while came := sum(postman.deliver() for postman in self._postmen):
            taken += came
            self.work()
        return taken

    def _receiver(self, provider: Provider) -> Receiver:
        def receive(body: bytes, headers: Mapping[str, str]) -> int:
            self.answers.append(self.tell(provider, body, headers))
            return self.answers[-1]

        return receive

    # People

    @cached_property
    def anna(self) -> Actor:
        user_id = self.shop.create_user(email="anna@example.org", password=PASSWORD, name="Anna")
        return Actor(user_id, frozenset({Role.CUSTOMER}))

    @cached_property
    def operator(self) -> Actor:
        admin = self.shop.create_admin(email="operator@example.org", password=PASSWORD)
        return Actor(admin, frozenset({Role.OPERATOR, Role.ADMIN}))

    @cached_property
    def staff(self) -> Staff:
        return Staff(user_id=user_of(self.operator), refund_any=True, caller=UNKNOWN_CALLER)

    @cached_property
    def _photo(self) -> Image:
        for image in self.shop.list_images(owner_id=user_of(self.anna)):
            return image
        content = photo()
        return self.shop.upload_image(
            owner_id=user_of(self.anna),
            file=io.BytesIO(content),
            size_bytes=len(content),
            sha256=sha256(content).hexdigest(),
            file_name="photo.jpg",
        ).image

    # What they do

    def places(self, key: str | None = None) -> Order:
        """Anna orders two small prints; under an old key, the old ones."""
        wanted = line(self._photo)
        quote = self.shop.quote_order(
            lines=[QuoteRequestLine(sku=wanted.sku, quantity=wanted.quantity)],
            country="DE",
            shipping_method="standard",
            currency="EUR",
        )
        placed = self.shop.place_order(
            customer_id=user_of(self.anna),
            idempotency_key=key or f"order-{len(self.orders) + 1}",
            quote_hash=quote.quote_hash,
            lines=(wanted,),
            ship_to=HOME,
            shipping_method="standard",
            currency="EUR",
        )
        assert placed.order.total == PRICE
        self.orders.append(placed.order)
        self.work()
        return placed.order

    def start(self, order: Order, key: str = "pay-1", *, at: Provider | None = None) -> Started:
        """Ask for a page to pay at."""
        return self.shop.start_payment(
            order_id=order.id,
            owner_id=order.user_id,
            provider=(at or self.side.provider).value,
            return_url=f"{WEB}/thanks",
            cancel_url=f"{WEB}/basket",
            idempotency_key=key,
        )

    def opens(self, order: Order, key: str = "pay-1", *, at: Provider | None = None) -> str:
        """Ask for a page, and get it: its name at the provider."""
        ref = self.start(order, key, at=at).attempt.ref
        assert ref is not None
        return ref

    def paid(self) -> Order:
        """An order that was placed and paid, of which the shop has heard."""
        order = self.places()
        self.provider.pay(self.opens(order))
        self.hear()
        assert self.status(order) == PAID
        return order

    def syncs(self, order: Order, source: Source = Source.RETURN) -> Payment:
        """The customer's browser comes back: look, and do what follows."""
        payment = self.shop.sync_payment(payment_id=self.payment(order).id, source=source)
        self.work()
        return payment

    def cancels(self, order: Order) -> None:
        self.shop.cancel_order(order_id=order.id, actor=self.anna)
        self.work()

    def refunds(
        self, order: Order, amount: str | None = None, *, key: str = "refund-1", capture: str | None = None
    ) -> Refunded:
        """Staff give some of it back, or all that is left; the provider is asked at once."""
        refunded = self.shop.refund_payment(
            payment_id=self.payment(order).id,
            amount=None if amount is None else Money.of(amount, "EUR"),
            capture_ref=capture,
            reason="A print was torn",
            idempotency_key=key,
            staff=self.staff,
        )
        self.work()
        return refunded

    def printed(self, order: Order) -> None:
        """Past the time in which it could be cancelled: from now on it can only be refunded."""
        self.later(timedelta(hours=2))
        assert self.order(order).status is OrderStatus.IN_PRODUCTION

    def perform(self, name: str, **payload: str | int | None) -> None:
        """Run one job in this thread, as a worker would that takes it up again."""
        self.shop.perform(Job(name=name, payload=payload, run_at=self.clock.now()))

    # What there is to see

    def order(self, order: Order) -> Order:
        with self.units.reading() as work:
            return work.orders.get(order.id)

    def payment(self, order: Order) -> Payment:
        found = self.shop.read_order_payment(order_id=order.id, owner_id=None)
        assert found is not None
        return found

    def status(self, order: Order) -> tuple[OrderStatus, PaymentStatus]:
        return self.order(order).status, self.payment(order).status

    def captures(self, order: Order) -> tuple[Transaction, ...]:
        return self.payment(order).log.captures()

    def attempts(self, order: Order) -> tuple[Attempt, ...]:
        return self.payment(order).attempts

    def dead(self) -> list[str]:
        return [f"{record.name}: {record.error}" for record in self.worker.list(JobState.DEAD)]

    def payments(self) -> list[Payment]:
        """Those of all orders that anybody began to pay."""
        found = [self.shop.read_order_payment(order_id=order.id, owner_id=None) for order in self.orders]
        return [payment for payment in found if payment is not None]


def backend_clock() -> FixedClock:
    """Where the clocks of all simulated providers begin."""
    return FixedClock(NOON)
