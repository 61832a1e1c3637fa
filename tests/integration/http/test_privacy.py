"""Where a photo was taken, and by whom, never leaves the shop, on no path at all."""

from __future__ import annotations

import gzip
import re
import zlib
from typing import Any

import httpx
import pytest

from printapic.domain.actors import Role
from tests.integration.http.live_shop import LiveShop, Person, unzip
from tests.pictures import CANARY, WITH_CANARIES, encoded, exif_with_canaries, scene

_FORBIDDEN = (CANARY.encode(), b"Exif\0\0", b"http://ns.adobe.com/xap", b"Photoshop 3.0")
_DEFLATED = re.compile(rb"\x78[\x01\x5e\x9c\xda]")


def leaks(content: bytes) -> list[bytes]:
    """What must not be there and is, in the bytes as they are or in anything deflated inside them."""
    texts = [content]
    for match in _DEFLATED.finditer(content):
        inflate = zlib.decompressobj()
        try:
            texts.append(inflate.decompress(content[match.start() :], 1_000_000))
        except zlib.error:
            continue
    if content[:2] == b"\x1f\x8b":
        texts.append(gzip.decompress(content))
    return [mark for mark in _FORBIDDEN for text in texts if mark in text]


def everything(answer: httpx.Response) -> bytes:
    """The answer's bytes, headers included."""
    return b"\n".join(name + b": " + value for name, value in answer.headers.raw) + b"\n" + answer.content


def image_paths(document: dict[str, Any], image: dict[str, Any]) -> list[str]:
    """Every address below a photo that the published document knows, except the owner's own original."""
    paths = [path for path in document["paths"] if path.startswith("/v1/images/{image_id}")]
    assert len(paths) >= 4
    values = [
        path.format(image_id=image["id"], preset=preset)
        for path in paths
        if not path.endswith("/original")
        for preset in ("thumbnail", "preview", "web", "thumbnail.jpg", "preview.jpg", "web.jpg")
    ]
    return sorted(set(values))


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
def test_no_answer_about_a_photo_carries_what_the_camera_wrote(
    shop: LiveShop, anna: Person, kind: str
) -> None:
    content = WITH_CANARIES[kind]()
    uploaded = shop.call("POST", "/v1/images", anna, files={"file": ("holiday.jpg", content)})
    assert uploaded.status_code == 201, uploaded.text
    document = shop.client.get("/schema/openapi.json").json()
    answers = [uploaded, shop.call("GET", "/v1/images", anna)]
    for path in image_paths(document, uploaded.json()):
        answer = shop.call("GET", path, anna)
        assert answer.status_code == 200, path
        answers.append(answer)
    assert {
        str(answer.url): leaks(everything(answer)) for answer in answers if leaks(everything(answer))
    } == {}
    own = shop.call("GET", f"/v1/images/{uploaded.json()['id']}/original", anna)
    assert own.content == content


def test_no_print_file_and_no_page_about_an_order_carries_it_either(shop: LiveShop, anna: Person) -> None:
    photo = encoded(scene(900, 600), "JPEG", exif=exif_with_canaries(), comment=f"comment {CANARY}")
    image = shop.upload(anna, photo, "holiday.jpg")
    order = shop.place(anna, shop.order_request(image["id"])).json()
    started = shop.start_payment(anna, order["id"])
    shop.press(started.json()["redirect_url"])
    shop.work()
    path = f"/v1/orders/{order['id']}"
    shop.call("POST", f"{path}/waive-edit-window", anna)
    shop.work()
    operator = shop.person(Role.OPERATOR)
    shop.call("POST", f"{path}/start-production", operator)
    batch = shop.call("POST", "/v1/production/batches", operator, json={"order_ids": [order["id"]]})
    files = unzip(shop.call("GET", batch.json()["download"], operator).content)
    assert any(name.endswith(".jpg") for name in files)
    for name, content in files.items():
        assert leaks(content) == [], name
    for part in ("", "/history", "/actions", "/shipments", "/payments"):
        assert leaks(everything(shop.call("GET", path + part, anna))) == []


def test_the_search_finds_what_it_looks_for() -> None:
    for make in WITH_CANARIES.values():
        assert leaks(make())
    assert leaks(b"xx" + zlib.compress(f"hidden {CANARY}".encode()))
