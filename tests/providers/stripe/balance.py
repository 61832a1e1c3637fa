"""Stripe's books about our money: balance transactions, what it keeps, and which amounts it takes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal

from printapic.application.ports.payments import Movement, MovementKind
from printapic.domain.money import Currency, Money
from tests.providers.books import Json
from tests.providers.stripe.account import Account, new_id
from tests.providers.stripe.refusals import Refused, invalid

ZERO_DECIMAL = frozenset("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split())
HUNDREDS = frozenset("isk ugx".split())
LEAST = {
    "aud": 50, "cad": 50, "chf": 50, "czk": 1500, "dkk": 250, "eur": 50, "gbp": 30, "hkd": 400, "huf": 17500,
    "jpy": 50, "mxn": 1000, "nok": 300, "nzd": 50, "pln": 200, "ron": 200, "sek": 300, "sgd": 50, "usd": 50,
}  # fmt: skip
"""The smallest charges, in minor units, where Stripe publishes them."""
MOST = 99_999_999
CURRENCIES = frozenset(LEAST) | ZERO_DECIMAL | HUNDREDS
FEE_PER_MILLE, FEE_FIXED = 14, 25
DISPUTE_FEE = 2000
SETTLEMENT = "settlement"
AVAILABLE_AFTER_S = 2 * 24 * 3600
HIDDEN = "hidden_lines"
_CATEGORY = {
    MovementKind.CAPTURE: ("charge", "charge"),
    MovementKind.REFUND: ("refund", "refund"),
    MovementKind.REFUND_RETURNED: ("refund_failure", "refund_failure"),
    MovementKind.DISPUTE: ("adjustment", "dispute"),
    MovementKind.DISPUTE_RETURNED: ("adjustment", "dispute_reversal"),
    MovementKind.PAYOUT: ("payout", "payout"),
    MovementKind.PAYOUT_RETURNED: ("payout_failure", "payout_reversal"),
    MovementKind.FEE: ("stripe_fee", "fee"),
}
_OWN_REF = frozenset({MovementKind.DISPUTE, MovementKind.DISPUTE_RETURNED})
"""Movements known by their balance transaction, in its currency; others by what they are about, in its."""


def fee_of(amount: int) -> int:
    """What is kept of a charge: 1.4 % and 25 minor units, half a unit rounded up."""
    return (amount * FEE_PER_MILLE + 500) // 1000 + FEE_FIXED


def money(amount: int, currency: str) -> Money:
    return Money(amount, Currency(currency.upper(), 0 if currency in ZERO_DECIMAL else 2))


def minor(amount: Money) -> tuple[int, str]:
    """An amount as Stripe writes it. Raises `ValueError` where the two count decimals differently."""
    code = amount.currency.code.lower()
    if amount.currency.exponent != (0 if code in ZERO_DECIMAL else 2):
        raise ValueError(f"Stripe counts {code} differently")
    return amount.minor, code


def check_currency(currency: str, *, param: str = "currency") -> None:
    """Raises `Refused`. Stripe takes lower and upper case, and answers in lower."""
    if currency not in CURRENCIES:
        raise invalid(param, f"Invalid currency: {currency}.")


def check_charge(amount: int, currency: str) -> None:
    """Whether so much can be asked for at all. Raises `Refused`."""
    if amount < LEAST.get(currency, 1):
        raise Refused(
            "The Checkout Session's total amount due is below the smallest charge in this currency",
            code="amount_too_small",
            executed=False,
        )
    if amount > MOST:
        raise Refused("Amount must be no more than 999,999.99", code="amount_too_large", executed=False)
    if currency in HUNDREDS and amount % 100:
        raise Refused(f"Invalid amount: {currency} has no decimals", executed=False)


def move(account: Account, kind: MovementKind, amount: int, currency: str, *, of: Json | None) -> Json:
    """Book a movement about the object `of`, signed as we see it, in the currency that our account has."""
    type_, category = _CATEGORY[kind]
    source = None if of is None else str(of["id"])
    if source is not None and source.startswith(("py_", "pyr_")):
        type_ = {"charge": "payment", "refund": "payment_refund"}.get(type_, "payment_failure_refund")
    settled, unit, rate = _settled(account, amount, currency)
    fee = {
        MovementKind.CAPTURE: fee_of(settled),
        MovementKind.DISPUTE: DISPUTE_FEE,
        MovementKind.DISPUTE_RETURNED: -DISPUTE_FEE,
    }.get(kind, 0)
    id_ = new_id("txn")
    own = kind in _OWN_REF or source is None
    account.entry.move(
        Movement(
            id=id_,
            ref=id_ if source is None or own else source,
            kind=kind,
            amount=money(settled, unit) if own else money(amount, currency),
            fee=money(fee, unit),
            occurred_at=datetime.fromtimestamp(account.now, UTC),
        )
    )
    return account.save(
        {
            "id": id_,
            "object": "balance_transaction",
            "amount": settled,
            "available_on": account.now + (AVAILABLE_AFTER_S if type_ in {"charge", "payment"} else 0),
            "balance_type": "payments",
            "created": account.now,
            "currency": unit,
            "description": None,
            "exchange_rate": rate,
            "fee": fee,
            "fee_details": [_fee_detail(kind, fee, unit)] if fee else [],
            "net": settled - fee,
            "reporting_category": category,
            "source": source,
            "status": "pending",
            "type": type_,
        }
    )


def misreport(account: Account, line: Json, *, amount: Money | None, fee: Money | None, hide: bool) -> None:
    """Let lists and looks tell a line wrongly, or lists not at all; the books stay right."""
    if amount is not None:
        line["amount"] = amount.minor
    if fee is not None:
        line["fee"] = fee.minor
        line["fee_details"] = [{**detail, "amount": fee.minor} for detail in line["fee_details"]]
    line["net"] = line["amount"] - line["fee"]
    account.save(line)
    hidden = {*(account.entry.setting(HIDDEN) or ())} - {line["id"]}
    account.entry.keep(HIDDEN, sorted(hidden | {line["id"]} if hide else hidden))


def reported(account: Account) -> Callable[[Json], bool]:
    """Whether a line is in lists."""
    hidden = {*(account.entry.setting(HIDDEN) or ())}
    return lambda line: line["id"] not in hidden


def _settled(account: Account, amount: int, currency: str) -> tuple[int, str, float | None]:
    """What an amount is in the account's own currency, and at which rate; as it is where there is none."""
    own = account.entry.setting(SETTLEMENT)
    if not own or own["currency"] == currency:
        return amount, currency, None
    settled = (amount * Decimal(own["rate"])).quantize(Decimal(1), ROUND_HALF_UP)
    return int(settled), own["currency"], float(own["rate"])


def _fee_detail(kind: MovementKind, fee: int, currency: str) -> Json:
    return {
        "amount": fee,
        "application": None,
        "currency": currency,
        "description": "Dispute fee" if kind is MovementKind.DISPUTE else "Stripe processing fees",
        "type": "stripe_fee",
    }


def shown(account: Account, transaction: Json) -> Json:
    """A balance transaction as it is today: pending until its money is available."""
    ripe = account.now >= transaction["available_on"]
    return {**transaction, "status": "available" if ripe else "pending"}
