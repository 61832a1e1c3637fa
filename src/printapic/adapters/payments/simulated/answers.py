"""Answers as the provider remembers them under an idempotency key."""

from __future__ import annotations

from typing import Literal, TypeVar

import msgspec

from printapic.application.ports.payments import ActionRequired, Done, Outcome, Pending, Rejected, Trace

T = TypeVar("T")


class _Answer(msgspec.Struct):
    """One of the four answers that a provider can give once it was reached, and what it says."""

    kind: Literal["done", "action-required", "pending", "rejected"]
    says: msgspec.Raw


def encoded(outcome: Outcome[T]) -> bytes:
    """An outcome as bytes. Raises `TypeError` for what is no answer of the provider (not sent, unknown)."""
    match outcome:
        case Done(value=value):
            return _encoded("done", value)
        case ActionRequired(redirect_url=url):
            return _encoded("action-required", url)
        case Pending(ref=ref):
            return _encoded("pending", ref)
        case Rejected(code=code):
            return _encoded("rejected", code)
        case _:
            raise TypeError(f"{type(outcome).__name__} is no answer of a provider")


def _encoded(kind: Literal["done", "action-required", "pending", "rejected"], says: object) -> bytes:
    return msgspec.json.encode(_Answer(kind, msgspec.Raw(msgspec.json.encode(says))))


def decoded(body: bytes, of: type[T], *, trace: Trace) -> Outcome[T]:
    """The outcome again, whose value is an `of`."""
    answer = msgspec.json.decode(body, type=_Answer)
    if answer.kind == "done":
        return Done(value=msgspec.json.decode(answer.says, type=of), trace=trace)
    text = msgspec.json.decode(answer.says, type=str)
    match answer.kind:
        case "action-required":
            return ActionRequired(redirect_url=text, trace=trace)
        case "pending":
            return Pending(ref=text, trace=trace)
        case "rejected":
            return Rejected(code=text, trace=trace)
