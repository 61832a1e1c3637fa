"""How Stripe shows objects: lists page by page, and `expand[]`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tests.providers.books import Json
from tests.providers.stripe import balance, charging
from tests.providers.stripe.account import Account
from tests.providers.stripe.forms import Spec, integer, moments, text
from tests.providers.stripe.refusals import Refused, invalid, missing

DEEPEST = 4
EXPANDABLE: dict[str, frozenset[str]] = {
    "checkout.session": frozenset(
        "payment_intent customer invoice setup_intent subscription payment_link line_items".split()
    ),
    "payment_intent": frozenset("latest_charge customer review application on_behalf_of".split()),
    "charge": frozenset(
        (
            "balance_transaction failure_balance_transaction payment_intent refunds customer review"
            " application application_fee on_behalf_of source_transfer"
        ).split()
    ),
    "refund": frozenset(
        (
            "balance_transaction failure_balance_transaction charge payment_intent"
            " source_transfer_reversal transfer_reversal"
        ).split()
    ),
    "dispute": frozenset({"charge", "payment_intent"}),
    "balance_transaction": frozenset({"source"}),
    "payout": frozenset({"balance_transaction", "failure_balance_transaction"}),
    "event": frozenset(),
}
PAGING: dict[str, Spec] = {
    "limit": integer,
    "starting_after": text,
    "ending_before": text,
    "expand": [text],
    "created": moments,
}


def shown(account: Account, body: Json, paths: Sequence[str] = ()) -> Json:
    """An object as it is answered, with the properties that `paths` name in full. Raises `Refused`."""
    for path in paths:
        if path.count(".") >= DEEPEST:
            raise invalid(
                "expand", f"You cannot expand more than {DEEPEST} levels of a property. Property: {path}"
            )
    return _shown(account, body, [path.split(".") for path in paths])


def _shown(account: Account, body: Json, paths: list[list[str]]) -> Json:
    result = _plain(account, body)
    for name in dict.fromkeys(path[0] for path in paths):
        deeper = [path[1:] for path in paths if path[0] == name and len(path) > 1]
        if body["object"] == "dispute" and name == "balance_transactions" and deeper:
            result[name] = [_shown(account, each, deeper) for each in result[name]]
            continue
        if name not in EXPANDABLE.get(body["object"], ()):
            raise invalid("expand", f"This property cannot be expanded ({name}).")
        result[name] = _expanded(account, body, name, deeper)
    return result


def _plain(account: Account, body: Json) -> Json:
    match body["object"]:
        case "checkout.session":
            return charging.shown(body)
        case "balance_transaction":
            return balance.shown(account, body)
        case "dispute":
            lines = [balance.shown(account, each) for each in body["balance_transactions"]]
            return {**body, "balance_transactions": lines}
        case _:
            return dict(body)


def _expanded(account: Account, body: Json, name: str, deeper: list[list[str]]) -> Any:
    if name == "line_items":
        return _whole_list(f"/v1/checkout/sessions/{body['id']}/line_items", body["items"])
    if name == "refunds":
        made = reversed(account.find("refund", charge=body["id"]))
        inside = [path[1:] for path in deeper if path[0] == "data" and len(path) > 1]
        refunds = [_shown(account, each, inside) for each in made]
        return _whole_list(f"/v1/charges/{body['id']}/refunds", refunds)
    found = account.known(body[name]) if body.get(name) else None
    return body.get(name) if found is None else _shown(account, found, deeper)


def _whole_list(url: str, data: list[Json]) -> Json:
    return {"object": "list", "data": data, "has_more": False, "url": url}


def listed(
    account: Account,
    kind: str,
    url: str,
    query: dict[str, Any],
    *,
    where: dict[str, str | int],
    keep: Callable[[Json], bool] = lambda _: True,
) -> Json:
    """One page, the newest first. Raises `Refused`, also for a cursor that is none."""
    limit = query.get("limit", 10)
    if not 1 <= limit <= 100:
        raise invalid("limit", "Invalid integer: limit is between 1 and 100", "parameter_invalid_integer")
    bounds = query.get("created", {})
    found = [
        each
        for each in reversed(account.entry.find(kind, where))
        if _within(each["created"], bounds) and keep(each)
    ]
    page, more = _page(found, kind, query, limit)
    paths = query.get("expand", [])
    if strange := [path for path in paths if not path.startswith("data.")]:
        raise invalid("expand", f"This property cannot be expanded ({strange[0]}). Lists expand `data.`.")
    inside = [path.removeprefix("data.") for path in paths]
    if any(path.count(".") >= DEEPEST for path in paths):
        raise invalid("expand", f"You cannot expand more than {DEEPEST} levels of a property.")
    data = [shown(account, each, inside) for each in page]
    return {"object": "list", "data": data, "has_more": more, "url": url}


def _page(found: list[Json], kind: str, query: dict[str, Any], limit: int) -> tuple[list[Json], bool]:
    if "starting_after" in query and "ending_before" in query:
        raise Refused("You cannot pass both starting_after and ending_before.", executed=False)
    ids = [each["id"] for each in found]
    if "ending_before" in query:
        end = _place(ids, kind, query["ending_before"], "ending_before")
        start = max(0, end - limit)
        return found[start:end], start > 0
    after = query.get("starting_after")
    start = 0 if after is None else _place(ids, kind, after, "starting_after") + 1
    return found[start : start + limit], start + limit < len(found)


def _place(ids: list[str], kind: str, id_: str, param: str) -> int:
    if id_ not in ids:
        raise missing(kind, id_, param)
    return ids.index(id_)


def _within(second: int, bounds: dict[str, int]) -> bool:
    return bounds.get("gte", second) <= second <= bounds.get("lte", second) and bounds.get(
        "gt", second - 1
    ) < second < bounds.get("lt", second + 1)
