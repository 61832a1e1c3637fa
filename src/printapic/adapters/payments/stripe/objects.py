"""Stripe's objects as far as we read them, to the letter of API 2026-05-27.dahlia.

Fields that we do not name are not looked at. One that is missing, or a word that is not listed here, makes
an answer unreadable (`msgspec.ValidationError`): what it means for money is not guessed. The contract
leaves the `status` of a refund open; its words are those of docs.stripe.com/api/refunds/object.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Generic, Literal, TypeAlias, TypeVar

import msgspec
import stripe

Ref: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
Seconds: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=99_999_999_999)]
Amount: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]
Sum: TypeAlias = Annotated[int, msgspec.Meta(gt=0)]
"""Money that somebody pays or gets back: there is no payment of nothing."""
CurrencyCode: TypeAlias = Annotated[str, msgspec.Meta(pattern="^[a-z]{3}$")]


class Listed(msgspec.Struct):
    """Anything that Stripe lists page by page."""

    id: Ref


class LineSource(msgspec.Struct):
    """What a line of the books is about, where it was expanded."""

    id: Ref
    amount: int | None = None
    amount_captured: int | None = None
    currency: CurrencyCode | None = None


class BalanceTransaction(Listed):
    """A line of Stripe's books: `amount` is gross and signed, in the account's own currency."""

    amount: int
    currency: CurrencyCode
    fee: int
    created: Seconds
    reporting_category: str
    exchange_rate: float | None = None
    source: LineSource | str | None = None


class Card(msgspec.Struct):
    capture_before: Seconds | None = None


class PaymentMethodDetails(msgspec.Struct):
    card: Card | None = None


class Charge(Listed):
    status: Literal["succeeded", "pending", "failed"]
    amount: Sum
    amount_captured: Amount
    currency: CurrencyCode
    created: Seconds
    balance_transaction: BalanceTransaction | str | None = None
    payment_method_details: PaymentMethodDetails | None = None


class Intent(Listed):
    status: Literal[
        "requires_payment_method",
        "requires_confirmation",
        "requires_action",
        "processing",
        "requires_capture",
        "canceled",
        "succeeded",
    ]
    capture_method: Literal["automatic", "automatic_async", "manual"]
    currency: CurrencyCode
    latest_charge: Charge | None
    cancellation_reason: str | None = None


class Session(Listed):
    """A hosted page. `payment_intent` is None until the customer tried to pay, and must come expanded."""

    status: Literal["open", "complete", "expired"]
    livemode: bool
    client_reference_id: str | None
    payment_intent: Intent | None
    amount_total: Amount | None = None
    currency: CurrencyCode | None = None


class NewSession(Listed):
    """A hosted page that was just made, or the first answer about it once more."""

    status: Literal["open"]
    livemode: bool
    client_reference_id: str | None
    amount_total: int
    currency: CurrencyCode
    expires_at: Seconds
    url: str


class NamedSession(Listed):
    """A hosted page in a list, where those of others on the same account stand too."""

    status: str | None = None
    client_reference_id: str | None = None


class Refund(Listed):
    status: Literal["pending", "requires_action", "succeeded", "failed", "canceled"]
    amount: Sum
    currency: CurrencyCode
    created: Seconds
    charge: Ref
    balance_transaction: str | None
    metadata: dict[str, str] | None = None
    reason: str | None = None


class EvidenceDetails(msgspec.Struct):
    due_by: Seconds | None


class Dispute(Listed):
    status: Literal[
        "warning_needs_response",
        "warning_under_review",
        "warning_closed",
        "needs_response",
        "under_review",
        "prevented",
        "won",
        "lost",
    ]
    amount: Amount
    currency: CurrencyCode
    created: Seconds
    charge: Ref
    reason: str
    evidence_details: EvidenceDetails
    balance_transactions: list[BalanceTransaction]


class Owned(Listed):
    """A charge, refund or dispute, of which we ask only to whom it belongs."""

    payment_intent: Ref | None


ListedT = TypeVar("ListedT", bound=Listed)
ObjectT = TypeVar("ObjectT", bound=msgspec.Struct)


class Page(msgspec.Struct, Generic[ListedT]):
    """A page of a list, the newest first."""

    data: list[ListedT]
    has_more: bool


class AnswerUnreadable(ValueError):
    """An answer contradicts itself, or our request. `code` says how."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def moment(seconds: int) -> datetime:
    """A time off the wire."""
    return datetime.fromtimestamp(seconds, tz=UTC)


def read(answer: stripe.StripeObject, as_: type[ObjectT]) -> ObjectT:
    """The answer itself, past the SDK's own idea of it. Raises `msgspec.ValidationError`."""
    response = answer.last_response
    return msgspec.convert(None if response is None else response.data, as_)
