"""Erased means gone: whatever a customer ever told the shop is searched for in everything that it keeps."""

from __future__ import annotations

import io
import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import attrs
import httpx
import pytest
from PIL import Image as Picture
from structlog.testing import LogCapture

from printapic.adapters.system.clock import FixedClock
from printapic.adapters.throttle.memory import MemoryThrottle
from printapic.adapters.throttle.redis import RedisThrottle, redis_client
from printapic.domain.actors import Role
from printapic.domain.ids import UserId
from printapic.domain.orders.order import CLAIM_WINDOW, EDIT_WINDOW
from printapic.entrypoints.settings import PostgresStorage, ProcrastinateJobs, S3Images, Secret
from tests.integration.http.devices import mailed_token
from tests.integration.http.live_shop import LiveShop, Person, live_shop
from tests.integration.http.search import in_bucket, in_database, in_folder, in_redis
from tests.pictures import scene
from tests.servers.s3 import S3Bucket

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
Found = Iterator[tuple[str, bytes]]


def word(name: str) -> str:
    """A text that occurs nowhere by chance, and says where it was put."""
    return f"zz{name}{secrets.token_hex(5)}"


@attrs.frozen(kw_only=True)
class Life:
    """Everything that one customer tells the shop; nothing of it is told by anybody else."""

    email: str = attrs.field(factory=lambda: f"NELE.{word('mail')}@example.com")
    new_email: str = attrs.field(factory=lambda: f"{word('newmail')}@example.com")
    name: str = attrs.field(factory=lambda: word("name"))
    device: str = attrs.field(factory=lambda: word("device"))
    address: str = "203.0.113.199"
    password: str = attrs.field(factory=lambda: f"{word('password')} of many words")
    first_password: str = attrs.field(factory=lambda: f"{word('first')} of many words")
    file_name: str = attrs.field(factory=lambda: f"{word('file')}.jpg")
    camera_owner: str = attrs.field(factory=lambda: word("owner"))
    camera_serial: str = attrs.field(factory=lambda: word("serial"))
    gps: str = attrs.field(factory=lambda: word("gps"))
    recipient: str = attrs.field(factory=lambda: word("recipient"))
    line1: str = attrs.field(factory=lambda: word("line1"))
    line2: str = attrs.field(factory=lambda: word("line2"))
    postal_code: str = attrs.field(factory=lambda: secrets.token_hex(6))
    city: str = attrs.field(factory=lambda: word("city"))
    region: str = attrs.field(factory=lambda: word("region"))
    basket: str = attrs.field(factory=lambda: word("basketofmine"))
    payment_key: str = attrs.field(factory=lambda: word("paymentofmine"))
    return_token: str = attrs.field(factory=lambda: word("return"))
    cancel_token: str = attrs.field(factory=lambda: word("goback"))
    reason: str = attrs.field(factory=lambda: word("reason"))
    tracking: str = attrs.field(factory=lambda: word("tracking"))
    tracking_link: str = attrs.field(factory=lambda: word("link"))
    machine: str = attrs.field(factory=lambda: word("machine"))
    voucher: str = attrs.field(factory=lambda: word("voucher"))

    def words(self) -> dict[str, str]:
        return {name: value for name, value in attrs.asdict(self).items() if isinstance(value, str)}

    def ship_to(self) -> dict[str, str]:
        return {
            "name": self.recipient,
            "line1": self.line1,
            "line2": self.line2,
            "postal_code": self.postal_code,
            "city": self.city,
            "region": self.region,
            "country": "DE",
        }

    def photo(self) -> bytes:
        """A photo with the notes of a camera that knows its owner and where it was."""
        exif = Picture.Exif()
        exif[0x013B] = self.camera_owner
        exif.get_ifd(0x8769)[0xA431] = self.camera_serial
        exif.get_ifd(0x8825)[0x1C] = b"ASCII\0\0\0" + self.gps.encode()
        file = io.BytesIO()
        scene(900, 600).save(file, "JPEG", quality=90, exif=exif)
        return file.getvalue()


NEVER_KEPT = ("password", "first_password", "voucher")
"""What the shop must not have written down in the first place."""


def exported(content: bytes, life: Life) -> dict[str, list[str]]:
    """In which files of an export each word is."""
    with ZipFile(io.BytesIO(content)) as archive:
        files = {name: archive.read(name).lower() for name in archive.namelist()}
    return {
        name: [file for file, text in files.items() if value.lower().encode() in text]
        for name, value in life.words().items()
    }


@attrs.frozen(kw_only=True)
class Estate:
    """A shop whose time a test moves, and everything in which somebody may be looked for."""

    live: LiveShop
    clock: FixedClock
    log: LogCapture
    elsewhere: Callable[[], Found]

    def everything(self) -> Found:
        engine = self.live.container.engine()
        assert engine is not None
        yield from in_database(engine)
        yield from in_folder(self.live.folder)
        yield from self.elsewhere()
        yield "log", repr(self.log.entries).encode()

    def traces(self, life: Life, *, beside: Person) -> dict[str, list[str]]:
        """Where each word of this life is found, in whatever capitals, but for the files of somebody else."""
        found: dict[str, list[str]] = {name: [] for name in life.words()}
        for place, content in self.everything():
            if str(beside.id) in place:
                continue
            lowered = content.lower()
            for name, text in life.words().items():
                if text.lower().encode() in lowered:
                    found[name].append(place)
        return found

    def later(self, by: timedelta) -> None:
        self.clock.advance(by)
        self.live.work()


@pytest.fixture(params=["sqlite", pytest.param("servers", marks=[pytest.mark.postgres, pytest.mark.s3])])
def estate(request: pytest.FixtureRequest, tmp_path: Path, log: LogCapture) -> Iterator[Estate]:
    """Everything in one folder; or PostgreSQL, S3, Procrastinate and Valkey."""
    changes: dict[str, Any] = {"trusted_proxies": frozenset({ip_network("127.0.0.0/8")})}
    elsewhere: list[Callable[[], Found]] = []
    with ExitStack() as stack:
        if request.param == "servers":
            bucket: S3Bucket = request.getfixturevalue("s3_bucket")
            redis_url: str = request.getfixturevalue("redis_url")
            changes |= {
                "storage": PostgresStorage(url=Secret(request.getfixturevalue("postgres_url"))),
                "jobs": ProcrastinateJobs(),
                "images": S3Images(
                    bucket=bucket.bucket,
                    prefix=bucket.prefix,
                    endpoint=bucket.endpoint,
                    region=bucket.region,
                    access_key=bucket.access_key,
                    secret_key=Secret(bucket.secret_key),
                ),
                "throttle": RedisThrottle(
                    stack.enter_context(redis_client(redis_url)), MemoryThrottle(), prefix=word("throttle")
                ),
            }
            elsewhere += [lambda: in_bucket(bucket), lambda: in_redis(redis_url)]
        clock = FixedClock(datetime.now(UTC))
        live = stack.enter_context(live_shop(tmp_path / "shop", clock=clock, **changes))
        yield Estate(
            live=live,
            clock=clock,
            log=log,
            elsewhere=lambda: (found for place in elsewhere for found in place()),
        )


def send(estate: Estate, life: Life, method: str, path: str, expected: int, **request: Any) -> httpx.Response:
    headers = {"X-Forwarded-For": life.address, "User-Agent": life.device} | request.pop("headers", {})
    answer = estate.live.client.request(method, path, headers=headers, **request)
    assert answer.status_code == expected, answer.text
    return answer


def log_in(estate: Estate, life: Life, email: str) -> dict[str, str]:
    login = {"email": email.lower(), "password": life.password}
    tokens = send(estate, life, "POST", "/v1/sessions", 201, json=login).json()
    return {"Authorization": f"Bearer {tokens['access_token']}"}


def register(estate: Estate, life: Life) -> UserId:
    wish = {"email": life.email, "password": life.first_password, "name": life.name}
    send(estate, life, "POST", "/v1/users", 202, json=wish)
    estate.live.work()
    token = mailed_token(estate.live, life.email)
    send(estate, life, "POST", "/v1/users/verify", 204, json={"token": token, "password": life.password})
    return estate.live.shop.find_user(email=life.email).id


def live_through(estate: Estate, life: Life) -> tuple[UserId, str, str]:
    """An account with everything; an order that arrived and one that was paid back. Their numbers."""
    shop, user_id = estate.live.shop, register(estate, life)
    shop.set_roles(user_id=user_id, roles=frozenset({Role.CUSTOMER, Role.ADMIN}), actor_id=None)
    me = log_in(estate, life, life.email)
    key = {"name": life.machine, "scopes": ["order:read"]}
    send(estate, life, "POST", "/v1/api-keys", 201, json=key, headers=me)
    send(estate, life, "POST", "/v1/users/me/mfa", 201, headers=me)
    send(estate, life, "PUT", "/v1/users/me/email", 202, json={"email": life.new_email}, headers=me)
    estate.live.work()
    change = {"token": mailed_token(estate.live, life.new_email)}
    send(estate, life, "POST", "/v1/email-changes/confirm", 204, json=change)
    send(estate, life, "POST", "/v1/password-resets", 202, json={"email": life.email})
    files = {"file": (life.file_name, life.photo())}
    image = send(estate, life, "POST", "/v1/images", 201, files=files, headers=me).json()
    body = estate.live.order_request(image["id"], ship_to=life.ship_to())
    wrong = {"Idempotency-Key": secrets.token_hex(16)}
    send(estate, life, "POST", "/v1/orders", 422, json=body | {"voucher": life.voucher}, headers=me | wrong)
    numbers = []
    for attempt in ("1", "2"):
        order = buy(estate, life, me, body, attempt)
        numbers.append(order["number"])
        if attempt == "1":
            cancel = {"reason": life.reason}
            send(estate, life, "POST", f"/v1/orders/{order['id']}/cancel", 200, json=cancel, headers=me)
            estate.live.work()
        else:
            fulfil(estate, life, order["id"])
    return user_id, numbers[0], numbers[1]


def buy(estate: Estate, life: Life, me: dict[str, str], body: dict[str, Any], attempt: str) -> dict[str, Any]:
    keyed = me | {"Idempotency-Key": life.basket + attempt}
    order: dict[str, Any] = send(estate, life, "POST", "/v1/orders", 201, json=body, headers=keyed).json()
    payment = {
        "provider": "simulated",
        "return_url": f"{estate.live.url}/back?token={life.return_token}",
        "cancel_url": f"{estate.live.url}/basket?token={life.cancel_token}",
    }
    keyed = me | {"Idempotency-Key": life.payment_key + attempt}
    path = f"/v1/orders/{order['id']}/payments"
    started = send(estate, life, "POST", path, 201, json=payment, headers=keyed).json()
    assert estate.live.press(started["redirect_url"]).status_code == 303
    estate.live.work()
    return order


def fulfil(estate: Estate, life: Life, order_id: str) -> None:
    estate.later(EDIT_WINDOW + 10 * MINUTE)
    operator = estate.live.person(Role.OPERATOR)
    path = f"/v1/orders/{order_id}/shipments"
    parcel = {
        "carrier": "DHL",
        "tracking_number": life.tracking,
        "tracking_url": f"https://carrier.example/{life.tracking_link}",
    }
    answer = estate.live.call("POST", path, operator, json=parcel)
    assert answer.status_code in (200, 201), answer.text
    [shipped] = estate.live.call("GET", path, operator).json()["items"]
    assert estate.live.call("POST", f"{path}/{shipped['id']}/delivered", operator).status_code == 200
    estate.later(CLAIM_WINDOW + HOUR)


def test_nothing_of_somebody_who_left_is_found_anywhere(estate: Estate) -> None:
    life = Life()
    bert = estate.live.person()
    his = estate.live.upload(bert, life.photo())
    user_id, refunded, delivered = live_through(estate, life)
    before = estate.traces(life, beside=bert)
    assert [name for name, places in before.items() if not places] == list(NEVER_KEPT)

    estate.live.person(Role.ADMIN)
    me = log_in(estate, life, life.new_email)
    export = send(estate, life, "GET", "/v1/users/me/export", 200, headers=me)
    told = exported(export.content, life)
    assert [name for name, files in told.items() if not files] == list(NEVER_KEPT)
    send(estate, life, "DELETE", "/v1/users/me", 202, headers=me)
    for pause in (MINUTE, 5 * MINUTE, HOUR, 5 * MINUTE):
        estate.later(pause)
    assert estate.live.shop.read_user(user_id=user_id).erased_at is not None
    assert {name: places for name, places in estate.traces(life, beside=bert).items() if places} == {}

    for number in (refunded, delivered):
        invoice = estate.live.shop.open_invoice(number=number, reason="tax audit")
        assert invoice["billed_to"] == life.ship_to()
        assert life.email not in json.dumps(invoice)
    assert estate.live.shop.verify_audit_log().intact
    again = estate.live.log_in(bert.email)
    original = estate.live.client.get(f"/v1/images/{his['id']}/original", headers=again)
    assert original.content == life.photo()
    shown = estate.live.client.get(f"/v1/images/{his['id']}/renditions/web.jpg", headers=again)
    assert shown.status_code == 200
    assert register(estate, attrs.evolve(life)) != user_id
