"""The treasury: what happens to our account at a provider without being of one payment.

Payouts and what of them came back, money that we sent there, conversions, fees of no payment. Each is an
entry with one posting against `psp_clearing:<provider>`, so that this account comes to what the provider
itself says is ours. `bank_in_transit` is between the provider and our bank; `fx_conversion` shows per
currency what was given for what. `psp_unexplained:<provider>` has what nobody here can explain: a reserve
that is held and let go again comes to nothing in it, anything else is to be asked about.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Self

import attrs

from printapic.domain.events import aware_utc
from printapic.domain.ids import TreasuryEntryId
from printapic.domain.money import Money
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.ledger import PSP_CLEARING, PSP_FEES
from printapic.domain.payments.transaction import Posting

BANK_IN_TRANSIT = "bank_in_transit"
FX_CONVERSION = "fx_conversion"
PSP_UNEXPLAINED = "psp_unexplained"


class TreasuryType(StrEnum):
    """What happened to the account.

    `TOP_UP` is money that we sent there, or took back so. `CONVERTED_FROM` was given for
    `CONVERTED_INTO`. `ACCOUNT_FEE` is a fee of no payment, or what was returned of one; `KEPT_FEE` was
    kept of another line. `CLAIMED` takes back an entry whose line turned out to be about a payment.
    """

    PAYOUT = "payout"
    PAYOUT_RETURNED = "payout_returned"
    TOP_UP = "top_up"
    CONVERTED_FROM = "converted_from"
    CONVERTED_INTO = "converted_into"
    ACCOUNT_FEE = "account_fee"
    KEPT_FEE = "kept_fee"
    UNEXPLAINED = "unexplained"
    CLAIMED = "claimed"


_AGAINST: Mapping[TreasuryType, str] = MappingProxyType(
    {
        TreasuryType.PAYOUT: BANK_IN_TRANSIT,
        TreasuryType.PAYOUT_RETURNED: BANK_IN_TRANSIT,
        TreasuryType.TOP_UP: BANK_IN_TRANSIT,
        TreasuryType.CONVERTED_FROM: FX_CONVERSION,
        TreasuryType.CONVERTED_INTO: FX_CONVERSION,
        TreasuryType.ACCOUNT_FEE: PSP_FEES,
        TreasuryType.KEPT_FEE: PSP_FEES,
    }
)


@attrs.frozen(kw_only=True)
class TreasuryLine:
    """What a provider tells. `ref` names its line, `about` the payout or whatever else that is about.

    `amount` is signed as our account there sees it, and never zero.
    """

    type: TreasuryType
    ref: str
    about: str | None = None
    amount: Money
    occurred_at: datetime = attrs.field(validator=aware_utc)


@attrs.frozen(kw_only=True)
class TreasuryEntry:
    """A line as it was written down, once and for ever: told otherwise later, it is a difference.

    (`provider`, `livemode`, `ref`, `type`) is unique. Its one posting makes it balanced.
    """

    id: TreasuryEntryId
    provider: Provider
    livemode: bool
    type: TreasuryType
    ref: str
    about: str | None
    posting: Posting
    occurred_at: datetime = attrs.field(validator=aware_utc)
    recorded_at: datetime = attrs.field(validator=aware_utc)

    @classmethod
    def written(
        cls,
        line: TreasuryLine,
        *,
        entry_id: TreasuryEntryId,
        provider: Provider,
        livemode: bool,
        at: datetime,
    ) -> Self:
        """Write down what was told. Raises `ValueError` for an amount of zero."""
        clearing, against = _clearing(provider), _AGAINST.get(line.type, f"{PSP_UNEXPLAINED}:{provider}")
        size = Money(abs(line.amount.minor), line.amount.currency)
        came = Posting(debit=clearing, credit=against, amount=size)
        return cls(
            id=entry_id,
            provider=provider,
            livemode=livemode,
            type=line.type,
            ref=line.ref,
            about=line.about,
            posting=came if line.amount.minor > 0 else came.reversed(),
            occurred_at=line.occurred_at,
            recorded_at=at,
        )

    def claimed(self, *, entry_id: TreasuryEntryId, at: datetime) -> Self:
        """Take this back: a payment's own log tells of the line. An entry is taken back once."""
        return attrs.evolve(
            self,
            id=entry_id,
            type=TreasuryType.CLAIMED,
            ref=str(self.id),
            about=self.ref,
            posting=self.posting.reversed(),
            recorded_at=at,
        )

    @property
    def amount(self) -> Money:
        """Signed as our account at the provider sees it."""
        size = self.posting.amount
        return size if self.posting.debit == _clearing(self.provider) else -size


def _clearing(provider: Provider) -> str:
    return f"{PSP_CLEARING}:{provider}"
