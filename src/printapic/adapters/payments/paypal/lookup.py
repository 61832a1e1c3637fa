"""Looking things up at PayPal, by whatever name its news call them."""

from __future__ import annotations

import re

from printapic.adapters.payments.paypal.answers import NotOurs, Unreadable, read
from printapic.adapters.payments.paypal.api import Answer, Conversation
from printapic.adapters.payments.paypal.disputes import DisputeBody, DisputePage, dispute_fact
from printapic.adapters.payments.paypal.snapshots import capture_behind
from printapic.adapters.payments.paypal.wire import (
    AuthorizationBody,
    CaptureBody,
    OrderBody,
    RefundBody,
    last_segment,
)
from printapic.application.ports.payments import Trace
from printapic.domain.payments.snapshot import DisputeFact

_REF = re.compile(r"[A-Za-z0-9]{1,64}", re.ASCII)
_DISPUTE = re.compile(r"[A-Za-z0-9]{1,64}(?:-[A-Za-z0-9]{1,64}){1,8}", re.ASCII)
_MOST_PAGES = 20


class Lookup:
    """One look, within one conversation. `trace` is the last answer's.

    All methods raise what the conversation raises, `Unreadable`, and `NotOurs` for names unknown to PayPal.
    """

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self.trace = Trace()

    def order(self, order_id: str) -> OrderBody:
        if not _REF.fullmatch(order_id):
            raise NotOurs
        order = read(self._get(f"/v2/checkout/orders/{order_id}"), OrderBody, "order")
        if order.id != order_id:
            raise Unreadable("order")
        return order

    def order_behind(self, ref: str) -> OrderBody:
        """The order that is called `ref`, or that has a payment, refund or dispute of this name."""
        if _DISPUTE.fullmatch(ref):
            ref = self._disputed_capture(ref)
        try:
            return self.order(ref)
        except NotOurs:
            return self.order(self._order_id_of(ref))

    def order_of_capture(self, ref: str) -> OrderBody:
        """The order that this capture, and no other thing of that name, belongs to."""
        capture = self.capture(ref)
        order = self.order(self._order_id_above(capture, steps=3))
        if capture.id != ref or ref not in {part.id for part in order.payments.captures}:
            raise Unreadable("capture")
        return order

    def capture(self, ref: str) -> CaptureBody:
        return read(self._get(f"/v2/payments/captures/{plain(ref)}"), CaptureBody, "capture")

    def disputes_about(self, order: OrderBody) -> tuple[DisputeFact, ...]:
        """With their movements of money, the oldest first. Only money that was taken is ever disputed."""
        facts = [
            dispute_fact(body, capture_ref=capture.id)
            for capture in order.payments.captures
            if capture.taken
            for body in self.disputes_of(capture.id)
        ]
        return tuple(sorted(facts, key=lambda fact: (fact.occurred_at, fact.ref)))

    def disputes_of(self, capture_ref: str) -> list[DisputeBody]:
        params = {"disputed_transaction_id": plain(capture_ref), "page_size": "50"}
        ids: dict[str, None] = {}
        for _ in range(_MOST_PAGES):
            page = read(self._get("/v1/customer/disputes", params), DisputePage, "disputes")
            ids.update({item.dispute_id: None for item in page.items})
            if page.next_token is None:
                return [self._dispute(id_) for id_ in ids]
            params = {**params, "next_page_token": page.next_token}
        raise Unreadable("disputes")

    def _dispute(self, ref: str) -> DisputeBody:
        if not _DISPUTE.fullmatch(ref):
            raise Unreadable("dispute")
        dispute = read(self._get(f"/v1/customer/disputes/{ref}"), DisputeBody, "dispute")
        if dispute.dispute_id != ref:
            raise Unreadable("dispute")
        return dispute

    def _disputed_capture(self, ref: str) -> str:
        for transaction in self._dispute(ref).disputed_transactions:
            if transaction.seller_transaction_id:
                return transaction.seller_transaction_id
        raise NotOurs

    def _order_id_of(self, ref: str, *, steps: int = 3) -> str:
        """The name may be a capture's, a refund's or an authorization's: their forms do not differ.

        Links lead upwards from refund to capture to authorization to order, and no further.
        """
        part: CaptureBody | RefundBody | AuthorizationBody
        try:
            part = self.capture(ref)
        except NotOurs:
            try:
                part = read(self._get(f"/v2/payments/refunds/{plain(ref)}"), RefundBody, "refund")
            except NotOurs:
                path = f"/v2/payments/authorizations/{plain(ref)}"
                part = read(self._get(path), AuthorizationBody, "authorization")
        return self._order_id_above(part, steps=steps)

    def _order_id_above(self, part: CaptureBody | RefundBody | AuthorizationBody, *, steps: int) -> str:
        related = part.supplementary_data and part.supplementary_data.related_ids
        order_id = (related and related.order_id) or last_segment(part.links, "orders")
        if order_id is not None:
            return order_id
        above = capture_behind(part) if isinstance(part, RefundBody) else None
        above = above or last_segment(part.links, "authorizations")
        if above is None or steps <= 1:
            raise NotOurs
        return self._order_id_of(above, steps=steps - 1)

    def _get(self, path: str, params: dict[str, str] | None = None) -> Answer:
        answer = self._conversation.get(path, params)
        self.trace = answer.trace
        if answer.status == 404:
            raise NotOurs
        return answer


def plain(ref: str) -> str:
    """A name that is safe in an address. Raises `NotOurs` for any other."""
    if not _REF.fullmatch(ref):
        raise NotOurs
    return ref
