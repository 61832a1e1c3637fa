"""Taking one's data along: everything, in a form that its own schema describes, and nothing of others."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest

from printapic.application.ports.throttle import TooManyRequests
from printapic.application.users import export
from printapic.application.users.export import EXPORTS
from printapic.domain.actors import Actor, Caller, Role
from printapic.domain.audit.event import AuditAction
from printapic.domain.images.image import Image
from printapic.domain.orders.order import EDIT_WINDOW
from printapic.domain.users.permissions import Permission
from printapic.domain.users.session import ReauthenticationRequired, SessionInvalid
from tests.json_schema import violations
from tests.shop_floor import HOUR, MINUTE, PASSWORD, ShopFloor, line, photo, user_of

MAIL = "anna@example.org"
LAPTOP = Caller(address="203.0.113.7", device="Firefox on Linux")


def taken(floor: ShopFloor, person: Actor) -> zipfile.ZipFile:
    """An export, asked for a moment after logging in."""
    email = floor.shop.read_user(user_id=user_of(person)).email.address
    made = floor.shop.export_user(user_id=user_of(person), session_id=floor.session(email), caller=LAPTOP)
    return zipfile.ZipFile(io.BytesIO(b"".join(made)))


def document(archive: zipfile.ZipFile) -> dict[str, Any]:
    """`export.json`, which is what the schema beside it says."""
    read: dict[str, Any] = json.loads(archive.read("export.json"))
    assert violations(json.loads(archive.read("export.schema.json")), read) == []
    return read


def rich(floor: ShopFloor, anna: Actor, operator: Actor) -> Image:
    """Something of everything."""
    floor.shop.log_in(email=MAIL, password=PASSWORD, caller=LAPTOP)
    image = floor.upload(anna)
    order = floor.paid(anna, line(image, "midi", acknowledging=("LOW_RESOLUTION",)))
    floor.later(EDIT_WINDOW + 10 * MINUTE)
    floor.shop.ship_parcel(order_id=order.id, actor=operator, carrier="DHL", tracking_number="JJD 1")
    floor.paid(anna, key="order-2")
    floor.shop.cancel_order(order_id=floor.place(anna, key="order-3").order.id, actor=anna, reason="no more")
    floor.hear()
    floor.shop.request_password_reset(email=MAIL)
    floor.shop.issue_api_key(
        owner_id=user_of(anna), name="Anna's tablet", scopes=frozenset({Permission.ORDER_OWN})
    )
    floor.shop.enrol_second_factor(user_id=user_of(anna), session_id=floor.session(MAIL))
    floor.work()
    return image


def test_everything_is_in_it_and_as_the_schema_says(floor: ShopFloor, anna: Actor, operator: Actor) -> None:
    image = rich(floor, anna, operator)
    archive = taken(floor, anna)
    told = document(archive)
    assert told["account"]["email"] == MAIL
    assert told["second_factor"]["confirmed_at"] is None
    assert LAPTOP.address in [each["address"] for each in told["sessions"]]
    assert [each["name"] for each in told["api_keys"]] == ["Anna's tablet"]
    assert [each["kind"] for each in told["requests"]] == ["password-reset"]
    assert [each["email"] for each in told["registrations"]] == [MAIL]
    assert {"order-placed", "password-reset"} <= {each["kind"] for each in told["notifications"]}
    assert [each["status"] for each in told["orders"]] == ["cancelled", "confirmed", "shipped"]
    cancelled, _, shipped = told["orders"]
    assert shipped["ship_to"]["line1"] == "Am Kai 1"
    assert shipped["shipments"][0]["tracking_number"] == "JJD 1"
    assert shipped["lines"][0]["acknowledged_warnings"] == ["LOW_RESOLUTION"]
    assert [each["by"] for each in shipped["history"]] == ["you", "system", "system", "operator"]
    assert cancelled["history"][-1]["reason"] == "no more"
    assert cancelled["payment"] is None
    assert [each["type"] for each in shipped["payment"]["transactions"]] == ["due", "capture", "fee"]
    assert shipped["payment"]["attempts"][0]["return_url"].endswith("/thanks")
    assert told["images"][0]["file_name"] == "photo-1.jpg"
    assert archive.read(told["images"][0]["file"]) == photo()
    assert archive.read(f"images/{image.id}.jpeg") == photo()
    assert archive.testzip() is None


def test_what_proves_that_it_is_her_is_not_in_it(floor: ShopFloor, anna: Actor, operator: Actor) -> None:
    rich(floor, anna, operator)
    text = taken(floor, anna).read("export.json").decode()
    for secret in ("bcrypt", "token_sha256", "secret_sealed", "$v=2"):
        assert secret not in text


def test_nothing_of_others_is_in_it(floor: ShopFloor, anna: Actor) -> None:
    bert = floor.customer("bert@example.org")
    floor.upload(bert, 2)
    floor.paid(bert)
    archive = taken(floor, anna)
    assert set(archive.namelist()) == {"export.json", "export.schema.json"}
    assert document(archive)["orders"] == []
    assert "bert" not in archive.read("export.json").decode()


def test_the_audit_log_tells_from_where_she_came_and_not_from_where_colleagues_did(
    floor: ShopFloor, anna: Actor
) -> None:
    floor.shop.log_in(email=MAIL, password=PASSWORD, caller=LAPTOP)
    admin = floor.staff(Role.ADMIN)
    desk = Caller(address="198.51.100.9", device="Chrome on Windows")
    for act in (floor.shop.disable_user, floor.shop.enable_user):
        act(user_id=user_of(anna), actor_id=admin.user_id, caller=desk)
    entries = document(taken(floor, anna))["audit_log"]
    assert {"user.disabled", "user.enabled", "session.started", "user.exported"} <= {
        each["action"] for each in entries
    }
    assert {each["address"] for each in entries if each["action"] == "user.disabled"} == {None}
    assert {each["by"] for each in entries if each["action"] == "user.disabled"} == {"the shop"}
    assert {each["device"] for each in entries if each["action"] == "user.exported"} == {LAPTOP.device}


def test_there_may_be_more_than_a_page_of_everything(
    floor: ShopFloor, anna: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "_BLOCK", 2000)
    photos = [photo(number) for number in range(101)]
    images = [floor.upload(anna, number, content) for number, content in enumerate(photos)]
    for number in range(101):
        floor.place(anna, line(images[0]), key=f"order-{number}")
    floor.work()
    archive = taken(floor, anna)
    told = document(archive)
    assert [each["id"] for each in told["images"]] == [str(image.id) for image in images]
    assert [archive.read(each["file"]) for each in told["images"]] == photos
    assert len({each["number"] for each in told["orders"]}) == 101
    assert len([each for each in told["notifications"] if each["kind"] == "order-placed"]) == 101


def test_a_photo_whose_bytes_are_gone_holds_nothing_back(floor: ShopFloor, anna: Actor) -> None:
    lost, kept = floor.upload(anna), floor.upload(anna, 2)
    floor.store.delete(lost.original_key)
    archive = taken(floor, anna)
    assert [each["file"] for each in document(archive)["images"]] == [None, f"images/{kept.id}.jpeg"]
    assert archive.read(f"images/{kept.id}.jpeg") == photo(2)


def test_photos_that_were_deleted_are_held_and_therefore_told(floor: ShopFloor, anna: Actor) -> None:
    image = floor.upload(anna)
    floor.shop.delete_image(image_id=image.id, owner_id=user_of(anna))
    [told] = document(taken(floor, anna))["images"]
    assert (told["state"], told["file"]) == ("deleted", f"images/{image.id}.jpeg")


def test_a_large_photo_comes_in_pieces(floor: ShopFloor, anna: Actor) -> None:
    content = photo() + bytes(900_000)
    floor.upload(anna, 1, content)
    made = floor.shop.export_user(user_id=user_of(anna), session_id=floor.session(MAIL))
    sizes = [len(piece) for piece in made]
    assert max(sizes) < 400_000
    assert len(sizes) >= 4


def test_whoever_stops_listening_is_no_trouble(floor: ShopFloor, anna: Actor) -> None:
    floor.upload(anna, 1, photo() + bytes(900_000))
    made = floor.shop.export_user(user_id=user_of(anna), session_id=floor.session(MAIL))
    next(made)
    made.close()
    assert list(made) == []


def test_an_old_proof_is_not_enough(floor: ShopFloor, anna: Actor) -> None:
    session = floor.session(MAIL)
    floor.clock.advance(6 * MINUTE)
    with pytest.raises(ReauthenticationRequired):
        floor.shop.export_user(user_id=user_of(anna), session_id=session)
    with pytest.raises(SessionInvalid):
        floor.shop.export_user(user_id=user_of(floor.customer("bert@example.org")), session_id=session)
    assert AuditAction.USER_EXPORTED not in floor.audited()


def test_five_a_day_are_enough(floor: ShopFloor, anna: Actor) -> None:
    for _ in range(EXPORTS.count):
        taken(floor, anna)
    with pytest.raises(TooManyRequests):
        taken(floor, anna)
    assert floor.audited().count(AuditAction.USER_EXPORTED) == EXPORTS.count
    floor.clock.advance(5 * HOUR)
    taken(floor, anna)
