"""The providers' official files, which the project does not carry: exactly the ones we have read."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

STRIPE = "stripe/stripe-payments-subset.json"
STRIPE_FIXTURES = "stripe/fixtures3.json"
PAYPAL_ORDERS = "paypal/checkout_orders_v2.json"
PAYPAL_PAYMENTS = "paypal/payments_payment_v2.json"
PAYPAL_WEBHOOKS = "paypal/notifications_webhooks_v1.json"
PAYPAL_DISPUTES = "paypal/customer_disputes_v1.json"
PAYPAL_REPORTS = "paypal/reporting_transactions_v1.json"
PAYPAL = (PAYPAL_ORDERS, PAYPAL_PAYMENTS, PAYPAL_WEBHOOKS, PAYPAL_DISPUTES, PAYPAL_REPORTS)
PAYPAL_DELIVERY = "paypal/webhook-vector/delivery-2015.json"
PAYPAL_SIGNING_CERTIFICATE = "paypal/webhook-vector/signing-cert-2015.pem"
PAYPAL_ROOT = "paypal/webhook-vector/DigiCertHighAssuranceEVRootCA.pem"
PAYPAL_INTERMEDIATE = "paypal/webhook-vector/DigiCertSHA2ExtendedValidationServerCA.pem"

SHA256 = {
    STRIPE: "649e3580e657a2faaf1ca96d166a1d47de685df14bfaf4f2e2ad3499f860b044",
    STRIPE_FIXTURES: "41486e14a5b930447f53ecc4e71e34e3184462ba3d18212a39d4a40f70eaba44",
    PAYPAL_ORDERS: "4cc647244b3cc1e3244d26a685f3a94a64f53fa6828e533bdfde67f440b734c1",
    PAYPAL_PAYMENTS: "73985bd25819a9d42c0990de111caebf7bea8f0ea1f2647dbe30bd62daddae6c",
    PAYPAL_WEBHOOKS: "6201ca2feeca74d45064479aa483df60dd4bb3f19b3a3b106ae49d653932f3bf",
    PAYPAL_DISPUTES: "9dff32682b01a8a1398786a3411b060c6cd8a3f5d8e71730400b4d6f8da9186b",
    PAYPAL_REPORTS: "314631c1058b4c0114cc382434c2eeca73447aeb3472676905adceed3b3cf37e",
    PAYPAL_DELIVERY: "0b67a354c5e8b2ba6e21a488da74c5ccdbb6397ad3c0d5825dc0377a2d985b0f",
    PAYPAL_SIGNING_CERTIFICATE: "ee378c7384f03462cee2bed0ad51b4934ee28c8c3e356d7ddb0b167ccd0a0c4e",
    PAYPAL_ROOT: "7eb3b80076f06857a43d1065bc448ad5c3d81d34cb021327f7ab8563cade5693",
    PAYPAL_INTERMEDIATE: "a542625d5511b8e15e375edee06b6d656bea32f3a9e2fd08246b0b447f1dea45",
}


class OtherFile(AssertionError):
    """A contract file is not the one that our tests were written against."""


def contract_bytes(folder: Path, name: str) -> bytes:
    """The file `name`, a key of `SHA256`. Raises `OtherFile`."""
    content = (folder / name).read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest != SHA256[name]:
        raise OtherFile(f"{name} has SHA-256 {digest}, and the tests know {SHA256[name]}")
    return content


def contract_json(folder: Path, name: str) -> Any:
    """The same, parsed."""
    return json.loads(contract_bytes(folder, name))
