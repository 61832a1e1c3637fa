"""The application: every controller in one place, behind one guard and one table of errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Thread
from typing import Any

from litestar import Litestar, Request, Response
from litestar.concurrency import get_asyncio_executor, set_asyncio_executor
from litestar.datastructures import State
from litestar.di import Provide
from litestar.middleware import DefineMiddleware
from litestar.types import ASGIApp, ControllerRouterHandler, LifespanHook

from printapic.application.shop import Shop
from printapic.entrypoints.container import Container
from printapic.entrypoints.http.access_log import AccessLog
from printapic.entrypoints.http.addresses import Proxies
from printapic.entrypoints.http.administration import AdministrationController
from printapic.entrypoints.http.admission import THREADS, Admission
from printapic.entrypoints.http.api_keys import ApiKeyController
from printapic.entrypoints.http.audit import AuditController
from printapic.entrypoints.http.authentication import Doorkeeper, provide_principal
from printapic.entrypoints.http.bodies import MAX_JSON_BYTES, ShopRequest
from printapic.entrypoints.http.bookkeeping import BookkeepingController
from printapic.entrypoints.http.callers import provide_caller
from printapic.entrypoints.http.catalogue import CatalogueController
from printapic.entrypoints.http.cors import ListedOrigins
from printapic.entrypoints.http.crowds import Crowds
from printapic.entrypoints.http.cursors import Cursors
from printapic.entrypoints.http.degradation import watched
from printapic.entrypoints.http.email_change import EmailChangeController, EmailController
from printapic.entrypoints.http.errors import EXCEPTION_HANDLERS
from printapic.entrypoints.http.headers import PROXIES, finishing
from printapic.entrypoints.http.heads import HeadAsGet
from printapic.entrypoints.http.health import HealthController, Readiness
from printapic.entrypoints.http.hosts import OwnHosts
from printapic.entrypoints.http.idempotency import Answers, refuse_impossible
from printapic.entrypoints.http.images import ImageController
from printapic.entrypoints.http.keys import KeyController
from printapic.entrypoints.http.limits import Turnstile
from printapic.entrypoints.http.methods import remember_methods
from printapic.entrypoints.http.notifications import NotificationController
from printapic.entrypoints.http.openapi import complete, openapi_config, openapi_document
from printapic.entrypoints.http.order_commands import OrderCommandController
from printapic.entrypoints.http.orders import OrderController
from printapic.entrypoints.http.pages import CURSORS
from printapic.entrypoints.http.passwords import PasswordController, PasswordResetController
from printapic.entrypoints.http.payment_evidence import PaymentEvidenceController
from printapic.entrypoints.http.payment_findings import PaymentFindingController
from printapic.entrypoints.http.payment_staff import PaymentStaffController
from printapic.entrypoints.http.payments import PaymentController
from printapic.entrypoints.http.policies import refuse_undeclared
from printapic.entrypoints.http.privacy import PrivacyController
from printapic.entrypoints.http.production import ProductionController
from printapic.entrypoints.http.queries import refuse_null
from printapic.entrypoints.http.quotes import QuoteController
from printapic.entrypoints.http.registration import RegistrationController
from printapic.entrypoints.http.second_factor import SecondFactorController
from printapic.entrypoints.http.sessions import SessionController
from printapic.entrypoints.http.shipments import ShipmentController
from printapic.entrypoints.http.simulated_checkout import SimulatedCheckoutController
from printapic.entrypoints.http.users import UserController
from printapic.entrypoints.http.visits import Visits
from printapic.entrypoints.http.webhook_events import WebhookEventController
from printapic.entrypoints.http.webhooks import WebhookController
from printapic.entrypoints.readiness import readiness
from printapic.entrypoints.settings import NoThrottling, RedisThrottling, Settings

__all__ = ["CONTROLLERS", "create_app", "openapi_document"]
SPARE_THREADS = 2
"""For what takes no place: health."""
CONTROLLERS: tuple[ControllerRouterHandler, ...] = (
    HealthController,
    RegistrationController,
    UserController,
    PrivacyController,
    PasswordController,
    PasswordResetController,
    EmailController,
    EmailChangeController,
    SecondFactorController,
    SessionController,
    AdministrationController,
    ApiKeyController,
    KeyController,
    ImageController,
    CatalogueController,
    QuoteController,
    OrderController,
    OrderCommandController,
    ShipmentController,
    ProductionController,
    PaymentController,
    PaymentStaffController,
    PaymentEvidenceController,
    BookkeepingController,
    PaymentFindingController,
    WebhookController,
    WebhookEventController,
    NotificationController,
    AuditController,
)


def create_app(
    container: Container,
    *,
    more_routes: Sequence[ControllerRouterHandler] = (),
    on_startup: Sequence[LifespanHook] = (),
    on_shutdown: Sequence[LifespanHook] = (),
) -> Litestar:
    """The HTTP API of one shop, for any ASGI server. Background work is the caller's to start.

    Raises `PolicyMissing` where a route does not say who may use it.
    """
    settings = container.settings()
    turnstile = _turnstile(container)
    doorkeeper = Doorkeeper(container.shop, turnstile)
    answers = Answers(container.idempotency_keys)
    admission = Admission(logins=container.hasher().capacity)
    _size_thread_pool()

    async def before(request: Request[Any, Any, Any]) -> Response[bytes] | None:
        refuse_null(request)
        return await answers.claim(request)

    app = Litestar(
        route_handlers=[*CONTROLLERS, *_simulated(settings), *more_routes],
        middleware=[DefineMiddleware(Visits, admission=admission), answers.keeping],
        guards=[doorkeeper.admit, Crowds().admit],
        dependencies=_dependencies(container, doorkeeper),
        exception_handlers=EXCEPTION_HANDLERS,
        request_class=ShopRequest,
        request_max_body_size=MAX_JSON_BYTES,
        state=State({CURSORS: Cursors(container.cursor_secrets), PROXIES: Proxies(settings.trusted_proxies)}),
        before_request=before,
        before_send=[finishing(https=settings.public_url.startswith("https://"))],
        openapi_config=openapi_config(),
        logging_config=None,
        lifespan=[watched(admission)],
        on_startup=list(on_startup),
        on_shutdown=[*on_shutdown, *([turnstile.close] if turnstile else [])],
        debug=False,
    )
    refuse_undeclared(app)
    refuse_impossible(app)
    complete(app)
    remember_methods(app)
    app.state.admission = admission
    app.asgi_handler = _behind_the_gate(app.asgi_handler, settings)
    return app


def _dependencies(container: Container, doorkeeper: Doorkeeper) -> dict[str, Provide]:
    """One named function for each thing: the framework refuses a container's providers themselves."""

    def provide_shop() -> Shop:
        return container.shop()

    def provide_settings() -> Settings:
        return container.settings()

    def provide_hosted_checkout() -> Any:  # named by the page alone, which belongs to its adapter
        return container.hosted_checkout()

    def provide_doorkeeper() -> Doorkeeper:
        return doorkeeper

    def provide_readiness() -> Readiness:
        return Readiness(lambda: readiness(container))

    things: dict[str, Callable[..., Any]] = {
        "shop": provide_shop,
        "settings": provide_settings,
        "hosted_checkout": provide_hosted_checkout,
        "doorkeeper": provide_doorkeeper,
        "readiness": provide_readiness,
        "principal": provide_principal,
        "caller": provide_caller,
    }
    return {name: Provide(function, sync_to_thread=False) for name, function in things.items()}


def _turnstile(container: Container) -> Turnstile | None:
    """Where requests are counted. Only Redis is worth a thread: the memory of this process takes no time."""
    throttling = container.settings().throttling
    if isinstance(throttling, NoThrottling):
        return None
    in_threads = isinstance(throttling, RedisThrottling)
    return Turnstile(container.throttle(), container.throttle_secret, in_threads=in_threads)


def _simulated(settings: Settings) -> tuple[ControllerRouterHandler, ...]:
    """The hosted page, where the provider is one of our own."""
    return () if settings.simulated is None else (SimulatedCheckoutController,)


def _behind_the_gate(app: ASGIApp, settings: Settings) -> ASGIApp:
    """What is settled before anybody looks for a route."""
    gated: ASGIApp = HeadAsGet(app)
    if settings.cors_origins:
        gated = ListedOrigins(gated, settings.cors_origins)
    if settings.hosts is not None:
        https = settings.public_url.startswith("https://")
        gated = OwnHosts(gated, settings.hosts, default_port=443 if https else 80)
    return AccessLog(gated)


def _size_thread_pool() -> None:
    """Handlers wait for databases and hashes, so there are more of them than processors.

    The pool is the process's, not one application's; the framework's own would have six threads.
    """
    if get_asyncio_executor() is not None:
        return
    pool = ThreadPoolExecutor(THREADS + SPARE_THREADS, thread_name_prefix="printapic-http")
    # From a thread of its own, since the framework refuses it where a loop runs: servers that are given
    # a factory call it there.
    setting = Thread(target=set_asyncio_executor, args=(pool,))
    setting.start()
    setting.join()
