"""What a customer does before the first order, over HTTP, so that there is something to measure."""

from __future__ import annotations

import io
import secrets
from typing import Any

import attrs
import httpx
from PIL import Image

from benchmarks.bursts import Request
from benchmarks.servers import Served
from printapic.domain.actors import Role
from printapic.entrypoints.embedded import open_shop
from printapic.entrypoints.settings import Settings

_SHIP_TO = {
    "name": "Anna Example",
    "line1": "Musterstr. 1",
    "postal_code": "10115",
    "city": "Berlin",
    "country": "DE",
}
_LINES = (("print-9x13-glossy", 3), ("print-10x15-glossy", 1))


@attrs.frozen
class Customer:
    """Somebody with an account at a running shop."""

    served: Served
    email: str
    password: str = attrs.field(repr=False)

    @classmethod
    def of(cls, served: Served) -> Customer:
        """Make an account without mail, as the keeper's commands do it."""
        [customer] = cls.several(served, 1)
        return customer

    @classmethod
    def several(cls, served: Served, count: int) -> list[Customer]:
        """Make so many accounts."""
        people = [(f"{secrets.token_hex(8)}@example.com", secrets.token_urlsafe(16)) for _ in range(count)]
        with open_shop(Settings.from_environment(served.environment), background=False) as shop:
            for email, password in people:
                roles = frozenset({Role.CUSTOMER, Role.ADMIN})
                shop.create_user(email=email, password=password, roles=roles)
        return [cls(served, email, password) for email, password in people]

    def headers(self) -> dict[str, str]:
        """Log in; the token lasts for some five minutes."""
        login = {"email": self.email, "password": self.password}
        answer = self._call("POST", "/v1/sessions", 201, json=login)
        return {"Authorization": f"Bearer {answer['access_token']}"}

    def upload(self, content: bytes) -> dict[str, Any]:
        """Hand in a new photo."""
        file = {"file": ("photo.jpg", content)}
        return self._call("POST", "/v1/images", 201, headers=self.headers(), files=file)

    def order_request(self) -> dict[str, Any]:
        """The body of an order for two products of one photo, which is uploaded now."""
        image_id = self.upload(photo())["id"]
        lines = [{"sku": sku, "quantity": quantity} for sku, quantity in _LINES]
        terms = {"shipping_method": "standard", "currency": "EUR"}
        quote = self._call("POST", "/v1/quotes", 200, json={"lines": lines, "country": "DE", **terms})
        seen = {"image_id": image_id, "acknowledged_warnings": ["LOW_RESOLUTION", "AUTO_CROP"]}
        return {
            "quote_hash": quote["quote_hash"],
            "lines": [{**line, **seen} for line in lines],
            "ship_to": _SHIP_TO,
            **terms,
        }

    def place(self, body: dict[str, Any]) -> dict[str, Any]:
        """Place one order."""
        headers = {**self.headers(), "Idempotency-Key": secrets.token_hex(16)}
        return self._call("POST", "/v1/orders", 201, headers=headers, json=body)

    def read(self, order_id: str) -> dict[str, Any]:
        """Read one order."""
        return self._call("GET", f"/v1/orders/{order_id}", 200, headers=self.headers())

    def _call(self, method: str, path: str, status: int, **request: Any) -> dict[str, Any]:
        answer = httpx.request(method, self.served.url + path, timeout=60, trust_env=False, **request)
        if answer.status_code != status:
            raise AssertionError(f"{method} {path}: {answer.status_code} {answer.text}")
        body: dict[str, Any] = answer.json()
        return body


def photo(width_px: int = 1200, height_px: int = 800) -> bytes:
    """A photo of its own each time: noise, so that its size follows from its pixels."""
    noise = Image.effect_noise((width_px, height_px), 60)
    buffer = io.BytesIO()
    Image.merge("RGB", (noise, noise.transpose(Image.Transpose.ROTATE_180), noise)).save(
        buffer, "JPEG", quality=90, comment=secrets.token_hex(8)
    )
    return buffer.getvalue()


def json_request(path: str, body: str, headers: dict[str, str]) -> Request:
    """POST a JSON body under a new idempotency key each time."""
    more = {"Content-Type": "application/json", "Idempotency-Key": "{key}", **headers}
    return Request(method="POST", path=path, status=201, headers=more, body=body)
