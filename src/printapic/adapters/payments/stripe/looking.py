"""Looking at a checkout: which page a name belongs to, and everything that Stripe says about it."""

from __future__ import annotations

import re

import attrs
import stripe
from stripe.params import DisputeListParams, RefundListParams

from printapic.adapters.payments.stripe.calls import PAGE_LENGTH, StripeCall, every, trace_of
from printapic.adapters.payments.stripe.objects import Dispute, Listed, Owned, Page, Refund, Session, read
from printapic.adapters.payments.stripe.snapshots import snapshot_of
from printapic.application.ports.payments import Trace
from printapic.domain.payments.snapshot import Snapshot

_REF = re.compile(r"(?P<kind>cs|pi|ch|py|re|pyr|dp|du)_[A-Za-z0-9_]{1,240}", re.ASCII)
CHARGES = frozenset({"ch", "py"})
"""How charges begin: of cards, and of all other means."""
_EXPAND = ["payment_intent.latest_charge.balance_transaction"]


class NoCheckoutOfOurs(Exception):
    """Nothing of this name can be a checkout of ours."""


@attrs.frozen(kw_only=True)
class Look:
    """A page as Stripe has it, and what it means."""

    session: Session
    snapshot: Snapshot
    trace: Trace


def look_at(call: StripeCall, ref: str) -> Look:
    """Everything about the checkout that `ref` names: a session, intent, charge, refund or dispute.

    Raises `NoCheckoutOfOurs`, the SDK's errors, or those of reading.
    """
    answer = call.api.checkout.sessions.retrieve(_session_of(call, ref), {"expand": _EXPAND})
    session = read(answer, Session)
    our_reference = session.client_reference_id
    if not our_reference:
        raise NoCheckoutOfOurs
    intent = session.payment_intent
    refunds: list[Refund] = []
    disputes: list[Dispute] = []
    if intent is not None and intent.latest_charge is not None:
        refunds = list(every(lambda after: _refunds(call, intent.id, after), Page[Refund]))
        disputes = list(every(lambda after: _disputes(call, intent.id, after), Page[Dispute]))
    snapshot = snapshot_of(session, refunds, disputes, our_reference=our_reference)
    return Look(session=session, snapshot=snapshot, trace=trace_of(answer))


def kind_of(ref: str) -> str | None:
    """What Stripe's prefix says, None for what cannot be a name of Stripe's."""
    match = _REF.fullmatch(ref)
    return match["kind"] if match else None


def _session_of(call: StripeCall, ref: str) -> str:
    match kind_of(ref):
        case "cs":
            return ref
        case "pi":
            return _session_of_intent(call, ref)
        case "ch" | "py":
            answer: stripe.StripeObject = call.api.charges.retrieve(ref)
        case "re" | "pyr":
            answer = call.api.refunds.retrieve(ref)
        case "dp" | "du":
            answer = call.api.disputes.retrieve(ref)
        case _:
            raise NoCheckoutOfOurs
    owner = read(answer, Owned).payment_intent
    if owner is None:
        raise NoCheckoutOfOurs
    return _session_of_intent(call, owner)


def _session_of_intent(call: StripeCall, intent: str) -> str:
    found = read(call.api.checkout.sessions.list({"payment_intent": intent, "limit": 1}), Page[Listed])
    if not found.data:
        raise NoCheckoutOfOurs
    return found.data[0].id


def _refunds(call: StripeCall, intent: str, after: str | None) -> stripe.StripeObject:
    params: RefundListParams = {"payment_intent": intent, "limit": PAGE_LENGTH}
    if after is not None:
        params["starting_after"] = after
    return call.api.refunds.list(params)


def _disputes(call: StripeCall, intent: str, after: str | None) -> stripe.StripeObject:
    params: DisputeListParams = {"payment_intent": intent, "limit": PAGE_LENGTH}
    if after is not None:
        params["starting_after"] = after
    return call.api.disputes.list(params)
