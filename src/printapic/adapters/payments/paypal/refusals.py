"""What PayPal means when it refuses: its words for it, as far as they decide what we do next."""

from __future__ import annotations

import re

import msgspec

IN_PROGRESS = frozenset({"PREVIOUS_REQUEST_IN_PROGRESS", "RESOURCE_CONFLICT", "ORDER_COMPLETION_IN_PROGRESS"})
DECLINED = frozenset({"TRANSACTION_REFUSED", "PAYER_CANNOT_PAY", "MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED"})
PAYER_MUST_ACT = frozenset(
    {
        "INSTRUMENT_DECLINED",
        "PAYER_ACTION_REQUIRED",
        "ORDER_NOT_APPROVED",
        "REDIRECT_PAYER_FOR_ALTERNATE_FUNDING",
    }
)
PERHAPS_DONE = frozenset(
    {
        "ORDER_ALREADY_CAPTURED",
        "ORDER_ALREADY_AUTHORIZED",
        "ORDER_COMPLETED_OR_VOIDED",
        "AUTHORIZATION_ALREADY_CAPTURED",
        "AUTHORIZATION_VOIDED",
        "PREVIOUSLY_VOIDED",
        "PREVIOUSLY_CAPTURED",
        "MAX_CAPTURE_AMOUNT_EXCEEDED",
        "MAX_CAPTURE_COUNT_EXCEEDED",
        "CAPTURE_FULLY_REFUNDED",
        "REFUND_AMOUNT_EXCEEDED",
        "DUPLICATE_INVOICE_ID",
    }
)
"""The effect is there already, ours or another's: a look at the order tells."""
EXPIRED = frozenset({"ORDER_EXPIRED"})
_WORD = re.compile(r"[A-Z][A-Z0-9_]{0,63}", re.ASCII)


class Link(msgspec.Struct, frozen=True):
    """Where something related is (HATEOAS)."""

    href: str
    rel: str


class _Detail(msgspec.Struct, frozen=True):
    issue: str = ""


class Refusal(msgspec.Struct, frozen=True):
    """The body of an error, without the values in it: they may be the payer's."""

    name: str = ""
    details: list[_Detail] = []
    links: list[Link] = []

    @classmethod
    def read(cls, body: bytes) -> Refusal:
        """What is there of it; an empty one for a body that is no error of PayPal's."""
        try:
            return msgspec.json.decode(body, type=cls)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return cls()

    @property
    def words(self) -> frozenset[str]:
        """All its issues, and its name."""
        return frozenset({self.name, *(detail.issue for detail in self.details)})

    def code(self, status: int) -> str:
        """The most telling word, as our codes are written: `refund-amount-exceeded`."""
        for word in (*(detail.issue for detail in self.details), self.name):
            if _WORD.fullmatch(word):
                return word.lower().replace("_", "-")
        return f"status-{status}"
