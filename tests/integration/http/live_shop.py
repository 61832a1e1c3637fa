"""A whole shop behind a real server on a loopback port; its jobs and webhooks run when a test says so."""

from __future__ import annotations

import io
import os
import re
import secrets
import socket
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import attrs
import httpx
import uvicorn
from dependency_injector import providers
from litestar.types import ControllerRouterHandler
from sqlalchemy import inspect, text

from printapic.application.ports.clock import Clock
from printapic.application.ports.throttle import Throttle
from printapic.application.shop import Shop
from printapic.domain.actors import Role
from printapic.domain.ids import UserId
from printapic.domain.users.email import EmailAddress
from printapic.domain.users.user import Locale, User
from printapic.entrypoints.container import Container
from printapic.entrypoints.embedded import open_container
from printapic.entrypoints.http.admission import Admission
from printapic.entrypoints.http.app import create_app
from printapic.entrypoints.http.server import server_config
from printapic.entrypoints.settings import NoThrottling, Settings
from tests.migrated import data_folder
from tests.pictures import encoded, scene
from tests.servers.loopback import loopback_client, patient_client

PASSWORD = "a password of many words"
SHIP_TO = {
    "name": "Anna Example",
    "line1": "Musterstr. 1",
    "postal_code": "10115",
    "city": "Berlin",
    "country": "DE",
}
_CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')


def picture(name: str = "", width_px: int = 900, height_px: int = 600) -> bytes:
    """A photo good enough for a small print; `name` makes it another one."""
    return encoded(scene(width_px, height_px), "JPEG", comment=name or secrets.token_hex(8))


@attrs.frozen
class Person:
    """Somebody with an account and a fresh session."""

    id: UserId
    email: str
    headers: dict[str, str]


@attrs.frozen
class LiveShop:
    url: str
    container: Container
    folder: Path
    client: httpx.Client
    admission: Admission

    @property
    def shop(self) -> Shop:
        return self.container.shop()

    def person(self, *roles: Role) -> Person:
        """Somebody new with exactly these roles; a customer without any."""
        email = f"{secrets.token_hex(6)}@example.com"  # too short to hold the digits of a card
        user = User.verify(
            id=UserId(self.container.identifiers().uuid()),
            email=EmailAddress.parse(email),
            password_hash=_hash(self.container),
            name=None,
            locale=Locale.EN,
            roles=frozenset(roles or {Role.CUSTOMER}),
            at=self.container.clock().now(),
        )
        with self.container.unit_of_work()() as work:
            work.users.add(user)
            work.commit()
        return Person(user.id, email, self.log_in(email))

    def log_in(self, email: str) -> dict[str, str]:
        answer = self.client.post("/v1/sessions", json={"email": email, "password": PASSWORD})
        assert answer.status_code == 201, answer.text
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def call(self, method: str, path: str, who: Person | None = None, **request: Any) -> httpx.Response:
        headers = {**(who.headers if who else {}), **request.pop("headers", {})}
        return self.client.request(method, path, headers=headers, **request)

    def upload(self, who: Person, content: bytes | None = None, name: str = "photo.jpg") -> dict[str, Any]:
        answer = self.call("POST", "/v1/images", who, files={"file": (name, content or picture())})
        assert answer.status_code in (200, 201), answer.text
        return dict(answer.json())

    def quote(self, *skus: str) -> dict[str, Any]:
        lines = [{"sku": sku, "quantity": 1} for sku in skus or ("print-9x13-glossy",)]
        body = {"lines": lines, "country": "DE", "shipping_method": "standard", "currency": "EUR"}
        answer = self.client.post("/v1/quotes", json=body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def order_request(self, image_id: str, **changes: Any) -> dict[str, Any]:
        line = {
            "sku": "print-9x13-glossy",
            "image_id": image_id,
            "quantity": 1,
            "acknowledged_warnings": ["LOW_RESOLUTION", "AUTO_CROP"],
        }
        plain = {
            "quote_hash": self.quote()["quote_hash"],
            "lines": [line],
            "ship_to": SHIP_TO,
            "shipping_method": "standard",
            "currency": "EUR",
        }
        return plain | changes

    def place(self, who: Person, body: Mapping[str, Any] | None = None, key: str = "") -> httpx.Response:
        request = body or self.order_request(self.upload(who)["id"])
        headers = {"Idempotency-Key": key or secrets.token_hex(16)}
        return self.call("POST", "/v1/orders", who, json=request, headers=headers)

    def order(self, who: Person) -> dict[str, Any]:
        answer = self.place(who)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def start_payment(self, who: Person, order_id: str, key: str = "", **changes: Any) -> httpx.Response:
        back = f"{self.url}/back"
        body = {"provider": "simulated", "return_url": back, "cancel_url": f"{self.url}/basket"} | changes
        headers = {"Idempotency-Key": key or secrets.token_hex(16)}
        return self.call("POST", f"/v1/orders/{order_id}/payments", who, json=body, headers=headers)

    def press(self, page_url: str, choice: str = "pay", **desk: str) -> httpx.Response:
        """Press a button of the hosted page, with the token that the page itself carries."""
        page = self.client.get(page_url)
        csrf = _CSRF.search(page.text)
        assert csrf, page.text
        return self.client.post(page_url, data={"csrf_token": csrf[1], "choice": choice, **desk})

    def paid(self, who: Person) -> dict[str, Any]:
        """An order whose payment has arrived and whose print files are made."""
        order = self.order(who)
        started = self.start_payment(who, order["id"])
        assert started.status_code == 201, started.text
        assert self.press(started.json()["redirect_url"]).status_code == 303
        self.work()
        confirmed = dict(self.call("GET", f"/v1/orders/{order['id']}", who).json())
        assert confirmed["status"] == "confirmed", confirmed
        return confirmed

    def work(self) -> None:
        """Deliver every due webhook and do every due job, and what comes of them."""
        deliverer = self.container.deliverer()
        assert deliverer is not None, "only the simulated provider delivers here"
        while deliverer.deliver_due() + self.container.worker().run_due(self.shop.perform):
            pass

    def traces(self) -> dict[str, object]:
        """Everything that the shop keeps: files by name, rows by table, and files that nobody sees.

        Answers to keyed requests are kept for a day whatever they say, refusals too.
        """
        engine = self.container.engine()
        assert engine is not None
        with engine.connect() as connection:
            rows = {
                table: connection.execute(text(f'SELECT count(*) FROM "{table}"')).scalar_one()
                for table in inspect(connection).get_table_names()
                if table != "idempotency_keys"
            }
        files = {
            str(path.relative_to(self.folder))
            for path in self.folder.rglob("*")
            if path.is_file() and ".sqlite" not in path.name
        }
        return {"rows": rows, "files": files, "spooled": spooled()}


def spooled() -> list[str]:
    """Nameless temporary files that this process still holds."""
    folder = tempfile.gettempdir()
    targets = []
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            targets.append(str(descriptor.readlink()))
        except OSError:
            continue
    return sorted(each for each in targets if each.startswith(folder) and each.endswith("(deleted)"))


def wait_until(holds: Callable[[], bool], seconds: float = 10) -> None:
    """For what the server does after its answer, or after the client has gone."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


_HASHES: dict[int, str] = {}


def _hash(container: Container) -> str:
    """One hash for all test accounts: nobody here tests hashing."""
    if id(container) not in _HASHES:
        _HASHES[id(container)] = container.hasher().hash(PASSWORD)
    return _HASHES[id(container)]


@contextmanager
def live_shop(
    folder: Path,
    *,
    more_routes: Sequence[ControllerRouterHandler] = (),
    throttle: Throttle | None = None,
    clock: Clock | None = None,
    patient: bool = False,
    **changes: Any,
) -> Iterator[LiveShop]:
    """Run the embedded shop, with what a test changes of its settings and routes of its own.

    Its client takes 503 for the answer that it is, unless it is `patient`.

    Nobody is held back, since all tests call from one address and in a hurry, unless a test wants it.
    """
    with socket.create_server(("127.0.0.1", 0)) as listening, ExitStack() as stack:
        if clock is not None:
            stack.enter_context(Container.clock.override(providers.Object(clock)))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        plain = attrs.evolve(
            Settings.embedded(folder, public_url=url), bcrypt_cost=4, throttling=NoThrottling()
        )
        settings = attrs.evolve(plain, **changes)
        if settings.storage == plain.storage:
            data_folder(folder)
        with open_container(settings) as container:
            if throttle is not None:
                container.throttle.override(providers.Object(throttle))
            app = create_app(container, more_routes=more_routes)
            server = uvicorn.Server(server_config(app, log_level="critical"))
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
            thread.start()
            try:
                # Shorter than the five seconds after which the server hangs up on the idle: they would race.
                limits = httpx.Limits(keepalive_expiry=2)
                calling = patient_client if patient else loopback_client
                with calling(url, limits=limits) as client:
                    yield LiveShop(url, container, folder, client, app.state.admission)
            finally:
                server.should_exit = True
                thread.join()


def unzip(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def resident_bytes() -> int:
    """Memory of this process, as the system counts it."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
