"""Devices: browsers and apps of people with accounts, and the mail that these people read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import attrs
import httpx

from tests.integration.http.live_shop import PASSWORD, LiveShop, Person
from tests.servers.loopback import loopback_client

_TOKEN = re.compile(r"(?<![\w-])[\w-]{43}(?![\w-])", re.ASCII)


@attrs.define
class Device:
    """One browser or app, with cookies and tokens of its own."""

    client: httpx.Client
    email: str
    access_token: str = ""
    refresh_token: str = ""

    def log_in(self, password: str = PASSWORD, otp: str | None = None) -> httpx.Response:
        """Try to log in, and keep the tokens where that worked."""
        login = {"email": self.email, "password": password} | ({} if otp is None else {"otp": otp})
        return self._keep(self.client.post("/v1/sessions", json=login))

    def refresh(self) -> httpx.Response:
        return self._keep(
            self.client.post("/v1/sessions/refresh", json={"refresh_token": self.refresh_token})
        )

    def call(self, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        """A request in this device's session; in the names of headers, `_` stands for `-`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        authorised = {"Authorization": f"Bearer {self.access_token}"} | named
        return self.client.request(method, path, headers=authorised, json=body)

    def logged_in(self) -> bool:
        return self.call("GET", "/v1/users/me").status_code == 200

    def _keep(self, answer: httpx.Response) -> httpx.Response:
        if answer.is_success:
            self.access_token = answer.json()["access_token"]
            self.refresh_token = answer.json()["refresh_token"]
        return answer


@contextmanager
def device(shop: LiveShop, email: str, user_agent: str = "curl/8") -> Iterator[Device]:
    headers = {"User-Agent": user_agent}
    with loopback_client(shop.url, headers=headers) as client:
        yield Device(client, email)


@contextmanager
def two_devices(shop: LiveShop, person: Person) -> Iterator[tuple[Device, Device]]:
    """Both logged in."""
    with device(shop, person.email) as one, device(shop, person.email) as two:
        for each in (one, two):
            answer = each.log_in()
            assert answer.status_code == 201, answer.text
        yield one, two


def mails(shop: LiveShop, address: str) -> list[EmailMessage]:
    """What somebody got, the oldest first."""
    shop.work()
    found = []
    for path in sorted((shop.folder / "mail").glob("*.eml")):
        mail = message_from_bytes(path.read_bytes(), policy=policy.default)
        assert isinstance(mail, EmailMessage)
        if address in mail["To"]:
            found.append(mail)
    return found


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def mailed_token(shop: LiveShop, address: str) -> str:
    """What the newest mail with a token lets its reader redeem."""
    for mail in reversed(mails(shop, address)):
        if token := _TOKEN.search(text_of(mail)):
            return token[0]
    raise AssertionError("no mail with a token came")


def same_answer(one: httpx.Response, two: httpx.Response) -> bool:
    """Whether two answers differ in nothing that could tell what is known of an address."""

    def told(answer: httpx.Response) -> tuple[object, ...]:
        body: Any = answer.json() if answer.content else None
        if isinstance(body, dict):
            body.pop("request_id", None)
        headers = {name: value for name, value in answer.headers.items() if name not in _OF_THE_REQUEST}
        return answer.status_code, body, headers

    return told(one) == told(two)


_OF_THE_REQUEST = ("x-request-id", "date", "ratelimit")
