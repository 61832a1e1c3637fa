"""A provider's whole contract: the official files, what they leave out, and what we demand of ourselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import httpx

from tests.provider_contracts import files
from tests.provider_contracts.answer_rules import AnswerRule, paypal_answer_rules, stripe_answer_rules
from tests.provider_contracts.document import Operation, found, operations
from tests.provider_contracts.events import paypal_event_breaches, stripe_event_breaches
from tests.provider_contracts.paypal_gaps import TOKEN_DOCUMENT, TOO_MANY, amended
from tests.provider_contracts.requests import Unreadable, parsed_json, request_breaches
from tests.provider_contracts.responses import response_breaches
from tests.provider_contracts.rules import RequestRule, paypal_rules, stripe_rules
from tests.provider_contracts.violation import ContractViolation

__all__ = ["Contract", "ContractViolation", "paypal_contract", "stripe_contract"]


@attrs.frozen(eq=False)
class Contract:
    """Finds what is wrong with requests, answers and webhooks of one provider. Read-only, thread-safe."""

    name: str
    operations: tuple[Operation, ...]
    request_rule: RequestRule
    answer_rule: AnswerRule
    event_breaches: Callable[[Any], Iterator[str]]

    def operation(self, request: httpx.Request) -> Operation | None:
        """What the request asks for. Only its path counts: tests talk to providers on loopback."""
        return found(self.operations, request.method, request.url.raw_path.decode("ascii").partition("?")[0])

    def request_breaches(self, operation: Operation, request: httpx.Request) -> list[str]:
        return [*request_breaches(operation, request), *self.request_rule(operation, request)]

    def response_breaches(self, operation: Operation, response: httpx.Response) -> list[str]:
        """`response` has been read."""
        return list(response_breaches(operation, response, self.answer_rule))

    def check_event(self, body: bytes) -> None:
        """Raises `ContractViolation` for a webhook that the provider would not send like this."""
        try:
            breaches = list(self.event_breaches(parsed_json(body)))
        except Unreadable as broken:
            breaches = [str(broken)]
        if breaches:
            raise ContractViolation(f"{self.name} event: {'; '.join(breaches)}")


def stripe_contract(folder: Path) -> Contract:
    """`folder` is that of all contract files. Raises `OtherFile`."""
    all_operations = operations(files.contract_json(folder, files.STRIPE), "stripe")
    schemas = all_operations[0].schemas
    return Contract(
        "Stripe",
        all_operations,
        stripe_rules,
        stripe_answer_rules,
        lambda event: stripe_event_breaches(event, schemas),
    )


def paypal_contract(folder: Path) -> Contract:
    """The five files and the token, told apart by path. Raises `OtherFile`."""
    by_name = {
        name: operations(amended(files.contract_json(folder, name)), Path(name).stem, also={"429": TOO_MANY})
        for name in files.PAYPAL
    }
    payments = by_name[files.PAYPAL_PAYMENTS][0].schemas
    resources = {
        "checkout-order": by_name[files.PAYPAL_ORDERS][0].schemas,
        "authorization": payments,
        "capture": payments,
        "refund": payments,
        "dispute": by_name[files.PAYPAL_DISPUTES][0].schemas,
    }
    envelope = by_name[files.PAYPAL_WEBHOOKS][0].schemas
    described = [each for name in by_name for each in by_name[name]]
    return Contract(
        "PayPal",
        (*described, *operations(TOKEN_DOCUMENT, "token")),
        paypal_rules,
        paypal_answer_rules,
        lambda event: paypal_event_breaches(event, envelope, resources),
    )
