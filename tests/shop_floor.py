"""A whole shop in memory, at a time that stands still, with both sides of every counter in reach.

What happens in it is done by its own use cases; what a test arranges by hand is the outside world: the
time, the provider's pages and webhooks, and failures of what lies outside.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from urllib.parse import urlsplit
from uuid import UUID

import attrs
import httpx
from PIL import Image as Picture
from pyotp import TOTP

from printapic.adapters.audit.hmac_seal import HmacAuditSeal
from printapic.adapters.audit.memory_checkpoints import MemoryAuditCheckpoints
from printapic.adapters.audit.subject_cipher import AesGcmSubjectCipher
from printapic.adapters.catalogue.toml_price_list import TomlPriceListReader
from printapic.adapters.images.memory import MemoryImageStore
from printapic.adapters.images.pillow import PillowImageProcessor
from printapic.adapters.jobs.in_process import InProcessWorker
from printapic.adapters.notifications.memory import MemoryMailer
from printapic.adapters.notifications.templates import JinjaMailTemplates
from printapic.adapters.payments.simulated.books import SimulatedBooks
from printapic.adapters.payments.simulated.checkout import Choice, DeskOrder, HostedCheckout
from printapic.adapters.payments.simulated.dashboard import ProviderDashboard
from printapic.adapters.payments.simulated.gateway import SimulatedGateway
from printapic.adapters.payments.simulated.webhooks import SimulatedWebhookVerifier, WebhookDeliverer
from printapic.adapters.persistence.memory.idempotency import MemoryIdempotencyKeys
from printapic.adapters.persistence.memory.jobs import MemoryJobLedger
from printapic.adapters.persistence.memory.shredding import MemoryShredder
from printapic.adapters.persistence.memory.unit_of_work import MemoryUnitOfWorkFactory
from printapic.adapters.system.alerts import LogAlerts
from printapic.adapters.system.clock import FixedClock
from printapic.adapters.system.identifiers import SeededIdentifiers
from printapic.adapters.throttle.memory import MemoryThrottle
from printapic.adapters.users.api_keys import PrefixedApiKeyMint
from printapic.adapters.users.bcrypt import BcryptPasswordHasher
from printapic.adapters.users.common_passwords import BundledCommonPasswords
from printapic.adapters.users.keyring import KeyRing
from printapic.adapters.users.live_keyring import MemoryKeyRing
from printapic.adapters.users.one_time_passwords import TotpOneTimePasswords
from printapic.adapters.users.sealing import AesGcmSealer
from printapic.adapters.users.tokens import JwtTokenIssuer
from printapic.application.audit.sealing import Notary
from printapic.application.notifications.delivery import ShopFront
from printapic.application.orders.checkout import OrderLineRequest, Placed
from printapic.application.payments.collection import Started
from printapic.application.ports.audit import AuditQuery
from printapic.application.ports.idempotency import IdempotencyKeys
from printapic.application.ports.identifiers import Identifiers
from printapic.application.ports.images import ImageStore
from printapic.application.ports.jobs import Job, JobRecord, JobState
from printapic.application.ports.payments import MovementKind, PaymentGateway, WebhookVerifier
from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.application.reactions import jobs_for
from printapic.application.shop import Shop
from printapic.domain.actors import Actor, Role
from printapic.domain.addresses import Address
from printapic.domain.audit.event import AuditAction
from printapic.domain.catalogue.quote import Quote, QuoteRequestLine
from printapic.domain.crops import CropRecipe
from printapic.domain.errors import PrintAPicError
from printapic.domain.ids import OrderId, SessionId, Sku, UserId
from printapic.domain.images.image import Image
from printapic.domain.notifications.notification import NotificationKind
from printapic.domain.orders.order import Order
from printapic.domain.payments.payment import Payment
from printapic.domain.payments.transaction import TransactionType
from printapic.domain.users.user import User
from printapic.entrypoints.container import shop as assembled

Logged = tuple[UUID | None, UUID | None, UUID | None, str | None]
"""Actor, subject, session and address of an entry of the audit log."""

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
PASSWORD = "nineteen blue herons"
WEB = "https://shop.example"
REFUND_LIMIT = 10
SECRET = "webhook secret of the tests"
HOME = Address(name="Anna Ahrens", line1="Am Kai 1", postal_code="20457", city="Hamburg", country="DE")

KINDS = tuple(NotificationKind)
ABOUT_ORDERS = KINDS[KINDS.index(NotificationKind.ORDER_PLACED) :]

PRICES = """
format = 1

[taxes.standard]
DE = "19"

[[products]]
sku = "mini"
name = "Mini print"
kind = "print"
paper = "Photo paper"
finish = "matt"
width_mm = 30
height_mm = 20
bleed_mm = 1
safe_mm = 2
dpi = 100
orientation = "either"
bands = { inform_dpi = 100, warn_dpi = 80, block_dpi = 50 }
max_copies = 99
weight_g = 4
tax_class = "standard"
prices.EUR = { 1 = "0.50" }

[[products]]
sku = "midi"
name = "Midi print"
kind = "print"
paper = "Photo paper"
finish = "matt"
width_mm = 60
height_mm = 40
bleed_mm = 1
safe_mm = 2
dpi = 100
orientation = "either"
bands = { inform_dpi = 100, warn_dpi = 80, block_dpi = 50 }
max_copies = 99
weight_g = 8
tax_class = "standard"
prices.EUR = { 1 = "1.50" }

[[products]]
sku = "maxi"
name = "Maxi print"
kind = "poster"
paper = "Photo paper"
finish = "matt"
width_mm = 120
height_mm = 80
bleed_mm = 1
safe_mm = 2
dpi = 100
orientation = "either"
bands = { inform_dpi = 100, warn_dpi = 80, block_dpi = 50 }
max_copies = 99
weight_g = 16
tax_class = "standard"
prices.EUR = { 1 = "4.50" }

[[shipping_methods]]
code = "standard"
name = "Standard"
min_days = 2
max_days = 4

[[shipping_methods.zones]]
countries = ["*"]
bands = [{ max_weight_g = 2000, prices = { EUR = "2.00" } }]
"""
"""A photo of 180 x 120 pixels prints well as mini, passably as midi, and not at all as maxi."""

templates = cache(JinjaMailTemplates)
processor = cache(PillowImageProcessor)
keyring = cache(lambda: KeyRing.generate(at=NOON))
notary = cache(
    lambda: Notary(seal=HmacAuditSeal(keyring()), cipher=AesGcmSubjectCipher(AesGcmSealer(keyring=keyring())))
)
hasher = cache(lambda: BcryptPasswordHasher(cost=4, threads=2, queue=64))


@cache
def photo(number: int = 1, width_px: int = 180, height_px: int = 120) -> bytes:
    """A small JPEG that no other number gives."""
    picture = Picture.new("RGB", (width_px, height_px), (number * 53 % 256, number % 256, 90))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=90)
    return file.getvalue()


def line(
    image: Image,
    sku: str = "mini",
    quantity: int = 2,
    *,
    crop: CropRecipe | None = None,
    acknowledging: Sequence[str] = (),
) -> OrderLineRequest:
    return OrderLineRequest(
        sku=Sku(sku),
        image_id=image.id,
        quantity=quantity,
        crop=crop,
        acknowledged_warnings=frozenset(acknowledging),
    )


class ShopDoor(httpx.BaseTransport):
    """The way of a webhook into the shop, without a network in between."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self.answers: list[int] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer 204, or 400 for whatever the shop refuses, or 500 where it breaks down."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            self._shop.receive_webhook(provider="simulated", body=request.read(), headers=headers)
            answer = 204
        except PrintAPicError:
            answer = 400
        except Exception:
            answer = 500
        self.answers.append(answer)
        return httpx.Response(answer)


@attrs.frozen(kw_only=True)
class ShopFloor:
    """One shop, and everything around it."""

    shop: Shop
    clock: FixedClock
    unit_of_work: MemoryUnitOfWorkFactory
    ledger: MemoryJobLedger
    worker: InProcessWorker
    store: MemoryImageStore
    mailer: MemoryMailer
    checkpoints: MemoryAuditCheckpoints
    keys: MemoryIdempotencyKeys
    throttle: MemoryThrottle
    books: SimulatedBooks
    gateway: SimulatedGateway
    pages: HostedCheckout
    dashboard: ProviderDashboard
    deliverer: WebhookDeliverer
    door: ShopDoor

    # Time and what happens by itself

    def work(self) -> int:
        """Run every job that is due now; how many runs it took."""
        return self.worker.run_due(self.shop.perform)

    def later(self, by: timedelta) -> None:
        """Let time pass, and run what became due."""
        self.clock.advance(by)
        self.work()

    def hear(self) -> None:
        """Let the provider's webhooks come in, and work them off."""
        self.deliverer.deliver_due()
        self.work()

    def perform(self, name: str, **payload: str | int | None) -> None:
        """Run one job in this thread, as a worker would that takes it up again."""
        self.shop.perform(Job(name=name, payload=payload, run_at=self.clock.now()))

    def waiting(self, name: str) -> list[JobRecord]:
        """The jobs of one use case that wait, the first one first."""
        records = self.worker.list(JobState.WAITING)
        return sorted((record for record in records if record.name == name), key=lambda job: job.run_at)

    def failed(self) -> list[str]:
        """Jobs that went wrong, were it only once."""
        return [f"{record.name}: {record.error}" for record in self.worker.list() if record.error]

    def dead(self) -> list[str]:
        """Why jobs died."""
        return [f"{record.name}: {record.error}" for record in self.worker.list(JobState.DEAD)]

    # People

    def customer(self, email: str = "anna@example.org") -> Actor:
        """Somebody who registered and proved their address."""
        self.shop.register(email=email, name="Anna")
        self.work()
        user_id = self.shop.verify_email(token=self.token(), password=PASSWORD)
        return Actor(user_id, frozenset({Role.CUSTOMER}))

    def token(self, to: str | None = None) -> str:
        """What the newest mail, or the newest one to somebody, lets its reader redeem."""
        mails = [mail for mail in self.mailer.mails if to is None or mail.to == to]
        with_token = [mail.content.text for mail in mails if "#token=" in mail.content.text]
        text = with_token[-1] if to else mails[-1].content.text
        return text.partition("#token=")[2].split()[0].strip("<>")

    def session(self, email: str, otp: str | None = None) -> SessionId:
        """Log in, and use the session once."""
        pair = self.shop.log_in(email=email, password=PASSWORD, otp=otp)
        return self.shop.authenticate(access_token=pair.access_token).session_id

    def enrol(self, person: Actor, session_id: SessionId) -> tuple[str, tuple[str, ...]]:
        """Give somebody a second factor: its secret, and the recovery codes."""
        secret, _ = self.shop.enrol_second_factor(user_id=user_of(person), session_id=session_id)
        codes = self.shop.confirm_second_factor(
            user_id=user_of(person), session_id=session_id, code=self.code(secret)
        )
        self.clock.advance(MINUTE / 2)
        return secret, codes

    def code(self, secret: str) -> str:
        """What an authenticator app shows now."""
        return TOTP(secret).at(self.clock.now())

    def audited(self) -> list[AuditAction]:
        """What the audit log remembers of accounts, in order."""
        rows = self.unit_of_work.state.tables().get("audit_log", {}).values()
        return [row.action for row in sorted(rows, key=lambda row: (row.stream, row.sequence))]

    def stored(self) -> str:
        """Everything that is stored, with what its objects do not show of themselves."""
        tables = self.unit_of_work.state.tables()
        rows = [row for table in tables.values() for row in table.values()]
        return str([attrs.asdict(row) if attrs.has(type(row)) else row for row in rows])

    def logged(self, action: AuditAction) -> list[Logged]:
        """Who did this, to whom, in which session and from where, as readers of the log see it, in order."""
        with self.unit_of_work.reading() as work:
            records = work.audit.page(AuditQuery(action=action), before=None, limit=100)
        return [
            (each.entry.actor_id, each.entry.subject_id, each.entry.session_id, each.caller.address)
            for each in reversed(records)
        ]

    def grant(self, email: str, role: Role) -> User:
        """Give somebody one more role, from the shop's own machine."""
        user = self.shop.find_user(email=email)
        return self.shop.set_roles(user_id=user.id, roles=user.roles | {role}, actor_id=None)

    def staff(self, *roles: Role) -> Actor:
        """A colleague in these roles, who is nobody's customer."""
        email = f"{'-'.join(roles)}@example.org"
        admin = self.shop.create_admin(email=email, password=PASSWORD)
        return Actor(admin, frozenset(roles))

    # Wares

    def upload(self, owner: Actor, number: int = 1, content: bytes | None = None) -> Image:
        """One of the small photos, or any bytes, taken in for this owner."""
        content = photo(number) if content is None else content
        return self.shop.upload_image(
            owner_id=user_of(owner),
            file=io.BytesIO(content),
            size_bytes=len(content),
            sha256=sha256(content).hexdigest(),
            file_name=f"photo-{number}.jpg",
        ).image

    def quote(self, *lines: OrderLineRequest) -> Quote:
        """What these lines cost, sent home."""
        return self.shop.quote_order(
            lines=[QuoteRequestLine(sku=line.sku, quantity=line.quantity) for line in lines],
            country="DE",
            shipping_method="standard",
            currency="EUR",
        )

    def place(
        self, customer: Actor, *lines: OrderLineRequest, key: str = "order-1", quote_hash: str | None = None
    ) -> Placed:
        """Order exactly that; without lines, two minis of the first photo."""
        lines = lines or (line(self.upload(customer)),)
        return self.shop.place_order(
            customer_id=user_of(customer),
            idempotency_key=key,
            quote_hash=quote_hash or self.quote(*lines).quote_hash,
            lines=lines,
            ship_to=HOME,
            shipping_method="standard",
            currency="EUR",
        )

    def order(self, order_id: OrderId) -> Order:
        with self.unit_of_work.reading() as work:
            return work.orders.get(order_id)

    # Money

    def start(self, order: Order, key: str = "pay-1", provider: str = "simulated") -> Started:
        """Ask for a page to pay at."""
        return self.shop.start_payment(
            order_id=order.id,
            owner_id=order.user_id,
            provider=provider,
            return_url=f"{WEB}/thanks",
            cancel_url=f"{WEB}/basket",
            idempotency_key=key,
        )

    def press(self, started: Started, choice: Choice = Choice.PAY, desk: DeskOrder | None = None) -> None:
        """Press a button of the provider's page."""
        token = urlsplit(started.attempt.redirect_url or "").path.rpartition("/")[2]
        self.pages.press(token, choice, csrf_token=self.pages.show(token).csrf_token, desk=desk)

    def payment(self, order: Order) -> Payment:
        found = self.shop.read_order_payment(order_id=order.id, owner_id=None)
        assert found is not None
        return found

    def paid(self, customer: Actor, *lines: OrderLineRequest, key: str = "order-1") -> Order:
        """An order that was placed, paid and confirmed, and whose print files are made."""
        order = self.place(customer, *lines, key=key).order
        self.press(self.start(order, key=f"pay-{key}"))
        self.hear()
        return self.order(order.id)

    def money_rows(self, order: Order) -> list[TransactionType]:
        """What the log says about captures and what became of them: not the claim, and no fees."""
        left_out = (TransactionType.DUE, TransactionType.FEE)
        return [row.type for row in self.payment(order).transactions if row.type not in left_out]

    def captured_and_refunded(self) -> tuple[int, int]:
        """What the provider took from customers and gave back, by its own books, in minor units."""
        rows = list(self.gateway.movements(since=NOON - DAY, until=NOON + 400 * DAY))
        return (
            sum(row.amount.minor for row in rows if row.kind is MovementKind.CAPTURE),
            -sum(row.amount.minor for row in rows if row.kind is MovementKind.REFUND),
        )

    # Mail

    def told(self, to: str = "anna@example.org") -> list[str]:
        """The kinds of mail about orders that somebody got, in order; twice what they got twice."""
        rows = self.unit_of_work.state.tables().get("notifications", {}).values()
        kinds = {f"{row.id}@shop.example": row.kind for row in rows}
        got = [kinds[mail.message_id] for mail in self.mailer.mails if mail.to == to]
        return [kind.value for kind in got if kind in ABOUT_ORDERS]


def user_of(actor: Actor) -> UserId:
    assert actor.user_id is not None
    return actor.user_id


def furnished(
    *,
    units: UnitOfWorkFactory,
    clock: FixedClock,
    worker: InProcessWorker,
    keys: IdempotencyKeys,
    gateways: Sequence[PaymentGateway],
    verifiers: Sequence[WebhookVerifier],
    identifiers: Identifiers | None = None,
    store: ImageStore | None = None,
    mailer: MemoryMailer | None = None,
    checkpoints: MemoryAuditCheckpoints | None = None,
    throttle: MemoryThrottle | None = None,
    image_processor: PillowImageProcessor | None = None,
    max_bytes: int = 1_000_000,
    staff_need_second_factor: bool = False,
    manual_capture: bool = False,
    prices: str | None = PRICES,
) -> Shop:
    """The use cases on any units of work, these prices loaded, and these providers."""
    ring = MemoryKeyRing(keyring())
    shop = assembled(
        unit_of_work=units,
        clock=clock,
        alerts=LogAlerts(),
        worker=worker,
        audit_seal=notary().seal,
        audit_checkpoints=checkpoints or MemoryAuditCheckpoints(),
        idempotency_keys=keys,
        shredder=MemoryShredder(),
        identifiers=identifiers or SeededIdentifiers(1),
        store=store or MemoryImageStore(),
        processor=image_processor or processor(),
        hasher=hasher(),
        common_passwords=BundledCommonPasswords(),
        tokens=JwtTokenIssuer(keyring=ring, clock=clock, issuer=WEB, audience="tests"),
        keys=ring,
        sealer=AesGcmSealer(keyring=ring),
        one_time_passwords=TotpOneTimePasswords(issuer="PrintAPic"),
        key_mint=PrefixedApiKeyMint(environment="test"),
        templates=templates(),
        mailer=mailer or MemoryMailer(),
        # One that has counted nothing yet is empty, so false: it is still the one to be used.
        throttle=MemoryThrottle(lambda: clock.now().timestamp()) if throttle is None else throttle,
        reader=TomlPriceListReader(),
        gateways={each.provider: each for each in gateways},
        verifiers={each.provider: each for each in verifiers},
        front=ShopFront(
            name="PrintAPic",
            mail_domain="shop.example",
            verify_url=f"{WEB}/verify",
            reset_url=f"{WEB}/reset",
            email_url=f"{WEB}/email",
            revert_url=f"{WEB}/revert",
            order_url=f"{WEB}/orders",
        ),
        manual_capture=manual_capture,
        shop_name="PrintAPic",
        staff_need_second_factor=staff_need_second_factor,
        return_origins=frozenset({WEB}),
        refund_limit=REFUND_LIMIT,
        webhooks_kept=timedelta(days=90),
        max_bytes=max_bytes,
    )
    if prices is not None:
        shop.load_price_list(document=prices)
    return shop


def open_floor(
    *,
    identifiers: Identifiers | None = None,
    unit_of_work: Callable[..., MemoryUnitOfWorkFactory] = MemoryUnitOfWorkFactory,
    gateway: Callable[..., SimulatedGateway] = SimulatedGateway,
    beside: Sequence[tuple[PaymentGateway, WebhookVerifier]] = (),
    store: MemoryImageStore | None = None,
    image_processor: PillowImageProcessor | None = None,
    max_bytes: int = 1_000_000,
    staff_need_second_factor: bool = False,
    manual_capture: bool = False,
) -> ShopFloor:
    """Open a shop with the prices above. A maker given here is called with what its class asks for.

    `beside` the simulated provider, others may take the money.
    """
    clock = FixedClock(NOON)
    ledger = MemoryJobLedger()
    checkpoints, keys = MemoryAuditCheckpoints(), MemoryIdempotencyKeys()
    worker = InProcessWorker(ledger, clock, jitter=lambda longest: longest)
    books = SimulatedBooks(None, clock)
    units = unit_of_work(jobs_for, ledger.add, worker.wake, notary())
    store = store or MemoryImageStore()
    mailer = MemoryMailer()
    throttle = MemoryThrottle(lambda: clock.now().timestamp())
    provider = gateway(books, public_url="https://pay.example")
    shop = furnished(
        units=units,
        clock=clock,
        worker=worker,
        keys=keys,
        gateways=(provider, *(gateway for gateway, _ in beside)),
        verifiers=(SimulatedWebhookVerifier([SECRET]), *(verifier for _, verifier in beside)),
        identifiers=identifiers,
        store=store,
        mailer=mailer,
        checkpoints=checkpoints,
        throttle=throttle,
        image_processor=image_processor,
        manual_capture=manual_capture,
        max_bytes=max_bytes,
        staff_need_second_factor=staff_need_second_factor,
    )
    door = ShopDoor(shop)
    url = "http://127.0.0.1/webhooks/simulated"
    return ShopFloor(
        shop=shop,
        clock=clock,
        unit_of_work=units,
        ledger=ledger,
        worker=worker,
        store=store,
        mailer=mailer,
        checkpoints=checkpoints,
        keys=keys,
        throttle=throttle,
        books=books,
        gateway=provider,
        pages=HostedCheckout(books),
        dashboard=ProviderDashboard(books),
        deliverer=WebhookDeliverer(books, url=url, secret=SECRET, transport=door),
        door=door,
    )
