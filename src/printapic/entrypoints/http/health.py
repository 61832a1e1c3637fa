"""Health: for load balancers and whoever is woken up at night."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import attrs
import msgspec
from litestar import Controller, Request, Response, get

from printapic.entrypoints.http.bodies import ResponseBody
from printapic.entrypoints.http.given import Given
from printapic.entrypoints.http.headers import request_id
from printapic.entrypoints.http.loads import unlimited
from printapic.entrypoints.http.policies import public
from printapic.entrypoints.http.problems import MEDIA_TYPE, problem


@attrs.frozen
class Readiness:
    """Asks each dependency, by name, whether it answers."""

    ask: Callable[[], Mapping[str, bool]]


class Health(ResponseBody, kw_only=True):
    """`dependencies` says of each whether it answers; not asked by `/health/live`."""

    status: str = "ok"
    dependencies: dict[str, bool] = msgspec.field(default_factory=dict)

    example: ClassVar[Mapping[str, object]] = {"status": "ok", "dependencies": {"storage": True}}


class HealthController(Controller):
    path = "/health"
    tags = ("health",)

    @get(
        "/live",
        operation_id="live",
        summary="Say that this process answers",
        opt=public() | unlimited(),
        sync_to_thread=False,
    )
    def live(self) -> Health:
        return Health()

    @get(
        "/ready",
        operation_id="ready",
        summary="Say whether everything that the shop needs answers",
        opt=public(problems=(503,)) | unlimited(),
        sync_to_thread=True,
    )
    def ready(self, request: Request[Any, Any, Any], readiness: Given[Readiness]) -> Response[Health | bytes]:
        found = dict(readiness.ask())
        if all(found.values()):
            return Response(Health(dependencies=found))
        body = problem(
            "not-ready",
            "Something that the shop needs does not answer.",
            status=503,
            request_id=request_id(request.scope),
            dependencies=found,
        )
        return Response(
            msgspec.json.encode(body), status_code=503, media_type=MEDIA_TYPE, headers={"Retry-After": "2"}
        )
