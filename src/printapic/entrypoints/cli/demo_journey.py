"""The journey itself: every call that a customer, the payment page and an operator make, one by one."""

from __future__ import annotations

import hashlib
import io
import json
import re
import secrets
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from decimal import Decimal
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import Any

import attrs
from rich.console import Console
from rich.table import Table

from printapic.entrypoints.cli.demo_client import DemoClient, Person, expect
from printapic.entrypoints.cli.demo_server import DemoServer

PRESETS = ("thumbnail", "preview", "web")
_WANTED = ("print-10x15-glossy", "print-9x13-glossy")
_TOKEN = re.compile(r"(?<![\w-])[\w-]{43}(?![\w-])", re.ASCII)
_CSRF = re.compile(r'name="csrf_token"\s+value="([^"]+)"')
_HIDDEN = (b"Exif\0\0", b"GPSLatitude", b"http://ns.adobe.com/xap")
"""What no published picture may carry: the start of EXIF and XMP blocks, and what they hold."""


@attrs.frozen(kw_only=True)
class PhotoResult:
    """What became of one photo."""

    original: bytes = attrs.field(repr=False)
    suffix: str
    facts: Mapping[str, Any]
    sku: str
    effective_dpi: str
    verdict: str
    renditions: Mapping[str, bytes] = attrs.field(repr=False)
    print_file: bytes = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class Results:
    photos: tuple[PhotoResult, ...]
    order: Mapping[str, Any]
    history: Sequence[Mapping[str, Any]]
    mails: tuple[EmailMessage, ...]


@attrs.define
class Journey:
    """Walks the whole way once. Every call is shown; the first wrong answer raises `Failed`."""

    server: DemoServer
    console: Console
    _client: DemoClient = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._client = DemoClient(self.server.url, self.console)

    def run(self, photos: Sequence[Path]) -> Results:
        """Raises `Failed`."""
        with closing(self._client):
            customer = self._register("customer", "Ada Customer")
            uploads = [self._upload(customer, photo) for photo in photos]
            choices = [self._choose(customer, upload) for upload in uploads]
            order = self._order(customer, uploads, choices)
            self._pay(customer, order)
            operator = self._become_operator()
            prints = self._produce(customer, operator, order)
            self._deliver(operator, order)
            history = self._look_back(customer, order)
            results = tuple(
                self._collect(customer, upload, choice, prints[position])
                for position, (upload, choice) in enumerate(zip(uploads, choices, strict=True))
            )
            order = self._client.call(
                "the order at the end", "GET", f"/v1/orders/{order['id']}", who=customer
            )
        mails = self.server.mails(customer.email)
        return Results(photos=results, order=order, history=history, mails=tuple(mails))

    # Accounts

    def _register(self, who: str, name: str) -> Person:
        person = Person(f"{who}-{secrets.token_hex(4)}@example.com", secrets.token_urlsafe(18))
        self._client.call(
            f"{who} registers",
            "POST",
            "/v1/users",
            json={"email": person.email, "name": name},
            expect=202,
        )
        mail = self.server.wait_for_mail(person.email, lambda mail: bool(_token(mail)), "verification")
        self._client.show(f"{who} reads the mail", f"“{mail['Subject']}”")
        self._client.call(
            f"{who} verifies the address and sets a password",
            "POST",
            "/v1/users/verify",
            json={"token": _token(mail), "password": person.password},
            expect=204,
        )
        self._log_in(who, person)
        return person

    def _log_in(self, who: str, person: Person) -> None:
        session = self._client.call(
            f"{who} logs in",
            "POST",
            "/v1/sessions",
            json={"email": person.email, "password": person.password},
            expect=201,
            tell=lambda answer: f"a token for {answer['expires_in']} s",
        )
        person.headers["Authorization"] = f"Bearer {session['access_token']}"

    def _become_operator(self) -> Person:
        operator = self._register("operator", "Otto Operator")
        roles = self.server.command("users", "grant", "--email", operator.email, "--role", "operator")
        self._client.show("the shop's keeper gives a role", roles)
        # A new role ends the sessions of those who had another one.
        self._log_in("operator", operator)
        return operator

    # Photos

    def _upload(self, customer: Person, photo: Path) -> dict[str, Any]:
        content = photo.read_bytes()
        image = self._client.call(
            f"uploads {photo.name}",
            "POST",
            "/v1/images",
            who=customer,
            files={"file": (photo.name, content)},
            expect=(201, 200),
            tell=lambda a: f"{a['format']} {a['width_px']} x {a['height_px']} px, {a['state']}",
        )
        expect(image["state"] == "ready", "upload", f"the photo is {image['state']}")
        expect(
            image["sha256"] == hashlib.sha256(content).hexdigest(), "upload", "the bytes changed on the way"
        )
        return {**image, "content": content, "suffix": photo.suffix.lower() or ".jpg"}

    def _choose(self, customer: Person, upload: Mapping[str, Any]) -> dict[str, Any]:
        """Show how the photo prints on everything, and take the first wanted product that works."""
        answer = self._client.call(
            "asks how it prints", "GET", f"/v1/images/{upload['id']}/printability", who=customer
        )
        products = answer["products"]
        table = Table("product", "dpi", "verdict", "findings", box=None, padding=(0, 2), header_style="dim")
        colours = {"clean": "green", "info": "green", "warn": "yellow", "block": "red"}
        for product in products:
            table.add_row(
                product["sku"],
                product["effective_dpi"],
                f"[{colours[product['verdict']]}]{product['verdict']}[/]",
                ", ".join(finding["code"] for finding in product["findings"]),
            )
        self.console.print(table)
        printable = {p["sku"]: p for p in products if p["verdict"] != "block"}
        expect(bool(printable), "printability", "this photo is too small for every product")
        return next((printable[sku] for sku in _WANTED if sku in printable), next(iter(printable.values())))

    def _collect(
        self, customer: Person, upload: Mapping[str, Any], choice: Mapping[str, Any], print_file: bytes
    ) -> PhotoResult:
        renditions = {}
        for preset in PRESETS:
            path = f"/v1/images/{upload['id']}/renditions/{preset}.jpg"
            answer = self._client.send(f"looks at the {preset}", "GET", path, who=customer)
            self._client.show_answer(
                f"looks at the {preset}", "GET", path, answer, f"{len(answer.content)} bytes"
            )
            renditions[preset] = answer.content
        for name, picture in {**renditions, "print file": print_file}.items():
            leak = next((mark for mark in _HIDDEN if mark in picture), None)
            expect(leak is None, "privacy", f"the {name} carries metadata: {leak!r}")
        return PhotoResult(
            original=upload["content"],
            suffix=upload["suffix"],
            facts={k: upload[k] for k in ("format", "width_px", "height_px", "taken_at")},
            sku=choice["sku"],
            effective_dpi=choice["effective_dpi"],
            verdict=choice["verdict"],
            renditions=renditions,
            print_file=print_file,
        )

    # Orders and payments

    def _order(
        self, customer: Person, uploads: Sequence[Mapping[str, Any]], choices: Sequence[Mapping[str, Any]]
    ) -> dict[str, Any]:
        lines = [
            {"sku": choice["sku"], "image_id": upload["id"], "quantity": 2}
            for upload, choice in zip(uploads, choices, strict=True)
        ]
        terms = {"shipping_method": "standard", "currency": "EUR"}
        quote = self._client.call(
            "asks for a quote",
            "POST",
            "/v1/quotes",
            json={"lines": lines, "country": "DE", **terms},
            tell=lambda a: f"{_money(a['total'])}, {_money(a['tax'])} of it tax",
        )
        consent = [
            {"acknowledged_warnings": [f["code"] for f in choice["findings"] if f["severity"] == "warn"]}
            for choice in choices
        ]
        placed: dict[str, Any] = self._client.call(
            "places the order",
            "POST",
            "/v1/orders",
            who=customer,
            headers={"Idempotency-Key": secrets.token_hex(16)},
            json={
                "quote_hash": quote["quote_hash"],
                "lines": [{**line, **warnings} for line, warnings in zip(lines, consent, strict=True)],
                "ship_to": {
                    "name": "Ada Customer",
                    "line1": "Lindenstraße 12",
                    "postal_code": "10969",
                    "city": "Berlin",
                    "country": "DE",
                },
                **terms,
            },
            expect=201,
            tell=lambda a: f"{a['number']}, {a['status']}",
        )
        return placed

    def _pay(self, customer: Person, order: Mapping[str, Any]) -> None:
        back = f"{self.server.url}/v1/orders/{order['id']}"
        payment = self._client.call(
            "starts a payment",
            "POST",
            f"/v1/orders/{order['id']}/payments",
            who=customer,
            headers={"Idempotency-Key": secrets.token_hex(16)},
            json={"provider": "simulated", "return_url": back, "cancel_url": back},
            expect=201,
            tell=lambda a: a["redirect_url"].removeprefix(self.server.url),
        )
        page_path = payment["redirect_url"].removeprefix(self.server.url)
        page = self._client.send("opens the payment page", "GET", page_path)
        csrf = _CSRF.search(page.text)
        expect(csrf is not None, "payment page", "it has no form")
        self._client.show_answer("opens the payment page", "GET", page_path, page, "Pay, Decline, Cancel")
        pressed = self._client.send(
            "presses Pay",
            "POST",
            page_path,
            data={"csrf_token": csrf[1] if csrf else "", "choice": "pay"},
            expect=303,
        )
        self._client.show_answer("presses Pay", "POST", page_path, pressed, "back to the shop")
        self._client.wait(
            "the signed webhook arrives",
            f"/v1/orders/{order['id']}",
            who=customer,
            wanted=lambda answer: answer["status"] == "confirmed",
            told="order confirmed",
            problem="the order was not confirmed",
        )

    # Production and parcels

    def _produce(self, customer: Person, operator: Person, order: Mapping[str, Any]) -> list[bytes]:
        path = f"/v1/orders/{order['id']}"
        self._client.call(
            "customer waives the edit window", "POST", f"{path}/waive-edit-window", who=customer
        )
        self._client.wait(
            "the print file is rendered",
            f"{path}/actions",
            who=operator,
            wanted=lambda a: any(x["trigger"] == "start-production" and x["available"] for x in a["items"]),
            told="production may start",
            problem="production may not start",
        )
        self._client.call(
            "operator starts production",
            "POST",
            f"{path}/start-production",
            who=operator,
            tell=lambda a: f"order {a['status']}",
        )
        batch = self._client.call(
            "operator makes a batch",
            "POST",
            "/v1/production/batches",
            who=operator,
            json={"order_ids": [order["id"]]},
            expect=201,
        )
        zip_path = f"/v1/production/batches/{batch['id']}.zip"
        archive = self._client.send("operator downloads it", "GET", zip_path, who=operator)
        prints = self._unpack(archive.content)
        self._client.show_answer(
            "operator downloads it", "GET", zip_path, archive, f"{len(prints)} print files"
        )
        return prints

    def _unpack(self, content: bytes) -> list[bytes]:
        prints = []
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for entry in json.loads(archive.read("manifest.json"))["files"]:
                print_file = archive.read(entry["file"])
                digest = hashlib.sha256(print_file).hexdigest()
                expect(digest == entry["sha256"], "print file", "it is not what the manifest says")
                prints.append(print_file)
        return prints

    def _deliver(self, operator: Person, order: Mapping[str, Any]) -> None:
        path = f"/v1/orders/{order['id']}/shipments"
        self._client.call(
            "operator hands over the parcel",
            "POST",
            path,
            who=operator,
            json={
                "carrier": "DHL",
                "tracking_number": "00340434161094042557",
                "tracking_url": "https://tracking.example/00340434161094042557",
            },
            expect=(200, 201),
            tell=lambda a: f"order {a['status']}",
        )
        parcels = self._client.call("operator looks at the parcels", "GET", path, who=operator)["items"]
        self._client.call(
            "operator marks it delivered",
            "POST",
            f"{path}/{parcels[-1]['id']}/delivered",
            who=operator,
            tell=lambda a: f"order {a['status']}",
        )

    def _look_back(self, customer: Person, order: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        history = self._client.call(
            "customer reads the history",
            "GET",
            f"/v1/orders/{order['id']}/history",
            who=customer,
            tell=lambda a: f"{len(a['items'])} steps",
        )["items"]
        states = [entry["to"] for entry in history]
        wanted = ["awaiting_payment", "confirmed", "confirmed", "in_production", "shipped", "delivered"]
        expect(states == wanted, "history", f"it says {states}")
        for kind in ("order-placed", "payment-received", "in-production", "shipped", "delivered"):
            self._client.wait(
                "customer was told",
                "/v1/notifications",
                who=customer,
                wanted=partial(_was_told, kind),
                told=kind,
                problem=f"no mail '{kind}' was sent",
            )
        return list(history)


def _was_told(kind: str, answer: Mapping[str, Any]) -> bool:
    return any(told["kind"] == kind and told["sent_at"] for told in answer["items"])


def _token(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    found = _TOKEN.search(body.get_content()) if body else None
    return found[0] if found else ""


def _money(value: Mapping[str, str]) -> str:
    return f"{Decimal(value['amount'])} {value['currency']}"
