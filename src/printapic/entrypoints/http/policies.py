"""Policies: who may use a route. Each route declares one; a route without one stops the start."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs
from litestar import Litestar
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler

from printapic.domain.users.permissions import Permission
from printapic.entrypoints.http.limits import API, Per, RouteLimit

_KEY = "policy"


@attrs.frozen
class Policy:
    """`anyone` needs no account; else one of `permissions` is enough. `problems` are shown in OpenAPI.

    `limits` say how often it may be tried. `proven` routes take a fresh proof of identity, which their use
    case demands; here it is said for OpenAPI.
    Whose object it is, and what its state allows, is decided by the use case.
    """

    anyone: bool = False
    permissions: frozenset[Permission] = frozenset()
    problems: tuple[int, ...] = ()
    limits: tuple[RouteLimit, ...] = ()
    proven: bool = False

    def limits_per(self, whose: Per) -> tuple[RouteLimit, ...]:
        return tuple(each for each in self.limits if each.per is whose)


class PolicyMissing(RuntimeError):
    """Somebody wrote a route and forgot to say who may use it."""

    def __init__(self, routes: list[str]) -> None:
        super().__init__("these routes declare no policy: " + ", ".join(routes))


def public(*, problems: tuple[int, ...] = (), limits: tuple[RouteLimit, ...] = ()) -> dict[str, Any]:
    """The `opt` of a route for everybody. Without `limits` it has to be cheap, or guarded otherwise."""
    return {_KEY: Policy(anyone=True, problems=problems, limits=limits)}


def allow(
    *permissions: Permission,
    problems: tuple[int, ...] = (),
    limits: tuple[RouteLimit, ...] = (API,),
    proven: bool = False,
) -> dict[str, Any]:
    """The `opt` of a route for those who have at least one of `permissions`."""
    if not permissions:
        raise ValueError("name at least one permission, or make the route public")
    return {_KEY: Policy(permissions=frozenset(permissions), problems=problems, limits=limits, proven=proven)}


def policy_of(handler: BaseRouteHandler) -> Policy | None:
    """What a route declared. The OPTIONS answers that the framework adds are for everybody."""
    declared = handler.opt.get(_KEY)
    if isinstance(declared, Policy):
        return declared
    if isinstance(handler, HTTPRouteHandler) and handler.http_methods == {"OPTIONS"}:
        return Policy(anyone=True)
    return None


def operations(app: Litestar) -> Iterator[tuple[str, BaseRouteHandler]]:
    """Every route's path as OpenAPI writes it, with its handlers."""
    for route in app.routes:
        handlers: Mapping[Any, Any] | list[Any] = getattr(route, "route_handlers", None) or [
            getattr(route, "route_handler", None)
        ]
        for handler in handlers:
            yield route.path_format, handler


def refuse_undeclared(app: Litestar) -> None:
    """Raises `PolicyMissing`, naming every route without a policy."""
    missing = [f"{path} ({handler})" for path, handler in operations(app) if policy_of(handler) is None]
    if missing:
        raise PolicyMissing(missing)
