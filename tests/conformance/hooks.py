"""What Schemathesis has to know of our shop. `schemathesis.toml` names this module."""

from __future__ import annotations

import atexit
import json
import os
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import schemathesis
from schemathesis.core.failures import Failure
from schemathesis.generation.meta import TestPhase
from schemathesis.openapi.checks import RejectedPositiveData, UseAfterFree

from tests.conformance.people import ROLES, beside
from tests.integration.http.live_shop import PASSWORD, LiveShop, picture

MALFORMED = frozenset(
    {
        "body-missing",
        "content-type-unsupported",
        "json-malformed",
        "json-too-deep",
        "request-invalid",
        "request-malformed",
        "upload-form-invalid",
    }
)
"""How a request is refused that is not as the document says."""

WHOLE_BUT_FLOAT = "Expected `int`, got `float`"
"""JSON Schema calls 3.0 an integer and cannot say otherwise. Who sends copies as 3.0 would send 2.9999."""

ENDS_ITSELF = frozenset({"change_password", "end_other_sessions", "end_session", "erase_me", "log_out"})
"""What nobody can do who is to ask something else afterwards."""

MAKES_SOMETHING = frozenset({"place_order", "refresh_session", "upload_image"})

_OPEN = ExitStack()
_ANSWERS: Counter[tuple[str, int]] = Counter()
_CALLS: Counter[str] = Counter()
_TO_GO: set[str] = set()
"""Deletions that the shop accepted and does later, as method and path."""


@schemathesis.hook
def before_load_schema(context: schemathesis.HookContext, raw_schema: dict[str, Any]) -> None:
    """Leave `default` out: with it in reach no status would ever be one that the document does not name."""
    for item in raw_schema["paths"].values():
        for operation in item.values():
            operation["responses"].pop("default")


@schemathesis.hook
def filter_failure(
    context: schemathesis.HookContext,
    failure: Failure,
    case: schemathesis.Case,
    response: schemathesis.Response,
) -> bool:
    """A schema says what is well-formed; whether a voucher exists or a token is good, the shop decides.

    So what a schema allows may be refused, but not as malformed. And what was only promised to go (202)
    may be there for a while.
    """
    if isinstance(failure, UseAfterFree):
        return failure.free not in _TO_GO
    if not isinstance(failure, RejectedPositiveData):
        return True
    body = _json(response)
    faults = [fault["detail"] for fault in body.get("errors", [])]
    return body.get("code") in MALFORMED and faults != [WHOLE_BUT_FLOAT]


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case, kwargs: dict[str, Any]) -> None:
    """Put in now and then what nobody could guess, and send somebody else to their own end."""
    operation = _operation(case)
    if _is_somebody(case):
        who = os.environ["CONFORMANCE_WHO"]
        (own_id,) = _known(who)
        names_itself = case.path_parameters.get("user_id") == own_id and case.method != "GET"
        if names_itself or operation in ENDS_ITSELF:
            somebody = _shop().person(*ROLES[who])
            case.headers["Authorization"] = somebody.headers["Authorization"]
            if names_itself:
                case.path_parameters["user_id"] = str(somebody.id)
    well_formed = case.meta is not None and case.meta.generation.mode.is_positive
    if well_formed and operation in _INSIDE_KNOWLEDGE and _is_time_to_help(operation, case):
        _INSIDE_KNOWLEDGE[operation](case, kwargs)


def _is_time_to_help(operation: str, case: schemathesis.Case) -> bool:
    """Every other time, and seldom with orders: after a cancellation little else is possible.

    In a chain of requests always where something is made, and never else: the same chain has to come to
    the same end, or Hypothesis gives up.
    """
    if case.meta.phase.name is TestPhase.STATEFUL:
        return operation in MAKES_SOMETHING
    _CALLS[operation] += 1
    return _CALLS[operation] % (8 if _INSIDE_KNOWLEDGE[operation] is _order_that_allows_it else 2) == 1


@schemathesis.hook
def after_call(
    context: schemathesis.HookContext, case: schemathesis.Case, response: schemathesis.Response
) -> None:
    """Remember what was answered, to tell which operations nobody got through to."""
    if (response.request.method, response.status_code) == ("DELETE", 202):
        _TO_GO.add(f"DELETE {urlsplit(response.request.url).path}")
    if response.request.method == case.operation.method.upper():
        _ANSWERS[_operation(case), response.status_code] += 1


@atexit.register
def _report() -> None:
    answers = [[operation, status, count] for (operation, status), count in sorted(_ANSWERS.items())]
    Path(os.environ["CONFORMANCE_ANSWERS"]).write_text(json.dumps(answers))
    _OPEN.close()


def _real_photo(case: schemathesis.Case, kwargs: dict[str, Any]) -> None:
    """Another one each time. As bytes in the case itself it would count as no string, so as a wrong body."""
    kwargs["files"] = {"file": ("photo.jpg", picture(), "image/jpeg")}


def _fresh_quote(case: schemathesis.Case, kwargs: dict[str, Any]) -> None:
    """An order of a photo of one's own at today's price; the address stays whatever it is."""
    found = _shop().client.get("/v1/images", headers=_proof(case))
    images = _json(found).get("items")
    if images and isinstance(case.body, dict):
        case.body |= _shop().order_request(images[0]["id"], ship_to=case.body.get("ship_to"))


def _order_that_allows_it(case: schemathesis.Case, kwargs: dict[str, Any]) -> None:
    """One of those whose state allows this command now, whatever version it has."""
    trigger = case.operation.path.rpartition("/")[2].replace("shipments", "ship")
    for order in _known("orders"):
        path = f"/v1/orders/{order}/actions"
        actions = _json(_shop().client.get(path, headers=_proof(case))).get("items", [])
        if any(action["trigger"] == trigger and action["available"] for action in actions):
            case.path_parameters["order_id"] = order
            case.headers["If-Match"] = "*"
            return


def _order_to_pay(case: schemathesis.Case, kwargs: dict[str, Any]) -> None:
    """One that waits for its money."""
    for order in _known("orders"):
        found = _json(_shop().client.get(f"/v1/orders/{order}", headers=_proof(case)))
        if found.get("status") == "awaiting_payment" and isinstance(case.body, dict):
            case.path_parameters["order_id"] = order
            back = "http://127.0.0.1:8000/thanks"
            case.body |= {"provider": "simulated", "return_url": back, "cancel_url": back}
            return


def _own_session(case: schemathesis.Case, kwargs: dict[str, Any]) -> None:
    sessions = _json(_shop().client.get("/v1/sessions", headers=_proof(case))).get("items")
    if sessions:
        case.path_parameters["session_id"] = sessions[0]["id"]


def _version_of_somebody(case: schemathesis.Case, kwargs: dict[str, Any]) -> None:
    """Of the visitor, as they are now."""
    (somebody,) = _known("visitor")
    answer = _shop().client.get(f"/v1/users/{somebody}", headers=_proof(case))
    if answer.status_code == 200:
        case.path_parameters["user_id"] = somebody
        case.headers["If-Match"] = answer.headers["etag"]


def _own_parcel(case: schemathesis.Case, kwargs: dict[str, Any]) -> None:
    """A parcel of that very order."""
    path = f"/v1/orders/{case.path_parameters['order_id']}/shipments"
    parcels = _json(_shop().client.get(path, headers=_proof(case))).get("items")
    if parcels:
        case.path_parameters["shipment_id"] = parcels[-1]["id"]


def _little_back(case: schemathesis.Case, kwargs: dict[str, Any]) -> None:
    """A cent of what was paid for one of the orders."""
    for order in _known("orders"):
        path = f"/v1/orders/{order}/payments"
        for payment in _json(_shop().client.get(path, headers=_proof(case))).get("items", []):
            if payment["status"] in ("paid", "partially_refunded") and isinstance(case.body, dict):
                case.path_parameters["payment_id"] = payment["id"]
                case.body |= {"amount": {"amount": "0.01", "currency": "EUR"}}
                case.body.pop("capture_ref", None)
                return


def _newest_token(case: schemathesis.Case, kwargs: dict[str, Any]) -> None:
    (visitor,) = _known("addresses")
    answer = _shop().client.post("/v1/sessions", json={"email": visitor, "password": PASSWORD})
    if answer.status_code == 201 and isinstance(case.body, dict):
        case.body["refresh_token"] = answer.json()["refresh_token"]


_INSIDE_KNOWLEDGE: Mapping[str, Callable[[schemathesis.Case, dict[str, Any]], None]] = {
    "abort_order": _order_that_allows_it,
    "cancel_order": _order_that_allows_it,
    "end_session": _own_session,
    "hold_order": _order_that_allows_it,
    "mark_delivered": _own_parcel,
    "place_order": _fresh_quote,
    "refresh_session": _newest_token,
    "refund_payment": _little_back,
    "release_order": _order_that_allows_it,
    "set_roles": _version_of_somebody,
    "ship_parcel": _order_that_allows_it,
    "start_payment": _order_to_pay,
    "start_production": _order_that_allows_it,
    "upload_image": _real_photo,
    "waive_edit_window": _order_that_allows_it,
}


@cache
def _shop() -> LiveShop:
    return _OPEN.enter_context(beside(os.environ["CONFORMANCE_URL"]))


def _known(what: str) -> list[str]:
    return [json.loads(line) for line in (_shop().folder / f"{what}.txt").read_text().splitlines()]


def _operation(case: schemathesis.Case) -> str:
    return str(case.operation.definition.raw["operationId"])


def _is_somebody(case: schemathesis.Case) -> bool:
    return "Authorization" in case.headers and case._has_explicit_auth


def _proof(case: schemathesis.Case) -> dict[str, str]:
    return {"Authorization": case.headers["Authorization"]} if _is_somebody(case) else {}


def _json(response: Any) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
