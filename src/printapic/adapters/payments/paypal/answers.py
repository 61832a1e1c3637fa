"""From what PayPal answered to what we conclude from it: the one place where outcomes are chosen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from printapic.adapters.payments.paypal.api import Answer
from printapic.adapters.payments.paypal.refusals import DECLINED, PERHAPS_DONE
from printapic.adapters.payments.paypal.tokens import CredentialsRefused
from printapic.adapters.payments.sending import FateUnknown, NeverSent
from printapic.application.ports.payments import Declined, NotSent, Outcome, Rejected, Trace, Unknown

T = TypeVar("T")
_REFUSALS = frozenset({400, 401, 403, 404, 405, 406, 415, 422})


class Refused(Exception):
    """PayPal refuses the request, and says so."""

    def __init__(self, code: str, trace: Trace | None = None) -> None:
        super().__init__(code)
        self.code, self.trace = code, trace or Trace()


class NotOurs(Exception):
    """PayPal has nothing of that name, or it is no checkout of ours."""


class Unreadable(Exception):
    """An answer that we do not understand, and never guess at. `what` names the part, not its content."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


def concluded(call: Callable[[], Outcome[T]]) -> Outcome[T]:
    """The outcome of a call, whatever happened to it."""
    try:
        return call()
    except NeverSent:
        return NotSent()
    except FateUnknown as unknown:
        return Unknown(reason=unknown.reason, trace=unknown.trace)
    except Unreadable as unreadable:
        return Unknown(reason=f"unreadable-{unreadable.what}")
    except CredentialsRefused:
        return Rejected(code="unauthorized")
    except NotOurs:
        return Rejected(code="not-found")
    except Refused as refused:
        return Rejected(code=refused.code, trace=refused.trace)


def after_effect(look: Callable[[], T]) -> T:
    """A look that follows a call which may have had its effect: if it fails, that call's fate is unknown.

    Raises `FateUnknown`.
    """
    try:
        return look()
    except (NeverSent, CredentialsRefused, NotOurs, Refused) as failed:
        raise FateUnknown("unseen") from failed
    except Unreadable as unreadable:
        raise FateUnknown(f"unreadable-{unreadable.what}") from unreadable


def perhaps_done(answer: Answer) -> bool:
    """Whether a refusal leaves open that our effect is there: only a look tells."""
    return answer.may_have_arrived or bool(answer.refusal.words & PERHAPS_DONE)


def refused(answer: Answer) -> Declined | Rejected | Unknown:
    """What a refusal means where no effect of ours was seen."""
    if answer.status not in _REFUSALS:
        # A status that PayPal does not use: whoever sent it, it decides nothing.
        return Unknown(reason=f"status-{answer.status}", trace=answer.trace)
    if answer.refusal.words & DECLINED:
        return Declined(code=answer.code, trace=answer.trace)
    if answer.may_have_arrived and answer.status in (401, 403):
        # Turned away at the door: that says nothing about the sending before.
        return Unknown(reason=answer.code, trace=answer.trace)
    return Rejected(code=answer.code, trace=answer.trace)


def read(answer: Answer, of: type[T], what: str) -> T:
    """What a good answer says. Raises `Refused` for any other, `Unreadable` where it does not fit."""
    if not answer.good:
        raise Refused(answer.code, answer.trace)
    try:
        return msgspec.json.decode(answer.body, type=of)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        # Without its cause: that one would quote the body.
        raise Unreadable(what) from None


def moment(text: str | None) -> datetime:
    """A time (RFC 3339), in UTC; the reports write offsets without a colon. Raises `Unreadable`."""
    try:
        time = datetime.fromisoformat(text or "")
        if time.utcoffset() is None:
            raise ValueError("no zone")
        return time.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unreadable("time") from None
