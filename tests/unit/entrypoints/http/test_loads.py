"""Every route has a limit for its body, and the limits are what they should be."""

from __future__ import annotations

from pathlib import Path

from litestar.handlers import HTTPRouteHandler

from printapic.entrypoints.container import Container
from printapic.entrypoints.http.app import create_app
from printapic.entrypoints.http.loads import Load, demand_of
from printapic.entrypoints.http.policies import operations
from printapic.entrypoints.settings import Settings

KIB = 1024
OTHER_LIMITS = {
    "/v1/images": None,  # streamed, under limits of its own
    "/v1/webhooks/{provider}": 1024 * KIB,
    "/simulated-checkout/{token}": 4 * KIB,
}
CRITICAL = {"place_order", "start_payment", "sync_payment", "receive_webhook", "refresh_session"}
HEAVY = {"read_original", "read_rendition", "download_batch"}
HASHING = {"verify_email", "log_in", "reauthenticate", "change_password", "reset_password"}
TEN_SECONDS = {"start_payment", "sync_payment", "receive_webhook"}


def handlers(folder: Path) -> list[tuple[str, HTTPRouteHandler]]:
    app = create_app(Container(settings=Settings.memory(folder)))
    return [(path, each) for path, each in operations(app) if isinstance(each, HTTPRouteHandler)]


def test_a_body_may_have_64_kib_unless_its_route_says_otherwise(tmp_path: Path) -> None:
    for path, handler in handlers(tmp_path):
        limit = handler.resolve_request_max_body_size()
        expected = OTHER_LIMITS.get(path, 64 * KIB) if handler.http_methods == {"POST"} else 64 * KIB
        assert limit == expected, path


def test_what_the_shop_lives_on_is_critical_and_what_hashes_is_a_login(tmp_path: Path) -> None:
    found: dict[Load, set[str]] = {load: set() for load in Load}
    for _, handler in handlers(tmp_path):
        demand = demand_of(handler)
        if demand is not None and handler.operation_id:
            found[demand.load].add(str(handler.operation_id))
            slow = handler.operation_id in TEN_SECONDS
            if demand.load in (Load.CRITICAL, Load.STANDARD, Load.LOGIN):
                assert demand.within_s == (10 if slow else 3), handler.operation_id
    assert found[Load.CRITICAL] >= CRITICAL
    assert found[Load.HEAVY] >= HEAVY
    assert found[Load.LOGIN] == HASHING
    assert found[Load.UPLOAD] == {"upload_image"}


def test_health_is_never_refused(tmp_path: Path) -> None:
    unlimited = {path for path, handler in handlers(tmp_path) if demand_of(handler) is None}
    assert unlimited == {"/health/live", "/health/ready"}
