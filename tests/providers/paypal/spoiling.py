"""Answers as no contract knows them: a word that nobody has heard, or the main thing left out."""

from __future__ import annotations

from typing import Any

from tests.providers.books import Json
from tests.providers.counter import Call, WireFault

UNKNOWN_WORD = "TELEPORTED"
_MAIN_THING = {
    Call.OPEN: "id",
    Call.TOKEN: "access_token",
    Call.VERIFY: "verification_status",
    Call.MOVEMENTS: "transaction_amount",
}
_STATUSES = ("status", "verification_status", "transaction_status", "token_type")


def spoilt(body: Json, fault: WireFault, call: Call | None) -> Json:
    """A copy of an answer, spoilt as `UNKNOWN_WORD` or `MISSING_FIELD` says; other faults leave it whole."""
    if fault is WireFault.UNKNOWN_WORD:
        return _changed(body, lambda name, value: UNKNOWN_WORD if name in _STATUSES else value)
    if fault is WireFault.MISSING_FIELD:
        main = "status" if call is None else _MAIN_THING.get(call, "status")
        return _changed(body, lambda name, value: None if name == main else value)
    return body


def _changed(value: Any, change: Any) -> Any:
    if isinstance(value, list):
        return [_changed(each, change) for each in value]
    if not isinstance(value, dict):
        return value
    members = {name: change(name, each) for name, each in value.items()}
    return {name: _changed(each, change) for name, each in members.items() if each is not None}
