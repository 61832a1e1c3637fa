"""A customer and an operator who do not give up: every step is repeated until the shop has answered it."""

from __future__ import annotations

import email
import email.policy
import re
import secrets
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, TypeVar

import attrs
import httpx

from tests.integration.journeys.shop_process import ShopProcess
from tests.servers.loopback import loopback_client

T = TypeVar("T")
_PATIENCE_S = 90
TOKEN = re.compile(r"(?<![\w-])[\w-]{43}(?![\w-])", re.ASCII)
_CSRF = re.compile(r'name="csrf_token"\s+value="([^"]+)"')


@attrs.define
class Shopper:
    """Walks the journey through crashes. What it made is remembered, so that a test can count it."""

    shop: ShopProcess
    headers: dict[str, str] = attrs.field(factory=dict)
    operator: dict[str, str] = attrs.field(factory=dict)
    email: str = ""
    image_id: str = ""
    order_id: str = ""
    payment_id: str = ""
    wishes: int = 0
    """How often the shop may have heard that it wants an account: a server that died over that may have."""
    logins: dict[str, tuple[str, str]] = attrs.field(factory=dict, repr=False)
    heard: Counter[str] = attrs.field(factory=Counter, repr=False)

    def walk(self, photo: bytes) -> None:
        self.email, self.headers = self._register()
        self.wishes = self.heard["POST /v1/users"]
        _, self.operator = self._register(role="operator")
        self.image_id = self._upload(photo)
        self.order_id = self._order()
        self._pay()
        self.until("confirmed", lambda order: order["status"] == "confirmed")
        self._command("waive-edit-window", lambda order: order["status"] == "confirmed")
        self._start_production()
        self._ship()
        self.until("delivered", lambda order: order["status"] == "delivered")

    # Steps

    def _register(self, role: str | None = None) -> tuple[str, dict[str, str]]:
        address = f"{role or 'customer'}-{secrets.token_hex(6)}@example.com"
        password = secrets.token_urlsafe(16)
        self.send("POST", "/v1/users", json={"email": address}, accept=(202,))
        proof = {"token": self._mailed_token(address), "password": password}
        self.send("POST", "/v1/users/verify", json=proof, accept=(204, 422))
        if role is not None:
            self._keeper("users", "grant", "--email", address, "--role", role)
        token = self._log_in(address, password)
        self.logins[token] = (address, password)
        return address, {"Authorization": token}

    def _log_in(self, address: str, password: str) -> str:
        login = self.send(
            "POST", "/v1/sessions", json={"email": address, "password": password}, accept=(201,)
        )
        return f"Bearer {login.json()['access_token']}"

    def _renewed(self, token: str) -> str:
        """An access token lasts five minutes, and a shop that is killed all the time takes longer."""
        address, password = self.logins[token]
        newer = self._log_in(address, password)
        self.logins[newer] = (address, password)
        for headers in (self.headers, self.operator):
            if headers.get("Authorization") == token:
                headers["Authorization"] = newer
        return newer

    def _mailed_token(self, address: str) -> str:
        def look() -> str | None:
            for path in (self.shop.folder / "mail").glob("*.eml"):
                mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
                if address in mail["To"] and (body := mail.get_body(("plain",))):
                    return TOKEN.findall(body.get_content())[0]
            return None

        return eventually(look, f"a mail to {address}")

    def _keeper(self, *arguments: str) -> None:
        def run() -> bool:
            done = subprocess.run(
                [sys.executable, "-m", "printapic.entrypoints.cli.main", *arguments],
                env=self.shop.environment,
                capture_output=True,
                check=False,
            )
            return done.returncode == 0

        eventually(run, f"printapic {arguments[0]}")

    def _upload(self, photo: bytes) -> str:
        answer = self.send(
            "POST",
            "/v1/images",
            headers=self.headers,
            files={"file": ("photo.jpg", photo)},
            accept=(201, 200),
        )
        return str(answer.json()["id"])

    def _order(self) -> str:
        line = {"sku": "print-10x15-glossy", "image_id": self.image_id, "quantity": 3}
        terms = {"shipping_method": "standard", "currency": "EUR"}
        quote = self.send(
            "POST", "/v1/quotes", json={"lines": [line], "country": "DE", **terms}, accept=(200,)
        )
        warnings = [
            finding["code"]
            for product in self._printability()
            if product["sku"] == line["sku"]
            for finding in product["findings"]
            if finding["severity"] == "warn"
        ]
        answer = self.send(
            "POST",
            "/v1/orders",
            headers={**self.headers, "Idempotency-Key": secrets.token_hex(16)},
            json={
                "quote_hash": quote.json()["quote_hash"],
                "lines": [{**line, "acknowledged_warnings": warnings}],
                "ship_to": {
                    "name": "Ada",
                    "line1": "Lindenstraße 12",
                    "postal_code": "10969",
                    "city": "Berlin",
                    "country": "DE",
                },
                **terms,
            },
            accept=(201,),
        )
        return str(answer.json()["id"])

    def _printability(self) -> list[dict[str, Any]]:
        answer = self.send(
            "GET", f"/v1/images/{self.image_id}/printability", headers=self.headers, accept=(200,)
        )
        products: list[dict[str, Any]] = answer.json()["products"]
        return products

    def _pay(self) -> None:
        payment = self.send(
            "POST",
            f"/v1/orders/{self.order_id}/payments",
            headers={**self.headers, "Idempotency-Key": secrets.token_hex(16)},
            json={"provider": "simulated", "return_url": self.shop.url, "cancel_url": self.shop.url},
            accept=(201,),
        ).json()
        self.payment_id = payment["id"]
        page_path = payment["redirect_url"].removeprefix(self.shop.url)

        def press() -> bool:
            page = self.send("GET", page_path, accept=(200,))
            form = _CSRF.search(page.text)
            if form is None:
                return True
            answer = self.send(
                "POST", page_path, data={"csrf_token": form[1], "choice": "pay"}, accept=(303, 409)
            )
            return answer.status_code in (303, 409)

        eventually(press, "the payment page")

    def _start_production(self) -> None:
        def start() -> bool:
            self.send(
                "POST",
                f"/v1/orders/{self.order_id}/start-production",
                headers=self.operator,
                accept=(200, 409),
            )
            return self.order()["status"] == "in_production"

        eventually(start, "production")
        batch = self.send(
            "POST",
            "/v1/production/batches",
            headers=self.operator,
            json={"order_ids": [self.order_id]},
            accept=(201,),
        ).json()
        archive = self.send(
            "GET", f"/v1/production/batches/{batch['id']}.zip", headers=self.operator, accept=(200,)
        )
        assert archive.content.startswith(b"PK")

    def _ship(self) -> None:
        path = f"/v1/orders/{self.order_id}/shipments"
        self.send("POST", path, headers=self.operator, json={"carrier": "DHL"}, accept=(200, 201, 409))
        parcels = self.send("GET", path, headers=self.headers, accept=(200,)).json()["items"]
        (parcel,) = parcels
        self.send("POST", f"{path}/{parcel['id']}/delivered", headers=self.operator, accept=(200,))

    def _command(self, command: str, done: Callable[[dict[str, Any]], bool]) -> None:
        self.send("POST", f"/v1/orders/{self.order_id}/{command}", headers=self.headers, accept=(200, 409))
        assert done(self.order())

    # Looking and asking

    def order(self) -> dict[str, Any]:
        answer = self.send("GET", f"/v1/orders/{self.order_id}", headers=self.headers, accept=(200,))
        found: dict[str, Any] = answer.json()
        return found

    def until(self, what: str, wanted: Callable[[dict[str, Any]], bool]) -> None:
        eventually(lambda: wanted(self.order()), what)

    def send(self, method: str, path: str, *, accept: tuple[int, ...], **request: Any) -> httpx.Response:
        """Repeat one request until the shop answers it.

        503 and a dead server are no answers, and neither is that a request is in flight: the server that
        had it was killed, and its lease has to end.
        """

        def once() -> httpx.Response | None:
            try:
                with loopback_client(self.shop.url) as client:
                    answer = client.request(method, path, **request)
            except httpx.TransportError as lost:
                self.heard[f"{method} {path}"] += not isinstance(lost, httpx.ConnectError)
                return None
            self.heard[f"{method} {path}"] += 1
            if answer.status_code == 503 or _in_flight(answer):
                return None
            token = request.get("headers", {}).get("Authorization")
            if answer.status_code == 401 and token in self.logins:
                request["headers"] = {**request["headers"], "Authorization": self._renewed(token)}
                return None
            assert answer.status_code in accept, f"{method} {path}: {answer.status_code} {answer.text}"
            return answer

        return eventually(once, f"{method} {path}")


def _in_flight(answer: httpx.Response) -> bool:
    return answer.status_code == 409 and answer.json()["code"] == "idempotency-in-flight"


def eventually(look: Callable[[], T | None], what: str) -> T:
    """The first truthy answer of `look`; fails the test when none comes in time."""
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.03)
    raise AssertionError(f"this never happened: {what}")
