"""Loads: how much of the shop a route may take up, and for how long. Declared beside its policy."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import attrs
from litestar.handlers import BaseRouteHandler

PROVIDER_S = 10.0
"""For routes that ask a payment provider."""
_KEY = "load"


class Load(StrEnum):
    """What competes for the threads of a process (security-and-reliability.md, 2.3).

    `CRITICAL` is what the shop lives on: orders, payments, webhooks, staying logged in. `HEAVY` works on
    images or sends large files. `LOGIN` is every route that hashes a password. `UPLOAD` receives for long
    and then works. `STANDARD` is everything else.
    """

    CRITICAL = "critical"
    STANDARD = "standard"
    HEAVY = "heavy"
    LOGIN = "login"
    UPLOAD = "upload"


_SECONDS = {Load.CRITICAL: 3.0, Load.STANDARD: 3.0, Load.LOGIN: 3.0, Load.HEAVY: 10.0, Load.UPLOAD: 30.0}


@attrs.frozen
class Demand:
    """`within_s` is the time from the arrival of the whole request to the beginning of the answer."""

    load: Load
    within_s: float


STANDARD = Demand(Load.STANDARD, _SECONDS[Load.STANDARD])


def taking(load: Load, *, within_s: float | None = None) -> dict[str, Any]:
    """What a route adds to its policy with `|`: how it weighs, and how long it may take."""
    return {_KEY: Demand(load, _SECONDS[load] if within_s is None else within_s)}


def unlimited() -> dict[str, Any]:
    """What a route adds to its policy that must answer whatever happens: health."""
    return {_KEY: None}


def demand_of(handler: BaseRouteHandler) -> Demand | None:
    """What a route declared, `STANDARD` where it says nothing, None for `unlimited`."""
    declared: Demand | None = handler.opt.get(_KEY, STANDARD)
    return declared
