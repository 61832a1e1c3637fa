"""Every refusal of the application speaks one sentence to people and plain values to programs."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

import printapic.application
from printapic.application.images.renditions import PresetNotFound
from printapic.application.payments.collection import OrderNotPayable, ProviderNotOffered
from printapic.application.ports.throttle import Limit, Verdict
from printapic.application.users.administration import RoleNotGrantable
from printapic.domain.actors import Role
from printapic.domain.errors import PrintAPicError
from printapic.domain.money import Money
from printapic.domain.payments.attempt import Provider

SAMPLES = {
    "kid": "2026-03",
    "provider": Provider.STRIPE,
    "currencies": ["JPY"],
    "wait": timedelta(seconds=59),
    "key": "originals/secret-place",
    "limit": Money.of("100.00", "EUR"),
    "message": "This cannot be.",
    "offered": ["simulated"],
    "role": Role.SYSTEM,
    "status": "cancelled",
    "verdict": Verdict(
        limit=Limit(name="secret-place", count=1, period_s=60),
        allowed=False,
        remaining=0,
        retry_after_s=59.2,
        reset_after_s=60,
    ),
}


def errors() -> Iterator[type[PrintAPicError]]:
    for module in pkgutil.walk_packages(printapic.application.__path__, "printapic.application."):
        for value in vars(importlib.import_module(module.name)).values():
            own = isinstance(value, type) and value.__module__ == module.name
            if own and issubclass(value, PrintAPicError):
                yield value


@pytest.mark.parametrize("error", tuple(errors()), ids=lambda error: error.__name__)
def test_a_refusal_says_what_happened_and_echoes_nothing(error: type[PrintAPicError]) -> None:
    asked = [name for name in inspect.signature(error).parameters if name in SAMPLES]
    make: Callable[..., PrintAPicError] = error
    refusal = make(*(SAMPLES[name] for name in asked))
    assert re.fullmatch(r"[A-Z].+\.", refusal.message)
    assert str(refusal) == refusal.message
    assert "secret-place" not in refusal.message
    assert json.loads(json.dumps(refusal.details)) == refusal.details
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", error.code)
    assert "code" in vars(error)


def test_refusals_that_name_choices_name_them() -> None:
    assert PresetNotFound().details == {"presets": ["preview", "thumbnail", "web"]}
    assert ProviderNotOffered(["simulated"]).details == {"offered": ["simulated"]}
    assert OrderNotPayable("expired").details == {"status": "expired"}
    assert RoleNotGrantable(Role.SYSTEM).details == {"role": "system"}
