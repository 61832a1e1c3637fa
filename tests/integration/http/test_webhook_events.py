"""The list of webhooks that came, and looking into one again, over HTTP."""

from __future__ import annotations

from printapic.domain.actors import Role
from tests.integration.http.live_shop import LiveShop
from tests.integration.http.problems import problem

EVENTS = "/v1/webhook-events"


def test_staff_find_webhooks_and_let_one_be_looked_into_again(shop: LiveShop) -> None:
    support = shop.person(Role.SUPPORT)
    shop.paid(shop.person())
    [event] = shop.call("GET", f"{EVENTS}?status=processed&limit=1", support).json()["items"]
    assert event["provider"] == "simulated"
    replayed = shop.call("POST", f"{EVENTS}/simulated/{event['event_id']}/replay", support)
    assert replayed.status_code == 202
    assert replayed.json() == {**event, "status": "received"}
    assert shop.call("GET", f"{EVENTS}?status=received", support).json()["items"] == [replayed.json()]
    shop.work()
    assert event in shop.call("GET", f"{EVENTS}?limit=100", support).json()["items"]


def test_the_list_is_filtered_and_read_page_by_page(shop: LiveShop) -> None:
    support = shop.person(Role.SUPPORT)
    for _ in range(2):
        shop.paid(shop.person())
    first = shop.call("GET", f"{EVENTS}?provider=simulated&limit=1", support).json()
    cursor = first["next_cursor"]
    second = shop.call("GET", f"{EVENTS}?provider=simulated&limit=1&cursor={cursor}", support).json()
    assert second["items"][0]["received_at"] <= first["items"][0]["received_at"]
    assert second["items"] != first["items"]
    assert shop.call("GET", f"{EVENTS}?older_than_minutes=60", support).json()["items"] == []
    assert shop.call("GET", f"{EVENTS}?provider=stripe", support).json()["items"] == []
    elsewhere = shop.call("GET", f"{EVENTS}?provider=stripe&cursor={cursor}", support)
    assert problem(elsewhere, 422, "cursor-invalid")


def test_what_never_came_cannot_be_replayed(shop: LiveShop) -> None:
    support = shop.person(Role.SUPPORT)
    for provider in ("simulated", "stripe", "nobody"):
        answer = shop.call("POST", f"{EVENTS}/{provider}/evt_0/replay", support)
        assert problem(answer, 404, "webhook-event-not-found")
